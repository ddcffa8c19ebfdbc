//! Many requests, few questions to the platforms.

use crate::world::{PATIENCE, Service, World};
use futures::StreamExt;
use serde_json::json;
use std::time::{Duration, Instant};
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{Counts, Platform};

const IDS: u64 = 100;
const REQUESTS: u64 = 500;

/// Resident memory of a process, KiB.
fn memory_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

fn id(number: u64) -> String {
    format!("video{number:06}")
}

/// All requests at once; every answer must have the number of its own video.
async fn ask_all(tracker: &Service) {
    let mut answers = futures::stream::iter(0..REQUESTS)
        .map(|request| async move {
            let number = request % IDS;
            (number, tracker.get(&format!("/youtube/video/{}", id(number))).await)
        })
        .buffer_unordered(usize::try_from(REQUESTS).expect("few"));
    while let Some((number, answer)) = answers.next().await {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            (&answer.body["video_id"], &answer.body["view_count"]),
            (&json!(id(number)), &json!(1_000 + number))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_requests_for_a_hundred_videos_ask_youtube_four_times_at_most() {
    let world = World::start(|config| {
        config.http.burst = 10_000;
        config.platforms.set("youtube", "max_in_flight", 1);
        config.log.level = tensorflix::config::LogLevel::Debug;
    })
    .await;
    for number in 0..IDS {
        let counts = Counts { views: Some(1_000 + number), ..Counts::default() };
        world.add(Platform::YouTube, &id(number), counts);
    }
    // While the first batch is under way the others gather, however long the machine takes for five hundred connections.
    world.sandbox.faults().youtube.inject(FaultRule::new(Fault::Latency(Duration::from_secs(5))).next(1));
    let tracker = world.tracker().await;
    ask_all(&tracker).await;
    let asked = world.youtube_requests();
    println!("{REQUESTS} requests for {IDS} videos: {asked} upstream calls");
    assert!((2..=4).contains(&asked), "{asked} calls:\n{}", tracker.log());
    let spent = tracker.until(0, "/health", |answer| answer.body["platforms"][0]["units_spent"] == json!(asked)).await;
    assert_eq!(spent.body["platforms"][0]["platform"], "youtube", "each call is in the ledger");

    let before = memory_kib(tracker.pid());
    for _ in 0..10 {
        ask_all(&tracker).await;
    }
    let after = memory_kib(tracker.pid());
    println!("resident: {before} KiB, after {} more requests {after} KiB", 10 * REQUESTS);
    assert!(after < before + 16 * 1_024, "{before} KiB grew to {after} KiB");
    assert_eq!(world.youtube_requests(), asked, "what is fresh is not asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_one_reel_that_is_being_asked_for_wait_for_the_same_run() {
    let world = World::start(|_| {}).await;
    let counts = Counts { views: Some(7), plays: Some(8), likes: None, comments: None };
    world.add(Platform::Instagram, "ReelAAAAA", counts);
    let tracker = world.tracker().await;
    world.sandbox.faults().apify.inject(FaultRule::new(Fault::Latency(Duration::from_millis(700))).next(1));
    let first = tracker.get("/instagram/reel/ReelAAAAA");
    let second = async {
        let begun = Instant::now();
        while world.sandbox.counters().platforms.apify.requests == 0 {
            assert!(begun.elapsed() < PATIENCE, "the run does not begin");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tracker.get("/instagram/reel/ReelAAAAA").await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.status), (200, 200), "{first:?} {second:?}");
    assert_eq!(first.body, second.body);
    assert_eq!(world.sandbox.counters().platforms.apify.by_id["ReelAAAAA"], 1, "one run");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_the_setting_is_asked_for_again() {
    let world = World::start(|config| config.http.max_age_secs = 1).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    let tracker = world.tracker().await;
    assert_eq!(tracker.get("/youtube/video/AAAAAAAAAAA").await.body["view_count"], 1);
    world
        .sandbox
        .world()
        .set_counts(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(2), ..Counts::default() })
        .expect("there");
    let renewed = tracker.until(0, "/youtube/video/AAAAAAAAAAA", |answer| answer.body["view_count"] == 2).await;
    assert_eq!((renewed.status, &renewed.body["stale"]), (200, &json!(false)));
    world.sandbox.world().remove_content(Platform::YouTube, "AAAAAAAAAAA").expect("there");
    tracker.until(0, "/youtube/video/AAAAAAAAAAA", |answer| answer.status == 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inside_run_a_stalled_chain_neither_freezes_answers_nor_asks_for_each_request() {
    const MAX_AGE_SECS: u64 = 2;
    let world = World::start(|config| config.http.max_age_secs = MAX_AGE_SECS).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    let run = world.serve(&["run"], 2).await;
    run.until(1, "/health", |answer| answer.body["cycle"] == 1).await;
    run.until(1, "/youtube/video/AAAAAAAAAAA", |answer| answer.status == 200).await;
    world
        .sandbox
        .world()
        .set_counts(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(2), ..Counts::default() })
        .expect("there");
    run.until(1, "/youtube/video/AAAAAAAAAAA", |answer| answer.body["view_count"] == 2).await;
    let asked = world.sandbox.counters().platforms.youtube.by_id["AAAAAAAAAAA"];
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(run.get_from(1, "/youtube/video/AAAAAAAAAAA").await.status, 200);
    }
    let again = world.sandbox.counters().platforms.youtube.by_id["AAAAAAAAAAA"];
    // One for what was old at the beginning, and one for each time that it became so, on a slow machine.
    let most = 1 + begun.elapsed().as_secs() / MAX_AGE_SECS;
    assert!(again - asked <= most, "{} calls for 20 requests, of {most} at most", again - asked);
}
