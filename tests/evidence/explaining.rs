//! `explain` tells a submission's story, also while the validator runs.

use super::support::{HeldSandbox, check_exit, finished, folder, json as one_object, stdout, tensorflix};
use super::{exported, on_store};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

/// A validator that runs until the value ends.
struct Running(Child);

impl Running {
    fn start(folder: &Path) -> Self {
        let mut process =
            tensorflix(folder, &["run", "--config", "w.toml"]).stderr(Stdio::piped()).spawn().expect("a validator");
        let mut lines = BufReader::new(process.stderr.take().expect("its stderr")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("weights are on chain")));
        // Somebody has to read on, or the validator would write into a pipe that is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self(process)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn explain_tells_the_whole_story_while_the_validator_runs() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let _validator = Running::start(folder.path());
    let asked = |arguments: &[&str]| {
        let output = finished(folder.path(), &[&["explain", "--config", "w.toml"], arguments].concat());
        check_exit(&output, 0);
        stdout(&output)
    };
    let output = finished(folder.path(), &["export", "--config", "w.toml", "--format", "json"]);
    check_exit(&output, 0);
    let export = one_object(&output);
    let judged = export["submissions"].as_array().expect("submissions");
    let told = |wanted: &dyn Fn(&&Value) -> bool| {
        let submission = judged.iter().find(|judged| wanted(judged)).expect("one of this kind");
        let (uid, content) = (submission["uid"].to_string(), submission["content_id"].as_str().expect("an id"));
        let text = asked(&["--uid", &uid, "--", content]);
        // Lines are broken anywhere between words.
        (submission, text.split_whitespace().collect::<Vec<_>>().join(" "))
    };

    let (submission, text) = told(&|judged| judged["status"] == "accepted" && judged["settled_by"].is_null());
    let sent = &export["weights_sent"][0];
    let entry = sent["entries"].as_array().expect("entries").iter().find(|entry| entry[0] == submission["uid"]);
    let signed =
        format!("Weight {} of 65535, signed at block {}", entry.expect("its weight")[1], sent["signed_at"]["block"]);
    let views = format!("{} views / ", submission["view_count"]);
    let score = format!("= {:.6} views per hour", submission["score"].as_f64().expect("a score"));
    let normalized = format!("= {:.6}", submission["normalized_score"].as_f64().expect("a score"));
    let block = format!("in block {}", sent["outcome"]["block"]);
    for piece in [
        "Result accepted Meaning It counts.",
        "Task ",
        "first seen in gist ",
        "in the polling round of block ",
        "Claims only this miner's",
        "Platform asked at block ",
        views.as_str(),
        score.as_str(),
        normalized.as_str(),
        signed.as_str(),
        block.as_str(),
    ] {
        assert!(text.contains(piece), "{piece:?} is missing in:\n{text}");
    }

    let (submission, text) = told(&|judged| judged["reason"] == "duplicate_submission");
    assert!(text.contains("Result rejected: duplicate_submission") && text.contains(", owns it: "), "{text}");
    assert!(!text.contains(&format!("UID {}, owns it", submission["uid"])), "{text}");
    let (_, text) = told(&|judged| judged["reason"] == "published_before_task_start");
    assert!(text.contains("What to do ") && text.contains("published 20") && !text.contains("Score "), "{text}");

    // For every submission the claim that is shown to hold it is the one that the judge found.
    for uid in judged.iter().map(|judged| judged["uid"].to_string()).collect::<BTreeSet<_>>() {
        let answer: Value = serde_json::from_str(&asked(&["--uid", &uid, "--output", "json"])).expect("JSON");
        for story in answer["submissions"].as_array().expect("submissions") {
            let claims = story["claims"].as_array().expect("claims");
            let is_early = ["unknown_task", "invalid_content_id", "too_many_submissions"];
            if story["reason"].as_str().is_some_and(|reason| is_early.contains(&reason)) {
                continue;
            }
            assert_eq!(claims.iter().filter(|claim| claim["holds"] == true).count(), 1, "{story}");
            let holds = claims.iter().any(|claim| claim["holds"] == true && claim["hotkey"] == story["hotkey"]);
            assert_eq!(holds, story["reason"] != "duplicate_submission", "{story}");
            assert_eq!(claims.len() > 1, !story["settled"].is_null(), "{story}");
        }
    }

    check_unanswerable_questions(folder.path());
}

/// Questions that have no answer are refused with what to ask instead.
fn check_unanswerable_questions(folder: &Path) {
    for (question, pieces) in [
        (vec!["nosuchvideo"], vec!["has no submission of nosuchvideo", "--cycle N"]),
        (vec!["https://youtu.be/nosuchvideo"], vec!["not the URL"]),
        (vec!["--uid", "999"], vec!["UID 999 is not registered"]),
        (vec!["nosuchvideo", "--cycle", "7"], vec!["cycle 7", "1 to 1"]),
    ] {
        let output = finished(folder, &[vec!["explain", "--config", "w.toml"], question].concat());
        let stderr = check_exit(&output, 1);
        let said = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(pieces.iter().all(|piece| said.contains(piece)), "{pieces:?}: {said}");
    }
    check_exit(&finished(folder, &["explain", "--config", "w.toml"]), 2);
}

/// A number as it is written in a text, wherever a word ends.
fn number(word: &str) -> Option<f64> {
    word.trim_matches(|letter: char| !letter.is_ascii_digit()).parse().ok()
}

