//! Injects a message into one actor and shows its answer, without a network, a chain or a disk.
//!
//! Run it with `cargo run --example inject_a_message`. `docs/developers/inject-a-message.md` explains how to make a test of it.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "an example that cannot run must fail")]

use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::platforms::{ContentsObserved, DailyBudget, ObserveContents, PlatformActor, PlatformParts};
use tensorflix_actors::stats::ActorStats;
use tensorflix_testkit::gists::video;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::simulate_to_the_end;
use tensorflix_testkit::world::{UNLIMITED, World};

fn main() {
    let answer = simulate_to_the_end(inject());
    println!("{answer:#?}");
    assert_eq!(answer.observed_count, 2, "one video is there; the other is absent, which takes two answers");
}

/// Has the actor of YouTube observe two videos, of which YouTube knows one.
async fn inject() -> ContentsObserved {
    let world = World::new();
    let item = json!({
        "id": video(1).as_str(),
        "snippet": {"publishedAt": "2026-08-20T00:00:00Z"},
        "statistics": {"viewCount": "1000"},
    });
    world.http.get("/youtube/v3/videos", [Reply::json(&json!({ "items": [item] }))]);

    let youtube = YouTube {
        api_url: "https://youtube.example".parse().expect("a URL"),
        api_keys: vec!["a key".to_owned().into()],
        batch_size: 50,
        max_in_flight: 1,
        daily_quota: DailyBudget::new(10),
        deadline: Duration::from_secs(15),
    };
    let stats = ActorStats::new("youtube");
    let outbound = world.outbound(UNLIMITED, &stats);
    let parts = PlatformParts::new(Arc::new(youtube), outbound, world.store(), world.clock(), Arc::clone(&stats));
    let actor = world.start(&stats, move || PlatformActor::new(&parts));

    let videos = vec![video(1), video(2)];
    let message =
        ObserveContents { contents: videos, since: 100, as_of: stamp(100), deadline: Duration::from_secs(60) };
    actor.send(message).await.expect("an answer")
}
