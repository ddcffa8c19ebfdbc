//! How the services start, live beside each other, and end.

use crate::support::{check_exit, finished, stdout};
use crate::world::{PATIENCE, World};
use serde_json::Value;
use std::time::{Duration, Instant};
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{Counts, Platform};

/// Within which a service must have ended: far more than a busy machine needs, and less than a request that hangs lasts
/// (`REQUEST_DEADLINE`).
const STOP: Duration = Duration::from_secs(50);

/// Waits until YouTube has received more than `before` requests.
async fn wait_for_a_call(world: &World, before: u64) {
    let begun = Instant::now();
    while world.youtube_requests() == before {
        assert!(begun.elapsed() < PATIENCE, "YouTube is not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_requests_end_and_the_process_too() {
    let world = World::start(|_| {}).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    world.sandbox.faults().youtube.inject(FaultRule::new(Fault::Latency(Duration::from_millis(500))).next(1));
    let mut tracker = world.tracker().await;
    let (client, url) = (tracker.client.clone(), format!("{}/youtube/video/AAAAAAAAAAA", tracker.urls[0]));
    let before = world.youtube_requests();
    let request = tokio::spawn(async move { client.get(url).send().await.map(|response| response.status().as_u16()) });
    wait_for_a_call(&world, before).await;
    tracker.terminate();
    assert_eq!(tracker.ended(STOP).await.code(), Some(0));
    assert_eq!(request.await.expect("no panic").expect("an answer"), 200, "a request under way is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_hangs_does_not_hold_up_the_end() {
    let world = World::start(|_| {}).await;
    world.sandbox.faults().youtube.inject(FaultRule::new(Fault::Hang));
    for (arguments, addresses, server) in [(["platform-tracker"], 1, 0), (["run"], 2, 1)] {
        let mut service = world.serve(&arguments, addresses).await;
        service.until(server, "/health", |answer| answer.status == 200).await;
        let (client, url) = (service.client.clone(), format!("{}/youtube/video/AAAAAAAAAAA", service.urls[server]));
        let before = world.youtube_requests();
        let request = tokio::spawn(async move { client.get(url).send().await });
        wait_for_a_call(&world, before).await;
        service.terminate();
        assert_eq!(service.ended(STOP).await.code(), Some(0), "{}", service.log());
        request.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_validator_the_chain_syncer_only_reads() {
    let world = World::start(|_| {}).await;
    let run = world.serve(&["run"], 2).await;
    let served = run.until(0, "/get_all_peers_metadata", |answer| !answer.body["gist_round"].is_null()).await;
    let asked = world.sandbox.counters().platforms.github_raw.requests;
    let mut syncer = world.serve(&["chain-syncer"], 1).await;
    let same = syncer.until(0, "/get_all_peers_metadata", |answer| answer.status == 200).await;
    assert_eq!(same.body, served.body);
    assert_eq!(syncer.get("/health").await.body["status"], "healthy");
    assert_eq!(world.sandbox.counters().platforms.github_raw.requests, asked, "it asks nothing itself");
    assert!(syncer.log().contains("a validator uses this store"), "{}", syncer.log());
    syncer.terminate();
    assert_eq!(syncer.ended(STOP).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_the_chain_syncer_is_the_one_that_follows_the_chain_for_its_store() {
    let world = World::start(|_| {}).await;
    let syncer = world.serve(&["chain-syncer"], 1).await;
    syncer.until(0, "/get_all_peers_metadata", |answer| answer.status == 200).await;
    let folder = world.folder.path().to_owned();
    let refused = tokio::task::spawn_blocking(move || finished(&folder, &["run", "--config", "w.toml"])).await;
    let stderr = check_exit(&refused.expect("no panic"), 1);
    assert!(stderr.contains("startup failed"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracker_alone_shares_the_budget_of_the_store_and_leaves_nothing_else_in_it() {
    let world = World::start(|_| {}).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    for units in 1..=2 {
        let tracker = world.tracker().await;
        assert_eq!(tracker.get("/youtube/video/AAAAAAAAAAA").await.status, 200);
        tracker.until(0, "/health", |answer| answer.body["platforms"][0]["units_spent"] == units).await;
    }
    let url = format!("sqlite://{}", world.folder.path().join("validator.db").display());
    let store = tensorflix_store::Store::open_to_read(&url).await.expect("a store");
    let id = tensorflix_domain::ids::ContentId::new(tensorflix_domain::platform::Platform::YOUTUBE, "AAAAAAAAAAA");
    assert_eq!(store.newest_observation(&id.expect("an id")).await.expect("read"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_ends_a_service_alone_and_says_which_setting_to_change() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let world = World::start(|_| {}).await;
    for (command, variable, setting) in [
        ("chain-syncer", "TENSORFLIX__HTTP__CHAIN_SYNCER", "http.chain_syncer"),
        ("platform-tracker", "TENSORFLIX__HTTP__PLATFORM_TRACKER", "http.platform_tracker"),
    ] {
        let mut process = crate::support::tensorflix(world.folder.path(), &[command, "--config", "w.toml"]);
        process.env(variable, &address);
        let output = tokio::task::spawn_blocking(move || process.output().expect("it ran")).await.expect("no panic");
        let stderr = check_exit(&output, 1);
        assert!(stderr.contains(setting) && stderr.contains(&address) && stderr.contains("in use"), "{stderr}");
    }
    assert!(world.sandbox.node().submissions().is_empty(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_address_switches_a_service_off() {
    let world = World::start(|_| {}).await;
    for (command, variable) in [("chain-syncer", "CHAIN_SYNCER"), ("platform-tracker", "PLATFORM_TRACKER")] {
        let mut process = crate::support::tensorflix(world.folder.path(), &[command, "--config", "w.toml"]);
        process.env(format!("TENSORFLIX__HTTP__{variable}"), "");
        let output = tokio::task::spawn_blocking(move || process.output().expect("it ran")).await.expect("no panic");
        assert!(check_exit(&output, 2).contains("switches this service off"));
    }
    let mut process = crate::support::tensorflix(world.folder.path(), &["run", "--config", "w.toml"]);
    process.env("TENSORFLIX__HTTP__CHAIN_SYNCER", "");
    let run = crate::world::Service::start(process, 1).await;
    let health: Value = run.until(0, "/health", |answer| answer.status == 200).await.body;
    assert_eq!(health["service"], "platform_tracker");
    assert!(!run.log().contains("service=\"chain_syncer\""));
}

#[test]
fn help_has_examples_and_fits_a_terminal() {
    let folder = crate::support::folder();
    for command in ["chain-syncer", "platform-tracker"] {
        let help = finished(folder.path(), &[command, "--help"]);
        check_exit(&help, 0);
        let text = stdout(&help);
        let (_, examples) = text.split_once("Examples:").expect("examples");
        assert!(examples.contains("curl") && examples.lines().all(|line| line.chars().count() <= 80), "{examples}");
    }
}
