//! What a cycle leaves behind: it is explained, exported, and decided again to the same bits.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot run its process must fail"
)]
#![cfg(feature = "sandbox")]

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use support::{HeldSandbox, check_exit, finished, folder, json as one_object, stdout, tensorflix};
use tensorflix::app::{App, Mode, slot_blocks};
use tensorflix::cli::sandbox_config;
use tensorflix::export::RecordedCycle;
use tensorflix::replay::{WeightsReplay, replay};
use tensorflix::session::{Session, Shown};
use tensorflix::story::words_of;
use tensorflix_actors::cycle::Opening;
use tensorflix_domain::chain_time::{BlockStamp, Moment, grid_start};
use tensorflix_domain::claim::{Claim, SettledBy};
use tensorflix_domain::decision::decide;
use tensorflix_domain::evidence::{BoundClaim, Evidence, Miner, WeightedTask};
use tensorflix_domain::ids::{Hotkey, Platform};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::record::DecidedCycle;
use tensorflix_domain::submission::Pair;
use tensorflix_domain::subnet::{Hyperparameters, Neuron, Subnet};
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::Reason;
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tensorflix_store::Store;

/// Cycles that are replayed in one go.
const MANY_CYCLES: u32 = 100;

/// From cycle to cycle, of chain time.
const HOURS_PER_CYCLE: f64 = 0.25;

/// The columns of a terminal.
const TERMINAL_WIDTH: usize = 80;

/// Runs a command on the store in `demo.db`.
fn on_store(folder: &Path, arguments: &[&str]) -> Output {
    with_variables(folder, arguments, &[])
}

fn with_variables(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = tensorflix(folder, arguments);
    command.env("TENSORFLIX__STORE__URL", "sqlite://demo.db").envs(variables.iter().copied());
    command.output().expect("the process ran")
}

/// Two cycles of the demo, kept in `demo.db`.
fn demo_store(folder: &Path) {
    let arguments = ["demo", "--cycles", "2", "--seed", "7", "--output", "json", "--store", "demo.db"];
    check_exit(&finished(folder, &arguments), 0);
}

fn exported(folder: &Path) -> Value {
    let output = on_store(folder, &["export", "--format", "json"]);
    check_exit(&output, 0);
    one_object(&output)
}

#[test]
fn a_hundred_recorded_cycles_replay_to_identical_bytes() {
    let folder = folder();
    let file = folder.path().join("demo.db");
    actix_rt::System::new().block_on(record_cycles(&file));
    actix_rt::System::new().block_on(async {
        let store = Store::open_to_read(&format!("sqlite://{}", file.display())).await.expect("a store");
        let cycles = store.decided_cycles().await.expect("read");
        assert_eq!(cycles, (1..=MANY_CYCLES).collect::<Vec<_>>());
        let mut all_scores = BTreeSet::new();
        for cycle in cycles {
            let recorded = RecordedCycle::load(&store, cycle).await.expect("read").expect("decided");
            let stored = &recorded.decided;
            assert_eq!(replay(&recorded).differences, [""; 0], "cycle {cycle}");
            let again = decide(&stored.evidence, &stored.policy);
            assert_eq!(bytes(&again.submissions), bytes(&stored.submissions), "cycle {cycle}");
            assert_eq!(bytes(&again.scores), bytes(&stored.scores), "cycle {cycle}");
            assert!(!stored.scores.is_empty());
            all_scores.insert(bytes(&stored.scores));
        }
        assert!(all_scores.len() > 90, "the cycles differ from each other");
    });
}

fn bytes(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

/// The demo's world with the validator that `demo` starts; nothing is signed, to be fast.
async fn record_cycles(file: &Path) {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
    let folder = folder();
    let mut config = sandbox_config::write(&sandbox, folder.path(), "unused.db").expect("a configuration");
    config.store.url = format!("sqlite://{}", file.display());
    config.validator.update_interval_hours = HOURS_PER_CYCLE;
    let mut app = App::start(&config, Mode { opening: Opening::Grid, dry_run: true }).await.expect("a validator");
    let mut session = Session::default();
    for cycle in 1..=MANY_CYCLES {
        if cycle > 1 {
            sandbox.advance_to(grid_start(sandbox.block(), slot_blocks(&config)) + slot_blocks(&config));
        }
        while !matches!(session.next(&mut app).await.expect("at work"), Shown::Cycle(_)) {}
    }
    sandbox.stop().await;
}

/// Each release leaves one: `demo --cycles 2 --seed 7 --store demo.db`, then `export --format json` of the second cycle.
#[test]
fn stored_cycles_of_this_and_earlier_releases_replay_bit_for_bit() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let files: Vec<_> = std::fs::read_dir(&data).expect("the folder of stored cycles").collect();
    let empty = folder();
    let mut count = 0;
    for file in files {
        let file = file.expect("an entry").path();
        let name = file.to_str().expect("Unicode").to_owned();
        if !name.ends_with(".json") {
            continue;
        }
        count += 1;
        let output = finished(empty.path(), &["replay", "--from", &name, "--output", "json"]);
        check_exit(&output, 0);
        let replay = one_object(&output);
        assert_eq!((&replay["identical"], &replay["differences"]), (&json!(true), &json!([])), "{name}");
        assert!(replay["weights"]["signed_block"].is_number(), "{name}: the weights are compared too");
        assert!(replay["submissions"].as_u64() > Some(50), "{name}");
    }
    assert!(count > 0, "a cycle of this release is stored");
}

