//! A cycle names the profile that it was decided under, and a replay compares profiles.

use super::support::{check_exit, finished, folder, json as one_object, stdout};
use super::{demo_store, exported, on_store};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tensorflix::commands::export::json::read_json;
use tensorflix::config::{Config, Overrides};
use tensorflix_domain::again::decide_again;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verdict::Status;

/// The columns of a terminal.
const TERMINAL_WIDTH: usize = 80;

/// Writes a configuration that holds a profile and nothing else.
fn write_profile(folder: &Path, word: &str) -> String {
    let name = format!("{word}.toml");
    std::fs::write(folder.join(&name), format!("[rules]\nprofile = \"{word}\"\n")).expect("written");
    name
}

#[test]
fn a_replay_compares_the_profile_of_the_cycles_with_the_one_of_a_file() {
    let folder = folder();
    demo_store(folder.path());
    for (word, settling_hours, traffic) in [("strict", 72.0, "discount"), ("plain", 0.0, "off")] {
        let file = write_profile(folder.path(), word);
        let output = on_store(folder.path(), &["replay", "--config", &file, "--output", "json"]);
        check_exit(&output, 0);
        let replay = one_object(&output);
        assert_eq!((&replay["identical"], &replay["profile"]), (&json!(true), &json!("standard")), "{replay}");
        let other = &replay["other_policy"]["policy"];
        // Settings that are off leave no trace in a policy.
        assert_eq!((&other["profile"], other["traffic"].as_str().unwrap_or("off")), (&json!(word), traffic));
        assert_eq!(other["defences"]["settling_hours"].as_f64().unwrap_or_default(), settling_hours);
        let changed = replay["other_policy"]["miners"].as_array().expect("miners").iter();
        assert!(changed.filter(|miner| miner["old_share"] != miner["new_share"]).count() > 3, "{word}: {replay}");

        let output = on_store(folder.path(), &["replay", "--all", "--config", &file]);
        check_exit(&output, 0);
        let shown = stdout(&output);
        for piece in [format!("old: profile standard; new: profile {word}"), "2 cycles, 2 identical".to_owned()] {
            assert!(shown.contains(&piece), "{piece:?} is missing in:\n{shown}");
        }
        assert!(shown.lines().all(|line| line.chars().count() <= TERMINAL_WIDTH), "{shown}");
    }
}

#[test]
fn a_single_setting_beside_a_profile_is_told_and_recorded_with_its_value() {
    let folder = folder();
    demo_store(folder.path());
    let text = "[rules]\nprofile = \"strict\"\n[defences]\nsettling_hours = 0.0\n";
    std::fs::write(folder.path().join("own.toml"), text).expect("written");
    let output = on_store(folder.path(), &["replay", "--config", "own.toml"]);
    check_exit(&output, 0);
    assert!(stdout(&output).contains("new: profile strict with overrides"), "{}", stdout(&output));
    let output = on_store(folder.path(), &["replay", "--config", "own.toml", "--output", "json"]);
    let policy = one_object(&output)["other_policy"]["policy"].clone();
    assert_eq!((&policy["profile"], policy["defences"]["settling_hours"].as_f64()), (&json!("strict"), Some(0.0)));
    assert_eq!(policy["defences"]["max_per_coldkey_and_task"], 5, "the rest is the profile's");
    // A word that is none is refused with its place.
    std::fs::write(folder.path().join("own.toml"), "[rules]\nprofile = \"lax\"\n").expect("written");
    let stderr = check_exit(&on_store(folder.path(), &["replay", "--config", "own.toml"]), 2);
    assert!(stderr.contains("own.toml:2") && stderr.contains("\"standard\", \"plain\", \"strict\""), "{stderr}");
}

