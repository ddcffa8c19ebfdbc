//! Polls: what is due by its age and growth, within what cycles leave over.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tensorflix_actors::platforms::{ContentsObserved, MAX_POLLED, PollContents};
use tensorflix_actors::ports::Method;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::places::Turn;
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::instagram::Reels;
use tensorflix_testkit::scripted_services::youtube::{PATH, TODAY, Videos, error, ids, videos};
use tensorflix_testkit::subnets::{moment, stamp};
use tensorflix_testkit::time::{simulate, within};

const STATS: &str = "/youtube/v3/videos:batchGetStats";

/// Blocks in an hour.
const HOUR: Block = 300;

/// Blocks from cycle to cycle.
const DAY: Block = 24 * HOUR;

/// Serves videos with views and an hour of publication that are functions of their number and of the count of
/// requests before.
fn serve(
    youtube: &Observing<Videos>,
    views: impl Fn(u32, usize) -> u64 + Clone + Send + 'static,
    published: impl Fn(u32) -> f64 + Clone + Send + 'static,
) {
    for path in [PATH, STATS] {
        let (views, published, mut round) = (views.clone(), published.clone(), 0);
        youtube.world.http.on(Method::Get, path, move |request| {
            round += 1;
            let item = |id: &String| {
                let number = id.trim_start_matches("video").parse().expect("a number");
                json!({
                    "id": id,
                    "snippet": { "publishedAt": moment(published(number)).to_string() },
                    "statistics": { "viewCount": views(number, round).to_string() },
                })
            };
            Reply::json(&json!({ "items": ids(request).iter().map(item).collect::<Vec<Value>>() }))
        });
    }
}

async fn poll<S: Subject>(observing: &Observing<S>, contents: Vec<ContentId>, block: Block) -> ContentsObserved {
    poll_in_turn(observing, contents.into_iter().map(|content| Turn { uid: 1, content }).collect(), block).await
}

async fn poll_in_turn<S: Subject>(observing: &Observing<S>, turns: Vec<Turn>, block: Block) -> ContentsObserved {
    let request = PollContents { turns, as_of: stamp(block), cycle_blocks: DAY, deadline: Duration::from_secs(60) };
    within("an answer", observing.address.send(request)).await.expect("an answer")
}

/// The videos of which statistics were asked for, request by request.
fn polled(youtube: &Observing<Videos>) -> Vec<Vec<String>> {
    youtube.world.http.requests_for(STATS).iter().map(ids).collect()
}

fn asked(youtube: &Observing<Videos>) -> [usize; 2] {
    [PATH, STATS].map(|path| youtube.world.http.requests_for(path).len())
}

#[test]
fn the_young_and_the_growing_are_looked_at_often_the_old_and_flat_rarely() {
    simulate(async {
        let settings = Settings { batch_size: 1, batches_per_day: 10_000, ..Settings::default() };
        let youtube = Observing::<Videos>::start(&settings);
        // 0: an hour old. 1: two days old and flat. 2: as old, and growing by a fifth an hour. 3: a year old and flat.
        let growing =
            |number, round| if number == 2 { 1_000 + 200 * u64::try_from(round).expect("few") } else { 1_000 };
        serve(&youtube, growing, |number| [-1.0, -48.0, -48.0, -8_760.0][usize::try_from(number).expect("few")]);
        youtube.observe_at(&videos(0..4), 0, stamp(0)).await;
        youtube.observe_at(&videos(2..3), 30, stamp(30)).await;
        let mut looks = [0; 4];
        for block in (0..DAY).step_by(25) {
            let before = polled(&youtube).len();
            poll(&youtube, videos(0..4), block).await;
            for id in polled(&youtube).into_iter().skip(before).flatten() {
                looks[id.trim_start_matches("video").parse::<usize>().expect("a number")] += 1;
            }
        }
        assert!(looks[2] > looks[0] && looks[0] > looks[1] && looks[1] > looks[3], "{looks:?}");
        assert!(looks[3] <= 1 && looks[2] >= 20, "{looks:?}");
        assert_eq!(asked(&youtube)[0], 4, "looks are paid from their own bucket");
    });
}

#[test]
fn a_poll_leaves_what_the_cycles_until_the_reset_need() {
    for has_method in [true, false] {
        simulate(async move {
            let settings = Settings { batch_size: 1, batches_per_day: 40, max_in_flight: 1, ..Settings::default() };
            let youtube = Observing::<Videos>::start(&settings);
            let grow = |_, round| 1_000 * (1 + u64::try_from(round).expect("few"));
            serve(&youtube, grow, |_| -1.0);
            if !has_method {
                youtube.world.http.get(STATS, [Reply::new(404, "")]);
            }
            youtube.observe_at(&videos(0..10), 0, stamp(0)).await;
            // Seven hours until the reset: one cycle, ten calls, in each bucket.
            for block in (0..7 * HOUR).step_by(5) {
                poll(&youtube, videos(0..10), block).await;
            }
            let spent = ["youtube/videos.list", "youtube/videos.batchGetStats"]
                .map(|bucket| youtube.world.store.units_spent(bucket, TODAY));
            assert!(spent.iter().all(|spent| *spent <= 30), "{spent:?}");
            assert!(spent.iter().sum::<u64>() > 25, "what is left over is used: {spent:?}");
            let cycle = youtube.observe_at(&videos(0..10), 7 * HOUR - 1, stamp(7 * HOUR - 1)).await;
            assert_eq!((cycle.observed_count, cycle.shortfalls.len()), (10, 0), "{spent:?}");
        });
    }
}