#[test]
fn an_export_replays_identically_and_any_change_of_it_is_found() {
    let folder = folder();
    demo_store(folder.path());
    let all = on_store(folder.path(), &["replay", "--all"]);
    check_exit(&all, 0);
    assert!(stdout(&all).contains("2 cycles, 2 identical"), "{}", stdout(&all));
    assert_eq!(stdout(&all).matches("identical: ").count(), 2);

    let export = exported(folder.path());
    assert_eq!(export["policy_sha256"].as_str().map(str::len), Some(64));
    let check = |changed: &Value, code: i32, pieces: &[&str]| {
        std::fs::write(folder.path().join("changed.json"), changed.to_string()).expect("written");
        let output = finished(folder.path(), &["replay", "--from", "changed.json"]);
        check_exit(&output, code);
        for piece in pieces {
            assert!(stdout(&output).contains(piece), "{piece:?} is missing in {}", stdout(&output));
        }
    };
    check(&export, 0, &["identical"]);

    let accepted = export["submissions"].as_array().expect("submissions").iter().position(|judged| {
        judged["status"] == "accepted" && judged["normalized_score"].as_f64().is_some_and(|share| share < 1.0)
    });
    let place = accepted.expect("an accepted one that is not the best");
    let content_id = export["submissions"][place]["content_id"].as_str().expect("an id").to_owned();
    let mut last_bit = export.clone();
    let score = export["submissions"][place]["score"].as_f64().expect("a score");
    last_bit["submissions"][place]["score"] = json!(f64::from_bits(score.to_bits() + 1));
    check(&last_bit, 1, &["differs", &content_id]);

    let mut views = export.clone();
    let contents = views["evidence"]["contents"].as_array_mut().expect("contents");
    let content = contents.iter_mut().find(|pair| pair[0]["id"] == content_id).expect("its evidence");
    for counted in ["views", "plays"] {
        if let Some(count) = content[1][counted]["count"].as_u64() {
            content[1][counted]["count"] = json!(count + 1);
        }
    }
    check(&views, 1, &["differs", &content_id, "score of 5"]);

    let mut weight = export.clone();
    let entry = &mut weight["weights_sent"][0]["entries"][0];
    let uid = entry[0].clone();
    entry[1] = json!(entry[1].as_u64().expect("a weight") ^ 1);
    check(&weight, 1, &["differs", &format!("weight of UID {uid}")]);

    let mut later = export;
    later["format"] = json!(2);
    std::fs::write(folder.path().join("later.json"), later.to_string()).expect("written");
    let stderr = check_exit(&finished(folder.path(), &["replay", "--from", "later.json"]), 1);
    assert!(stderr.contains("format 2"), "{stderr}");
}

/// A UID that changed hands between the cycle's block and that of signing is no difference; any other one is.
#[test]
fn weights_that_were_signed_at_a_later_block_may_leave_out_who_was_replaced() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cycle-0.1.0.json");
    let recorded = tensorflix::export::read_json(std::fs::File::open(data).expect("a file")).expect("a cycle");
    let left_out = |recorded: &RecordedCycle| match replay(recorded) {
        replayed if !replayed.is_identical() => None,
        replayed => match replayed.weights {
            WeightsReplay::Compared { left_out, .. } => Some(left_out),
            WeightsReplay::NoneSent => panic!("weights were sent"),
        },
    };
    assert_eq!(left_out(&recorded), Some(Vec::new()));
    let lowest = recorded.sent[0].entries.iter().copied().filter(|(_, weight)| *weight > 0);
    let (gone, _) = lowest.min_by_key(|(_, weight)| *weight).expect("an entry");

    let mut shorter = recorded.clone();
    shorter.sent[0].entries.retain(|(uid, _)| *uid != gone);
    assert_eq!(left_out(&shorter), None, "at the cycle's own block nobody can be missing");
    shorter.sent[0].signed_at.block += 5;
    assert_eq!(left_out(&shorter), Some(vec![gone]));
    shorter.sent[0].entries[0].1 ^= 1;
    assert_eq!(left_out(&shorter), None);
}

