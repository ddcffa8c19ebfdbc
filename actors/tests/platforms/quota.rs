//! Who pays for a call: keys in turn, numbers alone where they will do, and nobody beyond the budget.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_actors::platforms::{BATCHES, BucketState, ContentsObserved, DETAILS_MAX_AGE_BLOCKS, bucket_states};
use tensorflix_actors::ports::{Method, Store};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::Block;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::video;
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::{Recorded, Reply, SECRET};
use tensorflix_testkit::scripted_services::youtube::{
    PATH, STATS, TODAY, Videos, error, ids, serve_both_methods, shown, start_with_both_methods, videos,
};
use tensorflix_testkit::subnets::{moment, stamp};
use tensorflix_testkit::time::{pass, simulate_to_the_end};

/// The moment at which the quota of the tests' day is reset.
const RESET: &str = "2026-08-21T07:00:00.000Z";

pub fn key_of(request: &Recorded) -> String {
    request.query_credential.clone().map(|(_, key)| key).unwrap_or_default()
}

/// How often each key was used.
pub fn by_key(youtube: &Observing<Videos>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in youtube.world.http.requests() {
        *counts.entry(key_of(&request)).or_default() += 1;
    }
    counts
}

pub fn of_keys<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts.map(|(key, count)| (format!("{SECRET}{key}"), count)).into()
}

fn asked(youtube: &Observing<Videos>) -> [usize; 2] {
    [PATH, STATS].map(|path| youtube.world.http.requests_for(path).len())
}

async fn observe_at(youtube: &Observing<Videos>, numbers: std::ops::Range<u32>, block: Block) -> ContentsObserved {
    youtube.observe_at(&videos(numbers), block, stamp(block)).await
}

#[test]
fn keys_are_used_in_turn_each_within_its_own_budget() {
    simulate_to_the_end(async {
        let settings =
            Settings { key_count: 3, batch_size: 1, batches_per_day: 2, max_in_flight: 1, ..Settings::default() };
        let youtube = start_with_both_methods(&settings);
        let answer = youtube.observe(&videos(0..8)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (6, 2));
        assert_eq!(by_key(&youtube), of_keys([("", 2), ("-1", 2), ("-2", 2)]));
        let first: Vec<String> = youtube.world.http.requests().iter().take(3).map(key_of).collect();
        assert_eq!(first.len(), first.iter().collect::<std::collections::BTreeSet<_>>().len(), "in turn: {first:?}");
        let platform = Videos::platform(&youtube.world, &settings);
        let states = bucket_states(&platform, &*youtube.world.store, moment(0.0)).await.expect("read");
        let lists: Vec<&BucketState> = states.iter().filter(|state| state.bucket.contains("videos.list")).collect();
        assert_eq!(lists.len(), 3);
        assert!(lists.iter().all(|state| (state.spent, state.budget) == (2, 2)), "{lists:?}");
        assert!(states.iter().all(|state| state.resets_at.to_string() == RESET && !state.bucket.contains(SECRET)));
    });
}

#[test]
fn a_key_that_youtube_calls_used_up_rests_until_its_reset_also_after_a_restart() {
    simulate_to_the_end(async {
        let settings = Settings { key_count: 2, batch_size: 1, max_in_flight: 1, ..Settings::default() };
        let youtube = start_with_both_methods(&settings);
        serve_both_methods(&youtube, |request| (key_of(request) == SECRET).then(|| error(403, "quotaExceeded")));
        let answer = youtube.observe(&videos(0..6)).await;
        assert_eq!((answer.observed_count, answer.errors.len()), (6, 0), "the other key goes on");
        assert_eq!(by_key(&youtube), of_keys([("", 1), ("-1", 6)]));
        assert_eq!(youtube.world.store.count(Write::Exhaust), 1);

        let youtube = Observing::<Videos>::start_in(youtube.world.clone(), &settings);
        assert_eq!(youtube.observe(&videos(6..10)).await.observed_count, 4);
        assert_eq!(by_key(&youtube), of_keys([("", 1), ("-1", 10)]));

        serve_both_methods(&youtube, |_| None);
        let next_day = BlockStamp { block: 200, time: moment(7.0) };
        assert_eq!(youtube.observe_at(&videos(10..14), 200, next_day).await.observed_count, 4);
        assert_eq!(by_key(&youtube), of_keys([("", 3), ("-1", 12)]), "a new day has a new quota");
    });
}

