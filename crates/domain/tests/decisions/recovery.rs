//! What earlier cycles paid too much: how it is computed, taken, given back, and forgotten.

use super::{content, evidence, hotkey, hour, list, seen, video};
use std::collections::BTreeSet;
use tensorflix_domain::decision::{Decision, decide};
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{Policy, TrafficRule};
use tensorflix_domain::recovery::{Belief, Cause, Debt, PaidCycle, Recovery, debts, settle};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::weights::ScoreVector;

const VIDEOS: [&str; 4] = ["aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc", "ddddddddddd"];
const HOURS: f64 = 168.0;

/// A cycle in which UIDs 1 to 4 have a video each with these views in one task.
fn cycle_of(views: &[u64]) -> Evidence {
    let mut evidence = evidence();
    for ((uid, id), views) in (1..).zip(VIDEOS).zip(views) {
        list(&mut evidence, uid, &[("yt", id)]);
        video(&mut evidence, id, seen(*views));
    }
    evidence
}

fn paid(cycle: u32, evidence: &Evidence) -> PaidCycle {
    let policy = Policy::default();
    let mut submissions = decide(evidence, &policy).submissions;
    submissions.retain(|judged| judged.status == Status::Accepted);
    PaidCycle { cycle, at: evidence.at.time, policy, tasks: evidence.tasks.clone(), submissions }
}

fn belief(cycle: u32, uid: Uid, shown: u64, believed: u64) -> Belief {
    Belief {
        cycle,
        hotkey: hotkey(uid),
        task_id: "yt".to_owned(),
        content: content(Platform::YOUTUBE, VIDEOS[usize::from(uid) - 1]),
        shown,
        believed,
        cause: Cause::ViewsFell { at: hour(120.0) },
    }
}

fn owed(paid: &[PaidCycle], beliefs: &[Belief], before: &[Debt]) -> Vec<Debt> {
    debts(paid, beliefs, before, &BTreeSet::new(), hour(124.0), HOURS)
}

fn debt(uid: Uid, cycle: u32, excess: f64, taken: f64) -> Debt {
    Debt { hotkey: hotkey(uid), cycle, at: hour(100.0), earned: 0.5, excess, taken }
}

fn earned(scores: &[(Uid, f64)]) -> ScoreVector {
    scores.iter().map(|(uid, score)| (hotkey(*uid), *score)).collect()
}

fn settled(scores: &[(Uid, f64)], debts: Vec<Debt>) -> (ScoreVector, Vec<Debt>) {
    let recovery = Some(Box::new(Recovery { beliefs: Vec::new(), debts }));
    let evidence = Evidence { recovery, ..evidence() };
    let settled = settle(earned(scores), &evidence, &Policy::default());
    (settled.paid, settled.debts)
}

fn share(scores: &ScoreVector, uid: Uid) -> f64 {
    scores.get(&hotkey(uid)).copied().unwrap_or(0.0) / scores.values().sum::<f64>()
}

#[track_caller]
fn check_close(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-12, "{left} and {right}");
}

#[test]
fn the_excess_is_what_was_earned_less_what_would_have_been_with_what_is_known_now() {
    // With 400,000 views the first earns 1, the others 0.05 each; with 20,000 all earn the same.
    let paid = [paid(7, &cycle_of(&[400_000, 20_000, 20_000, 20_000]))];
    let owed = owed(&paid, &[belief(7, 1, 400_000, 20_000)], &[]);
    assert_eq!(owed.len(), 1, "{owed:?}");
    assert_eq!((owed[0].hotkey, owed[0].cycle, owed[0].at), (hotkey(1), 7, hour(100.0)));
    check_close(owed[0].earned, 1.0 / 1.15);
    check_close(owed[0].excess, 1.0 / 1.15 - 0.25);
}

#[test]
fn nobody_is_charged_for_what_another_did() {
    // The first one's views are corrected, which makes all others in the task larger, and a miner in another task smaller.
    let mut evidence = cycle_of(&[400_000, 20_000, 20_000]);
    list(&mut evidence, 9, &[("ig", "reel9")]);
    evidence.contents.insert(content(Platform::INSTAGRAM, "reel9"), seen(1_000));
    let whole = [paid(7, &evidence)];
    let both = owed(&whole, &[belief(7, 1, 400_000, 20_000)], &[]);
    assert_eq!(both.iter().map(|debt| debt.hotkey).collect::<Vec<_>>(), [hotkey(1)]);
    // One that is corrected by a little itself owes no more than that little, whatever others did.
    let beliefs = [belief(7, 1, 400_000, 20_000), belief(7, 2, 20_000, 19_000)];
    let owed = owed(&whole, &beliefs, &[]);
    assert!(owed.iter().all(|debt| debt.hotkey != hotkey(2) || debt.excess <= debt.earned * 0.05 + 1e-12), "{owed:?}");
}

#[test]
fn a_belief_that_changes_nothing_makes_no_debt() {
    let paid = [paid(7, &cycle_of(&[1_000, 500]))];
    assert_eq!(owed(&paid, &[belief(7, 1, 1_000, 1_000)], &[]), []);
    assert_eq!(owed(&paid, &[belief(6, 1, 1_000, 0)], &[]), [], "about another cycle");
}

#[test]
fn a_debt_is_taken_in_shares_and_the_scores_of_others_keep_their_bits() {
    let (paid, left) = settled(&[(1, 3.0), (2, 0.7), (3, 0.3)], vec![debt(1, 7, 0.25, 0.0)]);
    assert_eq!(paid[&hotkey(2)].to_bits(), 0.7_f64.to_bits());
    assert_eq!(paid[&hotkey(3)].to_bits(), 0.3_f64.to_bits());
    check_close(share(&paid, 1), 0.75 - 0.25);
    check_close(left[0].taken, 0.25);
    assert_eq!(left[0].open(), 0.0);
    // Nothing is left to take: the next cycle pays in full, bit for bit.
    let (paid, _) = settled(&[(1, 3.0), (2, 0.7), (3, 0.3)], left);
    assert_eq!(paid[&hotkey(1)].to_bits(), 3.0_f64.to_bits());
}