#[test]
fn another_policy_shows_what_it_would_have_paid() {
    let folder = folder();
    demo_store(folder.path());
    let replay = |variables: &[(&str, &str)]| {
        let output = with_variables(folder.path(), &["replay", "--output", "json"], variables);
        check_exit(&output, 0);
        one_object(&output)
    };
    assert_eq!(replay(&[])["other_policy"], Value::Null, "nobody asked");
    assert_eq!(replay(&[("TENSORFLIX__WEIGHTS__TOP_N", "0")])["other_policy"], Value::Null, "it is the same policy");

    let first = replay(&[("TENSORFLIX__WEIGHTS__TOP_N", "1")]);
    assert_eq!(first["identical"], true, "under its own policy it is what it was");
    let miners = first["other_policy"]["miners"].as_array().expect("miners");
    let best = miners.iter().max_by(|a, b| a["old_share"].as_f64().partial_cmp(&b["old_share"].as_f64()).unwrap());
    for miner in miners {
        let expected = if Some(miner) == best { 1.0 } else { 0.0 };
        assert_eq!(miner["new_share"].as_f64(), Some(expected), "{miner}");
    }
    let old: f64 = miners.iter().filter_map(|miner| miner["old_share"].as_f64()).sum();
    assert!((old - 1.0).abs() < 1e-12, "{old}");

    let burnt = replay(&[("TENSORFLIX__WEIGHTS__BURN_SHARE", "0.25")]);
    let miners = burnt["other_policy"]["miners"].as_array().expect("miners");
    let (owner, rest): (Vec<_>, Vec<_>) = miners.iter().partition(|miner| miner["old_share"] == 0.0);
    assert_eq!(owner.len(), 1);
    assert!((owner[0]["new_share"].as_f64().expect("a share") - 0.25).abs() < 1e-12);
    for miner in rest {
        let (old, new) = (miner["old_share"].as_f64().expect("a share"), miner["new_share"].as_f64().expect("a share"));
        assert!((old * 0.75 - new).abs() < 1e-12, "{miner}");
    }

    let template = replay(&[("TENSORFLIX__RULES__OWNERSHIP_TEMPLATE", "owner: {hotkey}")]);
    assert!(template["other_policy"]["caveats"].to_string().contains("ownership_template"), "{template}");

    std::fs::write(folder.path().join("other.toml"), "[rules]\nmax_per_miner_and_task = 1\n").expect("written");
    let output = on_store(folder.path(), &["replay", "--all", "--config", "other.toml"]);
    check_exit(&output, 0);
    let shown = stdout(&output);
    for piece in ["mean of 2 cycles", "accepted -> too_many_submissions", "hotkey", "2 cycles, 2 identical"] {
        assert!(shown.contains(piece), "{piece:?} is missing in:\n{shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= TERMINAL_WIDTH), "{shown}");
}

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
    let _sandbox = HeldSandbox::start(folder.path(), &["--hold"]);
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
    let score = format!("= {:.6} views an hour", submission["score"].as_f64().expect("a score"));
    let normalized = format!("= {:.6}", submission["normalized_score"].as_f64().expect("a score"));
    let block = format!("in block {}", sent["outcome"]["block"]);
    for piece in [
        "Result accepted Meaning It counts.",
        "Task ",
        "first seen in gist ",
        "in the polling round of block ",
        "Claims this miner's alone",
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
    assert!(text.contains("Result rejected: duplicate_submission") && text.contains(", holds it: "), "{text}");
    assert!(!text.contains(&format!("UID {}, holds it", submission["uid"])), "{text}");
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

    for (question, pieces) in [
        (vec!["nosuchvideo"], vec!["has no submission of nosuchvideo", "--cycle N"]),
        (vec!["https://youtu.be/nosuchvideo"], vec!["bare id"]),
        (vec!["--uid", "999"], vec!["UID 999 is not registered"]),
        (vec!["nosuchvideo", "--cycle", "7"], vec!["cycle 7", "1 to 1"]),
    ] {
        let output = finished(folder.path(), &[vec!["explain", "--config", "w.toml"], question].concat());
        let stderr = check_exit(&output, 1);
        let said = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(pieces.iter().all(|piece| said.contains(piece)), "{pieces:?}: {said}");
    }
    check_exit(&finished(folder.path(), &["explain", "--config", "w.toml"]), 2);
}

#[test]
fn explain_says_of_a_pending_submission_that_it_is_nobodys_fault() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &["--hold"]);
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
    for piece in
        ["Result pending: platform_unavailable", "nobody's fault", "nothing was ever heard of it", "Nothing qualified"]
    {
        assert!(text.contains(piece), "{piece:?} is missing in:\n{text}");
    }
}

