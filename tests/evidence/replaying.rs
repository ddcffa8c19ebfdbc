//! Recorded cycles are decided again: to the same bits, or under another policy.

use super::support::{check_exit, finished, folder, json as one_object, stdout};
use super::{demo_store, exported, on_store, with_variables};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use tensorflix::commands::replay::comparison::{WeightsReplay, replay};
use tensorflix::commands::stored::recorded::RecordedCycle;
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix::wiring::slot_blocks;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::decision::{Decision, decide};
use tensorflix_domain::rules::CURRENT;
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tensorflix_store::Store;

/// The columns of a terminal.
const TERMINAL_WIDTH: usize = 80;

/// Cycles that are replayed in one go.
const MANY_CYCLES: u32 = 100;

/// From cycle to cycle, of chain time.
const HOURS_PER_CYCLE: f64 = 0.25;

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
        while !matches!(session.next(app.feed()).await.expect("at work"), Shown::Cycle(_)) {}
    }
    sandbox.stop().await;
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
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/evidence/data/cycle-0.1.0.json");
    let mut recorded =
        tensorflix::commands::export::json::read_json(std::fs::File::open(data).expect("a file")).expect("a cycle");
    // A development build decided it; its evidence serves as well as any.
    recorded.decided.policy.rules = CURRENT;
    let Decision { submissions, smoothed, scores } = decide(&recorded.decided.evidence, &recorded.decided.policy);
    (recorded.decided.submissions, recorded.decided.smoothed, recorded.decided.scores) =
        (submissions, smoothed, scores);
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
    // The demo enforces the checks, which are off as a default.
    let checks = [
        ("TENSORFLIX__VERIFIER__AI", "enforce"),
        ("TENSORFLIX__VERIFIER__ILLICIT", "enforce"),
        ("TENSORFLIX__VERIFIER__TOPIC", "enforce"),
    ];
    let replay = |variables: &[(&str, &str)]| {
        let variables: Vec<_> = if variables.is_empty() { Vec::new() } else { [variables, &checks[..]].concat() };
        let output = with_variables(folder.path(), &["replay", "--output", "json"], &variables);
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
