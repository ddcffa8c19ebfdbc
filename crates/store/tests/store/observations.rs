//! Observations: what is newest, whatever the order of arrival.

use crate::samples::{Place, absent, content, count, seen, stamp};
use proptest::prelude::*;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::evidence::{Measurement, SeenContent};
use tensorflix_domain::freshness::Track;
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Observation, Sighting};
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::traffic::Point;
use tensorflix_domain::verification::PlatformSignals;
use tensorflix_store::Store;

async fn memory() -> Store {
    Store::open("sqlite::memory:").await.expect("a database")
}

async fn observed(store: &Store, number: u32) -> ObservedContent {
    store.observed_contents(&[content(number)]).await.expect("read").remove(0)
}

async fn after(observations: &[Observation]) -> ObservedContent {
    let store = memory().await;
    for observation in observations {
        store.record_observations(std::slice::from_ref(observation)).await.expect("saved");
    }
    observed(&store, 2).await
}

fn measured(block: u32, count: u64) -> Option<Measurement> {
    Some(Measurement { at: stamp(block), count })
}

#[tokio::test]
async fn everything_that_a_cycle_needs_comes_back() {
    let known = after(&[seen(2, 10, Some(u64::MAX), Some(0))]).await;
    let latest = known.evidence.latest.expect("an observation");
    let presence = latest.presence.expect("it was there");
    assert_eq!(latest.at, stamp(10));
    assert_eq!(presence.published_at, Some(Moment::from_unix_ms(17)));
    assert_eq!(presence.broadcast, Broadcast::Ended);
    assert!(known.evidence.seen_before);
    assert_eq!(known.evidence.views, measured(10, u64::MAX));
    assert_eq!(known.evidence.plays, measured(10, 0));
    assert_eq!(known.text, "title of 10\nit's \"quoted\"\n\0and nul");
    assert_eq!(known.duration_secs, Some(61));
    let signals = PlatformSignals { synthetic_media: Some(true), age_restricted: None, upload_rejected: Some(false) };
    assert_eq!(known.signals, signals);
}

#[tokio::test]
async fn what_was_never_observed_is_empty_and_in_its_place() {
    let store = memory().await;
    store.record_observations(&[seen(2, 10, Some(1), None)]).await.expect("saved");
    let contents = [content(4), content(2), content(3), content(2)];
    let known = store.observed_contents(&contents).await.expect("read");
    assert_eq!(known[0], ObservedContent::default());
    assert_eq!(known[1].evidence.views, measured(10, 1));
    assert_eq!(known[2], ObservedContent::default());
    assert_eq!(known[3], known[1]);
    assert_eq!(store.observed_contents(&[]).await.expect("read"), []);
}

#[tokio::test]
async fn an_absence_keeps_that_it_was_seen_and_its_last_counts() {
    let known = after(&[seen(2, 10, Some(5), None), absent(2, 20)]).await;
    let latest = known.evidence.latest.expect("an observation");
    assert_eq!((latest.at, latest.presence), (stamp(20), None));
    assert!(known.evidence.seen_before);
    assert_eq!(known.evidence.views, measured(10, 5));
    assert!(known.text.starts_with("title of 10"));
    let never = after(&[absent(2, 20)]).await;
    assert!(!never.evidence.seen_before);
    assert_eq!(never.text, "");
}

#[tokio::test]
async fn a_count_that_is_not_given_leaves_the_one_before_with_its_block() {
    let known = after(&[seen(2, 10, Some(5), Some(6)), seen(2, 20, None, Some(0))]).await;
    assert_eq!(known.evidence.views, measured(10, 5));
    assert_eq!(known.evidence.plays, measured(20, 0));
}

#[tokio::test]
async fn an_older_observation_that_arrives_late_replaces_nothing_newer() {
    let newer = [seen(2, 20, Some(9), None), absent(2, 30)];
    let known = after(&[newer[0].clone(), newer[1].clone(), seen(2, 10, Some(1), Some(4))]).await;
    let latest = known.evidence.latest.expect("an observation");
    assert_eq!((latest.at, latest.presence), (stamp(30), None));
    assert_eq!(known.evidence.views, measured(20, 9));
    assert_eq!(known.evidence.plays, measured(10, 4), "nothing newer is known of plays");
    assert!(known.text.starts_with("title of 20"));
}

#[tokio::test]
async fn of_two_observations_at_one_block_the_later_is_kept_and_a_repeat_is_no_later_one() {
    let (first, second) = (seen(2, 10, Some(5), None), seen(2, 10, Some(6), None));
    let known = after(&[first.clone(), second.clone(), first]).await;
    assert_eq!(known.evidence.views, measured(10, 6));
    let known = after(&[second.clone(), absent(2, 10), second]).await;
    assert_eq!(known.evidence.latest.expect("an observation").presence, None);
}

#[tokio::test]
async fn a_text_that_changed_at_the_same_block_is_taken_over() {
    let first = seen(2, 10, Some(5), None);
    let mut second = first.clone();
    if let Sighting::Present(presence) = &mut second.sighting {
        presence.details.title = "renamed".to_owned();
    }
    assert!(after(&[first.clone(), second.clone()]).await.text.starts_with("renamed\n"));
    assert!(after(&[first.clone(), second, first]).await.text.starts_with("renamed\n"), "a repeat changes nothing");
}

