//! Results that cannot be written: a full disk is a failure of every command that prints, a closed pipe of none.

use crate::support::{HeldSandbox, check_exit, finished, folder, tensorflix};
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Output, Stdio};

/// A device that is always full.
const FULL: &str = "/dev/full";

const TASKS: &str = r#"{"cats": {"description": "cats", "platform": "youtube", "start_at": "2026-01-01T00:00:00Z"}}"#;

/// Somebody who checks a gist.
const HOTKEY: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

/// Every command that prints a result and ends by itself, with the exit that it has when the result can be read.
const COMMANDS: &[(&[&str], i32)] = &[
    (&["run", "--config", "w.toml", "--once", "--dry-run", "--output", "json"], 0),
    (&["run", "--config", "w.toml", "--once", "--dry-run"], 0),
    (&["demo", "--cycles", "1", "--speed", "0"], 0),
    (&["demo", "--cycles", "1", "--output", "json"], 0),
    (&["check-tasks", "tasks.jsonl"], 0),
    (&["check-tasks", "wrong.jsonl", "--output", "json"], 1),
    (&["check-submissions", "gist.json", "--hotkey", HOTKEY, "--config", "w.toml"], 1),
    (&["explain", "--uid", "5", "--config", "w.toml"], 0),
    (&["audit", "--config", "w.toml", "--output", "json"], 0),
    (&["export", "--format", "csv", "--config", "w.toml"], 0),
    (&["export", "--format", "json", "--config", "w.toml"], 0),
    (&["replay", "--all", "--config", "w.toml"], 0),
    (&["tasks", "--config", "w.toml"], 0),
    (&["verifier-cost", "--config", "w.toml", "--output", "json"], 0),
    (&["--help"], 0),
    (&["run", "--help"], 0),
    (&["--version"], 0),
];

fn with_stdout(folder: &Path, arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
    let mut command = tensorflix(folder, arguments);
    command.stdout(stdout).stderr(Stdio::piped()).spawn().expect("the process").wait_with_output().expect("an end")
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open(FULL).expect("the device").into()
}

/// A pipe that nobody will ever read.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn a_result_that_is_lost_is_a_failure_and_a_reader_that_went_away_is_none() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("tasks.jsonl", TASKS);
    write("wrong.jsonl", "no task\n");
    write("gist.json", r#"{"submissions": []}"#);
    check_exit(&finished(folder.path(), &["run", "--config", "w.toml", "--once"]), 0);
    for (arguments, exit) in COMMANDS {
        let stderr = String::from_utf8_lossy(&with_stdout(folder.path(), arguments, closed()).stderr).into_owned();
        assert!(!stderr.contains("stdout"), "{arguments:?} on a closed pipe: {stderr}");
        let read = with_stdout(folder.path(), arguments, Stdio::piped());
        assert_eq!(read.status.code(), Some(*exit), "{arguments:?}: {}", String::from_utf8_lossy(&read.stderr));
        let lost = with_stdout(folder.path(), arguments, full());
        let stderr = String::from_utf8_lossy(&lost.stderr).into_owned();
        assert_eq!(lost.status.code(), Some(1), "{arguments:?} on a full disk: {stderr}");
        assert!(stderr.contains("cannot write the result to stdout"), "{arguments:?}: {stderr}");
    }
    // A command that prints first and ends only on a signal.
    let lost = with_stdout(folder.path(), &["sandbox", "--hold"], full());
    assert_eq!(lost.status.code(), Some(1), "{}", String::from_utf8_lossy(&lost.stderr));
    for more in [&["doctor", "--config", "w.toml"][..], &["backup", "copy.db", "--config", "w.toml"]] {
        let stderr = check_exit(&with_stdout(folder.path(), more, full()), 1);
        assert!(stderr.contains("cannot write the result to stdout"), "{more:?}: {stderr}");
    }
}
