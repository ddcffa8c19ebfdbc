//! What is spent on detectors: never more than the daily limit, and little on one that does not answer.

use super::{Bench, DETECTORS, good};
use actix::Actor;
use serde_json::json;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{Verifier, VerifierParts};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::{Check, Provider};
use tensorflix_testkit::gists::video;
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::scripted_services::detectors::detector;
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::UNLIMITED;

#[test]
fn the_budget_is_never_exceeded_also_by_retries_and_restarts() {
    for provider in DETECTORS {
        simulate(async move {
            let bench = Bench::start(provider, 10).await;
            bench.answer([Reply::new(503, "{}"), good(provider), Reply::new(500, "{}"), good(provider)]);
            let contents: Vec<ContentId> = (1..=40).map(video).collect();
            let reached = bench.ask(&contents, &[Check::Illicit]).await;
            assert!(reached.errors.iter().any(|error| error.contains("daily limit")), "{reached:?}");
            assert!(reached.reached_count > 0);
            let restarted = Bench { verifier: again_with(&bench, provider, 10), world: bench.world.clone(), provider };
            assert_eq!(restarted.ask(&contents, &[Check::Illicit]).await.reached_count, 0);
            assert!(bench.requests() <= 10, "{provider} made {}", bench.requests());
            assert!(bench.spent() <= 10);
        });
    }
}

fn again_with(bench: &Bench, provider: Provider, daily_requests: u64) -> actix::Addr<Verifier> {
    let stats = ActorStats::new("verifier");
    let detectors = vec![(detector(provider, daily_requests), bench.world.outbound(UNLIMITED, &stats))];
    let parts = VerifierParts::new(detectors, bench.world.store(), bench.world.clock(), stats.clone());
    bench.world.start(&stats, move || Verifier::new(parts.clone()))
}

#[test]
fn a_quota_that_the_detector_calls_exhausted_and_a_refused_key_rest_for_the_day() {
    let exhausted = [
        (Provider::Sightengine, Reply::new(400, json!({ "error": { "type": "usage_limit", "code": 32 } }).to_string())),
        (Provider::Openai, Reply::new(429, json!({ "error": { "code": "insufficient_quota" } }).to_string())),
    ];
    let refused = [
        (Provider::Sightengine, Reply::new(401, json!({ "error": { "type": "credentials_error" } }).to_string())),
        (
            Provider::Sightengine,
            Reply::new(400, json!({ "error": { "type": "argument_error", "code": 1 } }).to_string()),
        ),
        (Provider::Openai, Reply::new(401, json!({ "error": { "code": "invalid_api_key" } }).to_string())),
        (Provider::Webhook, Reply::new(403, "")),
    ];
    for (provider, reply) in exhausted.into_iter().chain(refused) {
        simulate(async move {
            let logs = Logs::capture();
            let bench = Bench::start(provider, 1_000).await;
            bench.answer([reply]);
            let contents: Vec<ContentId> = (1..=40).map(video).collect();
            bench.ask(&contents, &[Check::Illicit]).await;
            // Those that were under way together, and nobody after them.
            assert!(bench.requests() <= 2, "{provider} made {}", bench.requests());
            let lines = |level, text| logs.lines(&[level, text]).len();
            let said = lines("ERROR", "disabled until tomorrow") + lines("WARN", "paused until the quota reset");
            assert!((1..=2).contains(&said), "{provider}: {said} lines");
            assert!(!logs.text().contains(SECRET));
        });
    }
}

#[test]
fn a_detector_that_keeps_failing_is_no_longer_asked_and_one_that_recovers_goes_on() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer([Reply::new(500, "{}")]);
        let contents: Vec<ContentId> = (1..=40).map(video).collect();
        let reached = bench.ask(&contents, &[Check::Illicit]).await;
        assert_eq!(reached.reached_count, 0);
        assert!(bench.requests() < 12, "{} requests for 40 contents", bench.requests());
    });
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer((0..5).map(|_| Reply::new(500, "{}")).chain([good(Provider::Webhook)]));
        let contents: Vec<ContentId> = (1..=40).map(video).collect();
        let reached = bench.ask(&contents, &[Check::Illicit]).await;
        assert!(reached.reached_count >= 38, "{reached:?}");
    });
}

/// An actor that is built again after a panic must not ask a detector again to learn that its key is rejected.
#[test]
fn a_rejected_key_is_known_to_the_verifier_that_is_built_again() {
    simulate(async {
        let bench = Bench::start(Provider::Openai, 1_000).await;
        let stats = ActorStats::new("verifier");
        let detectors = vec![(detector(Provider::Openai, 1_000), bench.world.outbound(UNLIMITED, &stats))];
        let parts = VerifierParts::new(detectors, bench.world.store(), bench.world.clock(), stats);
        bench.answer([Reply::new(401, json!({ "error": { "code": "invalid_api_key" } }).to_string())]);
        for expected in [1, 1] {
            let verifier = Verifier::new(parts.clone()).start();
            let life = Bench { world: bench.world.clone(), verifier, provider: Provider::Openai };
            life.ask(&[video(1)], &[Check::Illicit]).await;
            assert_eq!(bench.requests(), expected);
        }
    });
}