#[test]
fn a_bad_key_rests_is_reported_once_and_does_not_stop_the_others() {
    for refusal in [
        Reply::new(400, json!({ "error": { "details": [{ "reason": "API_KEY_INVALID" }] } }).to_string()),
        error(403, "accessNotConfigured"),
    ] {
        simulate_to_the_end(async move {
            let logs = Logs::capture();
            let settings = Settings { key_count: 2, batch_size: 1, max_in_flight: 1, ..Settings::default() };
            let youtube = start_with_both_methods(&settings);
            let refusal = refusal.clone();
            serve_both_methods(&youtube, move |request| (key_of(request) == SECRET).then(|| refusal.clone()));
            for round in 0..3 {
                let answer = youtube.observe(&videos(round * 5..round * 5 + 5)).await;
                assert_eq!((answer.observed_count, answer.errors.len()), (5, 0));
            }
            assert_eq!(by_key(&youtube), of_keys([("", 1), ("-1", 15)]));
            let reports = logs.lines(&["API key rejected"]);
            assert_eq!(reports.len(), 1, "{reports:?}");
            assert!(reports[0].contains("key=1") && reports[0].contains("retry_in_secs="), "{reports:?}");
            assert!(!logs.text().contains(SECRET));
        });
    }
}

#[test]
fn when_every_key_is_refused_each_was_asked_once_and_what_to_do_is_said() {
    simulate_to_the_end(async {
        let youtube =
            start_with_both_methods(&Settings { key_count: 3, batch_size: 1, max_in_flight: 1, ..Settings::default() });
        serve_both_methods(&youtube, |_| Some(error(400, "keyInvalid")));
        let answer = youtube.observe(&videos(0..9)).await;
        assert!(answer.shortfalls.values().all(|reason| *reason == Reason::PlatformUnavailable));
        assert_eq!((answer.shortfalls.len(), youtube.asked()), (9, 3));
        assert!(answer.errors.iter().any(|error| error.contains("YOUTUBE_API_KEY")), "{:?}", answer.errors);
    });
}

#[test]
fn that_the_quota_is_used_up_is_said_once_with_the_time_of_the_reset() {
    simulate_to_the_end(async {
        let logs = Logs::capture();
        let youtube = start_with_both_methods(&Settings { batch_size: 1, batches_per_day: 2, ..Settings::default() });
        let answer = youtube.observe(&videos(0..20)).await;
        assert_eq!((answer.observed_count, answer.errors.len()), (2, 1));
        assert!(answer.errors[0].contains(RESET), "{:?}", answer.errors);
        youtube.observe(&videos(20..40)).await;
        let said: Vec<String> =
            logs.lines(&["quota_exhausted"]).into_iter().filter(|line| !line.contains("DEBUG")).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(RESET), "{said:?}");
        let tomorrow = BlockStamp { block: 200, time: moment(8.0) };
        youtube.observe_at(&videos(40..60), 200, tomorrow).await;
        assert_eq!(logs.lines(&["WARN", "quota_exhausted"]).len(), 2, "and once on the next day");
    });
}

#[test]
fn numbers_alone_are_asked_for_while_details_are_known_and_fresh() {
    simulate_to_the_end(async {
        let youtube = start_with_both_methods(&Settings::default());
        observe_at(&youtube, 0..3, 100).await;
        assert_eq!(asked(&youtube), [1, 0], "what was never seen is asked for whole");
        let newest = 100 + DETAILS_MAX_AGE_BLOCKS;
        observe_at(&youtube, 0..3, newest).await;
        assert_eq!(asked(&youtube), [1, 1]);
        let spent = ["youtube/videos.list", "youtube/videos.batchGetStats"]
            .map(|bucket| youtube.world.store.units_spent(bucket, TODAY));
        assert_eq!(spent, [1, 1], "each from its own bucket");
        let known = youtube.world.store.observed_contents(&videos(0..1)).await.expect("read").remove(0).evidence;
        let presence = known.latest.expect("observed").presence.expect("it is there");
        assert_eq!(presence.published_at, Some(moment(-5.0)), "numbers leave the details as they are known");
        assert_eq!(known.views.map(|views| (views.at, views.count)), Some((stamp(newest), 2_000)));

        // A block later the details are too old, though the numbers are not; one new video goes with them.
        observe_at(&youtube, 0..4, newest + 1).await;
        assert_eq!(asked(&youtube), [2, 1]);
    });
}

