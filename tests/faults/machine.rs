//! The assembled process where an operator's machine is not as it should be: logs that cannot be written, names that are
//! wrong, and a backup while it runs.

use crate::support::{HeldSandbox, check_exit, finished, folder, json, stdout, tensorflix};
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ONCE: [&str; 6] = ["run", "--config", "w.toml", "--once", "--output", "json"];

/// A device that is always full.
const FULL: &str = "/dev/full";

/// Runs one cycle with its log on a full disk.
fn once_with_a_full_log(folder: &Path, stderr: Stdio) -> Output {
    let mut command = tensorflix(folder, &ONCE);
    command.env("TENSORFLIX__LOG__FILE", FULL).stderr(stderr).output().expect("the process ran")
}

#[track_caller]
fn check_weights_were_sent(output: &Output) {
    assert_eq!(output.status.code(), Some(0));
    let cycle = json(output);
    assert_eq!(cycle["submitted"], Value::Bool(true));
    assert!(!cycle["weights"].as_array().expect("weights").is_empty());
}

#[test]
fn pitfall_13_no_weight_depends_on_a_log_that_can_be_written() {
    // A log file on a full disk is reported on stderr, and changes nothing else.
    let told = folder();
    let _sandbox = HeldSandbox::start(told.path(), &[]);
    let output = once_with_a_full_log(told.path(), Stdio::piped());
    check_weights_were_sent(&output);
    let stderr = check_exit(&output, 0);
    assert!(stderr.contains(FULL) && stderr.contains("cannot be written"), "{stderr}");

    // Neither a file nor stderr takes a line.
    let full = folder();
    let _sandbox = HeldSandbox::start(full.path(), &[]);
    let stderr = OpenOptions::new().write(true).open(FULL).expect("the device");
    check_weights_were_sent(&once_with_a_full_log(full.path(), stderr.into()));

    // There is no stderr at all.
    let closed = folder();
    let _sandbox = HeldSandbox::start(closed.path(), &[]);
    let script = format!("exec {} {} 2>&-", env!("CARGO_BIN_EXE_tensorflix"), ONCE.join(" "));
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]).current_dir(closed.path()).env_clear().env("HOME", closed.path());
    let output = command.env("TENSORFLIX__LOG__FILE", FULL).stdin(Stdio::null()).output().expect("the process ran");
    check_weights_were_sent(&output);
}

#[test]
fn pitfall_16_a_wrong_database_key_or_path_is_named_at_the_start_with_what_to_do() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    std::fs::write(folder.path().join("notes.txt"), "these are notes, and no database at all\n".repeat(100))
        .expect("written");
    for (setting, value, code, pieces) in [
        ("STORE__URL", "postgres://validator:hunter2@db/tensorflix", 2, ["sqlite://", "store.url"]),
        ("STORE__URL", "tensorflix.db", 2, ["sqlite://", "store.url"]),
        ("STORE__URL", "sqlite://nowhere/tensorflix.db", 2, ["nowhere/tensorflix.db", "Create the folder"]),
        ("STORE__URL", "sqlite:///", 2, ["folder", "store.url"]),
        ("STORE__URL", "sqlite://notes.txt", 1, ["notes.txt", "not a database"]),
        // Its value is not repeated: it may be the key itself.
        ("YOUTUBE__API_KEY_FILE", "hunter2.key", 2, ["youtube.api_key_file", "cannot read the file"]),
        ("WALLET__PATH", "no/wallets", 2, ["no/wallets", "wallet"]),
        ("WALLET__NAME", "nobody", 2, ["nobody", "wallet"]),
        ("WALLET__HOTKEY", "nokey", 2, ["nokey", "wallet"]),
        ("NETWORK__NETWORK", "venus", 2, ["NETWORK__NETWORK", "mainnet"]),
    ] {
        let mut command = tensorflix(folder.path(), &["run", "--config", "w.toml"]);
        let output = command.env(format!("TENSORFLIX__{setting}"), value).output().expect("the process ran");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{setting} = {value}: {stderr}");
        assert!(output.stdout.is_empty(), "{setting} = {value}");
        for piece in pieces {
            assert!(stderr.contains(piece), "{setting} = {value}: {piece:?} is missing in {stderr}");
        }
        assert!(!stderr.contains("hunter2") && !stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn with_a_taken_port_a_full_log_and_a_closed_stdout_weights_are_sent_all_the_same() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = tensorflix(folder.path(), &["run", "--config", "w.toml"]);
    command.env("TENSORFLIX__HTTP__PLATFORM_TRACKER", &address).env("TENSORFLIX__LOG__FILE", FULL);
    let mut validator = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a validator");
    // Nobody will ever read what it shows.
    drop(validator.stdout.take());
    let lines = BufReader::new(validator.stderr.take().expect("its stderr")).lines();
    let (mut is_told, mut serves) = (false, false);
    let is_sent = lines.map_while(Result::ok).any(|line| {
        is_told |= line.contains(&address) && line.contains("in use") && line.contains("service=\"platform_tracker\"");
        assert!(!line.contains("nothing is served"), "the chain syncer is: {line}");
        serves |= line.contains(": listening ") && line.contains("chain_syncer");
        line.contains("weights are on chain")
    });
    validator.kill().expect("killed");
    validator.wait().expect("an end");
    assert!(is_told && is_sent && serves, "told {is_told}, sent {is_sent}, the other service {serves}");
}

#[test]
fn a_backup_is_made_while_the_validator_runs_and_replays_bit_for_bit() {
    let folder = folder();
    let absent = finished(folder.path(), &["backup", "copy.db"]);
    assert!(check_exit(&absent, 1).contains("store.url"), "there is nothing to back up");
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let mut validator =
        tensorflix(folder.path(), &["run", "--config", "w.toml"]).stderr(Stdio::piped()).spawn().expect("a validator");
    let mut lines = BufReader::new(validator.stderr.take().expect("its stderr")).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("weights are on chain")));

    let back_up = ["backup", "copy.db", "--config", "w.toml"];
    let output = finished(folder.path(), &back_up);
    check_exit(&output, 0);
    let line = stdout(&output);
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.contains("copy.db") && line.contains("1 decided cycles") && line.contains("integrity ok"), "{line}");
    let before = std::fs::read(folder.path().join("copy.db")).expect("the copy");
    assert!(check_exit(&finished(folder.path(), &back_up), 1).contains("not replaced"));
    assert_eq!(std::fs::read(folder.path().join("copy.db")).expect("the copy"), before);

    let mut replay = tensorflix(folder.path(), &["replay", "--all"]);
    let output = replay.env("TENSORFLIX__STORE__URL", "sqlite://copy.db").output().expect("the process ran");
    check_exit(&output, 0);
    assert!(stdout(&output).contains("identical"), "{}", stdout(&output));
    assert!(validator.try_wait().expect("its state").is_none(), "the validator went on");
    validator.kill().expect("killed");
    validator.wait().expect("an end");
}
