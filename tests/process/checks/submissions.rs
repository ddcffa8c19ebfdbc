//! `check-submissions`.

use super::{MINERS, STRANGER, check_text, committed, first, result, statuses, submissions, world, write};
use crate::support::{HeldSandbox, check_exit, finished, folder, json, stdout};
use serde_json::Value;
use tensorflix_sandbox::world::Conduct;

#[test]
fn a_good_gist_is_good_only_as_far_as_it_was_looked_at() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let miner = first(&world(MINERS), Conduct::Honest);
    let (gist, hotkey, uid) = (committed(&miner), miner.hotkey.ss58(), miner.uid.to_string());
    let config = ["--config", "w.toml"];

    let looked = submissions(folder.path(), &gist, hotkey, &[&config[..], &["--uid", &uid]].concat());
    let stderr = check_exit(&looked, 0);
    assert!(!stderr.contains("asking"), "{stderr}");
    let looked = json(&looked);
    assert!(
        !statuses(&looked).is_empty() && statuses(&looked).iter().all(|status| *status == "not_checked"),
        "{looked}"
    );
    for check in ["gist", "registration", "commitment"] {
        assert_eq!(result(&looked, check), "good", "{looked}");
    }
    // The sandbox's own task gist has a line that cannot be read.
    assert_eq!(result(&looked, "tasks"), "warning");
    for check in ["duplicates", "youtube", "instagram"] {
        assert_eq!(result(&looked, check), "not_checked", "{looked}");
    }

    let fetched = submissions(folder.path(), &gist, hotkey, &[&config[..], &["--fetch"]].concat());
    let stderr = check_exit(&fetched, 0);
    assert!(
        stderr.contains("asking youtube: ") && stderr.contains("in 1 request, 1 unit of the day's quota"),
        "{stderr}"
    );
    let fetched = json(&fetched);
    assert!(statuses(&fetched).iter().all(|status| *status == "accepted"), "{fetched}");
    assert!(fetched["submissions"][0]["views_per_hour"].as_f64().is_some_and(|rate| rate > 0.0), "{fetched}");
    assert!(["line", "column"].iter().all(|key| fetched["submissions"][0][key].is_u64()), "{fetched}");

    // The same without keys: what the platforms would say is not known, and nothing is accepted.
    let with_keys = std::fs::read_to_string(folder.path().join("w.toml")).expect("the configuration");
    let without = with_keys.lines().filter(|line| !line.trim_start().starts_with("api_key_file"));
    write(folder.path(), "keyless.toml", without.collect::<Vec<_>>().join("\n"));
    let keyless = submissions(folder.path(), &gist, hotkey, &["--config", "keyless.toml", "--fetch"]);
    check_exit(&keyless, 0);
    let keyless = json(&keyless);
    assert!(statuses(&keyless).iter().all(|status| *status == "not_checked"), "{keyless}");
    assert_eq!(
        (result(&keyless, "youtube"), result(&keyless, "instagram")),
        ("not_checked".into(), "not_checked".into())
    );

    let text =
        finished(folder.path(), &["check-submissions", &gist, "--hotkey", hotkey, "--config", "w.toml", "--fetch"]);
    check_exit(&text, 0);
    let text = check_text(&text);
    assert!(text.contains("accepted: it would be scored") && text.contains("not checked: duplicates:"), "{text}");
}

#[test]
fn each_pair_is_told_what_a_validator_then_decides() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let run = finished(folder.path(), &["run", "--config", "w.toml", "--once", "--dry-run", "--output", "json"]);
    check_exit(&run, 0);
    let run = json(&run);
    let decided = run["submissions"].as_array().expect("submissions");
    let (mut compared, mut reasons) = (0, std::collections::BTreeSet::new());
    for member in world(MINERS).members().iter().filter(|member| !member.conducts().is_empty()) {
        let own: Vec<&Value> = decided.iter().filter(|submission| submission["uid"] == member.uid).collect();
        if own.is_empty() {
            continue;
        }
        let output =
            submissions(folder.path(), &committed(member), member.hotkey.ss58(), &["--config", "w.toml", "--fetch"]);
        let told = json(&output);
        let pairs = told["submissions"].as_array().expect("submissions");
        assert_eq!(pairs.len(), own.len());
        for (told, decided) in pairs.iter().zip(&own) {
            assert_eq!((&told["task_id"], &told["content_id"]), (&decided["task_id"], &decided["content_id"]));
            // Only a running validator knows which of several miners an item belongs to, and what detectors say of it.
            let of_the_validator = ["duplicate_submission", "not_ai_generated", "illicit_content", "off_topic"];
            if !decided["reason"].as_str().is_some_and(|reason| of_the_validator.contains(&reason)) {
                for key in ["status", "reason", "platform", "views", "published_at"] {
                    assert_eq!(told[key], decided[key], "{key} of {told}");
                }
                assert_eq!(told["views_per_hour"], decided["score"], "{told}");
                reasons.extend(told["reason"].as_str().map(str::to_owned));
                compared += 1;
            }
        }
        let is_wrong =
            pairs.iter().any(|pair| pair["status"] == "rejected" && pair["published_by"] == serde_json::json!([]))
                || !told["problems"].as_array().expect("problems").is_empty();
        check_exit(&output, i32::from(is_wrong));
    }
    assert!(compared > 30, "{compared}");
    for reason in [
        "unknown_task",
        "invalid_content_id",
        "too_many_submissions",
        "no_video_data",
        "live_or_premiere",
        "published_before_task_start",
        "awaiting_metrics",
    ] {
        assert!(reasons.contains(reason), "{reason} does not occur: {reasons:?}");
    }
}