#[test]
fn plain_is_exactly_views_per_hour_over_the_tasks_best() {
    let folder = folder();
    demo_store(folder.path());
    std::fs::write(folder.path().join("cycle.json"), exported(folder.path()).to_string()).expect("written");
    let file = std::fs::File::open(folder.path().join("cycle.json")).expect("a file");
    let decided = read_json(file).expect("a cycle").decided;
    let plain = folder.path().join(write_profile(folder.path(), "plain"));
    let plain = Config::load(Some(&plain), std::iter::empty(), Overrides::default()).expect("valid").policy();
    let policy = Policy { rules: decided.policy.rules, ..plain };
    let submissions = decide_again(&decided.evidence, &policy).expect("known rules").submissions;
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    let accepted = || submissions.iter().filter(|judged| judged.status == Status::Accepted);
    for judged in accepted() {
        let arithmetic = judged.arithmetic.as_deref().expect("recorded");
        let score = judged.view_count.expect("views") as f64 / arithmetic.hours;
        assert_eq!(judged.score.map(f64::to_bits), Some(score.to_bits()));
        let best = best.entry(&judged.task_id).or_insert(score);
        *best = best.max(score);
    }
    for judged in accepted() {
        let expected = judged.score.expect("a score") / best[judged.task_id.as_str()];
        assert_eq!(judged.normalized_score.map(f64::to_bits), Some(expected.to_bits()), "{judged:?}");
    }
    assert!(accepted().count() > 20);
}

#[test]
fn explain_export_and_the_report_name_the_profile_and_explain_the_limit_of_untagged_videos() {
    let folder = folder();
    // Among forty miners of this seed is one with an untagged video above the limit.
    let demo = ["demo", "--cycles", "1", "--seed", "7", "--miners", "40", "--store", "demo.db"];
    let report = finished(folder.path(), &demo);
    check_exit(&report, 0);
    assert!(stdout(&report).contains("profile standard"), "{}", stdout(&report));
    let export = exported(folder.path());
    assert_eq!(export["policy"]["profile"], "standard");
    let is_limited = |judged: &&Value| {
        let limit = judged["arithmetic"]["untagged_limit"].as_f64();
        let counted = judged["score"].as_f64().map(|score| score * judged["counted_share"].as_f64().unwrap_or(1.0));
        judged["reason"].is_null() && limit.zip(counted).is_some_and(|(limit, counted)| limit < counted)
    };
    let limited = export["submissions"].as_array().expect("submissions").iter().find(is_limited);
    let limited = limited.expect("an untagged video that is limited");
    let (uid, content) = (limited["uid"].to_string(), limited["content_id"].as_str().expect("an id"));
    let output = on_store(folder.path(), &["explain", "--uid", &uid, "--", content]);
    check_exit(&output, 0);
    let shown = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    let limit = format!("at most {:.6}", limited["arithmetic"]["untagged_limit"].as_f64().expect("a limit"));
    let advice = "Write your full hotkey into the video's description";
    for piece in ["Policy: profile standard", "It counts up to a limit", advice, &limit] {
        assert!(shown.contains(piece), "{piece:?} is missing in: {shown}");
    }
    let output = on_store(folder.path(), &["explain", "--output", "json", "--uid", &uid, "--", content]);
    assert_eq!(one_object(&output)["profile"], "standard");
    let table = stdout(&on_store(folder.path(), &["export", "--format", "csv"]));
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a line")).collect();
    assert!(rows.iter().all(|row| row["profile"] == "standard"));
}

#[test]
fn a_cycle_recorded_before_there_were_profiles_keeps_its_bytes_and_names_none() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/evidence/data/cycle-rules-1.json");
    let text = std::fs::read_to_string(&file).expect("a file");
    let written: Value = serde_json::from_str(&text).expect("JSON");
    let decided = read_json(std::fs::File::open(&file).expect("a file")).expect("a cycle").decided;
    assert_eq!((decided.policy.profile, decided.policy.untagged_share.to_bits()), (None, 1.0_f64.to_bits()));
    assert_eq!(serde_json::to_value(&decided.policy).expect("JSON"), written["policy"]);
    assert_eq!(serde_json::to_value(&decided.submissions).expect("JSON"), written["submissions"]);
}