#[test]
fn no_more_is_taken_than_is_earned_and_the_newest_debt_is_paid_first() {
    let debts = vec![debt(1, 6, 0.4, 0.0), debt(1, 7, 0.3, 0.0)];
    let (paid, left) = settled(&[(1, 1.0), (2, 1.0)], debts);
    assert_eq!(paid, earned(&[(2, 1.0)]));
    check_close(left[1].taken, 0.3);
    check_close(left[0].taken, 0.2);
    check_close(left[0].open(), 0.2);
}

#[test]
fn one_that_earns_nothing_pays_nothing() {
    let (paid, left) = settled(&[(2, 1.0)], vec![debt(1, 7, 0.4, 0.1)]);
    assert_eq!((paid, left), (earned(&[(2, 1.0)]), vec![debt(1, 7, 0.4, 0.1)]));
}

#[test]
fn what_is_taken_goes_to_the_owner_where_nobody_else_earns() {
    let (paid, _) = settled(&[(1, 2.0)], vec![debt(1, 7, 0.25, 0.0)]);
    check_close(share(&paid, 1), 0.75);
    check_close(share(&paid, 0), 0.25);
    let (paid, _) = settled(&[(1, 2.0)], vec![debt(1, 7, 1.0, 0.0)]);
    assert_eq!(paid, earned(&[(0, 2.0)]), "if all is taken, the owner's hotkey is paid");
}

#[test]
fn what_a_lifted_finding_took_is_given_back_once() {
    // Nothing is believed to be wrong any more: the excess is 0, and 0.2 was taken.
    let lifted = owed(&[paid(7, &cycle_of(&[1_000, 500]))], &[], &[debt(1, 7, 0.4, 0.2)]);
    assert_eq!(lifted, [debt(1, 7, 0.0, 0.2)]);
    let (paid, left) = settled(&[(1, 1.0), (2, 3.0)], lifted);
    check_close(share(&paid, 1), 0.25 + 0.2);
    check_close(left[0].taken, 0.0);
    let (again, _) = settled(&[(1, 1.0), (2, 3.0)], left);
    assert_eq!(again, earned(&[(1, 1.0), (2, 3.0)]));
}

#[test]
fn much_to_give_back_is_given_over_several_cycles_and_never_more_than_was_taken() {
    let mut debts = vec![debt(1, 7, 0.0, 0.9)];
    let mut given = 0.0;
    for _ in 0..8 {
        let before = debts[0].taken;
        let (paid, left) = settled(&[(1, 1.0), (2, 1.0)], debts);
        assert!(share(&paid, 1) < 0.76, "half of what others earn, at most");
        given += before - left[0].taken;
        debts = left;
    }
    check_close(given, 0.9);
}

#[test]
fn a_finding_that_the_observations_no_longer_reach_keeps_its_debt() {
    let kept: BTreeSet<_> = [(hotkey(1), 7)].into();
    let paid = [paid(7, &cycle_of(&[1_000, 500]))];
    assert_eq!(debts(&paid, &[], &[debt(1, 7, 0.4, 0.2)], &kept, hour(124.0), HOURS), [debt(1, 7, 0.4, 0.2)]);
    assert_eq!(
        owed(&[], &[], &[debt(1, 7, 0.4, 0.2)]),
        [debt(1, 7, 0.4, 0.2)],
        "nor does one of a cycle that was not read"
    );
}

#[test]
fn debts_lapse_after_their_hours() {
    let at = |hours: f64| debts(&[], &[], &[debt(1, 7, 0.4, 0.0)], &BTreeSet::new(), hour(hours), HOURS).len();
    assert_eq!((at(100.0 + HOURS), at(100.5 + HOURS)), (1, 0));
}

#[test]
fn a_validator_that_started_later_takes_the_same_for_the_cycles_that_it_knows() {
    let known = vec![debt(1, 8, 0.3, 0.0), debt(1, 9, 0.1, 0.0)];
    let mut older = [vec![debt(1, 5, 0.9, 0.0)], known.clone()].concat();
    let mut newer = known;
    for _ in 0..4 {
        older = settled(&[(1, 1.0), (2, 4.0)], older).1;
        newer = settled(&[(1, 1.0), (2, 4.0)], newer).1;
        assert_eq!(older[1..], newer[..]);
    }
}

#[test]
fn it_is_part_of_discounting_and_rejecting_and_off_with_zero_hours() {
    let recovery = Some(Box::new(Recovery { beliefs: Vec::new(), debts: vec![debt(1, 7, 0.5, 0.0)] }));
    let evidence = Evidence { recovery, ..cycle_of(&[1_000, 1_000]) };
    let without = decide(&Evidence { recovery: None, ..evidence.clone() }, &Policy::default());
    let scores = |traffic, recover_hours| {
        let Decision { scores, .. } = decide(&evidence, &Policy { traffic, recover_hours, ..Policy::default() });
        scores
    };
    for rule in [TrafficRule::Discount, TrafficRule::Reject] {
        assert_eq!(scores(rule, HOURS), earned(&[(2, 1.0)]));
        assert_eq!(scores(rule, 0.0), without.scores);
    }
    for rule in [TrafficRule::Off, TrafficRule::Observe, TrafficRule::Hold] {
        assert_eq!(scores(rule, HOURS), without.scores);
    }
}
