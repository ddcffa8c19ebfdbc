//! A task that too few owners know pays nothing (`defences.fewest_owners_per_task`). Other tasks pay what they paid before.

use super::*;
use tensorflix_domain::defences::Defences;
use tensorflix_domain::evidence::Person;

fn requiring(fewest: u32) -> Policy {
    let defences = Defences { fewest_owners_per_task: fewest, ..Defences::default() };
    Policy { ownership_tag: OwnershipRule::Off, defences, ..Policy::default() }
}

/// One video in a task for each UID, with the coldkey of that number or an unknown one.
fn add(evidence: &mut Evidence, task_id: &str, miners: &[(Uid, Option<Uid>)]) {
    for (uid, coldkey) in miners {
        let id = format!("{task_id:v<5}{uid:06}");
        list(evidence, *uid, &[(task_id, &id)]);
        video(evidence, &id, seen(u64::from(*uid) * 100));
        let miner = evidence.miners.iter_mut().find(|miner| miner.uid == *uid).expect("listed");
        miner.person = coldkey.map(|key| Box::new(Person { coldkey: Some(hotkey(key)), github_id: None }));
    }
}

/// A task `yt` of these miners.
fn of(miners: &[(Uid, Option<Uid>)]) -> Evidence {
    let mut evidence = evidence();
    add(&mut evidence, "yt", miners);
    evidence
}

fn paid(evidence: &Evidence, policy: &Policy) -> Vec<Option<f64>> {
    decide(evidence, policy).submissions.iter().map(|judged| judged.normalized_score).collect()
}

fn recorded(evidence: &Evidence, policy: &Policy) -> Vec<Option<u32>> {
    let arithmetic = |judged: &Judged| judged.arithmetic.as_ref().expect("scored").too_few_owners;
    decide(evidence, policy).submissions.iter().map(arithmetic).collect()
}

#[test]
fn a_task_pays_from_as_many_owners_on_as_the_setting_asks_for() {
    let two = of(&[(1, Some(70)), (2, Some(71))]);
    assert_eq!((paid(&two, &requiring(3)), recorded(&two, &requiring(3))), (vec![Some(0.0); 2], vec![Some(2); 2]));
    assert_eq!((paid(&two, &requiring(2)), recorded(&two, &requiring(2))), (vec![Some(0.5), Some(1.0)], vec![None; 2]));
    assert_eq!(paid(&two, &requiring(0)), [Some(0.5), Some(1.0)], "off");
    let decision = decide(&two, &requiring(3));
    assert_eq!(decision.scores.len(), 0, "it pays nothing");
    let raw = |policy: &Policy| {
        let judged = decide(&two, policy).submissions.into_iter();
        judged.map(|judged| (judged.score.map(f64::to_bits), outcome(&judged))).collect::<Vec<_>>()
    };
    assert_eq!(raw(&requiring(3)), raw(&requiring(0)), "scores and statuses stay");
}

#[test]
fn hotkeys_of_one_coldkey_are_one_owner_and_those_of_unknown_ones_are_one_each() {
    for (miners, owners) in [
        ([(1, Some(70)), (2, Some(70)), (3, Some(70))], 1),
        ([(1, Some(70)), (2, Some(70)), (3, Some(71))], 2),
        ([(1, Some(70)), (2, Some(70)), (3, None)], 2),
        ([(1, Some(70)), (2, Some(71)), (3, Some(72))], 3),
        ([(1, None), (2, None), (3, None)], 3),
    ] {
        let too_few = (owners < 3).then_some(owners);
        assert_eq!(recorded(&of(&miners), &requiring(3)), [too_few; 3], "{miners:?}");
    }
}

#[test]
fn only_accepted_submissions_make_owners() {
    let mut evidence = of(&[(1, Some(70)), (2, Some(71)), (3, Some(72))]);
    assert_eq!(paid(&evidence, &requiring(3))[2], Some(1.0));
    // One without views counts nothing, and is accepted.
    video(&mut evidence, "ytvvv000001", seen(0));
    assert_eq!(paid(&evidence, &requiring(3))[2], Some(1.0));
    let mut gone = seen(100);
    gone.latest = Some(LatestSighting { at: stamp(99.0), presence: None });
    video(&mut evidence, "ytvvv000001", gone);
    assert_eq!(paid(&evidence, &requiring(3)), [None, Some(0.0), Some(0.0)]);
}

#[test]
fn a_task_with_too_few_owners_takes_nothing_from_other_tasks() {
    let miners = [(1, Some(70)), (2, Some(71)), (3, Some(72))];
    let alone = decide(&of(&miners), &requiring(3));
    let mut evidence = of(&miners);
    evidence.tasks.push(task("lone", Platform::YOUTUBE));
    add(&mut evidence, "lone", &[(9, Some(79))]);
    let with_secret = decide(&evidence, &requiring(3));
    assert_eq!(with_secret.scores, alone.scores);
    assert_eq!(decide(&evidence, &requiring(0)).scores[&hotkey(9)], 1.0, "what the setting is for");
}

#[test]
fn what_is_not_recorded_leaves_no_trace_in_a_submission_or_a_policy() {
    let evidence = of(&[(1, Some(70)), (2, Some(71)), (3, Some(72))]);
    let text = serde_json::to_string(&decide(&evidence, &requiring(3)).submissions).expect("JSON");
    assert!(!text.contains("too_few_owners"), "{text}");
    let capped = Defences { max_per_coldkey_and_task: 5, ..Defences::default() };
    let text = serde_json::to_string(&capped).expect("JSON");
    assert!(!text.contains("fewest_owners_per_task"), "policies of releases without it keep their bytes: {text}");
    assert_eq!(serde_json::from_str::<Defences>(&text).expect("defences"), capped);
    let strict = Defences { fewest_owners_per_task: 3, ..capped };
    let text = serde_json::to_string(&strict).expect("JSON");
    assert_eq!(serde_json::from_str::<Defences>(&text).expect("defences"), strict);
}
