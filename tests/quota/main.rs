//! The quota against a YouTube that counts: every unit, every request, every key, over real HTTP and a real store.
//!
//! It is alone in its test binary: it measures the memory of its own process.
//!
//! Random tests print their seed; `SEED=…` in the environment repeats one.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot run its world must fail, and a random one says its seed"
)]
#![cfg(feature = "sandbox")]

mod place;

use place::{Place, Tracker, logged, memory_kib};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::platforms::youtube::{BATCH_GET_STATS, VIDEOS_LIST};
use tensorflix_sandbox::world::{Conduct, WorldConfig};
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// Ends a test that hangs. No machine is too slow for it, however busy.
const HANGS_AFTER: Duration = Duration::from_secs(1_800);

/// A seed that is new each time, unless `SEED` names one.
fn seed() -> u64 {
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| rand::rng().random());
    eprintln!("SEED={seed}");
    seed
}

#[test]
fn a_cycle_of_ten_thousand_videos_costs_two_hundred_units() {
    const VIDEOS: usize = 10_000;
    actix_rt::System::new().block_on(async {
        // 250 miners with five videos for each of eight tasks of YouTube; the other eight tasks are Instagram's.
        let cast = Some(vec![vec![Conduct::Honest]]);
        let world = WorldConfig { seed: 7, miners: 250, tasks: 16, submissions_per_task: Some(5), cast };
        let sandbox = Sandbox::start(SandboxConfig { world, ..SandboxConfig::default() }).await.expect("a sandbox");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("a configuration");
        config.secrets.platform_keys.remove(&Platform::INSTAGRAM);
        let mut app = App::start(&config, Mode { opening: Opening::Once, dry_run: true }).await.expect("a validator");
        let mut session = Session::default();
        let decided = tokio::time::timeout(HANGS_AFTER, async {
            loop {
                if let Shown::Cycle(report) = session.next(app.feed()).await.expect("no actor gives up") {
                    break report.decided;
                }
            }
        });
        let decided = decided.await.expect("a cycle in time");
        let videos: Vec<_> =
            decided.evidence.contents.iter().filter(|(content, _)| content.platform() == Platform::YOUTUBE).collect();
        assert_eq!(videos.len(), VIDEOS);
        assert!(videos.iter().all(|(_, known)| known.latest.is_some() && known.shortfall.is_none()));
        let youtube = sandbox.counters().platforms.youtube;
        assert_eq!((youtube.units_of(VIDEOS_LIST), youtube.units_of(BATCH_GET_STATS)), (200, 0));
        assert_eq!((youtube.requests, youtube.ids_asked), (200, 10_000), "each once, fifty a call");
        sandbox.stop().await;
    });
}

#[test]
fn the_budget_is_never_exceeded_in_twenty_restarts_at_random_moments() {
    const BUDGET: u64 = 60;
    let mut random = StdRng::seed_from_u64(seed());
    let place = Place::start();
    place.disturb(FaultRule::new(Fault::Latency(Duration::from_millis(3))));
    place.disturb(
        FaultRule::new(Fault::Status { status: 503, retry_after_secs: None })
            .for_id(&place.videos(0..1)[0].to_string()),
    );
    for restart in 0..20 {
        let life = Duration::from_millis(random.random_range(0..60));
        let keys = ["first", "second"];
        let from = random.random_range(0..1_000);
        place.live(&keys, BUDGET, async |tracker: &Tracker| {
            // Whatever is under way when its time is over is dropped with the whole system.
            let _ = tokio::time::timeout(life, tracker.observe(&place.videos(from..from + 400))).await;
        });
        let asked = place.units();
        let spent = place.spent();
        for (key, bucket) in keys.iter().map(|key| (*key, VIDEOS_LIST)) {
            let units = asked.get(&(key.to_owned().to_owned(), bucket)).copied().unwrap_or_default();
            assert!(units <= BUDGET, "restart {restart}: {units} units of {key}");
        }
        let (asked, spent): (u64, u64) = (asked.values().sum(), spent.values().sum());
        assert!(asked <= spent && spent <= 2 * BUDGET, "restart {restart}: {asked} asked, {spent} in the ledger");
    }
    // What is left can still be spent, and not one unit more.
    place.live(&["first", "second"], BUDGET, async |tracker: &Tracker| {
        tracker.observe(&place.videos(5_000..6_000)).await;
    });
    assert_eq!(place.spent().values().sum::<u64>(), 2 * BUDGET);
    assert!(place.units().values().sum::<u64>() <= 2 * BUDGET);
}