fn hotkey(key: u8) -> Hotkey {
    Hotkey::new([key; 32])
}

const STAMP: BlockStamp = BlockStamp { block: 7_200, time: Moment::from_unix_ms(1_790_000_000_000) };

fn neuron(uid: u8) -> Neuron {
    Neuron {
        uid: uid.into(),
        hotkey: hotkey(uid),
        coldkey: None,
        stake_rao: 0,
        validator_permit: false,
        active: false,
        last_update: 0,
        registered_at: 0,
        consensus: 0,
        validator_trust: 0,
        dividends: 0,
        commitment: None,
    }
}

/// A store with one cycle in which one miner has a submission for every reason, its content named `id-` and the reason's
/// number. Task and ids are as hostile as a gist allows.
async fn store_every_reason(file: &Path, task_id: &str) {
    let store = Store::open(&format!("sqlite://{}", file.display())).await.expect("a store");
    let hyperparameters = Hyperparameters {
        tempo: 360,
        weights_rate_limit: 100,
        min_allowed_weights: 1,
        weights_version_key: 0,
        stake_threshold_rao: 0,
        activity_cutoff: 5_000,
        commit_reveal: false,
    };
    let neurons = vec![neuron(0), neuron(1)];
    let subnet = Subnet { at: STAMP, netuid: 89, neurons, hyperparameters, owner_hotkey: None };
    let cycle = store.open_cycle(STAMP, &subnet).await.expect("opened").cycle;
    let judged = |(number, reason): (usize, &Reason)| Judged {
        uid: 1,
        hotkey: hotkey(1),
        task_id: task_id.to_owned(),
        content_id: format!("-d{number:09}"),
        platform: Some(Platform::YouTube),
        status: reason.status(),
        reason: Some(*reason),
        view_count: None,
        published_at: None,
        score: None,
        normalized_score: None,
        settled_by: Some(SettledBy::Uid),
    };
    let submissions: Vec<Judged> = Reason::ALL.iter().enumerate().map(judged).collect();
    let pair = |judged: &Judged| Pair { task_id: judged.task_id.clone(), content_id: judged.content_id.clone() };
    let claim = |judged: &Judged, uid: u8| BoundClaim {
        uid: uid.into(),
        claim: Claim {
            task_id: judged.task_id.clone(),
            content_id: judged.content_id.clone(),
            hotkey: hotkey(uid),
            pinned_at: None,
            round: 7_175,
            gist_updated_at: None,
            committed_at: 5,
        },
    };
    let task = Task {
        id: task_id.parse().expect("a task id"),
        description: "d".to_owned(),
        platform: Platform::YouTube,
        start_at: Moment::from_unix_ms(0),
        end_at: None,
    };
    let evidence = Evidence {
        at: STAMP,
        tasks: vec![WeightedTask { task, weight: 1.0 }],
        miners: vec![Miner {
            uid: 1,
            hotkey: hotkey(1),
            pairs: submissions.iter().map(pair).collect(),
            owner_confirmed: false,
        }],
        claims: submissions.iter().flat_map(|judged| [claim(judged, 0), claim(judged, 1)]).collect(),
        contents: BTreeMap::new(),
        previous: None,
        owner_hotkey: None,
        unwatched: Vec::new(),
    };
    let decided = DecidedCycle {
        cycle,
        release: "0.1.0".to_owned(),
        evidence,
        policy: Policy::default(),
        submissions,
        scores: BTreeMap::new(),
        errors: Vec::new(),
    };
    store.save_decision(&decided).await.expect("saved");
    store.close().await;
}