#[test]
fn a_poll_that_the_budget_does_not_pay_for_asks_nothing() {
    simulate(async {
        let settings = Settings { batch_size: 1, batches_per_day: 10, ..Settings::default() };
        let youtube = Observing::<Videos>::start(&settings);
        Videos::serve(&youtube.world.http);
        youtube.observe_at(&videos(0..10), 0, stamp(0)).await;
        let before = youtube.asked();
        let answer = poll(&youtube, videos(0..10), 6 * HOUR).await;
        assert_eq!((answer, youtube.asked()), (ContentsObserved::default(), before));
    });
}

#[test]
fn only_what_is_known_to_be_there_and_is_of_this_platform_is_polled() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |_, _| 1_000, |_| -1.0);
        youtube.observe_at(&videos(0..2), 0, stamp(0)).await;
        youtube.world.http.get(PATH, [Reply::json(&json!({ "items": [] }))]);
        youtube.observe_at(&[video(2)], 0, stamp(0)).await;
        let all = [videos(0..4), vec![reel(1)]].concat();
        let answer = poll(&youtube, all, 6 * HOUR).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (2, 0));
        let known: Vec<String> = videos(0..2).iter().map(|video| video.as_str().to_owned()).collect();
        assert_eq!(polled(&youtube), [known]);
        assert_eq!(asked(&youtube)[0], 3, "strangers and the absent are the next cycle's part");
    });
}

#[test]
fn a_look_costs_nothing_extra_for_those_that_fill_up_its_call() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        // One is young; the others are due in hours.
        serve(&youtube, |_, _| 1_000, |number| if number == 7 { 0.0 } else { -80.0 });
        youtube.observe_at(&videos(0..120), 0, stamp(0)).await;
        poll(&youtube, videos(0..120), HOUR).await;
        let calls = polled(&youtube);
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [50]);
        assert!(calls[0].contains(&video(7).as_str().to_owned()));
        poll(&youtube, videos(0..120), HOUR + 25).await;
        assert_eq!(polled(&youtube).len(), 1, "nothing is due");
    });
}

#[test]
fn a_poll_is_bounded_and_begins_with_the_most_overdue() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings { batches_per_day: 10_000, ..Settings::default() });
        serve(&youtube, |_, _| 1_000, |number| if number >= 1_500 { -1.0 } else { -40.0 });
        youtube.observe_at(&videos(0..2_000), 0, stamp(0)).await;
        poll(&youtube, videos(0..2_000), 6 * HOUR).await;
        let first: BTreeSet<String> = polled(&youtube).concat().into_iter().collect();
        let young = videos(1_500..2_000).iter().map(|video| video.as_str().to_owned()).collect();
        assert_eq!((first.len(), &first), (MAX_POLLED, &young));
        poll(&youtube, videos(0..2_000), 6 * HOUR).await;
        assert_eq!(polled(&youtube).len(), 20, "the others come next");
    });
}

#[test]
fn each_hotkey_has_its_most_overdue_item_polled_before_any_has_its_second() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings { batches_per_day: 10_000, ..Settings::default() });
        // All of one hotkey's are more overdue than those of the others, and more than a poll asks for.
        serve(&youtube, |_, _| 1_000, |number| if number < 1_000 { -1.0 } else { -30.0 });
        youtube.observe_at(&videos(0..1_020), 0, stamp(0)).await;
        let uid = |number: u32| if number < 1_000 { 1 } else { u16::try_from(number).expect("a UID") };
        let turns = (0..1_020).map(|number| Turn { uid: uid(number), content: video(number) }).collect();
        poll_in_turn(&youtube, turns, 6 * HOUR).await;
        let first: BTreeSet<String> = polled(&youtube).concat().into_iter().collect();
        assert_eq!(first.len(), MAX_POLLED);
        assert!((1_000..1_020).all(|number| first.contains(video(number).as_str())), "{first:?}");
    });
}

#[test]
fn a_platform_whose_looks_cost_money_is_never_polled() {
    simulate(async {
        let instagram = Observing::<Reels>::start(&Settings { batches_per_day: 5, ..Settings::default() });
        Reels::serve(&instagram.world.http);
        let reels: Vec<ContentId> = (0..10).map(reel).collect();
        instagram.observe_at(&reels, 0, stamp(0)).await;
        let before = instagram.asked();
        poll(&instagram, reels, 20 * HOUR).await;
        assert_eq!(instagram.asked(), before);
    });
}

#[test]
fn a_poll_makes_nothing_absent_and_nothing_known_by_its_failures() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        serve(&youtube, |_, _| 1_000, |_| -1.0);
        youtube.observe_at(&videos(0..3), 0, stamp(0)).await;
        for (failure, calls) in [
            (Reply::new(500, ""), [0, 1]),
            (Reply::hang(), [0, 1]),
            (error(403, "quotaExceeded"), [1, 1]),
            (Reply::new(200, "{}"), [1, 0]),
        ] {
            youtube.world.http.get(STATS, [failure.clone()]);
            youtube.world.http.get(PATH, [Reply::new(500, "")]);
            let before = asked(&youtube);
            poll(&youtube, videos(0..3), 6 * HOUR).await;
            let after = asked(&youtube);
            assert_eq!([after[0] - before[0], after[1] - before[1]], calls, "{failure:?}: nothing is tried twice");
        }
        let known = youtube.observations(&videos(0..3));
        assert_eq!(known.len(), 3, "what was known before");
        assert!(known.iter().all(|known| matches!(known.sighting, Sighting::Present(_))));
    });
}
