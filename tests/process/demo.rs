//! `demo`: what it prints, and that `run` gives the same in a process of its own.

use crate::support::{HeldSandbox, check_exit, finished, folder, stdout};
use serde_json::Value;

#[test]
fn the_demo_prints_the_same_bytes_for_the_same_seed_and_sends_weights() {
    let folder = folder();
    let demo = |seed| {
        let output = finished(folder.path(), &["demo", "--cycles", "2", "--seed", seed, "--output", "json"]);
        check_exit(&output, 0);
        stdout(&output)
    };
    let first = demo("7");
    assert_eq!(first, demo("7"));
    assert_ne!(first, demo("8"));
    let cycles: Vec<Value> = first.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(cycles.len(), 2);
    for (cycle, number) in cycles.iter().zip(1..) {
        check_contract(cycle);
        assert_eq!(cycle["cycle"], number);
        assert_eq!(cycle["submitted"], true);
        assert_eq!(cycle["extrinsic"], Value::Null, "signatures are random");
        assert!(!cycle["weights"].as_array().expect("weights").is_empty());
    }
}

#[test]
fn the_demo_with_commits_reveals_its_weights_and_prints_the_same_bytes_for_a_seed() {
    let folder = folder();
    let json = || {
        let arguments = ["demo", "--commit-reveal", "--cycles", "2", "--seed", "7", "--output", "json"];
        let output = finished(folder.path(), &arguments);
        check_exit(&output, 0);
        stdout(&output)
    };
    let first = json();
    assert_eq!(first, json());
    assert_eq!(first.lines().count(), 2);
    for line in first.lines() {
        let cycle: Value = serde_json::from_str(line).expect("JSON");
        check_contract(&cycle);
        assert_eq!((&cycle["submitted"], &cycle["extrinsic"]), (&Value::Bool(true), &Value::Null));
        assert!(!cycle["weights"].as_array().expect("weights").is_empty());
    }
    let text = finished(folder.path(), &["demo", "--commit-reveal", "--cycles", "2", "--seed", "7", "--speed", "0"]);
    check_exit(&text, 0);
    let shown = stdout(&text);
    let revealed = shown.lines().filter(|line| line.contains(" and revealed since: the sandbox")).count();
    assert_eq!(revealed, 2, "{shown}");
}

/// The object of `run --once --output json`, by its contract: exactly these keys, in this order of submissions.
#[track_caller]
fn check_contract(cycle: &Value) {
    let keys = |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    let sorted = |mut names: Vec<&str>| -> Vec<String> {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect()
    };
    assert_eq!(
        keys(cycle),
        sorted(vec![
            "cycle",
            "block",
            "block_time",
            "tasks",
            "miners",
            "submissions",
            "weights",
            "submitted",
            "extrinsic",
            "errors",
        ])
    );
    let time = cycle["block_time"].as_str().expect("a time");
    assert!(time.ends_with('Z') && time.len() == "2026-08-21T00:00:00.000Z".len(), "{time}");
    let submissions = cycle["submissions"].as_array().expect("submissions");
    let uids: Vec<u64> = submissions.iter().map(|submission| submission["uid"].as_u64().expect("a uid")).collect();
    assert!(uids.is_sorted());
    for submission in submissions {
        assert_eq!(
            keys(submission),
            sorted(vec![
                "uid",
                "hotkey",
                "task_id",
                "content_id",
                "platform",
                "status",
                "reason",
                "views",
                "published_at",
                "score",
                "normalized_score",
                "observed_at",
            ])
        );
        let is_accepted = submission["status"] == "accepted";
        assert_eq!(submission["score"].is_number(), is_accepted, "{submission}");
        assert_eq!(submission["normalized_score"].is_number(), is_accepted, "{submission}");
    }
    for weight in cycle["weights"].as_array().expect("weights") {
        assert_eq!(keys(weight), sorted(vec!["uid", "hotkey", "weight"]));
        assert!((1..=65_535).contains(&weight["weight"].as_u64().expect("a weight")));
    }
    for error in cycle["errors"].as_array().expect("errors") {
        assert_eq!(keys(error), sorted(vec!["uid", "source", "line", "reason"]));
    }
}