#[tokio::test]
async fn the_same_observation_again_adds_nothing_to_the_history() {
    let place = Place::new();
    let store = place.open().await;
    let batch = [seen(2, 10, Some(5), None), seen(3, 10, None, None), absent(4, 10), seen(2, 10, Some(5), None)];
    for _ in 0..3 {
        store.record_observations(&batch).await.expect("saved");
    }
    assert_eq!(count(&place.file(), "observations").await, 3);
    store.record_observations(&[]).await.expect("nothing to do");
}

#[tokio::test]
async fn observed_since_counts_absences_and_keeps_the_order_asked_for() {
    let store = memory().await;
    let batch = [seen(2, 10, None, None), absent(3, 11), seen(4, 9, None, None), seen(5, 12, None, None)];
    store.record_observations(&batch).await.expect("saved");
    let asked = [content(5), content(4), content(7), content(3), content(2)];
    let since = store.observed_since(&asked, 10).await.expect("read");
    assert_eq!(since, [content(5), content(3), content(2)]);
    assert_eq!(store.observed_since(&asked, 13).await.expect("read"), []);
}

#[tokio::test]
async fn an_id_is_another_content_on_another_platform() {
    use tensorflix_domain::ids::ContentId;
    use tensorflix_domain::platform::Platform;
    let store = memory().await;
    let on = |platform| ContentId::new(platform, "aaaaaaaaaaa").expect("an id");
    let mut observation = seen(2, 10, Some(5), None);
    observation.content = on(Platform::YOUTUBE);
    store.record_observations(&[observation]).await.expect("saved");
    let asked = [on(Platform::INSTAGRAM), on(Platform::YOUTUBE)];
    assert_eq!(store.observed_since(&asked, 0).await.expect("read"), [on(Platform::YOUTUBE)]);
    assert_eq!(store.observed_contents(&asked).await.expect("read")[0], ObservedContent::default());
}

