//! Platforms, budgets and keys that are out: said as what they are, with the time to come again.

use crate::world::{Answer, World, check_published};
use serde_json::json;
use std::time::Instant;
use tensorflix::config::PlatformSettings;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{Counts, Platform};

const VIDEO: &str = "/youtube/video/AAAAAAAAAAA";
const VIDEO_PATH: &str = "/youtube/video/{video_id}";

async fn world_with_a_video(change: impl FnOnce(&mut tensorflix::config::Config)) -> World {
    let world = World::start(change).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_budget_is_said_with_the_time_of_its_reset_and_is_no_missing_video() {
    let world = world_with_a_video(|config| config.platforms.set("youtube", "daily_quota", 1)).await;
    let tracker = world.tracker().await;
    assert_eq!(tracker.get(VIDEO).await.status, 200, "the budget's one unit");
    let answer = tracker.until(0, "/youtube/video/BBBBBBBBBBB", |answer| answer.status == 503).await;
    check_published(&tracker.document(0).await, VIDEO_PATH, &answer);
    assert!(answer.detail().contains("quota exhausted") && answer.detail().contains("resets at"), "{answer:?}");
    assert!((1..=26 * 3_600).contains(&answer.retry_after.expect("when to come again")), "{answer:?}");
    assert_eq!(tracker.get(VIDEO).await.status, 200, "what is fresh is still answered");
    let says = |piece: &'static str| move |answer: &Answer| answer.body["reasons"].to_string().contains(piece);
    let health = tracker.until(0, "/health", says("youtube is used up (1 of 1 units)")).await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("degraded")));
    assert!(health.body["reasons"].to_string().contains("resets at"), "{health:?}");
    assert_eq!(health.body["reasons"].as_array().map(Vec::len), Some(1), "{health:?}");
    assert_eq!(world.youtube_requests(), 1, "no unit beyond the budget");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_youtube_itself_ends_is_said_as_such() {
    let world = world_with_a_video(|_| {}).await;
    world.sandbox.faults().youtube.inject(FaultRule::new(Fault::QuotaExceeded));
    let tracker = world.tracker().await;
    let answer = tracker.get(VIDEO).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.detail().starts_with("quota exhausted: "), "{answer:?}");
    assert!(answer.retry_after.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_down_is_said_and_left_alone_for_a_while() {
    let world = world_with_a_video(|_| {}).await;
    let fault = Fault::Status { status: 500, retry_after_secs: None };
    world.sandbox.faults().youtube.inject(FaultRule::new(fault));
    let tracker = world.tracker().await;
    let answer = tracker.get(VIDEO).await;
    check_published(&tracker.document(0).await, VIDEO_PATH, &answer);
    assert_eq!(answer.status, 503);
    assert!(answer.detail().starts_with("platform unavailable: "), "not a bare 500: {answer:?}");
    assert!((1..=5).contains(&answer.retry_after.expect("when to come again")), "{answer:?}");
    let (asked, begun) = (world.youtube_requests(), Instant::now());
    for id in ["AAAAAAAAAAA", "BBBBBBBBBBB", "CCCCCCCCCCC"] {
        assert_eq!(tracker.get(&format!("/youtube/video/{id}")).await.status, 503);
    }
    // It is paused for five seconds at first; a slow machine may need longer for three requests.
    let attempts = begun.elapsed().as_secs() / 5;
    assert!(world.youtube_requests() <= asked * (1 + attempts), "each attempt would cost quota");
    let health = tracker.get("/health").await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("degraded")));
    assert!(health.body["reasons"].to_string().contains("youtube did not answer"), "{health:?}");
    world.sandbox.faults().clear();
    tracker.until(0, VIDEO, |answer| answer.status == 200).await;
    assert_eq!(tracker.get("/health").await.body["status"], "healthy");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_evidence_stands_in_marked_as_stale_and_an_absence_does_not() {
    let world = world_with_a_video(|config| config.http.max_age_secs = 1).await;
    let tracker = world.tracker().await;
    let seen = tracker.get(VIDEO).await;
    assert_eq!((seen.status, &seen.body["stale"]), (200, &json!(false)));
    assert_eq!(tracker.get("/youtube/video/BBBBBBBBBBB").await.status, 404);
    world.sandbox.faults().youtube.inject(FaultRule::new(Fault::Html));
    let stale = tracker.until(0, VIDEO, |answer| answer.body["stale"] == true).await;
    check_published(&tracker.document(0).await, VIDEO_PATH, &stale);
    assert_eq!((stale.status, &stale.body["observed_at"]), (200, &seen.body["observed_at"]));
    let absent = tracker.until(0, "/youtube/video/BBBBBBBBBBB", |answer| answer.status != 404).await;
    assert_eq!(absent.status, 503, "that it does not exist is not known any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_named() {
    let world = world_with_a_video(|config| config.platforms.set("youtube", "api_key_file", "")).await;
    let tracker = world.tracker().await;
    let answer = tracker.get(VIDEO).await;
    assert_eq!(answer.status, 503);
    assert!(answer.detail().contains("YOUTUBE_API_KEY") && answer.retry_after.is_some(), "{answer:?}");
    let health = tracker.get("/health").await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("degraded")));
    assert_eq!(health.body["reasons"], json!(["no API key for youtube: set YOUTUBE_API_KEY"]));
    assert_eq!(world.youtube_requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_key_beside_a_good_one_costs_clients_nothing_and_is_named_in_the_log() {
    for dead in ["suspended-key", "invalid-key"] {
        let world = world_with_a_video(|config| {
            let file = config.platforms.iter().next().and_then(PlatformSettings::key_file).expect("a file");
            let good = std::fs::read_to_string(&file).expect("read");
            std::fs::write(&file, format!("{dead}\n{good}")).expect("written");
        })
        .await;
        let tracker = world.tracker().await;
        for number in 0..6 {
            let id = format!("AAAAAAAAA{number:02}");
            world.add(Platform::YouTube, &id, Counts { views: Some(1), ..Counts::default() });
            let answer = tracker.get(&format!("/youtube/video/{id}")).await;
            assert_eq!(answer.status, 200, "{dead}: {answer:?}");
        }
        assert_eq!(world.youtube_requests(), 7, "{dead}: the dead key was tried once");
        let log = tracker.log();
        assert!(log.contains("API key rejected") && !log.contains(dead), "{log}");
        let health = tracker.get("/health").await.body;
        let reasons = health["reasons"].to_string();
        assert_eq!(health["status"], "degraded", "{health}");
        assert!(reasons.contains("key") && !reasons.contains(dead), "{health}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_leaves_a_content_out_once_does_not_make_it_missing() {
    let world = world_with_a_video(|_| {}).await;
    world.add(Platform::Instagram, "ReelAAAAA", Counts { views: Some(7), ..Counts::default() });
    let (video, reel) = ("/youtube/video/AAAAAAAAAAA", "/instagram/reel/ReelAAAAA");
    let empty = Fault::Body(r#"{"kind": "youtube#videoListResponse", "items": []}"#.to_owned());
    world.sandbox.faults().youtube.inject(FaultRule::new(empty).next(1).on_route("videos.list"));
    let unfilled = Fault::Body("[]".to_owned());
    world.sandbox.faults().apify.inject(FaultRule::new(unfilled).next(1).on_route("datasets.items"));
    let tracker = world.tracker().await;
    let (video, reel) = tokio::join!(tracker.get(video), tracker.get(reel));
    assert_eq!((video.status, reel.status), (200, 200), "{video:?} {reel:?}");
    assert_eq!(tracker.get("/youtube/video/BBBBBBBBBBB").await.status, 404, "who is left out twice is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reel_that_apify_says_nothing_of_is_unknown_and_not_asked_for_again_at_once() {
    let world = World::start(|_| {}).await;
    world.add(Platform::Instagram, "ReelAAAAA", Counts { views: Some(7), ..Counts::default() });
    world.sandbox.platforms().apify().set_blocked(vec!["ReelBBBBB".to_owned()]);
    world.add(Platform::Instagram, "ReelBBBBB", Counts { views: Some(7), ..Counts::default() });
    let tracker = world.tracker().await;
    let (known, unknown) =
        tokio::join!(tracker.get("/instagram/reel/ReelAAAAA"), tracker.get("/instagram/reel/ReelBBBBB"));
    assert_eq!((known.status, unknown.status), (200, 503), "{unknown:?}");
    assert_eq!(tracker.get("/instagram/reel/ReelBBBBB").await.status, 503);
    assert_eq!(world.sandbox.counters().platforms.apify.by_id["ReelBBBBB"], 1);
    // Alone in its run it is as unknown, and no sign that the platform is in trouble.
    world.sandbox.platforms().apify().set_blocked(vec!["ReelCCCCC".to_owned()]);
    world.add(Platform::Instagram, "ReelDDDDD", Counts { views: Some(7), ..Counts::default() });
    assert_eq!(tracker.get("/instagram/reel/ReelCCCCC").await.status, 503);
    assert_eq!(tracker.get("/instagram/reel/ReelDDDDD").await.status, 200);
    assert_eq!(tracker.get("/health").await.body["status"], "healthy");
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_validator_clients_get_half_of_the_budget() {
    let world = world_with_a_video(|config| config.platforms.set("youtube", "daily_quota", 4)).await;
    let run = world.serve(&["run"], 2).await;
    // The cycle itself spends one or two units; clients may spend up to the second.
    run.until(1, "/health", |answer| answer.body["cycle"] == 1).await;
    for id in ["AAAAAAAAAAA", "BBBBBBBBBBB", "CCCCCCCCCCC", "DDDDDDDDDDD"] {
        let answer = run.get_from(1, &format!("/youtube/video/{id}")).await;
        assert!([200, 404, 503].contains(&answer.status), "{answer:?}");
    }
    let refused = run.until(1, "/youtube/video/EEEEEEEEEEE", |answer| answer.status == 503).await;
    assert!(refused.detail().contains("for clients is used up"), "{refused:?}");
    let health = run.until(1, "/health", |answer| answer.body["status"] == "degraded").await;
    assert!(health.body["platforms"][0]["units_left"].as_u64() > Some(0), "the rest is the validator's: {health:?}");
    assert!(health.body["reasons"].to_string().contains("the rest is reserved for"), "{health:?}");
}
