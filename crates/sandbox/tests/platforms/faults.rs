//! Faults on demand: each does to a client what its name says, and only to whom it is meant for.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::platforms::youtube::{BATCH_GET_STATS, VIDEOS_LIST};
use tensorflix_sandbox::world::{Conduct, Platform};

use crate::harness::{Harness, in_time, received, start};

/// Longer than any undisturbed answer takes on a busy machine, shorter than a test.
const PATIENCE: Duration = Duration::from_secs(4);

struct Setting {
    harness: Harness,
    id: String,
}

async fn setting() -> Setting {
    let harness = start(1).await;
    let id = harness.honest_ids(Platform::YouTube)[0].clone();
    Setting { harness, id }
}

impl Setting {
    fn request(&self) -> reqwest::RequestBuilder {
        self.harness.youtube("videos", &[("part", "snippet,statistics"), ("id", &self.id), ("key", "k")])
    }

    fn inject(&self, fault: Fault) {
        self.harness.platforms.faults().youtube.inject(FaultRule::new(fault).next(1));
    }
}

#[tokio::test]
async fn faults_of_the_connection_reach_the_client_as_such_and_pass() {
    let setting = setting().await;
    setting.inject(Fault::Hang);
    let hung = in_time(setting.request().timeout(PATIENCE).send()).await;
    assert!(hung.unwrap_err().is_timeout());

    setting.inject(Fault::Reset);
    let reset = in_time(setting.request().send()).await.unwrap_err();
    assert!(format!("{reset:?}").contains("ConnectionReset"), "{reset:?}");

    setting.inject(Fault::CutBody);
    assert!(in_time(in_time(setting.request().send()).await.unwrap().bytes()).await.is_err());

    setting.inject(Fault::EndlessBody);
    let mut endless = in_time(setting.request().send()).await.unwrap();
    let mut bytes = 0;
    while bytes < 10 << 20 {
        bytes += in_time(endless.chunk()).await.unwrap().unwrap().len();
    }
    drop(endless);

    setting.inject(Fault::SlowDrip { piece_bytes: 1, pause: Duration::from_millis(50) });
    let drip = in_time(setting.request().timeout(PATIENCE).send()).await.unwrap();
    assert!(in_time(drip.bytes()).await.unwrap_err().is_timeout());

    assert_eq!(received(setting.request()).await.status, 200, "then all is well");
    assert_eq!(setting.harness.platforms.counters().youtube.faults, 5);
    in_time(setting.harness.platforms.stop()).await;
}

#[tokio::test]
async fn latency_delays_a_right_answer_and_goes_with_another_fault() {
    let setting = setting().await;
    let before = received(setting.request()).await.body;
    setting.inject(Fault::Latency(PATIENCE));
    let started = std::time::Instant::now();
    assert_eq!(received(setting.request()).await.body, before);
    assert!(started.elapsed() >= PATIENCE);
    setting.inject(Fault::Latency(Duration::ZERO));
    setting.inject(Fault::QuotaExceeded);
    assert_eq!(received(setting.request()).await.status, 403);
    assert_eq!(setting.harness.platforms.counters().youtube.faults, 3);
}

#[tokio::test]
async fn wrong_answers_are_wrong_in_the_way_asked_for() {
    let setting = setting().await;
    let right = received(setting.request()).await;

    setting.inject(Fault::Status { status: 503, retry_after_secs: Some(7) });
    let answer = received(setting.request()).await;
    assert_eq!((answer.status, answer.header("retry-after").as_str()), (503, "7"));

    setting.inject(Fault::QuotaExceeded);
    assert_eq!(received(setting.request()).await.json()["error"]["errors"][0]["reason"], "quotaExceeded");

    setting.inject(Fault::Html);
    let answer = received(setting.request()).await;
    assert!(answer.status == 200 && answer.text().starts_with("<!DOCTYPE html>"));

    setting.inject(Fault::TruncatedJson);
    let answer = received(setting.request()).await;
    assert_eq!(answer.body, right.body[..right.body.len() / 2]);

    setting.inject(Fault::WrongTypes);
    let answer = received(setting.request()).await.json();
    assert!(answer["items"][0]["id"].is_number() && answer["pageInfo"]["totalResults"].is_string());

    setting.inject(Fault::MissingFields(vec!["viewCount".to_owned(), "snippet".to_owned()]));
    let item = received(setting.request()).await.json()["items"][0].clone();
    assert!(item.get("snippet").is_none() && item["statistics"].get("viewCount").is_none());
    assert!(item["statistics"].get("likeCount").is_some());

    setting.inject(Fault::Redirect("http://localhost:1/elsewhere".to_owned()));
    let answer = received(setting.request()).await;
    assert_eq!((answer.status, answer.header("location").as_str()), (302, "http://localhost:1/elsewhere"));

    setting.inject(Fault::Body("{}".to_owned()));
    assert_eq!(received(setting.request()).await.json(), json!({}));
    assert_eq!(received(setting.request()).await.body, right.body);
    let spent = setting.harness.platforms.counters().youtube.units_of(VIDEOS_LIST);
    assert_eq!(spent, 5, "what the platform never saw costs nothing");
}

