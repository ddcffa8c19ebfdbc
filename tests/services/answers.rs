//! What is answered, field by field, and that it is what is published.

use crate::world::{Answer, Service, World, check_published};
use serde_json::{Value, json};
use tensorflix::config::Compatibility;
use tensorflix_sandbox::world::{Counts, Platform};

const VIDEO_PATH: &str = "/youtube/video/{video_id}";
const REEL_PATH: &str = "/instagram/reel/{reel_id}";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The debug commands of the original system's README, against a syncer and a tracker.
async fn original_calls_work(world: &World, service: &Service, syncer: usize, tracking: &Service, tracker: usize) {
    for (service, server) in [(service, syncer), (tracking, tracker)] {
        let health = service.until(server, "/health", |answer| answer.body["status"] == "healthy").await;
        check_published(&service.document(server).await, "/health", &health);
    }
    let peers = service.until(syncer, "/get_all_peers_metadata", |answer| answer.status == 200).await;
    check_published(&service.document(syncer).await, "/get_all_peers_metadata", &peers);
    let (data, count) = (peers.body["data"].as_array().expect("a list"), peers.body["count"].as_u64());
    assert_eq!((&peers.body["success"], count), (&json!(true), Some(data.len() as u64)));
    let known = world.sandbox.world().read().members().to_vec();
    for peer in data {
        let uid: usize = peer["uid"].as_str().expect("a text").parse().expect("a number");
        assert_eq!(peer["hotkey"], known[uid].hotkey.ss58());
        assert_eq!(peer["commit"], known[uid].commitment.as_ref().expect("it committed").text);
        for submission in peer["submissions"].as_array().expect("a list") {
            assert_eq!(keys(submission), ["task_id", "video_id"]);
        }
    }
    let honest = world.honest(Platform::YouTube).id;
    assert!(data.iter().any(|peer| peer["submissions"].to_string().contains(&honest)), "{honest} is listed");
    let video = tracking.get_from(tracker, &format!("/youtube/video/{honest}")).await;
    assert_eq!((video.status, &video.body["video_id"]), (200, &json!(honest)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_systems_calls_work_inside_run_and_against_each_service_alone() {
    let world = World::start(|_| {}).await;
    let run = world.serve(&["run"], 2).await;
    original_calls_work(&world, &run, 0, &run, 1).await;
    let metrics = run.until(0, "/metrics", |answer| answer.body.to_string().contains("weights_last_block ")).await;
    for name in ["tensorflix_cycle 1", "tensorflix_chain_head_block ", "actor_handled_total{actor=\\\"scorer\\\"} 1"] {
        assert!(metrics.body.to_string().contains(name), "{name}: {}", metrics.body);
    }
    drop(run);
    let (syncer, tracker) = (world.serve(&["chain-syncer"], 1).await, world.tracker().await);
    original_calls_work(&world, &syncer, 0, &tracker, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_and_a_reel_have_the_contracts_fields_and_the_platforms_numbers() {
    let world = World::start(|_| {}).await;
    let counts = Counts { views: Some(4_321), plays: Some(9_876), likes: None, comments: Some(0) };
    world.add(Platform::YouTube, "AAAAAAAAAAA", counts);
    world.add(Platform::Instagram, "ReelAAAAA", counts);
    let hidden = Counts { views: None, plays: Some(5), likes: Some(1), comments: None };
    world.add(Platform::Instagram, "ReelBBBBB", hidden);
    let tracker = world.tracker().await;
    let document = tracker.document(0).await;

    let video = tracker.get("/youtube/video/AAAAAAAAAAA").await;
    check_published(&document, VIDEO_PATH, &video);
    let body = &video.body;
    assert_eq!(
        (&body["view_count"], &body["like_count"], &body["comment_count"]),
        (&json!(4_321), &json!(null), &json!(0))
    );
    let (title, published_ms) = {
        let content = world.honest(Platform::YouTube);
        (content.title, content.published_ms)
    };
    assert_eq!(body["title"], title);
    for key in ["published_at", "observed_at"] {
        assert!(body[key].as_str().is_some_and(|time| time.ends_with('Z')), "{key}: {body}");
    }
    let published = tensorflix_domain::chain_time::Moment::from_unix_ms(published_ms.cast_signed());
    assert_eq!(body["published_at"], published.to_string());
    assert_eq!(
        (&body["stale"], body["tags"].is_array(), body["thumbnail_url"].is_string()),
        (&json!(false), true, true)
    );

    let reel = tracker.get("/instagram/reel/ReelAAAAA").await;
    check_published(&document, REEL_PATH, &reel);
    let body = &reel.body;
    assert_eq!((&body["video_view_count"], &body["video_play_count"]), (&json!(4_321), &json!(9_876)));
    assert_eq!((&body["like_count"], &body["comment_count"]), (&json!(null), &json!(0)), "unknown is not zero");
    assert_eq!(
        (&body["url"], &body["timestamp"]),
        (&json!("https://www.instagram.com/reel/ReelAAAAA/"), &body["published_at"])
    );
    assert_eq!(body["owner_username"], world.honest(Platform::Instagram).author);
    assert!(body["caption"].as_str().is_some_and(|caption| !caption.is_empty()));
    let reel = tracker.get("/instagram/reel/ReelBBBBB").await;
    assert_eq!((&reel.body["video_view_count"], &reel.body["video_play_count"]), (&json!(null), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_404_what_is_no_id_is_422_and_nothing_is_repeated() {
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    let document = tracker.document(0).await;
    for (path, published) in [("/youtube/video/ZZZZZZZZZZZ", VIDEO_PATH), ("/instagram/reel/ZZZZZ", REEL_PATH)] {
        let answer = tracker.get(path).await;
        assert_eq!((answer.status, answer.retry_after), (404, None), "{path}: {answer:?}");
        check_published(&document, published, &answer);
    }
    let before = world.youtube_requests();
    for id in [
        "short",
        "toolongtoolong",
        "%1b%5b31mred%20ink",
        "a'b%22c%3cd",
        "..%2f..%2fetc",
        "%00",
        "%ff%fe",
        "AAAAAAAAAA%0A",
    ] {
        for (path, published) in [("/youtube/video", VIDEO_PATH), ("/instagram/reel", REEL_PATH)] {
            if path == "/instagram/reel" && ["short", "toolongtoolong"].contains(&id) {
                continue;
            }
            let answer = tracker.get(&format!("{path}/{id}")).await;
            assert_eq!(answer.status, 422, "{path}/{id}: {answer:?}");
            check_published(&document, published, &answer);
            let body = answer.body.to_string();
            assert!(!body.contains('\u{1b}') && !body.contains("etc") && !body.contains('<'), "{body}");
        }
    }
    for path in ["/", "/nope", "/youtube/video/", "/youtube/video/a/b", "/youtube", "/get_all_peers_metadata"] {
        let answer = tracker.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.detail().contains("/openapi.json") && !answer.detail().contains("nope"), "{answer:?}");
    }
    assert_eq!(world.youtube_requests(), before, "what is no id is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_only_read() {
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    for path in ["/health", "/metrics", "/openapi.json", "/youtube/video/AAAAAAAAAAA"] {
        let url = format!("{}{path}", tracker.urls[0]);
        for method in [reqwest::Method::POST, reqwest::Method::DELETE, reqwest::Method::PUT] {
            let answer =
                Answer::of(tracker.client.request(method, &url).body("x").send().await.expect("an answer")).await;
            assert_eq!((answer.status, answer.headers["allow"].to_str().ok()), (405, Some("GET, HEAD")), "{path}");
            assert!(!answer.detail().is_empty());
        }
    }
    let head = tracker.client.head(format!("{}/health", tracker.urls[0])).send().await.expect("an answer");
    assert_eq!(head.status().as_u16(), 200);
    assert_eq!(head.text().await.expect("no body"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_answer_or_log() {
    let world = World::start(|_| {}).await;
    let run = world.serve(&["run"], 2).await;
    run.until(1, "/health", |answer| answer.body["status"] == "healthy").await;
    let key = world.sandbox.validator().hotkey_keyfile;
    let seed = serde_json::from_str::<Value>(&key).expect("JSON")["privateKey"].as_str().expect("a key").to_owned();
    let mut said = run.log();
    for server in [0, 1] {
        for path in ["/health", "/metrics", "/openapi.json", "/get_all_peers_metadata", "/youtube/video/ZZZZZZZZZZZ"] {
            said += &run.get_from(server, path).await.body.to_string();
        }
    }
    for secret in [tensorflix_sandbox::YOUTUBE_API_KEY, tensorflix_sandbox::APIFY_API_KEY, &seed] {
        assert!(!said.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn original_answers_are_for_clients_that_take_times_for_utc_and_add_up_every_count() {
    let world = World::start(|config| config.http.compatibility = Compatibility::Original).await;
    let counts = Counts { views: Some(7), likes: None, comments: Some(0), ..Counts::default() };
    world.add(Platform::YouTube, "AAAAAAAAAAA", counts);
    world.add(Platform::Instagram, "ReelAAAAA", Counts { plays: Some(9), ..Counts::default() });
    let tracker = world.tracker().await;
    let video = tracker.get("/youtube/video/AAAAAAAAAAA").await.body;
    let reel = tracker.get("/instagram/reel/ReelAAAAA").await.body;
    assert_eq!((&video["view_count"], &video["comment_count"]), (&json!(7), &json!(0)));
    assert!(video.get("like_count").is_none() && reel.get("video_view_count").is_none(), "{video} {reel}");
    for time in [&video["published_at"], &video["observed_at"], &reel["timestamp"], &reel["published_at"]] {
        let time = time.as_str().expect("a time");
        assert!(!time.ends_with('Z') && !time.contains('+') && time.len() >= "2026-08-21T00:00:00".len(), "{time}");
        assert!(tensorflix_domain::chain_time::Moment::parse(&format!("{time}Z")).is_some(), "{time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_syncers_health_names_its_network_and_subnet_and_counts_its_peers() {
    let world = World::start(|_| {}).await;
    let run = world.serve(&["run"], 2).await;
    let health = run.until(0, "/health", |answer| answer.body["peers_count"].as_u64() > Some(0)).await;
    let peers = run.get("/get_all_peers_metadata").await;
    assert_eq!((&health.body["peers_count"], &health.body["netuid"]), (&peers.body["count"], &json!(89)));
    assert_eq!(health.body["network"], world.sandbox.urls().node);
    let tracker = run.get_from(1, "/health").await;
    assert_eq!(tracker.body["network"], json!(null), "it knows no chain");
}
