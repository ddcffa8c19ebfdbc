//! `replay --config` shows what each setting of `[defences]` takes from an attack that it is against, in the cycles that a
//! validator recorded while it was attacked.

use super::lab::{Outcome, STORE};
use crate::support::{check_exit, finished, stdout};
use serde_json::Value;
use std::collections::BTreeSet;
use tensorflix_domain::profile::Profile;

/// A setting, a value of it, and the row of an attack that it is against.
const CASES: [(&str, &str, u8); 10] = [
    ("settling_hours", "72.0", 11),
    ("first_sight_views", "100000", 13),
    ("score_exponent", "0.5", 13),
    ("max_per_coldkey_and_task", "5", 16),
    ("max_per_github_owner_and_task", "5", 16),
    ("max_per_channel_and_task", "5", 16),
    ("hidden_engagement_share", "0.8", 18),
    ("task_floor_share", "1.0", 22),
    ("fewest_owners_per_task", "3", 22),
    ("foreign_tag", "\"reject\"", 31),
];

/// The setting that is on by default.
const COLDKEY_CAP: &str = "max_per_coldkey_and_task";

#[test]
fn each_setting_of_the_defences_is_replayed_against_an_attack() {
    // Of a profile that has all of them on, as a record leaves out some that are off.
    let settings = serde_json::to_value(Profile::Strict.settings().defences).expect("settings");
    let settings: BTreeSet<&str> = settings.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(settings, CASES.iter().map(|(setting, ..)| *setting).collect(), "each setting has its case");
}

/// Checks what `replay` shows of the settings that are against an attack: each takes something from it.
#[track_caller]
pub fn check_settings(outcome: &Outcome) {
    let row = outcome.attack.row;
    for (setting, value, _) in CASES.iter().filter(|(.., of)| *of == row) {
        let paid = replayed(outcome, "");
        let defended = replayed(outcome, &format!("{setting} = {value}"));
        assert!(paid > 0.0, "row {row}: the attack pays without a defence");
        assert!(defended < 0.97 * paid, "row {row}, {setting} = {value}: {paid} and then {defended}");
    }
}

/// The share that the attackers would have been paid with all defences off but these: a sum over the cycles.
fn replayed(outcome: &Outcome, settings: &str) -> f64 {
    let (folder, attack) = (outcome.folder.path(), &outcome.attack);
    let off = if settings.contains(COLDKEY_CAP) { String::new() } else { format!("{COLDKEY_CAP} = 0\n") };
    let config = format!("[store]\nurl = \"sqlite://{STORE}\"\n\n[defences]\n{off}{settings}\n");
    std::fs::write(folder.join("other.toml"), config).expect("written");
    let arguments = ["replay", "--all", "--config", "other.toml", "--output", "json"];
    let output = finished(folder, &arguments);
    check_exit(&output, 0);
    let mut paid = 0.0;
    for line in stdout(&output).lines() {
        let cycle: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(cycle["identical"], true, "row {}: {line}", attack.row);
        for miner in cycle["other_policy"]["miners"].as_array().expect("miners") {
            if attack.attackers.iter().any(|uid| miner["uid"] == *uid) {
                paid += miner["new_share"].as_f64().expect("a share");
            }
        }
    }
    paid
}

/// What `explain` says of a miner in a cycle that the attack's validator recorded.
pub fn explained(outcome: &Outcome, uid: u16, cycle: u32, output: &str) -> String {
    let folder = outcome.folder.path();
    std::fs::write(folder.join("explain.toml"), format!("[store]\nurl = \"sqlite://{STORE}\"\n")).expect("written");
    let (uid, cycle) = (uid.to_string(), cycle.to_string());
    let arguments = ["explain", "--uid", &uid, "--cycle", &cycle, "--config", "explain.toml", "--output", output];
    let output = finished(folder, &arguments);
    check_exit(&output, 0);
    stdout(&output).to_owned()
}
