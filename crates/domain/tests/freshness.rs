//! When contents are looked at: the figures of the formula, and what holds for every content and budget.

#![allow(clippy::expect_used, reason = "a test that cannot build its tracks must fail")]

use proptest::prelude::*;
use tensorflix_domain::chain_time::{BlockStamp, HOUR_MS, Moment};
use tensorflix_domain::evidence::Measurement;
use tensorflix_domain::freshness::{
    Allowance, LONGEST_HOURS, SHORTEST_HOURS, Track, due_at, due_contents, interval_hours, reserved_calls, stretch,
};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;

/// Some moment, at which everything was looked at.
const NOW_MS: i64 = 1_787_000_000_000;

fn hours_before_now(hours: f64) -> Moment {
    #[expect(clippy::cast_possible_truncation, reason = "hours of tests are few")]
    let offset_ms = (hours * HOUR_MS as f64) as i64;
    Moment::from_unix_ms(NOW_MS - offset_ms)
}

fn measured(hours_ago: f64, count: u64) -> Option<Measurement> {
    Some(Measurement { at: BlockStamp { block: 0, time: hours_before_now(hours_ago) }, count })
}

/// A content of an age whose views went from one number to another in the last hour.
fn track(age_hours: f64, earlier: u64, newest: u64) -> Track {
    Track {
        published_at: Some(hours_before_now(age_hours)),
        observed_at: hours_before_now(0.0),
        newest: measured(0.0, newest),
        earlier: measured(1.0, earlier),
    }
}

fn video(number: usize) -> ContentId {
    ContentId::new(Platform::YOUTUBE, &format!("video{number:06}")).expect("an id")
}

fn allowance(calls: u64) -> Allowance {
    Allowance { calls, hours_to_reset: 24.0, batch_size: 50 }
}

#[test]
fn the_figures_of_the_formula() {
    for (age_hours, earlier, newest, expected) in [
        // Flat: an eighth of the age, within the bounds.
        (1.0, 1_000, 1_000, 0.5),
        (8.0, 1_000, 1_000, 1.0),
        (48.0, 1_000, 1_000, 6.0),
        (192.0, 1_000, 1_000, 24.0),
        (8_760.0, 1_000, 1_000, 24.0),
        // An old one: until its views changed by a twentieth. 99 an hour on 9,900 and the floor of 100: a hundredth.
        (8_760.0, 9_801, 9_900, 50.0 / 9.9),
        (8_760.0, 9_801 - 1, 9_900, 5.0),
        // A fall is a change like a growth.
        (8_760.0, 10_000, 9_900, 5.0),
        // The first views of a video are no explosion: one on the floor of 100.
        (8_760.0, 0, 1, 5.05),
        (8_760.0, 0, 1_000_000, 0.5),
    ] {
        let interval = interval_hours(&track(age_hours, earlier, newest));
        assert!((interval - expected).abs() < 1e-9, "{age_hours} h, {earlier} to {newest}: {interval}");
    }
    let unknown = Track { published_at: None, newest: None, earlier: None, ..track(1.0, 0, 0) };
    assert_eq!(interval_hours(&unknown), LONGEST_HOURS);
    let once = Track { earlier: None, ..track(16.0, 0, 5) };
    assert_eq!(interval_hours(&once), 2.0, "nothing is known of its growth");
}

#[test]
fn the_reserve_is_a_call_for_each_batch_and_cycle_until_the_reset() {
    for (contents, hours_to_reset, cycle_hours, calls) in [
        (0, 24.0, 24.0, 0),
        (1, 10.0, 24.0, 1),
        (50, 10.0, 24.0, 1),
        (51, 10.0, 24.0, 2),
        (10_000, 10.0, 24.0, 200),
        (10_000, 24.0, 24.0, 400),
        (10_000, 10.0, 4.0, 600),
        (10_000, 0.0, 4.0, 200),
    ] {
        assert_eq!(reserved_calls(contents, 50, hours_to_reset, cycle_hours), calls, "{contents} {hours_to_reset}");
    }
    assert!(reserved_calls(usize::MAX, 0, f64::MAX, 0.0) > 0, "also of nonsense");
}

#[test]
fn without_units_nothing_is_due_and_with_few_everything_is_due_later_for_all_alike() {
    let tracks: Vec<(ContentId, Track)> = (0..1_000).map(|number| (video(number), track(1.0, 5, 5))).collect();
    let soon = Moment::from_unix_ms(NOW_MS + HOUR_MS);
    assert_eq!(due_contents(&tracks, soon, &allowance(0), 500), []);
    assert_eq!(due_contents(&tracks, soon, &allowance(10_000), 500).len(), 500);
    // 1,000 contents twice an hour are 40 calls an hour, 960 a day; a tenth of that makes all wait ten times as long.
    let intervals = || tracks.iter().map(|(_, track)| interval_hours(track));
    assert_eq!(stretch(intervals(), &allowance(96)), Some(10.0));
    assert_eq!(stretch(intervals(), &allowance(960)), Some(1.0));
    assert_eq!(due_contents(&tracks, soon, &allowance(96), 500), []);
    assert_eq!(due_contents(&tracks, Moment::from_unix_ms(NOW_MS + 5 * HOUR_MS), &allowance(96), 500).len(), 500);
    let few = due_contents(&tracks, Moment::from_unix_ms(NOW_MS + 1_000 * HOUR_MS), &allowance(2), 500);
    assert_eq!(few.len(), 100, "two calls are two batches");
}

