//! Health judges by the results of the actors' work: activity without success is reported, with a reason for each, and ends with the
//! first success.

use crate::health::{Subject, chain_was_read, check, run, with_key};
use crate::world::{Answer, World};
use serde_json::Value;
use std::sync::Arc;
use tensorflix::api::front::Front;
use tensorflix::api::guard::clients::Clients;
use tensorflix::api::service::Service;
use tensorflix::api::syncer::chain_syncer::Document;
use tensorflix::api::watch::metrics;
use tensorflix::api::watch::status::HealthStatus;
use tensorflix_actors::gist_fetcher::round_tally::{GISTS, TASK_GIST};
use tensorflix_actors::platforms::BATCHES;
use tensorflix_actors::weight_setter::WEIGHTS;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use utoipa::OpenApi;

#[test]
fn rounds_without_a_readable_gist_degrade_the_syncer_then_make_it_unhealthy() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        let gists = watched.outcomes("gist_fetcher");
        for (rounds, standing) in
            [(1, HealthStatus::Degraded), (2, HealthStatus::Degraded), (3, HealthStatus::Unhealthy)]
        {
            gists.partly(GISTS, 42, 42, Some("HTTP 401"));
            let piece =
                if rounds == 1 { "none of 42 gists could be read in the last polling round" } else { "polling rounds" };
            check(&watched.syncer(), standing, &[piece]);
            assert!(watched.syncer().reasons[0].contains("HTTP 401"));
        }
        check(&watched.tracker(), HealthStatus::Healthy, &[]);
        gists.partly(GISTS, 42, 30, Some("HTTP 404"));
        check(&watched.syncer(), HealthStatus::Degraded, &["30 of 42 gists could not be read"]);
        gists.partly(GISTS, 42, 12, Some("HTTP 404"));
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
    });
}

#[test]
fn one_key_that_is_refused_is_named_while_the_others_keep_the_platform_well() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        let youtube = watched.outcomes("youtube");
        youtube.refused("key 1", "Consumer has been suspended");
        youtube.succeeded("key 2");
        youtube.succeeded(BATCHES);
        check(&watched.tracker(), HealthStatus::Degraded, &["youtube, key 1: the last call failed: Consumer"]);
        assert_eq!(watched.tracker().platforms[0].failures, 0);
        youtube.succeeded("key 1");
        check(&watched.tracker(), HealthStatus::Healthy, &[]);
        // What is simply tried again is no trouble before it goes on.
        youtube.failed("key 2", "HTTP 503");
        youtube.failed("key 2", "HTTP 503");
        check(&watched.tracker(), HealthStatus::Healthy, &[]);
        youtube.failed("key 2", "HTTP 503");
        check(&watched.tracker(), HealthStatus::Degraded, &["youtube, key 2: the last 3 calls failed: HTTP 503"]);
    });
}

#[test]
fn platform_failures_are_counted_and_with_no_platform_the_tracker_is_unhealthy() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        let youtube = watched.outcomes("youtube");
        for failures in 1..=2 {
            youtube.failed(BATCHES, "HTTP 403");
            check(&watched.tracker(), HealthStatus::Degraded, &["HTTP 403"]);
            assert_eq!(watched.tracker().platforms[0].failures, failures);
        }
        youtube.failed(BATCHES, "HTTP 403");
        check(&watched.tracker(), HealthStatus::Unhealthy, &["no platform answers", "the last 3 batches failed"]);
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        youtube.succeeded(BATCHES);
        check(&watched.tracker(), HealthStatus::Healthy, &[]);
    });
}

#[test]
fn unsent_weights_a_failing_task_gist_and_a_failing_detector_have_a_reason_each() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        let (weights, gists, verifier) =
            (watched.outcomes("weight_setter"), watched.outcomes("gist_fetcher"), watched.outcomes("verifier"));
        weights.failed(WEIGHTS, "the wallet has no permit");
        gists.failed(TASK_GIST, "HTTP 404");
        check(&watched.syncer(), HealthStatus::Degraded, &["the task gist could not be read", "weights were not sent"]);
        for _ in 0..24 {
            weights.failed(WEIGHTS, "the wallet has no permit");
        }
        check(
            &watched.syncer(),
            HealthStatus::Unhealthy,
            &["the task gist", "in the last 25 attempts: the wallet has no permit"],
        );
        weights.succeeded(WEIGHTS);
        gists.succeeded(TASK_GIST);
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        verifier.refused("sightengine", "HTTP 401");
        check(&watched.tracker(), HealthStatus::Degraded, &["sightengine: the last request failed: HTTP 401"]);
        verifier.succeeded("sightengine");
        check(&watched.tracker(), HealthStatus::Healthy, &[]);
    });
}

