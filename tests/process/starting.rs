//! How `run` and `sandbox` start and end: what they need, what they refuse, and what ends them.

use crate::support::{HeldSandbox, check_exit, finished, folder, stdout, tensorflix};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn terminate(process: &Child) {
    let status = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

#[test]
fn a_dry_run_needs_no_wallet_and_sends_nothing() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let arguments = ["run", "--config", "w.toml", "--once", "--dry-run", "--wallet-name", "none", "--output", "json"];
    let output = finished(folder.path(), &arguments);
    check_exit(&output, 0);
    let cycle: Value = serde_json::from_str(stdout(&output).trim()).expect("JSON");
    assert_eq!((&cycle["submitted"], &cycle["extrinsic"]), (&Value::from(false), &Value::Null));
    assert!(!cycle["weights"].as_array().expect("weights").is_empty(), "it says what it would send");
}

#[test]
fn a_signal_ends_the_validator_with_success() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let mut validator =
        tensorflix(folder.path(), &["run", "--config", "w.toml"]).stderr(Stdio::piped()).spawn().expect("a validator");
    let mut lines = BufReader::new(validator.stderr.take().expect("its stderr")).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("weights are on chain")));
    terminate(&validator);
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(validator.wait().expect("an end").code(), Some(0), "{rest:?}");
}

#[test]
fn wrong_usage_and_configuration_are_refused_with_what_to_do() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("typo.toml", "[youtube]\nbatch_sise = 50\n");
    write("bounds.toml", "[youtube]\nbatch_size = 51\n\n[weights]\nburn_share = 2.0\n");
    for (arguments, pieces) in [
        (vec!["run", "--sometimes"], vec!["--sometimes", "--help"]),
        (vec!["fly"], vec!["fly"]),
        (vec!["run", "--config", "absent.toml"], vec!["absent.toml"]),
        (vec!["run", "--config", "typo.toml"], vec!["typo.toml", "batch_sise", "batch_size"]),
        (vec!["run", "--config", "bounds.toml"], vec!["batch_size", "50", "burn_share"]),
        (vec!["run", "--network", "venus"], vec!["--network", "mainnet"]),
        (vec!["run", "--network", "ws://127.0.0.1:1"], vec!["wallet"]),
    ] {
        let stderr = check_exit(&finished(folder.path(), &arguments), 2);
        for piece in pieces {
            assert!(stderr.contains(piece), "{arguments:?}: {piece:?} is missing in {stderr}");
        }
    }
    let help = finished(folder.path(), &["run", "--help"]);
    check_exit(&help, 0);
    assert!(stdout(&help).contains("Examples:"));
}

#[test]
fn a_store_of_another_subnet_is_refused() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    check_exit(&finished(folder.path(), &["run", "--config", "w.toml", "--once"]), 0);
    let stderr = check_exit(&finished(folder.path(), &["run", "--config", "w.toml", "--once", "--netuid", "12"]), 1);
    assert!(stderr.contains("store"), "it says what to change: {stderr}");
    // Nor does it go on trying without an end where it would run for months.
    let stderr = check_exit(&finished(folder.path(), &["run", "--config", "w.toml", "--netuid", "12"]), 1);
    assert!(stderr.contains("store.url"), "it says what to change: {stderr}");
}

#[test]
fn a_sandbox_replaces_a_configuration_only_when_it_is_told_to() {
    let folder = folder();
    std::fs::write(folder.path().join("w.toml"), "# mine\n").expect("written");
    let output = finished(folder.path(), &["sandbox", "--write-config", "w.toml"]);
    let stderr = check_exit(&output, 2);
    assert!(stderr.contains("w.toml exists already") && stderr.contains("--force"), "{stderr}");
    assert_eq!(std::fs::read_to_string(folder.path().join("w.toml")).expect("a file"), "# mine\n");
    let _sandbox = HeldSandbox::start(folder.path(), &["--force"]);
    assert!(std::fs::read_to_string(folder.path().join("w.toml")).expect("a file").contains("[network]"));
}