fn any_track() -> impl Strategy<Value = Track> {
    let views = (0_u64..2_000_000, 0_u64..2_000_000, 0.0_f64..30.0);
    (proptest::option::of(-5.0_f64..5_000.0), proptest::option::of(views), 0.0_f64..48.0).prop_map(
        |(age, views, looked_at)| Track {
            published_at: age.map(|age| hours_before_now(age + looked_at)),
            observed_at: hours_before_now(looked_at),
            newest: views.and_then(|(newest, ..)| measured(looked_at, newest)),
            earlier: views.and_then(|(_, earlier, hours)| measured(looked_at + hours, earlier)),
        },
    )
}

fn any_tracks() -> impl Strategy<Value = Vec<(ContentId, Track)>> {
    proptest::collection::vec(any_track(), 0..200)
        .prop_map(|tracks| tracks.into_iter().enumerate().map(|(number, track)| (video(number), track)).collect())
}

proptest! {
    #[test]
    fn every_interval_is_within_its_bounds_and_every_look_is_later_than_the_last(
        track in any_track(), stretch in 0.0_f64..1e6,
    ) {
        let interval = interval_hours(&track);
        prop_assert!((SHORTEST_HOURS..=LONGEST_HOURS).contains(&interval), "{interval}");
        prop_assert!(due_at(&track, stretch) > track.observed_at);
    }

    #[test]
    fn the_older_is_never_looked_at_before_the_younger(age in 0.0_f64..5_000.0, older in 0.0_f64..5_000.0, views in 0_u64..1_000_000) {
        let (young, old) = (track(age, views, views), track(age + older, views, views));
        prop_assert!(interval_hours(&young) <= interval_hours(&old));
    }

    #[test]
    fn the_faster_growing_is_never_looked_at_after_the_slower(
        age in 0.0_f64..5_000.0, views in 0_u64..1_000_000, change in 0_u64..1_000_000, more in 0_u64..1_000_000,
    ) {
        // The same number of views now, fewer of them an hour ago.
        let newest = views + change + more;
        let (slow, fast) = (track(age, newest - change, newest), track(age, newest - change - more, newest));
        prop_assert!(interval_hours(&fast) <= interval_hours(&slow));
    }

    #[test]
    fn less_budget_never_makes_anything_due_earlier(
        tracks in any_tracks(), calls in 0_u64..500, more in 0_u64..500, hours in 0.0_f64..48.0,
    ) {
        let due = |calls| due_contents(&tracks, hours_before_now(-hours), &allowance(calls), usize::MAX).len();
        prop_assert!(due(calls) <= due(calls + more));
    }

    #[test]
    fn the_order_of_contents_changes_nothing(
        (tracks, shuffled) in any_tracks().prop_flat_map(|tracks| (Just(tracks.clone()), Just(tracks).prop_shuffle())),
        calls in 0_u64..50, limit in 0_usize..200,
    ) {
        let due = |tracks: &[(ContentId, Track)]| due_contents(tracks, hours_before_now(0.0), &allowance(calls), limit);
        prop_assert_eq!(due(&tracks), due(&shuffled));
    }

    #[test]
    fn what_is_due_is_bounded_each_content_once_and_never_just_looked_at(
        tracks in any_tracks(), calls in 0_u64..50, limit in 0_usize..200,
    ) {
        let now = hours_before_now(0.0);
        let due = due_contents(&tracks, now, &allowance(calls), limit);
        prop_assert!(due.len() <= limit && due.len() as u64 <= calls * 50);
        let distinct: std::collections::BTreeSet<&ContentId> = due.iter().collect();
        prop_assert_eq!(distinct.len(), due.len());
        for (content, track) in &tracks {
            prop_assert!(!distinct.contains(content) || now.hours_since(track.observed_at) >= SHORTEST_HOURS);
        }
    }

    #[test]
    fn a_day_of_polls_stays_within_its_allowance(ages in proptest::collection::vec(0.0_f64..300.0, 1..300), calls in 0_u64..60) {
        let batch_size = 10;
        let mut tracks: Vec<(ContentId, Track)> =
            ages.iter().enumerate().map(|(number, age)| (video(number), track(*age, 5, 5))).collect();
        let (mut left, mut passed_ms) = (calls, 0);
        while passed_ms < 24 * HOUR_MS {
            let now = Moment::from_unix_ms(NOW_MS + passed_ms);
            let hours_to_reset = Moment::from_unix_ms(NOW_MS + 24 * HOUR_MS).hours_since(now);
            let due = due_contents(&tracks, now, &Allowance { calls: left, hours_to_reset, batch_size }, 500);
            let spent = due.len().div_ceil(batch_size) as u64;
            prop_assert!(spent <= left);
            left -= spent;
            for (content, track) in &mut tracks {
                if due.contains(content) {
                    track.observed_at = now;
                }
            }
            passed_ms += HOUR_MS / 12;
        }
    }
}