#[test]
fn two_processes_that_share_a_store_spend_one_budget() {
    const BUDGET: u64 = 30;
    let place = Place::start();
    let (observed, short) = std::thread::scope(|scope| {
        let run = |from: u32| {
            let place = &place;
            scope.spawn(move || {
                place.live(&["shared"], BUDGET, async |tracker: &Tracker| {
                    let answer = tracker.observe(&place.videos(from..from + 200)).await;
                    (answer.observed_count, answer.shortfalls.len())
                })
            })
        };
        let both = [run(0), run(1_000)].map(|process| process.join().expect("no panic"));
        (both[0].0 + both[1].0, both[0].1 + both[1].1)
    });
    // Batches of five.
    assert_eq!((observed, short), (150, 250));
    assert_eq!(place.units(), [(("shared".to_owned(), VIDEOS_LIST), BUDGET)].into());
    assert_eq!(place.spent().into_values().collect::<Vec<_>>(), [BUDGET]);
}

#[test]
fn each_key_and_method_pays_from_its_own_bucket_at_youtube_and_in_the_ledger() {
    let place = Place::start();
    let videos = place.known_videos(40);
    place.live(&["one", "two"], 100, async |tracker: &Tracker| {
        assert_eq!(tracker.observe_at(&videos, 100).await.observed_count, 40);
        assert_eq!(tracker.observe_at(&videos, 200).await.observed_count, 40);
        let known = tracker.store.observed_contents(&videos).await.expect("read");
        assert!(known.iter().all(|known| !known.text.is_empty() && known.evidence.views.is_some()));
    });
    let expected: BTreeMap<_, _> = ["one", "two"]
        .iter()
        .flat_map(|key| [VIDEOS_LIST, BATCH_GET_STATS].map(|bucket| (((*key).to_owned(), bucket), 4)))
        .collect();
    assert_eq!(place.units(), expected);
    let spent = place.spent();
    assert_eq!(spent.values().copied().collect::<Vec<_>>(), [4; 4], "{spent:?}");
}