#[test]
fn why_did_my_video_get_nothing_is_answered_by_one_command_for_every_reason() {
    let folder = folder();
    let task_id = "=HYPERLINK(\"http://x\"), \u{202e}task";
    actix_rt::System::new().block_on(store_every_reason(&folder.path().join("demo.db"), task_id));
    for (number, reason) in Reason::ALL.iter().enumerate() {
        let output = on_store(folder.path(), &["explain", "--", &format!("-d{number:09}")]);
        check_exit(&output, 0);
        assert!(!stdout(&output).contains('\u{202e}'), "what a gist says does not steer the terminal");
        let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words_of(*reason);
        for piece in [
            format!("Result {}: {reason} ", reason.status()),
            format!("Meaning {} What to do {} ", words.meaning, words.advice),
            "Claims 2 of them. Only a tie, settled by the lower UID".to_owned(),
            "UID 0, holds it: seen in round 7175".to_owned(),
        ] {
            assert!(text.contains(&piece), "{reason}: {piece:?} is missing in:\n{text}");
        }
    }

    // The same cycle as CSV: every line parses back, and no cell is a formula.
    let out = folder.path().join("cycle.csv");
    check_exit(&on_store(folder.path(), &["export", "--format", "csv", "--out", "cycle.csv"]), 0);
    let mut reader = csv::Reader::from_path(&out).expect("a file");
    assert_eq!(reader.headers().expect("a heading"), tensorflix::export::COLUMNS.as_slice());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a line")).collect();
    assert_eq!(rows.len(), Reason::ALL.len());
    for (number, (row, reason)) in rows.iter().zip(Reason::ALL).enumerate() {
        assert_eq!(row["reason"], reason.code());
        assert_eq!(row["task_id"], format!("'{task_id}"));
        assert_eq!(row["content_id"], format!("'-d{number:09}"));
        assert!(row.values().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
    let leftover: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok).collect();
    assert!(leftover.iter().all(|entry| !entry.file_name().to_string_lossy().contains("unfinished")));
}

#[test]
fn the_csv_of_a_cycle_has_the_numbers_of_its_json() {
    let folder = folder();
    demo_store(folder.path());
    let export = exported(folder.path());
    let output = on_store(folder.path(), &["export", "--format", "csv"]);
    check_exit(&output, 0);
    let text = stdout(&output);
    assert_eq!(text.matches("\r\n").count(), text.lines().count(), "RFC 4180");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a line")).collect();
    let judged = export["submissions"].as_array().expect("submissions");
    assert_eq!(rows.len(), judged.len());
    let weights: BTreeMap<String, String> = export["weights_sent"][0]["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| (entry[0].to_string(), entry[1].to_string()))
        .collect();
    for (row, judged) in rows.iter().zip(judged) {
        assert_eq!(row["uid"], judged["uid"].to_string());
        let content_id = judged["content_id"].as_str().expect("an id");
        let cell = row["content_id"].as_str();
        let like_a_formula =
            |text: &str| text.starts_with(|first: char| matches!(first, '=' | '+' | '-' | '@') || first.is_control());
        let expected = if like_a_formula(content_id) { format!("'{content_id}") } else { content_id.to_owned() };
        assert_eq!(cell, expected);
        for key in ["score", "normalized_score"] {
            let number = row[key].parse::<f64>().ok().map(f64::to_bits);
            assert_eq!(number, judged[key].as_f64().map(f64::to_bits), "{key} of {row:?}");
        }
        assert_eq!(row["weight"], weights.get(&row["uid"]).cloned().unwrap_or("0".to_owned()), "{row:?}");
        if let (Ok(hours), Ok(score)) = (row["hours"].parse::<f64>(), row["score"].parse::<f64>()) {
            let views = judged["view_count"].as_f64().expect("views");
            assert_eq!((views / hours).to_bits(), score.to_bits(), "score = views / hours: {row:?}");
        }
    }
}

#[test]
fn a_store_that_is_not_there_or_has_no_cycle_is_said_and_not_made() {
    let folder = folder();
    for command in [vec!["explain", "x"], vec!["export", "--format", "csv"], vec!["replay"], vec!["replay", "--all"]] {
        let stderr = check_exit(&on_store(folder.path(), &command), 1);
        assert!(stderr.contains("store.url"), "{command:?}: {stderr}");
    }
    assert!(!folder.path().join("demo.db").exists());
    actix_rt::System::new().block_on(async {
        let url = format!("sqlite://{}", folder.path().join("demo.db").display());
        Store::open(&url).await.expect("a store").close().await;
    });
    for command in [vec!["explain", "x"], vec!["export", "--format", "csv"], vec!["replay"], vec!["replay", "--all"]] {
        let stderr = check_exit(&on_store(folder.path(), &command), 1);
        assert!(stderr.contains("no decided cycle yet"), "{command:?}: {stderr}");
    }
}
