//! What each attack earns with the validator's default settings, beside its twin.

use super::lab::{Outcome, paid, play, share};
use super::prices::{
    LEAVERS, POISONED, RESIDUES, RIVALS_BUYERS_GAIN, RIVALS_DEFENDED_GAIN, RIVALS_GAIN, with_all_defences,
};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix::commands::stored::recorded::RecordedCycle;
use tensorflix_domain::ids::{ContentId, Hotkey};
use tensorflix_domain::verdict::Reason;

/// Shares are sums of thousands of numbers; what rounding does to them is no gain.
const ROUNDING: f64 = 1e-9;

/// What the attacker's contents, being other ones, change in how the traffic of its own is judged: hundred-thousandths.
const COHORT: f64 = 1e-5;

/// Checks what the attacker of a row earns if it leaves, and that each row with a leaver has its price.
#[track_caller]
pub fn check_leaver(outcome: &Outcome) {
    let row = outcome.attack.row;
    let price = LEAVERS.iter().find(|(of, _)| *of == row).map(|(_, price)| *price);
    let leaver = outcome.play_leaver();
    assert_eq!(leaver.is_some(), price.is_some(), "row {row} has a leaver and its price, or neither");
    if let (Some(leaver), Some(price)) = (leaver, price) {
        outcome.check_left(&leaver);
        let gain = outcome.leavers_gain(&leaver);
        assert!(gain <= price, "row {row}: a leaver earns {gain} times what its twin does");
    }
}

/// Checks a row: nobody else's raw scores change, and the attacker earns no more than its twin, by default and with all
/// defences.
#[track_caller]
pub fn check_paid(row: u8) -> Outcome {
    let outcome = play(row);
    let (attackers, twins) = (outcome.attackers_share(), outcome.twins_share());
    outcome.check_others_unharmed();
    check_leaver(&outcome);
    assert!(RESIDUES.iter().all(|residue| residue.row != row), "row {row} is checked with its defences");
    assert!(attackers <= twins * (1.0 + ROUNDING), "row {row}: {attackers} > {twins}");
    // No defence opens what another one or the rules had closed.
    let (attackers, twins) = outcome.shares_under(&with_all_defences());
    assert!(attackers <= twins * (1.0 + COHORT), "row {row} with all defences: {attackers} > {twins}");
    outcome
}

