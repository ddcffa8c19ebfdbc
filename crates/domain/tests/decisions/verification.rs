//! What verdicts of detectors do to a submission.

use super::{VIDEO, check, content, evidence, hour, list, seen, stamp, video};
use std::collections::BTreeMap;
use tensorflix_domain::decision::decide;
use tensorflix_domain::evidence::{ContentEvidence, Evidence};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verdict::Reason::{AwaitingVerdict, IllicitContent, NotAiGenerated, OffTopic};
use tensorflix_domain::verdict::Status::{Accepted, Pending, Rejected};
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::verification::{
    Check, CheckMode, OnUnknown, PlatformSignals, Provider, Question, READING_VERSION, Subject, Verdict,
    VerificationEvidence, VerificationPolicy, VerificationRecord, Wait, is_sampled, questions, sample_place, to_ask,
};

const ENFORCE: [CheckMode; 3] = [CheckMode::Enforce; 3];

/// Two detectors for AI and illicit content, one for the topic; modes in the order of the checks.
fn policy([ai, illicit, topic]: [CheckMode; 3]) -> Policy {
    let both = || [Provider::Sightengine, Provider::Webhook].into();
    let asked = [(Check::Ai, both()), (Check::Illicit, both()), (Check::Topic, [Provider::Webhook].into())];
    let verification = VerificationPolicy { ai, illicit, topic, asked: asked.into(), ..VerificationPolicy::default() };
    Policy { verification, ..Policy::default() }
}

pub(super) fn verdict(check: Check, provider: Provider, breach_permille: u16, asked_hour: f64) -> Verdict {
    Verdict {
        check,
        task_id: (check == Check::Topic).then(|| "yt".to_owned()),
        provider,
        model: "a model".to_owned(),
        breach_permille,
        scores: BTreeMap::new(),
        words: None,
        subject: Subject::of("", None, None),
        at: stamp(asked_hour),
        reading_version: READING_VERSION,
    }
}

/// No provider is certain of any breach.
fn all_kept() -> Vec<Verdict> {
    let providers = [Provider::Sightengine, Provider::Webhook];
    let of_check = |check| providers.map(|provider| verdict(check, provider, 799, 90.0));
    let mut verdicts: Vec<Verdict> = [Check::Ai, Check::Illicit].into_iter().flat_map(of_check).collect();
    verdicts.push(verdict(Check::Topic, Provider::Webhook, 0, 90.0));
    verdicts
}

fn verified(verdicts: Vec<Verdict>, waits: Vec<Wait>) -> Option<ContentEvidence> {
    let verification = Some(Box::new(VerificationEvidence { sampled: true, verdicts, waits }));
    Some(ContentEvidence { verification, ..seen(100) })
}

fn wait_since(check: Check, since_hour: f64) -> Wait {
    let task_id = (check == Check::Topic).then(|| "yt".to_owned());
    Wait { check, task_id, subject: Subject::of("", None, None), since: stamp(since_hour) }
}

#[track_caller]
fn comes_to(policy: &Policy, known: Option<ContentEvidence>, status: Status, reason: Option<Reason>) {
    check(policy, known, status, reason);
}

#[test]
fn one_certain_provider_is_enough_and_reasons_come_in_the_contracts_order() {
    let policy = policy(ENFORCE);
    comes_to(&policy, verified(all_kept(), Vec::new()), Accepted, None);
    for (checked, place, reason) in
        [(Check::Ai, 1, NotAiGenerated), (Check::Illicit, 3, IllicitContent), (Check::Topic, 4, OffTopic)]
    {
        let mut verdicts = all_kept();
        assert_eq!(verdicts[place].check, checked);
        verdicts[place].breach_permille = 800;
        comes_to(&policy, verified(verdicts.clone(), Vec::new()), Rejected, Some(reason));
        // The other provider is silent: the verdict counts all the same.
        verdicts.retain(|verdict| verdict.provider == Provider::Webhook || verdict.check != checked);
        comes_to(&policy, verified(verdicts, Vec::new()), Rejected, Some(reason));
    }
    let all_broken = |mut verdicts: Vec<Verdict>| {
        verdicts.iter_mut().for_each(|verdict| verdict.breach_permille = 1_000);
        verdicts
    };
    comes_to(&policy, verified(all_broken(all_kept()), Vec::new()), Rejected, Some(NotAiGenerated));
    let without_ai = all_kept().into_iter().filter(|verdict| verdict.check != Check::Ai).collect();
    comes_to(&policy, verified(all_broken(without_ai), Vec::new()), Rejected, Some(IllicitContent));
}