#[test]
fn the_demo_explains_videos_that_are_not_ai_made_illicit_or_botted() {
    let folder = folder();
    let output = finished(folder.path(), &["demo", "--cycles", "2", "--seed", "7", "--speed", "0"]);
    check_exit(&output, 0);
    let shown = stdout(&output);
    let cycle = shown.split("Cycle 2 at block ").nth(1).expect("a second cycle");
    let (rejected, reduced) = cycle.split_once("Reduced scores:").expect("what is discounted");
    for (reason, words) in [("not_ai_generated", "not AI-generated"), ("illicit_content", "illicit")] {
        let (_, after) = rejected.split_once(reason).unwrap_or_else(|| panic!("{reason} is missing in:\n{shown}"));
        let why = after.lines().nth(1).expect("a line below");
        assert!(why.contains(&format!(" % likely {words}")), "{reason}: {why:?}");
    }
    let botted = reduced.lines().nth(1).expect("a line");
    assert!(botted.starts_with("  - UID 6: score reduced to ") && botted.contains(" % ("), "{botted:?}");
    assert!(reduced.contains("      views fell from "), "{reduced}");
}

#[test]
fn the_demo_shows_people_the_best_the_rejected_the_weights_and_the_counters() {
    let folder = folder();
    let output = finished(folder.path(), &["demo", "--cycles", "1", "--seed", "7", "--speed", "0"]);
    let log_lines = check_exit(&output, 0);
    let shown = stdout(&output);
    for piece in [
        "Top performers for task ",
        "  - UID ",
        "duplicate_submission",
        "published_before_task_start",
        "no_video_data",
        "invalid_content_id",
        "Weights sent, in block ",
        " of our weight would be clipped, cosine similarity 0.",
        "Found on the sandbox's chain",
    ] {
        assert!(shown.contains(piece), "{piece:?} is missing in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "miners' escape sequences must not reach the terminal");
    for actor in ["chain_watcher", "gist_fetcher", "youtube", "instagram", "scorer", "weight_setter"] {
        let counters = log_lines.lines().find(|line| line.contains(&format!("actor={actor} handled=")));
        let counters = counters.unwrap_or_else(|| panic!("no counters of {actor} in:\n{log_lines}"));
        for name in ["failed=", "restarts=", "in_flight=", "limiter_wait_ms="] {
            assert!(counters.contains(name), "{counters}");
        }
    }
    let log = std::fs::read_to_string(folder.path().join("video_topic_validator.log")).expect("the log file");
    for piece in ["Top performers for task ", "duplicate_submission", "actor=youtube handled="] {
        assert!(log.contains(piece), "{piece:?} is missing in the log file");
    }
}

#[test]
fn run_once_reports_what_it_committed_as_it_reports_plain_weights() {
    let folder = folder();
    let arguments = ["demo", "--commit-reveal", "--cycles", "1", "--seed", "7", "--output", "json"];
    let demo = finished(folder.path(), &arguments);
    check_exit(&demo, 0);
    let demo: Value = serde_json::from_str(stdout(&demo).trim()).expect("JSON");
    let _sandbox = HeldSandbox::start(folder.path(), &["--commit-reveal"]);
    let run = finished(folder.path(), &["run", "--config", "w.toml", "--once", "--output", "json"]);
    check_exit(&run, 0);
    let run: Value = serde_json::from_str(stdout(&run).trim()).expect("exactly one JSON object");
    check_contract(&run);
    assert_eq!((&run["weights"], &run["submitted"]), (&demo["weights"], &Value::Bool(true)));
    assert!(run["extrinsic"].as_str().is_some_and(|hash| hash.starts_with("0x")), "{}", run["extrinsic"]);
}

#[test]
fn run_in_a_process_of_its_own_gives_what_the_demo_gives() {
    let folder = folder();
    let demo = finished(folder.path(), &["demo", "--cycles", "1", "--seed", "7", "--output", "json"]);
    check_exit(&demo, 0);
    let demo: Value = serde_json::from_str(stdout(&demo).trim()).expect("JSON");
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let once = ["run", "--config", "w.toml", "--once", "--output", "json"];
    let run = finished(folder.path(), &once);
    check_exit(&run, 0);
    let run: Value = serde_json::from_str(stdout(&run).trim()).expect("exactly one JSON object");
    check_contract(&run);
    for key in ["cycle", "block", "block_time", "tasks", "miners", "submissions", "weights", "submitted", "errors"] {
        assert_eq!(run[key], demo[key], "{key}");
    }
    assert!(run["extrinsic"].as_str().is_some_and(|hash| hash.starts_with("0x") && hash.len() == 66));

    // Again in the same window: a cycle of its own, and no second submission.
    let again = finished(folder.path(), &once);
    check_exit(&again, 0);
    let again: Value = serde_json::from_str(stdout(&again).trim()).expect("JSON");
    assert_eq!((&again["cycle"], &again["submitted"]), (&Value::from(2), &Value::from(false)));
}
