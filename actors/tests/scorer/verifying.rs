//! Verdicts within a cycle: who is asked about what, and what becomes of a submission without an answer.

use super::{
    CATS, Entry, NOW, OPENING, Stage, accepted, miner, pending, rejected, scores, start_scorer_under, verdict,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tensorflix_actors::ports::Method;
use tensorflix_actors::scorer::Opening;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{Verifier, VerifierParts};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verdict::Reason;
use tensorflix_domain::verification::{Check, CheckMode, OnUnknown, Provider, VerificationPolicy};
use tensorflix_testkit::fake_platform::FakePlatform;
use tensorflix_testkit::gists::{seen, task_line, video};
use tensorflix_testkit::scripted_services::detectors::detector;
use tensorflix_testkit::scripted_services::http::{Recorded, Reply};
use tensorflix_testkit::world::{SLOT_BLOCKS, UNLIMITED, World};

const HOOK: &str = "/hook";

fn policy() -> Policy {
    let verification = VerificationPolicy {
        ai: CheckMode::Enforce,
        grace_hours: 36.0,
        verdict_hours: 100.0,
        asked: [(Check::Ai, [Provider::Webhook].into())].into(),
        ..VerificationPolicy::default()
    };
    Policy { verification, ..Policy::default() }
}

/// A stage with a scorer that asks a webhook about AI.
fn stage(sightings: &[(ContentId, Sighting)], policy: &Policy) -> Stage {
    stage_within(sightings, policy, 1_000)
}

/// The same with so many requests a day.
fn stage_within(sightings: &[(ContentId, Sighting)], policy: &Policy, daily_requests: u64) -> Stage {
    let world = World::new();
    let youtube = FakePlatform::start(&world, sightings.iter().cloned());
    let instagram = FakePlatform::start(&world, sightings.iter().cloned());
    let stats = ActorStats::new("verifier");
    let detectors = vec![(detector(Provider::Webhook, daily_requests), world.outbound(UNLIMITED, &stats))];
    let parts = VerifierParts::new(detectors, world.store(), world.clock(), stats.clone());
    let verifier = world.start(&stats, move || Verifier::new(parts.clone())).recipient();
    let (scorer, decided, stats) =
        start_scorer_under(&world, &youtube, &instagram, Opening::Grid, policy.clone(), Some(verifier));
    let tasks = task_line(CATS, Platform::YOUTUBE, 0.0);
    Stage { world, youtube, instagram, scorer, decided, stats, tasks, tasks_are_readable: true }
}

fn asked_id(request: &Recorded) -> String {
    request.body.as_ref().expect("a body")["content"]["id"].as_str().expect("an id").to_owned()
}

/// Everything is made by AI but this one.
fn answer_by_id(stage: &Stage, real: &ContentId) {
    let real = real.as_str().to_owned();
    stage.world.http.on(Method::Post, HOOK, move |request| {
        let verdict = if asked_id(request) == real { "fail" } else { "pass" };
        Reply::json(&json!({ "verdict": verdict, "confidence": 0.95, "evidence": "a test" }))
    });
}

fn two() -> ([(ContentId, Sighting); 2], [Entry; 2]) {
    let sightings = [(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(800, NOW - 10.0))];
    (sightings, [miner(1, &[(CATS, &video(1))]), miner(2, &[(CATS, &video(2))])])
}

#[test]
fn what_is_found_not_to_be_made_by_ai_earns_nothing_and_is_asked_about_once() {
    tensorflix_testkit::time::simulate(async {
        let (sightings, entries) = two();
        let mut stage = stage(&sightings, &policy());
        answer_by_id(&stage, &video(1));
        for slot in 0..3 {
            let decided = stage.decide(OPENING + slot * SLOT_BLOCKS, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::NotAiGenerated));
            assert_eq!(verdict(&decided, 2, &video(2)), accepted());
            assert_eq!(scores(&decided), [(2, 1.0)]);
            let known = decided.evidence.contents[&video(1)].verification.as_deref().expect("evidence");
            assert_eq!(known.verdicts[0].words.as_deref(), Some("a test"));
        }
        assert_eq!(stage.world.http.requests_for(HOOK).len(), 2, "verdicts are used again");
        // 120 hours after the first, they are asked for again.
        stage.decide(OPENING + 5 * SLOT_BLOCKS, &entries).await;
        assert_eq!(stage.world.http.requests_for(HOOK).len(), 4);
    });
}

#[test]
fn detectors_are_asked_about_placed_items_only_one_of_each_hotkey_in_turn() {
    tensorflix_testkit::time::simulate(async {
        let sightings: Vec<_> = (0..20).map(|n| (video(n), seen(1_000, NOW - 10.0))).collect();
        let mut stage = stage_within(&sightings, &policy(), 3);
        answer_by_id(&stage, &video(99));
        let contents: Vec<ContentId> = (0..10).map(video).collect();
        let greedy: Vec<(&str, &ContentId)> = contents.iter().map(|content| (CATS, content)).collect();
        let entries = [miner(1, &greedy), miner(2, &[(CATS, &video(11))]), miner(3, &[(CATS, &video(12))])];
        stage.decide(OPENING, &entries).await;
        let asked: BTreeSet<String> = stage.world.http.requests_for(HOOK).iter().map(asked_id).collect();
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!([11, 12].iter().all(|number| asked.contains(video(*number).as_str())), "{asked:?}");
        // On the following days what is left: of the ten, the first five.
        for slot in 1..4 {
            stage.decide(OPENING + slot * SLOT_BLOCKS, &entries).await;
        }
        let asked: BTreeSet<String> = stage.world.http.requests_for(HOOK).iter().map(asked_id).collect();
        assert_eq!(asked.len(), 7, "{asked:?}");
        assert!(!asked.contains(video(5).as_str()), "{asked:?}");
    });
}