#[test]
fn a_hostile_gist_is_shown_line_by_line_and_drives_no_terminal() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let miner = first(&world(MINERS), Conduct::MalformedItems);
    let (gist, hotkey) = (committed(&miner), miner.hotkey.ss58());
    let output = submissions(folder.path(), &gist, hotkey, &["--config", "w.toml"]);
    check_exit(&output, 1);
    let report = json(&output);
    let problems = report["problems"].as_array().expect("problems");
    assert_eq!(problems.len(), 10, "{report}");
    for problem in problems {
        assert!(problem["line"].as_u64().is_some_and(|line| line > 0), "{problem}");
        assert!(problem["column"].as_u64().is_some_and(|column| column > 0), "{problem}");
    }
    let reasons = |reason: &str| {
        report["submissions"].as_array().expect("submissions").iter().filter(|pair| pair["reason"] == reason).count()
    };
    assert_eq!((reasons("invalid_content_id"), reasons("unknown_task")), (13, 1), "{report}");
    let text = finished(folder.path(), &["check-submissions", &gist, "--hotkey", hotkey, "--config", "w.toml"]);
    check_exit(&text, 1);
    let text = check_text(&text);
    for piece in ["wrong: not a pair of strings", "rejected (invalid_content_id)", "To do: ", "\\u001b[31mred"] {
        assert!(text.contains(piece), "{piece:?} is missing in\n{text}");
    }
}

#[test]
fn gists_that_no_validator_can_use_are_wrong() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &["--miners", "40"]);
    let world = world(40);
    for (conduct, code, piece) in [
        (Conduct::DuplicateKeys, 1, "\\\"submissions\\\" is repeated"),
        (Conduct::BrokenGist, 1, "not UTF-8 text"),
        (Conduct::HugeGist, 1, "larger than 262144 bytes"),
        (Conduct::MissingGist, 1, "no such gist"),
        (Conduct::ClaimsAnothersGist, 1, "no such gist"),
        (Conduct::SecretGist, 1, "it is secret"),
    ] {
        let miner = first(&world, conduct);
        let output = submissions(folder.path(), &committed(&miner), miner.hotkey.ss58(), &["--config", "w.toml"]);
        let all = check_exit(&output, code) + &stdout(&output);
        assert!(all.contains(piece), "{conduct:?}: {piece:?} is missing in {all}");
    }
}

#[test]
fn a_hotkey_that_validators_do_not_know_by_this_gist_is_wrong() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let world = world(MINERS);
    let mut honest = world.miners_who(Conduct::Honest);
    let (own, pinned) = (honest.next().expect("one").clone(), honest.next().expect("another").clone());
    let check = |gist: &str, hotkey: &str, more: &[&str], code: i32, registration: &str, commitment: Option<&str>| {
        let output = submissions(folder.path(), gist, hotkey, &[&["--config", "w.toml"], more].concat());
        check_exit(&output, code);
        let report = json(&output);
        assert_eq!(result(&report, "registration"), registration, "{report}");
        if let Some(commitment) = commitment {
            assert_eq!(result(&report, "commitment"), commitment, "{report}");
        }
    };
    let gist = committed(&own);
    check(&gist, own.hotkey.ss58(), &[], 0, "good", Some("good"));
    check(&gist, STRANGER, &[], 1, "wrong", None);
    check(&gist, pinned.hotkey.ss58(), &[], 1, "good", Some("wrong"));
    check(&gist, own.hotkey.ss58(), &["--uid", "0"], 1, "wrong", Some("good"));
    check(&gist, own.hotkey.ss58(), &["--netuid", "1"], 1, "wrong", None);
    // Validators read the revision that is pinned, and no later one.
    let text = committed(&pinned);
    let (newest, _) = text.split_once('@').expect("the second honest miner pins a revision");
    check(&text, pinned.hotkey.ss58(), &[], 0, "good", Some("good"));
    check(newest, pinned.hotkey.ss58(), &[], 1, "good", Some("wrong"));
}

