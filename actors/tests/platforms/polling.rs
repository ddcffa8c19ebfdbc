//! Polls: what is due by its age and growth, within what cycles leave over.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tensorflix_actors::platforms::{ContentsObserved, MAX_POLLED, PollContents};
use tensorflix_actors::ports::Method;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::places::Turn;
use tensorflix_domain::platform::Platform;
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::instagram::{Apify, RUNS, Reels, TODAY as REELS_TODAY, USD, codes, reels};
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
    poll_earners(observing, turns, Vec::new(), block).await
}

async fn poll_earners<S: Subject>(
    observing: &Observing<S>,
    turns: Vec<Turn>,
    earners: Vec<ContentId>,
    block: Block,
) -> ContentsObserved {
    let deadline = Duration::from_secs(150);
    let request = PollContents { turns, earners, as_of: stamp(block), cycle_blocks: DAY, deadline };
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

fn there(code: &str) -> Value {
    json!({ "shortCode": code, "videoViewCount": 1_000, "timestamp": moment(-1.0).to_string() })
}

/// Reels that are all there, in runs that cost so many dollars each.
fn serve_reels(instagram: &Observing<Reels>, usd: f64) {
    let runs = Apify { cost_usd: json!(usd), ..Apify::default() };
    runs.serve(&instagram.world.http, |code| Some(there(code)));
}

/// The reels of each run.
fn runs(instagram: &Observing<Reels>) -> Vec<Vec<ContentId>> {
    let named = |code: String| ContentId::new(Platform::INSTAGRAM, &code).expect("a reel");
    let requests = instagram.world.http.requests_for(RUNS);
    requests.iter().map(|request| codes(request).into_iter().map(named).collect()).collect()
}

/// Each reel with a hotkey of its own.
fn apart(reels: &[ContentId]) -> Vec<Turn> {
    (0..).zip(reels).map(|(uid, reel)| Turn { uid, content: reel.clone() }).collect()
}

#[test]
fn where_looks_cost_money_what_earned_most_is_looked_at_once_between_two_cycles_for_a_tenth_of_the_budget() {
    simulate(async {
        let settings = Settings { batch_size: 100, batches_per_day: 5, ..Settings::default() };
        let instagram = Observing::<Reels>::start(&settings);
        serve_reels(&instagram, 0.26);
        let all = reels(0..90);
        instagram.observe_at(&all, 0, stamp(0)).await;
        // The last one earned most.
        let earners: Vec<ContentId> = all.iter().rev().take(70).cloned().collect();
        for block in (0..DAY).step_by(25) {
            poll_earners(&instagram, apart(&all), earners.clone(), block).await;
            let polls = runs(&instagram).len() - 1;
            assert_eq!(polls, usize::from(block >= DAY / 2), "half a cycle later, at block {block}");
        }
        // Five dollars a day and one for 100 reels at most: a tenth is 50 looks.
        assert_eq!(runs(&instagram)[1], earners[..50]);
        let spent = |bucket| instagram.world.store.units_spent(bucket, REELS_TODAY);
        assert_eq!([spent("second looks/instagram"), spent("apify")], [USD / 2, 2 * USD * 26 / 100]);
    });
}

#[test]
fn what_earned_nothing_is_never_looked_at_for_money() {
    simulate(async {
        let instagram = Observing::<Reels>::start(&Settings { batches_per_day: 50, ..Settings::default() });
        serve_reels(&instagram, 0.26);
        let all = reels(0..10);
        instagram.observe_at(&all, 0, stamp(0)).await;
        poll_earners(&instagram, apart(&all), Vec::new(), 20 * HOUR).await;
        // One that was never seen is the next cycle's part.
        poll_earners(&instagram, apart(&reels(0..11)), vec![reel(10)], 20 * HOUR).await;
        assert_eq!(runs(&instagram).len(), 1);
    });
}

#[test]
fn each_hotkey_has_a_second_look_for_money_before_any_has_another() {
    simulate(async {
        let instagram =
            Observing::<Reels>::start(&Settings { batch_size: 100, batches_per_day: 5, ..Settings::default() });
        serve_reels(&instagram, 0.26);
        let all = reels(0..80);
        instagram.observe_at(&all, 0, stamp(0)).await;
        // One hotkey has the 60 best.
        let uid = |number: usize| if number < 60 { 1 } else { u16::try_from(number).expect("a UID") };
        let turns = all.iter().enumerate().map(|(number, reel)| Turn { uid: uid(number), content: reel.clone() });
        poll_earners(&instagram, turns.collect(), all.clone(), DAY / 2).await;
        let polled: BTreeSet<ContentId> = runs(&instagram)[1].iter().cloned().collect();
        assert_eq!(polled, all[..30].iter().chain(&all[60..]).cloned().collect());
    });
}

#[test]
fn a_look_for_money_never_takes_what_the_next_cycle_needs() {
    // A cycle of 250 reels takes three runs, and a run may cost a dollar.
    for (usd_a_day, polled) in [(6, 0), (7, 1), (8, 1)] {
        simulate(async move {
            let settings = Settings { batch_size: 100, batches_per_day: usd_a_day, ..Settings::default() };
            let instagram = Observing::<Reels>::start(&settings);
            serve_reels(&instagram, 1.0);
            let all = reels(0..250);
            instagram.observe_at(&all, 0, stamp(0)).await;
            for block in (DAY / 2..DAY - 50).step_by(25) {
                poll_earners(&instagram, apart(&all), all.clone(), block).await;
            }
            assert_eq!(runs(&instagram).len(), 3 + polled, "{usd_a_day} dollars");
            let cycle = instagram.observe_at(&all, DAY - 1, stamp(DAY - 1)).await;
            assert_eq!((cycle.observed_count, cycle.shortfalls.len()), (250, 0), "{usd_a_day} dollars");
        });
    }
}

#[test]
fn a_look_for_money_is_one_run_even_if_a_reel_seems_gone() {
    simulate(async {
        let instagram = Observing::<Reels>::start(&Settings { batches_per_day: 50, ..Settings::default() });
        serve_reels(&instagram, 0.26);
        let all = reels(0..3);
        instagram.observe_at(&all, 0, stamp(0)).await;
        let gone = all[0].as_str().to_owned();
        Apify { cost_usd: json!(0.26), ..Apify::default() }.serve(&instagram.world.http, move |code| {
            let url = format!("https://www.instagram.com/reel/{code}/");
            let absent = json!({ "error": "not_found", "inputUrl": url });
            Some(if code == gone { absent } else { there(code) })
        });
        let before = runs(&instagram).len();
        let answer = poll_earners(&instagram, apart(&all), all.clone(), DAY / 2).await;
        assert_eq!((answer.observed_count, runs(&instagram).len() - before), (2, 1));
        let known = instagram.observations(&all);
        assert!(known.iter().all(|known| matches!(known.sighting, Sighting::Present(_))), "{known:?}");
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