#[test]
fn a_video_that_is_gone_is_asked_for_whole_before_it_is_absent() {
    let place = Place::start();
    let videos = place.known_videos(10);
    place.live(&["one"], 100, async |tracker: &Tracker| {
        tracker.observe_at(&videos, 100).await;
        place.remove(&videos[3]);
        let answer = tracker.observe_at(&videos, 200).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (10, 0));
        let known = tracker.store.observed_contents(&videos).await.expect("read");
        let absent: Vec<usize> = (0..10)
            .filter(|place| known[*place].evidence.latest.as_ref().is_some_and(|latest| latest.presence.is_none()))
            .collect();
        assert_eq!(absent, [3]);
    });
    // Two whole batches, two of numbers, and one video whole twice more.
    assert_eq!(place.units().values().copied().collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn keys_that_are_refused_or_used_up_leave_the_work_to_the_others() {
    let place = Place::start();
    place.set_daily_units(12);
    place.live(&["invalid-1", "full", "good"], 9_000, async |tracker: &Tracker| {
        let answer = tracker.observe(&place.videos(0..50)).await;
        assert_eq!((answer.observed_count, answer.errors.len()), (50, 0));
        let answer = tracker.observe(&place.videos(50..200)).await;
        assert_eq!(answer.observed_count, 70, "24 batches of two keys in all");
        assert!(answer.shortfalls.values().all(|reason| *reason == Reason::QuotaExhausted), "{:?}", answer.errors);
    });
    assert_eq!(place.units().values().copied().collect::<Vec<_>>(), [12, 12]);
    let requests = place.requests();
    // After a restart the used-up keys rest still; the bad one is tried once more.
    place.live(&["invalid-1", "full", "good"], 9_000, async |tracker: &Tracker| {
        assert_eq!(tracker.observe(&place.videos(500..600)).await.observed_count, 0);
    });
    assert!(place.requests() <= requests + 4, "at most one for each call under way");
}

#[test]
fn pitfall_17_memory_and_concurrency_stay_bounded_whatever_is_asked_and_answered() {
    let place = Place::start();
    place.live(&["one"], 100_000, async |tracker: &Tracker| {
        // Five clients at once, a thousand videos each.
        let batches: Vec<_> = (0..5).map(|client| place.videos(client * 1_000..client * 1_000 + 1_000)).collect();
        place.disturb(FaultRule::new(Fault::Latency(Duration::from_millis(2))));
        let wanted = batches.iter().map(|batch| tracker.observe(batch));
        let answers = futures::future::join_all(wanted).await;
        assert!(answers.iter().all(|answer| answer.observed_count == 1_000));
        assert!(place.peak_in_flight() <= 4, "{}", place.peak_in_flight());
        // Bodies without end: cut at the limit, four at a time.
        place.clear_faults();
        place.disturb(FaultRule::new(Fault::EndlessBody));
        let before = memory_kib();
        let answer = tracker.observe(&place.videos(90_000..90_040)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (0, 40));
        assert!(answer.errors.iter().any(|error| error.contains("larger than")), "{:?}", answer.errors);
        // The place notices only after a while that nobody reads on: it may still write into four that were given up.
        assert!(place.peak_in_flight() <= 8, "{}", place.peak_in_flight());
        let grown_kib = memory_kib().saturating_sub(before);
        assert!(grown_kib < 256 * 1_024, "{grown_kib} KiB for answers of 8 MiB at most, four at a time");
    });
}

#[test]
fn pitfall_18_keys_reach_no_log_error_store_or_ledger() {
    const GOOD: &str = "AIzaSyGoodKeyOfNobody0123456789abcdefgh";
    const BAD: &str = "invalid-AIzaSyBadKeyOfNobody0123456789";
    let place = Place::start();
    let (log, mut shown) = logged(|| {
        let mut shown = String::new();
        let faults = [
            None,
            Some(Fault::QuotaExceeded),
            Some(Fault::Html),
            Some(Fault::WrongTypes),
            Some(Fault::Reset),
            Some(Fault::Redirect("http://elsewhere.example/?stolen".to_owned())),
            Some(Fault::Status { status: 403, retry_after_secs: None }),
            Some(Fault::Status { status: 429, retry_after_secs: Some(3_600) }),
            Some(Fault::Body(format!(r#"{{"error": {{"message": "{GOOD} {BAD}"}}}}"#))),
        ];
        for (number, fault) in (0..).zip(faults) {
            place.clear_faults();
            if let Some(fault) = fault {
                place.disturb(FaultRule::new(fault));
            }
            let first = number * 100;
            shown += &place.live(&[GOOD, BAD], 9_000, async |tracker: &Tracker| {
                format!("{:?}", tracker.observe(&place.videos(first..first + 20)).await)
            });
        }
        // Nobody listens there at all.
        shown += &place.live_elsewhere(&[GOOD], "http://127.0.0.1:1", async |tracker: &Tracker| {
            format!("{:?}", tracker.observe(&place.videos(5_000..5_020)).await)
        });
        shown
    });
    assert!(log.contains("API key rejected") && log.contains("paused until the reset"), "the log was captured:\n{log}");
    shown += &format!("{:?}", place.spent());
    let stored = place.stored_bytes();
    for (key, part) in [(GOOD, &GOOD[4..]), (BAD, &BAD[12..])] {
        assert!(!log.contains(part), "{key} is in the log");
        assert!(!shown.contains(part), "{key} is in an answer or in the ledger: {shown}");
        assert!(!stored.windows(part.len()).any(|bytes| bytes == part.as_bytes()), "{key} is in the store");
    }
    assert!(stored.windows(12).any(|bytes| bytes == b"videos.list/"), "the ledger's rows are among what was read");
}