#[test]
fn broadcasts_and_videos_that_were_gone_are_asked_for_whole() {
    simulate_to_the_end(async {
        let youtube = start_with_both_methods(&Settings::default());
        let broadcast = |id: &str, word: &str| json!({ "id": id, "snippet": { "publishedAt": moment(-5.0).to_string(), "liveBroadcastContent": word } });
        youtube.world.http.on(Method::Get, PATH, move |request| {
            let item = |id: &String| match id.as_str() {
                id if id == video(0).as_str() => None,
                id if id == video(1).as_str() => Some(broadcast(id, "live")),
                id if id == video(2).as_str() => Some(broadcast(id, "upcoming")),
                id if id == video(3).as_str() => Some(json!({ "id": id })),
                id => Some(shown(request, id)),
            };
            Reply::json(&json!({ "items": ids(request).iter().filter_map(item).collect::<Vec<_>>() }))
        });
        observe_at(&youtube, 0..6, 100).await;
        observe_at(&youtube, 0..6, 110).await;
        let whole = youtube.world.http.requests_for(PATH);
        assert_eq!(ids(&whole[2]), videos(0..4).iter().map(|video| video.as_str().to_owned()).collect::<Vec<_>>());
        assert_eq!(ids(&youtube.world.http.requests_for(STATS)[0]).len(), 2);
    });
}

#[test]
fn what_the_numbers_leave_out_is_absent_only_if_a_whole_answer_leaves_it_out_too() {
    simulate_to_the_end(async {
        let youtube = start_with_both_methods(&Settings::default());
        observe_at(&youtube, 0..4, 100).await;
        // The numbers know nothing of three of them; of those only one is gone.
        youtube.world.http.get(
            STATS,
            [Reply::json(&json!({ "items": [
            { "id": video(0).as_str(), "statistics": { "viewCount": "7" } }, { "id": video(1).as_str() }, 7,
        ] }))],
        );
        youtube.world.http.on(Method::Get, PATH, |request| {
            let there: Vec<Value> =
                ids(request).iter().filter(|id| *id != video(2).as_str()).map(|id| shown(request, id)).collect();
            Reply::json(&json!({ "items": there }))
        });
        let answer = observe_at(&youtube, 0..4, 110).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (4, 0));
        let newest = |number| youtube.observations(&[video(number)]).pop().expect("an observation");
        assert!(matches!(newest(0).sighting, Sighting::Counted(_)));
        assert_eq!(newest(2).sighting, Sighting::Absent);
        assert!([1, 3].iter().all(|number| matches!(newest(*number).sighting, Sighting::Present(_))));
        assert_eq!(asked(&youtube), [3, 1], "who is left out is looked for twice");
    });
    // While the request for all fields fails, nothing is absent.
    simulate_to_the_end(async {
        let youtube = start_with_both_methods(&Settings::default());
        observe_at(&youtube, 0..2, 100).await;
        youtube.world.http.get(STATS, [Reply::json(&json!({ "items": [] }))]);
        youtube.world.http.get(PATH, [Reply::new(500, "")]);
        let answer = observe_at(&youtube, 0..2, 110).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (0, 2));
        assert!(youtube.observations(&videos(0..2)).iter().all(|known| known.sighting != Sighting::Absent));
    });
}

#[test]
fn a_missing_statistics_method_is_remembered_for_hours_and_all_fields_are_asked() {
    for missing in [
        Reply::new(404, "<!DOCTYPE html>"),
        error(400, "badRequest"),
        error(403, "forbidden"),
        error(401, "required"),
        error(403, "accessNotConfigured"),
    ] {
        simulate_to_the_end(async move {
            let youtube = start_with_both_methods(&Settings { batch_size: 1, max_in_flight: 1, ..Settings::default() });
            observe_at(&youtube, 0..4, 100).await;
            youtube.world.http.get(STATS, [missing.clone()]);
            for block in [110, 120, 130] {
                let answer = observe_at(&youtube, 0..4, block).await;
                assert_eq!((answer.observed_count, answer.errors.len()), (4, 0), "{missing:?}");
            }
            assert_eq!(asked(&youtube), [16, 1], "{missing:?}: once is enough");
            pass(Duration::from_secs(6 * 3_600)).await;
            serve_both_methods(&youtube, |_| None);
            observe_at(&youtube, 0..4, 140).await;
            assert_eq!(asked(&youtube), [16, 5], "{missing:?}: it may be there by now");
        });
    }
}

#[test]
fn when_the_bucket_of_numbers_is_empty_the_other_one_pays() {
    for says_so in [false, true] {
        simulate_to_the_end(async move {
            let youtube =
                start_with_both_methods(&Settings { batch_size: 1, batches_per_day: 10, ..Settings::default() });
            observe_at(&youtube, 0..3, 100).await;
            if says_so {
                serve_both_methods(&youtube, |request| (request.path == STATS).then(|| error(403, "quotaExceeded")));
            }
            for block in 101..=106 {
                observe_at(&youtube, 0..2, block).await;
            }
            // Ten units of numbers, or the one that was refused; everything else from the list, while it lasts.
            assert_eq!(asked(&youtube), if says_so { [10, 1] } else { [5, 10] });
            let list = youtube.world.store.units_spent("youtube/videos.list", TODAY);
            assert_eq!(list, if says_so { 10 } else { 5 });
        });
    }
}