#[test]
fn changed_texts_are_examined_anew() {
    tensorflix_testkit::time::simulate(async {
        let (sightings, entries) = two();
        let mut stage = stage(&sightings, &policy());
        answer_by_id(&stage, &video(1));
        stage.decide(OPENING, &entries).await;
        let mut changed = seen(900, NOW - 10.0);
        let Sighting::Present(presence) = &mut changed else { panic!("present") };
        presence.details.title = "another".to_owned();
        stage.youtube.show(&video(2), changed);
        stage.decide(OPENING + SLOT_BLOCKS, &entries).await;
        let asked: Vec<String> = stage.world.http.requests_for(HOOK).iter().map(asked_id).collect();
        assert_eq!(asked.len(), 3);
        assert_eq!(asked[2], video(2).as_str());
    });
}

#[test]
fn an_outage_holds_for_the_grace_then_follows_the_policy_and_is_never_a_pass() {
    for (on_unknown, finally) in [
        (OnUnknown::Accept, (tensorflix_domain::verdict::Status::Accepted, Some(Reason::AwaitingVerdict))),
        (OnUnknown::Hold, pending(Reason::AwaitingVerdict)),
    ] {
        tensorflix_testkit::time::simulate(async move {
            let (sightings, entries) = two();
            let mut policy = policy();
            policy.verification.on_unknown = on_unknown;
            let mut stage = stage(&sightings, &policy);
            stage.world.http.post(HOOK, [Reply::new(503, "{}")]);
            for (slot, expected) in
                [pending(Reason::AwaitingVerdict), pending(Reason::AwaitingVerdict), finally, finally]
                    .into_iter()
                    .enumerate()
            {
                let block = OPENING + u32::try_from(slot).expect("small") * SLOT_BLOCKS;
                let decided = stage.decide(block, &entries).await;
                assert_eq!(verdict(&decided, 1, &video(1)), expected, "{on_unknown:?} in slot {slot}");
                let from_verifier = decided.errors.iter().filter(|error| error.source == "verifier").count();
                assert!(from_verifier > 0, "it is reported: {:?}", decided.errors);
            }
            answer_by_id(&stage, &video(1));
            tensorflix_testkit::time::pass(Duration::from_secs(3_600)).await;
            let decided = stage.decide(OPENING + 4 * SLOT_BLOCKS, &entries).await;
            assert_eq!(verdict(&decided, 1, &video(1)), rejected(Reason::NotAiGenerated), "as soon as it answers");
            assert_eq!(verdict(&decided, 2, &video(2)), accepted());
        });
    }
}

#[test]
fn weights_go_on_when_the_verifier_never_answers() {
    tensorflix_testkit::time::simulate(async {
        let (sightings, entries) = two();
        let mut stage = stage(&sightings, &policy());
        stage.world.http.post(HOOK, [Reply::stall()]);
        let decided = stage.decide(OPENING, &entries).await;
        assert_eq!(verdict(&decided, 1, &video(1)), pending(Reason::AwaitingVerdict));
    });
}

#[test]
fn nothing_is_asked_about_what_counts_for_nothing_anyway() {
    tensorflix_testkit::time::simulate(async {
        let sightings =
            [(video(1), seen(1_000, NOW - 10.0)), (video(2), seen(800, -5.0)), (video(4), seen(8, NOW - 9.0))];
        let entries = [miner(1, &[(CATS, &video(1)), (CATS, &video(2)), (CATS, &video(3)), ("dogs", &video(4))])];
        let mut stage = stage(&sightings, &policy());
        answer_by_id(&stage, &video(9));
        stage.decide(OPENING, &entries).await;
        let asked: Vec<String> = stage.world.http.requests_for(HOOK).iter().map(asked_id).collect();
        assert_eq!(asked, [video(1).as_str()], "too early, absent and of an unknown task cost nothing");
    });
}

#[test]
fn two_validators_with_the_same_block_ask_about_the_same_sample() {
    let asked_by = |keep_days: u32| {
        let asked = std::sync::Arc::new(std::sync::Mutex::new((BTreeSet::new(), Vec::new())));
        let found = asked.clone();
        tensorflix_testkit::time::simulate(async move {
            let contents: Vec<ContentId> = (0..40).map(video).collect();
            let sightings: Vec<_> = contents.iter().map(|one| (one.clone(), seen(100, NOW - 10.0))).collect();
            let miners: Vec<Entry> = contents
                .chunks(5)
                .zip(1..)
                .map(|(five, uid)| miner(uid, &five.iter().map(|one| (CATS, one)).collect::<Vec<_>>()))
                .collect();
            let mut policy = policy();
            policy.verification.sample_share = 0.5;
            policy.ema_half_life_hours = f64::from(keep_days);
            let mut stage = stage(&sightings, &policy);
            answer_by_id(&stage, &video(1));
            let decided = stage.decide(OPENING, &miners).await;
            let of_sample = stage.world.http.requests_for(HOOK).iter().map(asked_id).collect();
            let statuses = decided.submissions.iter().map(|one| one.reason).collect();
            *found.lock().expect("free") = (of_sample, statuses);
        });
        asked.lock().expect("free").clone()
    };
    let (sample, reasons) = asked_by(0);
    assert!((10..30).contains(&sample.len()), "{}", sample.len());
    assert_eq!(asked_by(0), (sample.clone(), reasons.clone()));
    assert_eq!(asked_by(7).0, sample, "whatever else they have set");
    assert!(!reasons.contains(&Some(Reason::AwaitingVerdict)), "what is not in the sample is not held up");
}