/// The contract, word by word, over a whole history in the order of its arrival.
fn model(history: &[Observation]) -> (Option<u32>, bool, Option<Measurement>, Option<Measurement>) {
    let newest = |pick: &dyn Fn(&Observation) -> Option<u64>| {
        let given = history.iter().filter_map(|one| Some(Measurement { at: one.at, count: pick(one)? }));
        given.max_by_key(|one| one.at.block)
    };
    let present = |one: &Observation| one.sighting != Sighting::Absent;
    let counts = |one: &Observation| match &one.sighting {
        Sighting::Present(presence) => presence.metrics,
        Sighting::Counted(metrics) => *metrics,
        Sighting::Absent => Default::default(),
    };
    (
        history.iter().map(|one| one.at.block).max(),
        history.iter().any(present),
        newest(&|one| counts(one).view_count),
        newest(&|one| counts(one).play_count),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_order_and_any_batches_come_to_what_the_whole_history_says(
        blocks in Just((1_u32..=12).collect::<Vec<_>>()).prop_shuffle(),
        given in proptest::collection::vec(0_u8..5, 12),
        batch in 1_usize..6,
    ) {
        let history: Vec<Observation> = blocks.iter().zip(&given).map(|(block, given)| match given {
            0 => absent(2, *block),
            4 => counted(2, *block, Some(u64::from(*block) + 100)),
            given => seen(2, *block, (given & 1 > 0).then_some(u64::from(*block)), (given & 2 > 0).then_some(7)),
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let known = runtime.block_on(async {
            let store = memory().await;
            for part in history.chunks(batch) {
                store.record_observations(part).await.expect("saved");
            }
            observed(&store, 2).await
        });
        let evidence = known.evidence;
        let block = evidence.latest.map(|latest| latest.at.block);
        prop_assert_eq!((block, evidence.seen_before, evidence.views, evidence.plays), model(&history));
    }
}

fn counted(number: u32, block: u32, view_count: Option<u64>) -> Observation {
    let metrics = Metrics { view_count, ..Metrics::default() };
    Observation { content: content(number), at: stamp(block), sighting: Sighting::Counted(metrics) }
}

#[tokio::test]
async fn numbers_alone_renew_the_numbers_and_leave_the_details_as_they_are() {
    let known = after(&[seen(2, 10, Some(5), None), counted(2, 20, Some(9))]).await;
    let latest = known.evidence.latest.expect("an observation");
    let presence = latest.presence.expect("it is there");
    assert_eq!(latest.at, stamp(20));
    assert_eq!((presence.published_at, presence.broadcast), (Some(Moment::from_unix_ms(17)), Broadcast::Ended));
    assert_eq!(known.evidence.views, measured(20, 9));
    assert!(known.text.starts_with("title of 10\n"), "{}", known.text);
    let back = after(&[seen(2, 10, Some(5), None), absent(2, 20), counted(2, 30, None)]).await;
    assert!(back.evidence.latest.expect("an observation").presence.is_some(), "it is there again");
}

#[tokio::test]
async fn numbers_without_details_or_without_any_number_are_never_taken_for_an_absence() {
    let known = after(&[absent(2, 10), counted(2, 10, None)]).await;
    let latest = known.evidence.latest.expect("an observation");
    assert_eq!((latest.presence, known.evidence.seen_before), (Some(SeenContent::default()), true));
}

#[tokio::test]
async fn details_are_known_of_contents_that_are_there_and_no_broadcast() {
    let store = memory().await;
    let with = |number: u32, block: u32, change: &dyn Fn(&mut Details)| {
        let mut observation = seen(number, block, Some(1), None);
        if let Sighting::Present(presence) = &mut observation.sighting {
            change(&mut presence.details);
        }
        observation
    };
    let batch = [
        seen(2, 10, None, None),
        seen(4, 20, None, None),
        seen(6, 10, None, None),
        absent(6, 20),
        with(8, 20, &|details| details.broadcast = Broadcast::Live),
        with(10, 20, &|details| details.broadcast = Broadcast::Upcoming),
        with(12, 20, &|details| details.published_at = None),
        counted(14, 20, Some(1)),
        seen(16, 10, None, None),
        counted(16, 20, Some(1)),
    ];
    store.record_observations(&batch).await.expect("saved");
    let all: Vec<_> = (1..=9).map(|number| content(2 * number)).collect();
    for (since, known) in [(10, vec![2, 4, 16]), (11, vec![4]), (21, vec![])] {
        let known: Vec<_> = known.into_iter().map(content).collect();
        assert_eq!(store.details_since(&all, since).await.expect("read"), known, "since {since}");
    }
}

#[tokio::test]
async fn a_track_has_the_two_newest_numbers_of_views_of_different_blocks() {
    let store = memory().await;
    let batch = [
        seen(2, 10, Some(1), None),
        counted(2, 20, Some(5)),
        counted(2, 25, None),
        counted(2, 30, Some(7)),
        seen(2, 30, Some(8), None),
        seen(4, 10, Some(3), None),
        absent(4, 40),
        absent(6, 10),
    ];
    store.record_observations(&batch).await.expect("saved");
    let tracks = store.tracks(&[content(6), content(8), content(4), content(2)]).await.expect("read");
    let track = |published: Option<i64>, observed, newest, earlier| Track {
        published_at: published.map(Moment::from_unix_ms),
        observed_at: stamp(observed).time,
        newest,
        earlier,
    };
    let expected = [
        (content(6), track(None, 10, None, None)),
        (content(4), track(Some(17), 40, measured(10, 3), None)),
        (content(2), track(Some(37), 30, measured(30, 8), measured(20, 5))),
    ];
    assert_eq!(tracks, expected);
}

#[tokio::test]
async fn series_are_the_newest_points_of_each_content_in_the_order_asked_for() {
    let store = memory().await;
    let mut batch: Vec<Observation> = (1..=9).map(|block| seen(2, block, Some(u64::from(block)), None)).collect();
    batch.extend([counted(4, 20, Some(5)), absent(4, 40), seen(6, 7, Some(u64::MAX), Some(3))]);
    store.record_observations(&batch).await.expect("saved");
    let asked = [content(6), content(8), content(4), content(2)];
    let all = store.traffic_series(&asked, 3).await.expect("read");
    assert!(all.iter().zip(&asked).all(|(series, content)| series.platform == content.platform()));
    let points = |place: usize| -> Vec<(Moment, Option<u64>)> {
        let mut points: Vec<_> = all[place].points.iter().map(|point| (point.at, point.views)).collect();
        points.sort_unstable();
        points
    };
    assert_eq!(points(0), [(stamp(7).time, Some(u64::MAX))]);
    assert_eq!(points(1), []);
    assert_eq!(points(2), [(stamp(20).time, Some(5)), (stamp(40).time, None)]);
    assert_eq!(points(3), [7, 8, 9].map(|block| (stamp(block).time, Some(u64::from(block)))));
    let plays = |point: &Point| (point.plays, point.likes, point.comments);
    let whole = &batch[batch.len() - 1].sighting.metrics();
    assert_eq!(plays(&all[0].points[0]), (Some(3), whole.like_count, whole.comment_count));
    assert_eq!(all[0].published_at, Some(Moment::from_unix_ms(14)));
}

#[tokio::test]
async fn the_first_number_of_views_stays_whatever_comes_later_and_in_whatever_order() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let all =
            [seen(2, 10, None, Some(7)), seen(2, 20, Some(500), None), absent(2, 25), seen(2, 30, Some(900), None)];
        let known = after(&order.map(|place| all[place].clone())).await;
        let origin = known.evidence.origin.expect("it was seen");
        assert_eq!((origin.first_views, origin.first_plays), (measured(20, 500), measured(10, 7)), "{order:?}");
        assert!(origin.channel.is_some() && origin.fingerprint.is_some(), "{origin:?}");
    }
    assert_eq!(after(&[absent(2, 20)]).await.evidence.origin, None);
}