#[test]
fn each_reason_has_a_gauge_in_the_metrics_and_no_error_becomes_a_label() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        watched.outcomes("gist_fetcher").partly(GISTS, 4, 4, Some("strange words"));
        watched.outcomes("weight_setter").failed(WEIGHTS, "strange words");
        let clients = Clients::new(100.0, 100);
        let front = Front::new(Service::ChainSyncer, clients, Arc::clone(&watched.vitals), &Document::openapi());
        let text = metrics::text(front.service, &front.requests, &front.vitals);
        for line in [
            "tensorflix_health 1",
            "tensorflix_health_reason{reason=\"gists_unread\",subject=\"gists\"} 1",
            "tensorflix_health_reason{reason=\"weights_not_sent\",subject=\"weights\"} 1",
            "tensorflix_work_failures_in_a_row{actor=\"gist_fetcher\",subject=\"gists\"} 1",
            "tensorflix_work_last_failed_parts{actor=\"gist_fetcher\",subject=\"gists\"} 4",
            "tensorflix_work_failed_total{actor=\"weight_setter\",subject=\"weights\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("strange words"), "{text}");
        watched.outcomes("gist_fetcher").succeeded(GISTS);
        watched.outcomes("weight_setter").succeeded(WEIGHTS);
        let text = metrics::text(front.service, &front.requests, &front.vitals);
        assert!(text.contains("tensorflix_health 2") && !text.contains("tensorflix_health_reason{"), "{text}");
    });
}

fn reasons(answer: &Answer) -> String {
    answer.body["reasons"].to_string()
}

fn work<'a>(health: &'a Answer, actor: &str, subject: &str) -> &'a Value {
    let work = health.body["work"].as_array().expect("work");
    let found = work.iter().find(|one| one["actor"] == actor && one["subject"] == subject);
    found.unwrap_or_else(|| panic!("no {subject} of {actor} in {health:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_is_not_healthy_while_every_gist_and_platform_call_is_refused() {
    let world = World::start(|_| {}).await;
    let run = world.serve(&["run"], 2).await;
    run.until(1, "/health", |answer| answer.body["cycle"] == 1 && answer.body["status"] == "healthy").await;
    let well = run.until(0, "/health", |answer| answer.body["status"] == "healthy").await;
    assert_eq!(work(&well, "gist_fetcher", GISTS)["failures_in_a_row"], 0);

    // From here on nothing is read any more, in the next slot, which asks for everything again.
    let refused = || FaultRule::new(Fault::Status { status: 404, retry_after_secs: None });
    world.sandbox.faults().github_raw.inject(refused());
    let refused = || FaultRule::new(Fault::Status { status: 403, retry_after_secs: None });
    world.sandbox.faults().youtube.inject(refused());
    world.sandbox.faults().apify.inject(refused());
    world.sandbox.advance_to(world.sandbox.block() + 7_200);
    let syncer = run.until(0, "/health", |answer| reasons(answer).contains("gists could be read")).await;
    assert_ne!(syncer.body["status"], "healthy");
    assert!(work(&syncer, "gist_fetcher", GISTS)["failures_in_a_row"].as_u64() > Some(0), "{syncer:?}");
    let tracker = run.until(1, "/health", |answer| reasons(answer).contains("youtube")).await;
    assert_ne!(tracker.body["status"], "healthy");
    let failures = run.until(1, "/health", |answer| answer.body["platforms"][0]["failures"].as_u64() > Some(0)).await;
    assert_eq!(failures.body["platforms"][0]["platform"], "youtube");
    let metrics = run.get_from(1, "/metrics").await;
    assert!(metrics.body.as_str().is_some_and(|text| text.contains("tensorflix_health_reason{")), "{metrics:?}");
}
