//! What recovery takes from an attacker is recorded, replayed bit for bit, carried by `replay --all`, and told by `explain`.

use super::command::{check_settings, explained};
use super::lab::{Outcome, play};
use super::prices::with_settings;
use super::rows::check_paid;
use tensorflix::commands::replay::carried::Carried;
use tensorflix::commands::replay::comparison::replay;
use tensorflix::commands::stored::recorded::RecordedCycle;
use tensorflix_domain::decision::decide;
use tensorflix_domain::recovery::Cause;

/// Checks that every cycle replays to the same bits, alone and as `replay --all` carries it under the same policy.
#[track_caller]
fn check_replays(outcome: &Outcome, cycles: &[RecordedCycle]) {
    let row = outcome.attack.row;
    let mut carried = Carried::default();
    for recorded in cycles {
        let stored = &recorded.decided;
        assert!(replay(recorded).is_identical(), "row {row}: {:?}", replay(recorded).differences);
        let evidence = carried.evidence(recorded, &stored.policy);
        assert_eq!(evidence.recovery, stored.evidence.recovery, "row {row}, cycle {}", stored.cycle);
        let decision = decide(&evidence, &stored.policy);
        assert_eq!(decision.scores, stored.scores, "row {row}, cycle {}", stored.cycle);
        carried.take_in(stored.cycle, &evidence, &stored.policy, &decision);
    }
}

fn owed(cycles: &[RecordedCycle]) -> f64 {
    let debts = cycles.iter().filter_map(|cycle| cycle.decided.evidence.recovery.as_deref());
    debts.flat_map(|recovery| &recovery.debts).map(|debt| debt.excess).fold(0.0, f64::max)
}

#[test]
fn row_11_bought_views() {
    let outcome = check_paid(11);
    check_settings(&outcome);
    check_replays(&outcome, &outcome.attacked);
    check_replays(&outcome, &outcome.twin);
    assert!(owed(&outcome.attacked) > 0.05 && owed(&outcome.twin) < 0.001, "only the attacker owes");
    // Without recovery the same cycles pay, as `replay` says.
    let (attackers, twins) = outcome.shares_under(&with_settings("[verifier]\nrecover_hours = 0.0"));
    assert!(attackers > 1.2 * twins, "{attackers} and {twins}");
}

#[test]
fn row_25_squatting() {
    let outcome = check_paid(25);
    check_replays(&outcome, &outcome.attacked);
    let causes = outcome.attacked.iter().filter_map(|cycle| cycle.decided.evidence.recovery.as_deref());
    let named = causes.flat_map(|recovery| &recovery.beliefs);
    assert!(
        named.clone().count() > 0 && named.clone().all(|belief| matches!(belief.cause, Cause::NamesAnother { .. }))
    );
}

#[test]
fn explain_shows_what_is_owed_for_which_items_and_until_when() {
    let outcome = play(11);
    let cycle = outcome.attacked.iter().find(|cycle| owed(std::slice::from_ref(cycle)) > 0.05).expect("a debt");
    let (uid, number) = (outcome.attack.attackers[0], cycle.decided.cycle);
    let json = explained(&outcome, uid, number, "json");
    let story: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let debts = story["miners"][0]["recovery"].as_array().expect("debts");
    let debt = debts.iter().find(|debt| debt["excess"].as_f64() > Some(0.05)).expect("the debt");
    assert!(debt["taken"].as_f64() > Some(0.0), "{debt}");
    assert!(debt["lapses_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{debt}");
    let item = &debt["items"][0];
    assert!(item["believed"].as_u64() < item["shown"].as_u64() && item["cause"]["kind"].is_string(), "{item}");
    let lines = explained(&outcome, uid, number, "text");
    assert!(lines.lines().all(|line| line.chars().count() <= 80), "{lines}");
    let text = lines.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["Recovery", "was taken for what earlier cycles paid too much", "views are believed", "lapses"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