#[test]
fn without_a_network_files_are_checked_as_far_as_they_go() {
    let folder = folder();
    // Nothing that this configuration names answers.
    let dead = "[network]\nnetwork = \"ws://127.0.0.1:1\"\n[validator]\nusername = \"v\"\ngist_id = \"0a\"\n[github]\n\
                api_url = \"http://127.0.0.1:1\"\nraw_url = \"http://127.0.0.1:1\"\n";
    write(folder.path(), "config.toml", dead);
    let pairs = |ids: &[&str]| {
        let pairs: Vec<String> = ids.iter().map(|id| format!("[\"t\", \"{id}\"]")).collect();
        format!("{{\"submissions\": [\n{}\n]}}", pairs.join(",\n"))
    };
    let ids = ["aaaaaaaaaa1", "aaaaaaaaaa2", "aaaaaaaaaa3", "aaaaaaaaaa4", "aaaaaaaaaa5", "aaaaaaaaaa6"];
    write(folder.path(), "five.json", pairs(&ids[..5]));
    write(folder.path(), "six.json", pairs(&ids));
    write(folder.path(), "address.json", pairs(&["https://youtu.be/aaaaaaaaaa1"]));
    write(folder.path(), "reel.json", pairs(&["C8xYz"]));
    write(folder.path(), "broken.json", "{\"submissions\": [\n  [\"t\", \"a\"\n");
    write(folder.path(), "large.json", " ".repeat(262_145));
    let task = r#"{"t": {"description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}}"#;
    write(folder.path(), "tasks.jsonl", task);
    write(folder.path(), "others.jsonl", task.replace("\"t\"", "\"u\""));
    let check = |file: &str, more: &[&str], code: i32, expected: &[&str]| {
        let output = submissions(folder.path(), file, STRANGER, more);
        let stderr = check_exit(&output, code);
        if code < 2 && !expected.is_empty() {
            let report = json(&output);
            let shown = |pair: &Value| pair["reason"].as_str().or(pair["status"].as_str()).expect("a word").to_owned();
            let found: Vec<String> = report["submissions"].as_array().expect("submissions").iter().map(shown).collect();
            assert_eq!(found, expected, "{file} {more:?}");
            assert_eq!(
                (result(&report, "registration"), result(&report, "commitment")),
                ("not_checked".into(), "not_checked".into())
            );
        }
        stderr
    };
    let open = ["not_checked"; 5];
    let capped = [&open[..], &["too_many_submissions"]].concat();
    check("five.json", &["--offline"], 0, &open);
    check("six.json", &["--offline"], 1, &capped);
    check("reel.json", &["--offline"], 0, &open[..1]);
    check("address.json", &["--offline"], 1, &["invalid_content_id"]);
    check("five.json", &["--offline", "--tasks", "tasks.jsonl"], 0, &open);
    check("reel.json", &["--offline", "--tasks", "tasks.jsonl"], 1, &["invalid_content_id"]);
    check("five.json", &["--offline", "--tasks", "others.jsonl"], 1, &["unknown_task"; 5]);
    check("broken.json", &["--offline"], 1, &[]);
    check("tasks.jsonl", &["--offline"], 1, &[]);
    assert!(check("large.json", &["--offline"], 1, &[]).contains("262144 bytes"));
    // A chain and a GitHub that do not answer leave the rest to be checked.
    check("five.json", &[], 0, &open);
    assert!(check("absent.json", &["--offline"], 2, &[]).contains("absent.json"));
    assert!(check("v:0a", &["--offline"], 2, &[]).contains("--offline"));
    check("five.json", &["--offline", "--tasks", "v:0a"], 2, &[]);
    check("five.json", &["--offline", "--fetch"], 2, &[]);
    let refused = check_exit(&submissions(folder.path(), "five.json", "5Grwva", &["--offline"]), 2);
    assert!(refused.contains("not an SS58 address"), "{refused}");
    assert!(check("v:0a", &[], 1, &[]).contains("cannot be read"));
}

#[test]
fn what_cannot_be_seen_in_an_id_is_named_and_shown_escaped() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let world = world(MINERS);
    let miner = first(&world, Conduct::Honest);
    let tasks = finished(folder.path(), &["tasks", "--config", "w.toml", "--output", "json"]);
    let task = json(&tasks)["gists"][0]["tasks"][0]["id"].as_str().expect("a task").to_owned();
    for (hidden, name, shown) in [
        (" ", "U+0020", "\\u0020"),
        ("\u{200b}", "zero width space (U+200B)", "\\u200b"),
        ("\u{a0}", "no-break space (U+00A0)", "\\u00a0"),
        ("\u{feff}", "byte order mark (U+FEFF)", "\\ufeff"),
        ("\u{200f}", "right-to-left mark (U+200F)", "\\u200f"),
        ("\u{ff41}", "full-width", "\\uff41"),
    ] {
        for pair in
            [[task.clone(), format!("dQw4w9WgXcQ{hidden}")], [format!("{task}{hidden}"), "dQw4w9WgXcQ".to_owned()]]
        {
            write(folder.path(), "s.json", serde_json::json!({ "submissions": [pair] }).to_string());
            let report = submissions(folder.path(), "s.json", miner.hotkey.ss58(), &["--config", "w.toml"]);
            check_exit(&report, 1);
            let detail = json(&report)["submissions"][0]["detail"].as_str().expect("a detail").to_owned();
            assert!(detail.contains(name) && detail.contains(shown) && detail.contains("To do: "), "{detail}");
            let arguments = ["check-submissions", "s.json", "--hotkey", miner.hotkey.ss58(), "--config", "w.toml"];
            let text = check_text(&finished(folder.path(), &arguments));
            assert!(text.contains(shown), "{text}");
        }
    }
}