#[tokio::test]
async fn a_fault_strikes_only_the_route_and_id_it_names_until_it_is_cleared() {
    let setting = setting().await;
    let harness = &setting.harness;
    let faults = &harness.platforms.faults().youtube;
    let query = [("part", "statistics"), ("id", setting.id.as_str()), ("key", "k")];
    faults.inject(FaultRule::new(Fault::Status { status: 404, retry_after_secs: None }).on_route(BATCH_GET_STATS));
    for _ in 0..3 {
        assert_eq!(received(harness.youtube("videos:batchGetStats", &query)).await.status, 404);
        assert_eq!(received(harness.youtube("videos", &query)).await.status, 200);
    }
    faults.clear();
    assert_eq!(received(harness.youtube("videos:batchGetStats", &query)).await.status, 200);
    faults.inject(FaultRule::new(Fault::Html).for_id("other-video"));
    assert_eq!(received(harness.youtube("videos", &query)).await.json()["items"][0]["id"], setting.id);
    let other = [("part", "id"), ("id", "other-video"), ("key", "k")];
    assert!(received(harness.youtube("videos", &other)).await.text().starts_with('<'));
}

#[tokio::test]
async fn every_server_has_faults_of_its_own() {
    let harness = start(1).await;
    let miner = harness.member_who(Conduct::Honest);
    let faults = harness.platforms.faults();
    let fault = || FaultRule::new(Fault::Status { status: 429, retry_after_secs: Some(3) });
    for handle in [&faults.github_api, &faults.github_raw, &faults.youtube, &faults.apify] {
        handle.inject(fault());
    }
    let gist = format!("/gists/{}", miner.gist_id);
    let raw = format!("/{}/{}/raw", miner.username, miner.gist_id);
    let requests = || {
        [
            harness.api(&gist),
            harness.raw(&raw),
            harness.youtube("videos", &[("part", "id"), ("id", "x"), ("key", "k")]),
            harness.apify(Method::GET, "/v2/actor-runs/none"),
        ]
    };
    for request in requests() {
        let answer = received(request).await;
        assert_eq!((answer.status, answer.header("retry-after").as_str()), (429, "3"));
    }
    faults.clear();
    for (request, status) in requests().into_iter().zip([200, 200, 200, 404]) {
        assert_eq!(received(request).await.status, status);
    }
}

#[tokio::test]
async fn concurrent_requests_show_in_the_peak_and_leave_with_their_clients() {
    let setting = setting().await;
    let faults = &setting.harness.platforms.faults().youtube;
    faults.inject(FaultRule::new(Fault::Hang).next(8));
    let waiting: Vec<_> = (0..8).map(|_| setting.request().timeout(PATIENCE).send()).collect();
    for answer in in_time(futures::future::join_all(waiting)).await {
        assert!(answer.unwrap_err().is_timeout());
    }
    assert_eq!(setting.harness.platforms.counters().youtube.peak_in_flight, 8);
    in_time(async {
        // The server notices a closed connection in its own time.
        while setting.harness.platforms.counters().youtube.in_flight > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_requests_that_hang() {
    let setting = setting().await;
    setting.inject(Fault::Hang);
    let hanging = tokio::spawn(setting.request().send());
    in_time(async {
        while setting.harness.platforms.counters().youtube.in_flight == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    in_time(setting.harness.platforms.stop()).await;
    assert!(in_time(hanging).await.unwrap().is_err());
}