macro_rules! rows {
    ($($name:ident = $row:literal,)*) => {
        $(#[test] fn $name() { check_paid($row); })*
    };
}

rows! {
    row_01_copies = 1,
    row_02_front_runs = 2,
    row_03_shifts_claims = 3,
    row_04_aliases = 4,
    row_05_huge_gists = 5,
    row_06_malformed_json = 6,
    row_07_injections = 7,
    row_08_redirects = 8,
    row_09_others_gists = 9,
    row_10_secret_gists = 10,
    row_12_fresh_videos = 12,
    row_14_deletes_after_scoring = 14,
    row_19_commits_often = 19,
    row_20_poison = 20,
    row_21_copies_weights = 21,
    row_24_points_at_anothers_gist = 24,
    row_32_botted_reels = 32,
}

/// Checks a row that is after another's pairs: it lists them, and all that it gets is that they are duplicates.
#[track_caller]
fn check_takes_nothing(row: u8) {
    let outcome = check_paid(row);
    let judged = outcome.attacked.iter().flat_map(|cycle| &cycle.decided.submissions);
    let refused = judged.filter(|judged| {
        outcome.attackers.contains(&judged.hotkey) && judged.reason == Some(Reason::DuplicateSubmission)
    });
    assert!(refused.count() > 20, "row {row} lists what others listed first");
}

#[test]
fn row_28_pins_later() {
    check_takes_nothing(28);
}

#[test]
fn row_29_cannot_be_dated() {
    check_takes_nothing(29);
}

#[test]
fn row_30_pins_nothing() {
    check_takes_nothing(30);
}

#[test]
fn row_17_floods_move_no_weight() {
    let outcome = check_paid(17);
    for (attacked, twin) in outcome.attacked.iter().zip(outcome.twin.iter()) {
        assert_eq!(attacked.decided.scores, twin.decided.scores, "in cycle {}", twin.decided.cycle);
        let observed = |cycle: &RecordedCycle| cycle.decided.evidence.contents.clone();
        assert_eq!(observed(attacked), observed(twin), "in cycle {}", twin.decided.cycle);
    }
    let judged =
        outcome.twin.last().expect("cycles").decided.evidence.contents.values().filter(|known| known.traffic.is_some());
    assert!(judged.count() > 50, "and there was traffic to judge");
}

#[test]
fn row_15_reuploads_are_told() {
    let outcome = check_paid(15);
    let hints = |cycles: &[RecordedCycle]| {
        let told = cycles.iter().flat_map(|cycle| &cycle.decided.errors);
        told.filter(|error| error.uid == Some(outcome.attack.attackers[0]) && error.reason.contains("compare the two"))
            .count()
    };
    // Two videos in each cycle after they were uploaded; the twin's are nobody's copies.
    assert_eq!((hints(&outcome.attacked), hints(&outcome.twin)), (2 * (outcome.attacked.len() - 1), 0));
}

/// The day's budget ends with the attacker's own places, which are asked for in turn with everybody's.
#[test]
fn row_26_floods_a_budget() {
    let outcome = check_paid(26);
    let unasked = |cycles: &[RecordedCycle], attackers: bool| {
        let judged = cycles.iter().flat_map(|cycle| &cycle.decided.submissions);
        let unasked = judged.filter(|judged| judged.reason == Some(Reason::QuotaExhausted));
        unasked.filter(|judged| outcome.attackers.contains(&judged.hotkey) == attackers).count()
    };
    assert!(unasked(&outcome.attacked, true) > 100, "the flood is more than the budget");
    assert_eq!(unasked(&outcome.attacked, false), 0);
    assert_eq!(unasked(&outcome.twin, true) + unasked(&outcome.twin, false), 0, "which is enough without it");
}

/// What counts of everybody else's views changes with their cohort, within bounds.
#[test]
fn row_27_poisons_cohorts() {
    let outcome = check_paid(27);
    let counted = |cycles: &[RecordedCycle]| -> BTreeMap<(u32, ContentId), f64> {
        let judged =
            cycles.iter().flat_map(|cycle| cycle.decided.submissions.iter().map(move |judged| (cycle, judged)));
        let others = judged.filter(|(_, judged)| !outcome.attackers.contains(&judged.hotkey));
        others
            .filter_map(|(cycle, judged)| Some(((cycle.decided.cycle, judged.content()?), judged.counted_score()?)))
            .collect()
    };
    let (attacked, twin) = (counted(&outcome.attacked), counted(&outcome.twin));
    assert!(twin.len() > 1_000, "and there was traffic to judge");
    let left = twin.iter().filter(|(_, honest)| **honest > 0.0).map(|(key, honest)| attacked[key] / honest);
    let least = left.fold(1.0, f64::min);
    let (of_score, of_miner) = POISONED;
    assert!(least >= of_score, "{least} of a score is left");
    let others: BTreeSet<Hotkey> = outcome.twin.iter().flat_map(|cycle| cycle.decided.scores.keys().copied()).collect();
    let left = others.difference(&outcome.attackers).map(|hotkey| {
        let of_hotkey = |cycles: &[RecordedCycle]| share(&paid(cycles), &BTreeSet::from([*hotkey]));
        of_hotkey(&outcome.attacked) / of_hotkey(&outcome.twin)
    });
    let least = left.fold(1.0, f64::min);
    assert!(least >= of_miner, "{least} of what a miner earned is left");
}

/// Views that are bought for a rival cost the rival nothing, and bring the buyer nothing.
#[test]
fn row_34_buys_views_for_a_rival() {
    let outcome = play(34);
    outcome.check_others_unharmed();
    let (attackers, twins) = (outcome.attackers_share(), outcome.twins_share());
    assert!(attackers <= twins * RIVALS_BUYERS_GAIN, "{attackers} > {twins}");
    let (least, most) = RIVALS_GAIN;
    let gain = outcome.rivals_gain().expect("a rival");
    assert!((least..=most).contains(&gain), "the rival earns {gain} times what it would without the attack");
    // Views that settle late are fewer: the rival loses the days in which its videos are judged by the lower count.
    let gain = outcome.rivals_gain_under(&with_all_defences()).expect("a rival");
    assert!(gain >= RIVALS_DEFENDED_GAIN, "and {gain} times with all defences");
}
