//! Apify: runs, polls, charges, datasets, error items.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tensorflix_sandbox::platforms::apify::{MICRO_USD_PER_ITEM, REEL_ACTOR, RunEnd};
use tensorflix_sandbox::world::Platform;

use crate::harness::{Harness, Received, received, start};

fn reel_url(code: &str) -> String {
    format!("https://www.instagram.com/reel/{code}/")
}

async fn run(harness: &Harness, query: &str, addresses: &[String]) -> Received {
    let request = harness.apify(Method::POST, &format!("/v2/acts/{REEL_ACTOR}/runs{query}"));
    received(request.body(json!({"username": addresses}).to_string())).await
}

async fn items(harness: &Harness, run: &Value, query: &str) -> Vec<Value> {
    let dataset_id = run["data"]["defaultDatasetId"].as_str().unwrap();
    let answer = received(harness.apify(Method::GET, &format!("/v2/datasets/{dataset_id}/items{query}"))).await;
    assert_eq!(answer.status, 200);
    answer.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn a_run_of_many_reels_is_joined_by_short_code_and_missing_ones_are_error_items() {
    let harness = start(1).await;
    let codes = harness.honest_ids(Platform::Instagram);
    assert!(codes.len() > 3);
    let mut addresses: Vec<String> = codes.iter().map(|code| reel_url(code)).collect();
    addresses.push(reel_url("DoesNotExis"));
    let run = run(&harness, "", &addresses).await;
    assert_eq!(run.status, 201);
    let run = run.json();
    assert_eq!(run["data"]["status"], "SUCCEEDED");
    let items = items(&harness, &run, "").await;
    assert_eq!(items.len(), addresses.len());
    let order: Vec<&str> = items.iter().filter_map(|item| item["shortCode"].as_str()).collect();
    assert_ne!(order, codes, "the order is not the input's");
    let by_code: BTreeMap<&str, &Value> =
        items.iter().filter_map(|item| Some((item["shortCode"].as_str()?, item))).collect();
    for code in &codes {
        let item = by_code[code.as_str()];
        assert!(item["videoPlayCount"].as_u64() >= item["videoViewCount"].as_u64());
        assert_eq!(item["inputUrl"], reel_url(code));
        assert!(item["timestamp"].as_str().unwrap().ends_with(".000Z"));
    }
    let missing: Vec<&Value> = items.iter().filter(|item| item["error"] == "not_found").collect();
    assert_eq!(missing.len(), 1);
    let charged = codes.len() as u64 * MICRO_USD_PER_ITEM;
    assert_eq!(harness.platforms.counters().apify.charged_micro_usd, charged, "an error item is free");
}

#[tokio::test]
async fn a_run_takes_the_polls_that_were_set_and_ends_as_set() {
    let harness = start(1).await;
    let addresses: Vec<String> = harness.honest_ids(Platform::Instagram).iter().map(|code| reel_url(code)).collect();
    harness.platforms.apify().set_polls_to_finish(2);
    for (end, status) in [(RunEnd::Succeeded, "SUCCEEDED"), (RunEnd::Failed, "FAILED"), (RunEnd::TimedOut, "TIMED-OUT")]
    {
        harness.platforms.apify().set_run_end(end);
        let started = run(&harness, "?waitForFinish=60", &addresses).await.json();
        let path = format!("/v2/actor-runs/{}", started["data"]["id"].as_str().unwrap());
        let mut seen = vec![started["data"]["status"].clone()];
        for _ in 0..3 {
            seen.push(received(harness.apify(Method::GET, &path)).await.json()["data"]["status"].clone());
        }
        assert_eq!(seen, ["RUNNING", "RUNNING", "RUNNING", status]);
    }
}

#[tokio::test]
async fn limits_cap_what_a_run_delivers_and_charges() {
    let harness = start(1).await;
    let addresses: Vec<String> = harness.honest_ids(Platform::Instagram).iter().map(|code| reel_url(code)).collect();
    for (query, delivered) in [("?maxItems=2", 2), ("?maxTotalChargeUsd=0.0078", 3), ("?maxTotalChargeUsd=0.0077", 2)] {
        let before = harness.platforms.counters().apify.charged_micro_usd;
        let run = run(&harness, query, &addresses).await.json();
        assert_eq!(items(&harness, &run, "").await.len(), delivered, "{query}");
        let charged = harness.platforms.counters().apify.charged_micro_usd - before;
        assert_eq!(charged, delivered as u64 * MICRO_USD_PER_ITEM, "{query}");
    }
}

#[tokio::test]
async fn a_dataset_comes_in_pages_and_at_once_in_the_one_call_form() {
    let harness = start(1).await;
    let addresses: Vec<String> = harness.honest_ids(Platform::Instagram).iter().map(|code| reel_url(code)).collect();
    let run = run(&harness, "", &addresses).await.json();
    let all = items(&harness, &run, "").await;
    let mut paged = Vec::new();
    for offset in (0..all.len()).step_by(2) {
        paged.extend(items(&harness, &run, &format!("?offset={offset}&limit=2")).await);
    }
    assert_eq!(paged, all);
    let path = format!("/v2/acts/{REEL_ACTOR}/run-sync-get-dataset-items");
    let body = json!({"username": addresses}).to_string();
    let at_once = received(harness.apify(Method::POST, &path).body(body)).await;
    assert_eq!((at_once.status, at_once.json()), (201, Value::Array(all)));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_apifys_words() {
    let harness = start(1).await;
    let no_token =
        harness.request(Method::POST, format!("{}/v2/acts/{REEL_ACTOR}/runs", harness.platforms.apify_url()));
    let other_actor = harness.apify(Method::POST, "/v2/acts/somebody~else/runs").body(r#"{"username": ["x"]}"#);
    let no_input = harness.apify(Method::POST, &format!("/v2/acts/{REEL_ACTOR}/runs")).body("{}");
    let no_run = harness.apify(Method::GET, "/v2/actor-runs/none");
    for (request, status, kind) in [
        (no_token, 401, "user-or-token-not-found"),
        (other_actor, 404, "record-not-found"),
        (no_input, 400, "invalid-input"),
        (no_run, 404, "record-not-found"),
    ] {
        let answer = received(request).await;
        assert_eq!((answer.status, &answer.json()["error"]["type"]), (status, &json!(kind)));
    }
}

#[tokio::test]
async fn a_blocked_reel_is_an_error_item_that_says_nothing_about_it() {
    let harness = start(1).await;
    let code = harness.honest_ids(Platform::Instagram)[0].clone();
    harness.platforms.apify().set_blocked(vec![code.clone()]);
    let run = run(&harness, "", &[reel_url(&code)]).await.json();
    assert_eq!(items(&harness, &run, "").await[0]["error"], "no_items");
}
