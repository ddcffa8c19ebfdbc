//! Orders that end before all is done: nothing that is paid for is dropped, and nothing is begun that would be.

use crate::instagram::{runs_started, spent};
use serde_json::json;
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::ports::{Clock, Method};
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::observing::{Observing, Settings, Subject};
use tensorflix_testkit::scripted_services::http::{Recorded, Reply};
use tensorflix_testkit::scripted_services::instagram::{Apify, DEADLINE, RUNS, Reels, USD, reels};
use tensorflix_testkit::scripted_services::youtube::{PATH, TODAY, Videos, videos};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::World;

/// When a run that goes on is stopped: what is kept of its time for reading it is left over then.
const STOPPED_AFTER: Duration = Duration::from_secs(DEADLINE.as_secs() - 20);

/// One run at a time, for two reels each.
fn start() -> Observing<Reels> {
    let settings = Settings { batches_per_day: 5, batch_size: 2, max_in_flight: 1, ..Settings::default() };
    Observing::start(&settings)
}

/// Runs that go on until they are stopped, show all that they were started for, and then cost a tenth of a dollar.
fn serve_endless(instagram: &Observing<Reels>) {
    let apify = Apify { statuses: vec!["RUNNING"], cost_usd: json!(0.5) };
    apify.serve(&instagram.world.http, |code| Some(json!({ "shortCode": code, "videoViewCount": 5 })));
    for number in 0..3 {
        let path = format!("/v2/actor-runs/run{number}/abort");
        instagram.world.http.on(Method::Post, &path, move |_: &Recorded| {
            Reply::json(&json!({ "data": { "id": format!("run{number}"), "status": "ABORTED",
                "defaultDatasetId": format!("set{number}"), "usageTotalUsd": 0.1 } }))
        });
    }
}

#[test]
fn a_run_that_starts_late_is_stopped_and_read_before_its_order_ends() {
    for left in [60, 61, 90, 120, 179] {
        simulate(async move {
            let instagram = start();
            serve_endless(&instagram);
            let order = STOPPED_AFTER + Duration::from_secs(left);
            let begin = instagram.world.clock.monotonic();
            let answer = instagram.observe_within(&reels(0..4), order).await;
            assert!(instagram.world.clock.monotonic() - begin <= order, "{left} s left");
            assert_eq!((runs_started(&instagram), answer.observed_count), (2, 4), "{left} s left: {:?}", answer.errors);
            assert_eq!(instagram.world.http.requests_for("/v2/actor-runs/run1/abort").len(), 1, "{left} s left");
            assert_eq!(spent(&instagram), USD / 5, "{left} s left: what it did not spend is given back");
        });
    }
}

#[test]
fn a_run_that_could_get_nothing_in_the_time_left_is_not_started_and_costs_nothing() {
    for left in [1, 20, 59] {
        simulate(async move {
            let instagram = start();
            serve_endless(&instagram);
            let answer = instagram.observe_within(&reels(0..4), STOPPED_AFTER + Duration::from_secs(left)).await;
            assert_eq!((runs_started(&instagram), answer.observed_count), (1, 2), "{left} s left");
            let reasons: Vec<Reason> = answer.shortfalls.values().copied().collect();
            assert_eq!(reasons, [Reason::PlatformUnavailable; 2], "{left} s left");
            assert_eq!(spent(&instagram), USD / 10, "{left} s left: only the run that was made is paid for");
        });
    }
}

#[test]
fn a_start_that_comes_too_late_for_waiting_is_not_made_and_costs_nothing() {
    // The rate lets one request pass in half an hour, and the first batch has it.
    simulate(async {
        let settings = Settings { batches_per_day: 5, batch_size: 2, max_in_flight: 2, ..Settings::default() };
        let rate = Rate { requests_per_second: 1.0 / 1_800.0, burst: 1 };
        let instagram = Observing::<Reels>::start_at(rate, World::new(), &settings);
        let run = json!({ "data": { "id": "run0", "status": "SUCCEEDED", "defaultDatasetId": "set0",
            "usageTotalUsd": 0.1 } });
        instagram.world.http.post(RUNS, [Reply::new(201, run.to_string())]);
        let begin = instagram.world.clock.monotonic();
        instagram.observe_within(&reels(0..4), Duration::from_secs(600)).await;
        assert!(instagram.world.clock.monotonic() - begin <= Duration::from_secs(600));
        assert_eq!((runs_started(&instagram), spent(&instagram)), (1, USD / 10), "the other one was never sent");
    });
}

#[test]
fn nobody_waits_for_an_attempt_that_would_come_after_the_end_of_its_order() {
    simulate(async {
        let instagram = start();
        let refusal = json!({ "error": { "type": "actor-memory-limit-exceeded", "message": "memory" } });
        instagram.world.http.post(RUNS, [Reply::new(402, refusal.to_string())]);
        let begin = instagram.world.clock.monotonic();
        let answer = instagram.observe_within(&reels(0..2), Duration::from_secs(100)).await;
        // After 5 and 15 seconds; half a minute more would leave less than a run takes.
        assert_eq!(instagram.world.clock.monotonic() - begin, Duration::from_secs(20));
        assert_eq!((runs_started(&instagram), spent(&instagram)), (3, 0));
        assert!(answer.errors.join("\n").contains("memory"), "what was refused is said: {:?}", answer.errors);
    });
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        youtube.world.http.get(PATH, [Reply::new(503, "").header("retry-after", "30")]);
        let begin = youtube.world.clock.monotonic();
        let answer = youtube.observe_within(&videos(0..3), Duration::from_secs(20)).await;
        assert_eq!((youtube.world.clock.monotonic() - begin, youtube.asked()), (Duration::ZERO, 1));
        assert!(answer.errors.join("\n").contains("503"), "{:?}", answer.errors);
    });
}

#[test]
fn a_call_that_waits_until_its_order_ends_is_not_made_and_costs_nothing() {
    simulate(async {
        let settings = Settings { batch_size: 1, ..Settings::default() };
        let rate = Rate { requests_per_second: 0.1, burst: 1 };
        let youtube = Observing::<Videos>::start_at(rate, World::new(), &settings);
        Videos::serve(&youtube.world.http);
        let begin = youtube.world.clock.monotonic();
        let answer = youtube.observe_within(&videos(0..10), Duration::from_secs(25)).await;
        assert!(youtube.world.clock.monotonic() - begin <= Duration::from_secs(25));
        assert_eq!((youtube.asked(), answer.observed_count, answer.shortfalls.len()), (3, 3, 7));
        assert_eq!(youtube.world.store.units_spent("youtube/videos.list", TODAY), 3, "one for each call that was made");
    });
}

#[test]
fn an_order_whose_platform_is_silent_ends_in_time_however_little_of_it_is_left() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        youtube.world.http.get(PATH, [Reply::hang()]);
        let begin = youtube.world.clock.monotonic();
        let answer = youtube.observe_within(&videos(0..3), Duration::from_secs(4)).await;
        assert!(youtube.world.clock.monotonic() - begin <= Duration::from_secs(4));
        assert_eq!((answer.shortfalls.len(), youtube.asked()), (3, 1));
        assert_eq!(youtube.world.store.units_spent("youtube/videos.list", TODAY), 1, "it may have been answered");
        let blamed: Vec<String> = youtube.stats.outcomes().read().into_keys().collect();
        assert_eq!(blamed, [""; 0], "four seconds say nothing of a key or of the platform");
    });
}