#[test]
fn what_is_off_or_observed_decides_nothing() {
    let mut verdicts = all_kept();
    verdicts.iter_mut().for_each(|verdict| verdict.breach_permille = 1_000);
    for mode in [CheckMode::Off, CheckMode::Observe] {
        comes_to(&policy([mode; 3]), verified(verdicts.clone(), Vec::new()), Accepted, None);
        comes_to(&policy([mode; 3]), verified(Vec::new(), vec![wait_since(Check::Ai, 99.0)]), Accepted, None);
        comes_to(&policy([mode; 3]), Some(seen(100)), Accepted, None);
    }
}

#[test]
fn a_missing_verdict_is_awaited_for_the_grace_and_then_as_the_policy_says() {
    let partial = || all_kept().into_iter().skip(1).collect::<Vec<_>>();
    let accept = policy(ENFORCE);
    let mut hold = accept.clone();
    hold.verification.on_unknown = OnUnknown::Hold;
    for verdicts in [Vec::new(), partial()] {
        for policy in [&accept, &hold] {
            comes_to(policy, verified(verdicts.clone(), Vec::new()), Pending, Some(AwaitingVerdict));
            let waits = Check::ALL.map(|check| wait_since(check, 76.1)).to_vec();
            comes_to(policy, verified(verdicts.clone(), waits), Pending, Some(AwaitingVerdict));
        }
        let waits = Check::ALL.map(|check| wait_since(check, 76.0)).to_vec();
        comes_to(&accept, verified(verdicts.clone(), waits.clone()), Accepted, Some(AwaitingVerdict));
        comes_to(&hold, verified(verdicts, waits), Pending, Some(AwaitingVerdict));
    }
    // Of several checks, one that still has time holds.
    let mut waits = Check::ALL.map(|check| wait_since(check, 50.0)).to_vec();
    waits[2].since = stamp(99.0);
    comes_to(&accept, verified(Vec::new(), waits), Pending, Some(AwaitingVerdict));
}

#[test]
fn a_verdict_is_renewed_in_time_and_stands_only_a_grace_longer() {
    let mut policy = policy([CheckMode::Enforce, CheckMode::Off, CheckMode::Off]);
    policy.verification.verdict_hours = 40.0;
    let of_age = |hours: f64, breach| {
        let both = [Provider::Sightengine, Provider::Webhook];
        both.map(|provider| verdict(Check::Ai, provider, breach, 100.0 - hours)).to_vec()
    };
    let known = |verdicts| VerificationEvidence { sampled: true, verdicts, waits: Vec::new() };
    let asked = |verdicts| to_ask(&policy.verification, &known(verdicts), Check::Ai, "yt", hour(100.0)).len();
    assert_eq!([asked(of_age(39.0, 0)), asked(of_age(40.0, 0)), asked(Vec::new())], [0, 2, 2]);
    // A check that is settled requests no other.
    assert_eq!(asked(of_age(39.0, 900)[..1].to_vec()), 0);
    comes_to(&policy, verified(of_age(63.0, 0), vec![wait_since(Check::Ai, 77.0)]), Accepted, None);
    comes_to(&policy, verified(of_age(63.0, 900), Vec::new()), Rejected, Some(NotAiGenerated));
    for breach in [0, 900] {
        comes_to(&policy, verified(of_age(64.0, breach), Vec::new()), Pending, Some(AwaitingVerdict));
    }
}

