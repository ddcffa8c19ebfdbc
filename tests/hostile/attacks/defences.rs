//! What defences take from the attacks that pay without them: the recorded cycles of the lab are replayed with each on and
//! off, as `replay --config` does.

use super::command::check_settings;
use super::lab::play;
use super::prices::{RESIDUES, UNCAPPED, UNCAPPED_GAIN, most_paid, with_all_defences, with_settings};
use super::rows::check_leaver;
use tensorflix::commands::replay::comparison::replay;
use tensorflix::config::Config;

/// Checks a row that pays by default: its recorded cycles replay to the same bits, and each of its defences alone brings the
/// attacker down to its twin, or to the residue that is left.
#[track_caller]
fn check(row: u8) {
    let outcome = play(row);
    outcome.check_others_unharmed();
    check_leaver(&outcome);
    check_settings(&outcome);
    let residue = RESIDUES.iter().find(|residue| residue.row == row).expect("a row that pays");
    let default = Config::default().policy();
    let gain = outcome.attackers_share() / outcome.twins_share();
    assert!(gain > 1.0 + 1e-9 && gain <= most_paid(row), "row {row}: {gain} times its twin's");
    for recorded in outcome.attacked.iter().chain(outcome.twin.iter()) {
        assert!(replay(recorded).is_identical(), "row {row}: {:?}", replay(recorded).differences);
        assert_eq!(recorded.decided.policy.defences, default.defences, "recorded with the default ones");
    }
    for defence in residue.defences {
        let (attackers, twins) = outcome.shares_under(&with_settings(defence.settings));
        let left = attackers / twins;
        assert!(left <= defence.gain * (1.0 + 1e-9), "row {row} with {}: {left} times its twin's", defence.settings);
        assert!(left < gain, "row {row}: {} takes nothing away", defence.settings);
    }
    let (attackers, twins) = outcome.shares_under(&with_all_defences());
    assert!(attackers <= twins * residue.defended_gain * (1.0 + 1e-9), "row {row} with all: {attackers}, {twins}");
}

#[test]
fn row_13_old_footage() {
    check(13);
}

/// Several hotkeys pay nothing by default, nor with any one cap that sees the person; without caps they do.
#[test]
fn row_16_sybils() {
    let outcome = play(16);
    outcome.check_others_unharmed();
    check_leaver(&outcome);
    check_settings(&outcome);
    let by_default = outcome.attackers_share() / outcome.twins_share();
    assert!(by_default <= 1.0 + 1e-9, "{by_default} by default");
    let gain = |settings: &str| {
        let (attackers, twins) = outcome.shares_under(&with_settings(settings));
        attackers / twins
    };
    let uncapped = gain(UNCAPPED);
    assert!(uncapped > 1.5 && uncapped <= UNCAPPED_GAIN, "{uncapped} without a cap");
    for cap in ["max_per_github_owner_and_task = 5", "max_per_channel_and_task = 5"] {
        let capped = gain(&format!("{UNCAPPED}\n{cap}"));
        assert!(capped <= 1.0 + 1e-9, "{capped} with {cap}");
    }
    let (attackers, twins) = outcome.shares_under(&with_all_defences());
    assert!(attackers <= twins * (1.0 + 1e-9), "with all: {attackers}, {twins}");
}

#[test]
fn row_22_secret_tasks() {
    check(22);
}

#[test]
fn row_23_a_strangers_video() {
    check(23);
}

#[test]
fn row_31_rotates_places() {
    check(31);
}

#[test]
fn row_33_a_thousand_secret_tasks() {
    check(33);
}

#[test]
fn row_35_deletes_in_time() {
    check(35);
}

/// Hiding likes pays nothing by default, and costs something with the defence.
#[test]
fn row_18_hidden_engagement() {
    let outcome = play(18);
    outcome.check_others_unharmed();
    check_settings(&outcome);
    let share = |settings: &str| outcome.shares_under(&with_settings(settings));
    let (hidden, shown) = share("");
    assert!(hidden <= shown * (1.0 + 1e-9), "{hidden} > {shown}");
    let (discounted, shown_still) = share("[defences]\nhidden_engagement_share = 0.8");
    assert!(discounted < 0.95 * hidden, "{discounted}, and {hidden} without");
    assert!((shown_still - shown).abs() < 1e-12, "what is shown loses nothing");
}