#[test]
fn while_the_statistics_method_fails_a_cycle_gets_its_counts_from_the_other() {
    for failure in [Reply::new(500, ""), Reply::new(200, "<html>"), Reply::hang()] {
        simulate_to_the_end(async move {
            let youtube = start_with_both_methods(&Settings::default());
            observe_at(&youtube, 0..3, 100).await;
            youtube.world.http.get(STATS, [failure.clone()]);
            let answer = observe_at(&youtube, 0..3, 110).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len()), (3, 0), "{failure:?}");
            assert_eq!(asked(&youtube), [2, 3], "{failure:?}");
        });
    }
}

#[test]
fn a_key_that_was_asked_to_wait_for_long_costs_nothing_while_another_goes_on() {
    simulate_to_the_end(async {
        let settings = Settings { key_count: 2, batch_size: 1, max_in_flight: 1, ..Settings::default() };
        let youtube = start_with_both_methods(&settings);
        serve_both_methods(&youtube, |request| {
            (key_of(request) == SECRET).then(|| Reply::new(429, "").header("retry-after", "3600"))
        });
        let answer = youtube.observe(&videos(0..10)).await;
        assert_eq!(answer.shortfalls.len(), 1, "the batch that was answered so ends with it");
        assert_eq!(by_key(&youtube), of_keys([("", 1), ("-1", 9)]));
        assert_eq!(youtube.world.store.units_spent("youtube/", TODAY), 10, "what was not sent was not paid for");
    });
}

#[test]
fn the_same_video_is_asked_for_once_whoever_lists_it() {
    simulate_to_the_end(async {
        let youtube = start_with_both_methods(&Settings::default());
        let listed = [videos(0..50), videos(0..50), videos(25..50)].concat();
        assert_eq!(youtube.observe(&listed).await.observed_count, 50);
        assert_eq!(asked(&youtube), [1, 0]);
        assert_eq!(ids(&youtube.world.http.requests()[0]).len(), 50);
    });
}

#[test]
fn each_key_has_outcomes_of_its_own_and_a_key_that_is_well_again_says_so() {
    simulate_to_the_end(async {
        let settings = Settings { key_count: 2, batch_size: 1, max_in_flight: 1, ..Settings::default() };
        let youtube = start_with_both_methods(&settings);
        let outcomes = || youtube.stats.outcomes().read();
        serve_both_methods(&youtube, |request| (key_of(request) == SECRET).then(|| error(403, "accessNotConfigured")));
        youtube.observe(&videos(0..4)).await;
        let refused = &outcomes()["key 1"];
        assert!(refused.is_refusal && refused.failures_in_a_row == 1 && refused.failed == 1, "{refused:?}");
        assert!(refused.error.as_ref().is_some_and(|error| !error.contains(SECRET)), "{refused:?}");
        assert_eq!((outcomes()["key 2"].succeeded, outcomes()["key 2"].failed), (4, 0));
        assert_eq!(
            (outcomes()[BATCHES].succeeded, outcomes()[BATCHES].failures_in_a_row),
            (4, 0),
            "the other key pays"
        );

        serve_both_methods(&youtube, |_| None);
        pass(Duration::from_secs(24 * 3_600)).await;
        let next_day = BlockStamp { block: 200, time: moment(7.0) };
        youtube.observe_at(&videos(4..8), 200, next_day).await;
        assert!(!outcomes()["key 1"].is_refusal && outcomes()["key 1"].failures_in_a_row == 0);
    });
}

#[test]
fn failed_batches_are_counted_in_a_row_and_a_used_up_budget_is_none_of_them() {
    simulate_to_the_end(async {
        let settings = Settings { batch_size: 1, max_in_flight: 1, batches_per_day: 7, ..Settings::default() };
        let youtube = start_with_both_methods(&settings);
        serve_both_methods(&youtube, |_| Some(Reply::new(400, "no")));
        youtube.observe(&videos(0..2)).await;
        let failing = youtube.stats.outcomes().read().remove(BATCHES).expect("batches");
        assert_eq!((failing.failed, failing.failures_in_a_row), (2, 2), "{failing:?}");
        serve_both_methods(&youtube, |_| None);
        youtube.observe(&videos(2..20)).await;
        let well = youtube.stats.outcomes().read().remove(BATCHES).expect("batches");
        assert_eq!((well.failed, well.failures_in_a_row), (2, 0), "{well:?}");
        assert!(well.succeeded > 0 && well.succeeded < 18, "{well:?}");
    });
}