#[test]
fn the_platforms_yes_on_ai_suffices_and_its_no_on_decency_too() {
    let policy = policy([CheckMode::Enforce, CheckMode::Enforce, CheckMode::Off]);
    let at = stamp(100.0);
    let text = "title\ndescription";
    let asked = questions(&policy.verification, text, Some(9), &[]);
    let of = |signals: PlatformSignals, verdicts: Vec<Verdict>| {
        let record = VerificationRecord { verdicts, waits: Vec::new() };
        let verification = VerificationEvidence::of(record, &signals, at, &asked, true);
        Some(ContentEvidence { verification: Some(Box::new(verification)), ..seen(100) })
    };
    let on_text = |check: Check, breach| {
        [Provider::Sightengine, Provider::Webhook].map(|provider| Verdict {
            subject: Subject::of(text, Some(9), None),
            ..verdict(check, provider, breach, 99.0)
        })
    };
    let decent = on_text(Check::Illicit, 0).to_vec();
    let synthetic = PlatformSignals { synthetic_media: Some(true), ..PlatformSignals::default() };
    comes_to(&policy, of(synthetic, decent.clone()), Accepted, None);
    let contradicted = [decent.clone(), on_text(Check::Ai, 1_000).to_vec()].concat();
    comes_to(&policy, of(synthetic, contradicted.clone()), Accepted, None);
    // Its silence, and its no, prove nothing.
    for silence in [None, Some(false)] {
        let silent = PlatformSignals { synthetic_media: silence, ..PlatformSignals::default() };
        comes_to(&policy, of(silent, decent.clone()), Pending, Some(AwaitingVerdict));
        comes_to(&policy, of(silent, contradicted.clone()), Rejected, Some(NotAiGenerated));
    }
    for signals in [
        PlatformSignals { age_restricted: Some(true), ..synthetic },
        PlatformSignals { upload_rejected: Some(true), ..synthetic },
    ] {
        comes_to(&policy, of(signals, decent.clone()), Rejected, Some(IllicitContent));
        comes_to(&policy, of(signals, Vec::new()), Rejected, Some(IllicitContent));
    }
}

#[test]
fn without_any_provider_the_platforms_signals_decide_and_nothing_is_awaited() {
    let mut policy = policy(ENFORCE);
    policy.verification.asked.clear();
    comes_to(&policy, verified(Vec::new(), Vec::new()), Accepted, None);
    comes_to(&policy, Some(seen(100)), Accepted, None);
    // A stored verdict of a provider that is switched off decides nothing.
    let of_old = vec![verdict(Check::Ai, Provider::Webhook, 1_000, 99.0)];
    comes_to(&policy, verified(of_old, Vec::new()), Accepted, None);
    let restricted = vec![verdict(Check::Illicit, Provider::Platform, 1_000, 99.0)];
    comes_to(&policy, verified(restricted, Vec::new()), Rejected, Some(IllicitContent));
}

#[test]
fn other_texts_another_length_or_another_task_need_another_verdict() {
    let policy = policy(ENFORCE).verification;
    let tasks = [("t", "a fox"), ("u", "an owl")];
    let asked = questions(&policy, "title\ntext", Some(9), &tasks);
    assert_eq!(
        asked.iter().map(|one| one.check).collect::<Vec<_>>(),
        [Check::Ai, Check::Illicit, Check::Topic, Check::Topic]
    );
    let answer = |question: &Question| Verdict {
        check: question.check,
        task_id: question.task_id.clone(),
        subject: question.subject.clone(),
        ..verdict(question.check, Provider::Webhook, 0, 99.0)
    };
    let record = VerificationRecord { verdicts: asked.iter().map(answer).collect(), waits: Vec::new() };
    let kept = |text: &str, duration, tasks: &[(&str, &str)]| {
        let asked = questions(&policy, text, duration, tasks);
        let silent = PlatformSignals::default();
        VerificationEvidence::of(record.clone(), &silent, stamp(100.0), &asked, true).verdicts.len()
    };
    assert_eq!(kept("title\ntext", Some(9), &tasks), 4);
    assert_eq!(kept("title\ntext!", Some(9), &tasks), 0);
    assert_eq!(kept("title\ntext", Some(8), &tasks), 0);
    assert_eq!(kept("title\ntext", None, &tasks), 0);
    assert_eq!(kept("title\ntext", Some(9), &[("t", "a fox"), ("u", "a cat")]), 3);
    assert_eq!(kept("title\ntext", Some(9), &[("t", "a fox")]), 3);
    // Nothing that moves from one part to the next makes the same whole.
    assert_ne!(Subject::of("a", Some(1), Some("1b")), Subject::of("a", Some(11), Some("b")));
}