#[test]
fn the_arithmetic_that_explain_and_the_table_print_is_the_one_that_was_recorded() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let settings = [
        ("first_sight_views", "1", ""),
        ("score_exponent", "0.5", "to the power of 0.5"),
        ("task_floor_share", "1.0", ""),
        ("hidden_engagement_share", "0.6", ""),
        ("max_per_coldkey_and_task", "1", ""),
    ];
    for (setting, value, piece) in settings {
        let database = format!("sqlite://{setting}.db");
        let variable = format!("TENSORFLIX__DEFENCES__{}", setting.to_uppercase());
        let command = |arguments: &[&str]| {
            let mut command = tensorflix(folder.path(), arguments);
            command.env("TENSORFLIX__STORE__URL", &database).env(&variable, value);
            command.output().expect("the process ran")
        };
        let run = command(&["run", "--config", "w.toml", "--once", "--dry-run", "--output", "json"]);
        let report = one_object(&run);
        let table = stdout(&command(&["export", "--config", "w.toml", "--format", "csv"]));
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<std::collections::BTreeMap<String, String>> =
            reader.deserialize().map(|row| row.expect("a line")).collect();
        let submissions = report["submissions"].as_array().expect("submissions");
        assert_eq!(rows.len(), submissions.len());
        let mut texts = String::new();
        let mut scored = 0;
        for (row, told) in rows.iter().zip(submissions) {
            let cell = |name: &str| row[name].parse::<f64>().ok();
            assert_eq!(told["observed_at"].as_str().unwrap_or_default(), row["counted_at"], "{setting}: {told}");
            let (Some(score), Some(normalized)) = (cell("score"), cell("normalized_score")) else { continue };
            scored += 1;
            assert_eq!(
                (cell("counted_views").expect("views") / cell("hours").expect("hours")).to_bits(),
                score.to_bits()
            );
            let counted = score * cell("counted_share").unwrap_or(1.0);
            let part = counted.min(cell("untagged_limit").unwrap_or(counted)) / cell("divisor").expect("a divisor");
            let curved = part.powf(cell("exponent").expect("an exponent"));
            assert!((curved - normalized).abs() < 1e-12, "{setting}: {row:?}");
            if scored <= 3 {
                let (uid, content) = (told["uid"].to_string(), told["content_id"].as_str().expect("an id"));
                let text = stdout(&command(&["explain", "--config", "w.toml", "--uid", &uid, "--", content]));
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let words = text.split(" Score ").nth(1).unwrap_or_else(|| panic!("{setting}: {text}")).to_owned();
                let rate = words.split(" views per hour").next().and_then(|words| words.split(' ').next_back());
                assert!((rate.and_then(number).expect("a rate") - score).abs() < 1e-5, "{setting}: {words}");
                texts.push_str(&words);
            }
        }
        assert!(scored > 0 || setting == "first_sight_views", "{setting}: something is scored");
        assert!(texts.contains(piece), "{setting}: {piece:?} is missing in {texts}");
    }
}

#[test]
fn explain_says_of_a_pending_submission_that_it_is_nobodys_fault() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let config = std::fs::read_to_string(folder.path().join("w.toml")).expect("written by the sandbox");
    let without_keys: Vec<&str> = config.lines().filter(|line| !line.starts_with("api_key_file")).collect();
    assert_ne!(without_keys.len(), config.lines().count());
    std::fs::write(folder.path().join("w.toml"), without_keys.join("\n")).expect("written");
    let run = finished(folder.path(), &["run", "--config", "w.toml", "--once", "--dry-run", "--output", "json"]);
    let cycle = one_object(&run);
    let pending = cycle["submissions"].as_array().expect("submissions").iter();
    let pending = pending
        .filter(|judged| judged["reason"] == "platform_unavailable")
        .find_map(|judged| judged["content_id"].as_str());
    let output =
        finished(folder.path(), &["explain", "--config", "w.toml", "--", pending.expect("one that is pending")]);
    check_exit(&output, 0);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for piece in ["Result pending: platform_unavailable", "Your claim is kept", "never observed", "Nothing qualified"] {
        assert!(text.contains(piece), "{piece:?} is missing in:\n{text}");
    }
}

#[test]
fn explain_says_in_words_why_views_are_not_believed() {
    let folder = folder();
    let arguments =
        ["demo", "--miners", "40", "--cycles", "3", "--seed", "7", "--output", "json", "--store", "demo.db"];
    check_exit(&finished(folder.path(), &arguments), 0);
    let cycle = exported(folder.path());
    let judged = cycle["submissions"].as_array().expect("submissions");
    let discounted: Vec<&Value> = judged.iter().filter(|judged| judged["reason"] == "inauthentic_traffic").collect();
    let first = discounted.first().expect("somebody buys views in a world of forty");
    let (uid, content) = (first["uid"].to_string(), first["content_id"].as_str().expect("an id"));
    let output = on_store(folder.path(), &["explain", "--uid", &uid, "--", content]);
    check_exit(&output, 0);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for piece in [
        "Result accepted: inauthentic_traffic",
        "of the views count as authentic",
        "- views fell from ",
        "counted as authentic = ",
    ] {
        assert!(text.contains(piece), "{piece:?} is missing in:\n{text}");
    }
}
