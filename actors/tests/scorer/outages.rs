//! Detectors that fail, each of them, some or all: what becomes of submissions and scores, through Scorer and Verifier.

use super::{CATS, NOW, OPENING, Stage, accepted, miner, pending, rejected, scores, start_scorer_under, verdict};
use serde_json::json;
use tensorflix_actors::ports::{HttpError, Method};
use tensorflix_actors::scorer::Opening;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{Verifier, VerifierParts};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::verification::{Check, CheckMode, OnUnknown, Provider, VerificationPolicy};
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{seen, task_line, video};
use tensorflix_testkit::scripted_services::detectors::{detector, path};
use tensorflix_testkit::scripted_services::http::{Recorded, Reply};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::{SLOT_BLOCKS, UNLIMITED, World};

/// Every detector that a cycle can ask about illicit content.
const DETECTORS: [Provider; 3] = [Provider::Sightengine, Provider::Openai, Provider::Webhook];

/// The grace lies between the second slot and the third.
const GRACE_HOURS: f64 = 36.0;

fn policy(illicit: CheckMode, on_unknown: OnUnknown) -> Policy {
    let verification = VerificationPolicy {
        illicit,
        on_unknown,
        grace_hours: GRACE_HOURS,
        asked: [(Check::Illicit, DETECTORS.into())].into(),
        ..VerificationPolicy::default()
    };
    Policy { verification, ..Policy::default() }
}

/// What a detector that works answers: the first video is illicit, every other one is not.
fn answer(provider: Provider, request: &Recorded) -> Reply {
    let is_illicit = format!("{:?} {:?}", request.query, request.body).contains(video(1).as_str());
    let breach = if is_illicit { 0.97 } else { 0.02 };
    Reply::json(&match provider {
        Provider::Sightengine => json!({ "status": "success", "request": { "id": "r" },
            "nudity": { "sexual_activity": breach, "sexual_display": 0.0 },
            "gore": { "prob": 0.0 }, "violence": { "prob": 0.0 } }),
        Provider::Openai => json!({ "id": "m", "model": "omni-moderation-latest",
            "results": [{ "flagged": is_illicit, "category_scores": { "sexual": breach } }] }),
        _ => json!({ "verdict": if is_illicit { "fail" } else { "pass" }, "confidence": 0.97 }),
    })
}

/// A stage with a scorer that asks all detectors, of which some are down.
fn stage(policy: &Policy, down: &[Provider], outage: &Reply) -> Stage {
    let world = World::new();
    let sightings = [(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(800, NOW - 10.0))];
    let youtube = FakePlatform::start(&world, sightings);
    let instagram = FakePlatform::start(&world, []);
    let stats = ActorStats::new("verifier");
    let mut detectors = Vec::new();
    for provider in DETECTORS {
        let method = if provider == Provider::Sightengine { Method::Get } else { Method::Post };
        let failure = down.contains(&provider).then(|| outage.clone());
        let respond = move |request: &Recorded| failure.clone().unwrap_or_else(|| answer(provider, request));
        world.http.on(method, path(provider), respond);
        detectors.push((detector(provider, 1_000), world.outbound(UNLIMITED, &stats)));
    }
    let parts = VerifierParts::new(detectors, world.store(), world.clock(), stats.clone());
    let verifier = world.start(&stats, move || Verifier::new(parts.clone())).recipient();
    let (scorer, decided, stats) =
        start_scorer_under(&world, &youtube, &instagram, Opening::Grid, policy.clone(), Some(verifier));
    let tasks = task_line(CATS, Platform::YOUTUBE, 0.0);
    Stage { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true }
}

/// The ways in which a detector is out.
fn outages() -> [Reply; 6] {
    [
        Reply::new(503, "{}"),
        Reply::fail(HttpError::Connection("refused".to_owned())),
        Reply::hang(),
        Reply::new(200, "<html>"),
        Reply::new(401, json!({ "error": { "type": "credentials_error", "code": "invalid_api_key" } }).to_string()),
        Reply::new(429, json!({ "error": { "code": "insufficient_quota" } }).to_string()),
    ]
}

/// Every choice of the detectors: nobody, each, each pair, all.
fn choices() -> Vec<Vec<Provider>> {
    let chosen = |mask: usize| (0..DETECTORS.len()).filter(move |place| mask >> place & 1 == 1);
    (0..1 << DETECTORS.len()).map(|mask| chosen(mask).map(|place| DETECTORS[place]).collect()).collect()
}

type Outcome = (Status, Option<Reason>);

/// What the illicit video and the decent one come to.
fn expected(policy: &Policy, down: &[Provider], is_past_grace: bool) -> (Outcome, Outcome) {
    let unknown = match (is_past_grace, policy.verification.on_unknown) {
        (true, OnUnknown::Accept) => (Status::Accepted, Some(Reason::AwaitingVerdict)),
        _ => pending(Reason::AwaitingVerdict),
    };
    match down.len() {
        _ if policy.verification.illicit == CheckMode::Observe => (accepted(), accepted()),
        0 => (rejected(Reason::IllicitContent), accepted()),
        // One that is certain of a breach is enough; that there is none, all have to say.
        1 | 2 => (rejected(Reason::IllicitContent), unknown),
        _ => (unknown, unknown),
    }
}

async fn check_table(policy: Policy, down: Vec<Provider>, outage: Reply) {
    let mut stage = stage(&policy, &down, &outage);
    let entries = [miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])];
    for (slot, is_past_grace) in [(0, false), (1, false), (2, true)] {
        let decided = stage.decide(OPENING + slot * SLOT_BLOCKS, &entries).await;
        let what = format!("{down:?} {outage:?} {:?} in slot {slot}", policy.verification);
        let (illicit, decent) = expected(&policy, &down, is_past_grace);
        assert_eq!(verdict(&decided, 1, &video(1)), illicit, "{what}");
        assert_eq!(verdict(&decided, 2, &video(2)), decent, "{what}");
        // A miner that is not accepted has no score, and takes none from others.
        let views = [(1, illicit, 1_000.0), (2, decent, 800.0)];
        let counting: Vec<_> = views.into_iter().filter(|(_, outcome, _)| outcome.0 == Status::Accepted).collect();
        let best = counting.iter().map(|(.., views)| *views).fold(0.0, f64::max);
        let scores = scores(&decided);
        assert_eq!(scores.len(), counting.len(), "{what}: {scores:?}");
        for ((uid, score), (expected_uid, _, views)) in scores.iter().zip(&counting) {
            assert!(uid == expected_uid && (score - views / best).abs() < 1e-9, "{what}: {scores:?}");
        }
        let is_told = decided.errors.iter().any(|error| error.source == "verifier");
        assert_eq!(is_told, !down.is_empty(), "{what}: {:?}", decided.errors);
    }
}

#[test]
fn pitfall_10_outages_of_detectors_leave_scores_to_the_policy_and_are_never_a_pass() {
    for mode in [CheckMode::Observe, CheckMode::Enforce] {
        for on_unknown in [OnUnknown::Accept, OnUnknown::Hold] {
            for down in choices() {
                for outage in outages() {
                    simulate(check_table(policy(mode, on_unknown), down.clone(), outage));
                }
            }
        }
    }
}