#[test]
fn a_wait_keeps_its_beginning_until_the_verdict_or_the_text_changes() {
    let policy = policy([CheckMode::Enforce, CheckMode::Off, CheckMode::Off]).verification;
    let asked = questions(&policy, "text", None, &[]);
    let evidence = |verdicts, waits| {
        let record = VerificationRecord { verdicts, waits };
        VerificationEvidence::of(record, &PlatformSignals::default(), stamp(100.0), &asked, true)
    };
    let first = evidence(Vec::new(), Vec::new()).renewed_waits(&policy, &asked, stamp(50.0));
    assert_eq!(first.iter().map(|wait| wait.since).collect::<Vec<_>>(), [stamp(50.0)]);
    assert_eq!(evidence(Vec::new(), first.clone()).renewed_waits(&policy, &asked, stamp(100.0)), first);
    let other = questions(&policy, "other text", None, &[]);
    let record = VerificationRecord { verdicts: Vec::new(), waits: first.clone() };
    let changed = VerificationEvidence::of(record, &PlatformSignals::default(), stamp(100.0), &other, true);
    assert_eq!(changed.renewed_waits(&policy, &other, stamp(100.0))[0].since, stamp(100.0));
    let answer = |provider| Verdict { subject: asked[0].subject.clone(), ..verdict(Check::Ai, provider, 0, 99.0) };
    let answered = vec![answer(Provider::Webhook), answer(Provider::Sightengine)];
    assert_eq!(evidence(answered, first).renewed_waits(&policy, &asked, stamp(100.0)), []);
}

#[test]
fn the_same_block_chooses_the_same_sample_and_another_block_another_one() {
    let hash = [7; 32];
    let contents: Vec<_> = (0..2_000).map(|number| content(Platform::YOUTUBE, &format!("video{number:06}"))).collect();
    let sample = |hash: &[u8; 32], share| {
        contents.iter().filter(|content| is_sampled(hash, content, share)).cloned().collect::<Vec<_>>()
    };
    let tenth = sample(&hash, 0.1);
    assert!((150..250).contains(&tenth.len()), "{}", tenth.len());
    assert_eq!(tenth, sample(&hash, 0.1));
    assert_ne!(tenth, sample(&[8; 32], 0.1));
    assert!(tenth.iter().all(|content| is_sampled(&hash, content, 0.2)), "a larger share includes all of it");
    assert_eq!([sample(&hash, 0.0).len(), sample(&hash, 1.0).len()], [0, 2_000]);
    // The same on every machine and in every release.
    let place = sample_place(&hash, &content(Platform::YOUTUBE, VIDEO));
    assert_eq!(place.to_bits(), sample_place(&hash, &content(Platform::YOUTUBE, VIDEO)).to_bits());
    assert_ne!(
        sample_place(&hash, &content(Platform::YOUTUBE, VIDEO)),
        sample_place(&hash, &content(Platform::INSTAGRAM, VIDEO))
    );
}

#[test]
fn items_outside_the_sample_are_not_checked_or_held_up_but_known_verdicts_count() {
    let policy = policy(ENFORCE);
    let outside = |verdicts| {
        let verification = VerificationEvidence { sampled: false, verdicts, waits: Vec::new() };
        Some(ContentEvidence { verification: Some(Box::new(verification)), ..seen(100) })
    };
    comes_to(&policy, outside(Vec::new()), Accepted, None);
    let known = outside(vec![verdict(Check::Illicit, Provider::Webhook, 950, 10.0)]);
    comes_to(&policy, known.clone(), Rejected, Some(IllicitContent));
    let known = known.and_then(|known| known.verification).expect("evidence");
    assert!(to_ask(&policy.verification, &known, Check::Ai, "yt", hour(100.0)).is_empty());
}

#[test]
fn a_cycle_recorded_before_there_were_verdicts_is_decided_as_it_was() {
    let mut then = evidence();
    list(&mut then, 1, &[("yt", VIDEO)]);
    video(&mut then, VIDEO, seen(100));
    let json = serde_json::to_string(&then).expect("JSON");
    assert!(!json.contains("verification"), "what has no verdicts is written as before: {json}");
    let mut policy = serde_json::to_value(Policy::default()).expect("JSON");
    policy.as_object_mut().expect("an object").remove("verification").expect("part of a policy now");
    let policy: Policy = serde_json::from_value(policy).expect("an earlier policy");
    assert_eq!(policy, Policy::default());
    let again: Evidence = serde_json::from_str(&json).expect("evidence");
    assert_eq!(decide(&again, &policy), decide(&then, &Policy::default()));
}

#[test]
fn a_policy_and_its_verdicts_survive_json() {
    let policy = policy(ENFORCE);
    let json = serde_json::to_string(&policy).expect("JSON");
    assert_eq!(serde_json::from_str::<Policy>(&json).expect("a policy"), policy);
    let known = verified(all_kept(), vec![wait_since(Check::Topic, 1.0)]);
    let json = serde_json::to_string(&known).expect("JSON");
    assert_eq!(serde_json::from_str::<Option<ContentEvidence>>(&json).expect("evidence"), known);
}
