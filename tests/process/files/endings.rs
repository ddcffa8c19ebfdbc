//! Whatever the system ends a process with leaves a line that says so, where a process can say anything.

use super::process::{Running, ended, once, run, store, url};
use crate::support::{HeldSandbox, check_exit, folder, tensorflix};
use std::process::{Command, Stdio};

#[test]
fn every_signal_that_ends_a_validator_is_named_in_its_last_lines() {
    for (signal, code) in
        [("TERM", 0), ("INT", 0), ("QUIT", 0), ("USR1", 1), ("USR2", 1), ("ALRM", 1), ("XCPU", 1), ("VTALRM", 1)]
    {
        let folder = folder();
        let mut command = run(folder.path(), &store(folder.path()), &["--dry-run", "--network", "ws://127.0.0.1:1"]);
        std::fs::write(folder.path().join("w.toml"), "").expect("written");
        command.env("TENSORFLIX__LOG__FILE", "own.log");
        let validator = Running::start(command, "listening");
        validator.signal(signal);
        let (ended, log) = validator.end();
        assert_eq!(ended, Some(code), "{signal}: {log}");
        assert!(log.contains(&format!("SIG{signal}")), "{signal}: {log}");
        let file = std::fs::read_to_string(folder.path().join("own.log")).expect("the log file");
        assert!(file.contains(&format!("SIG{signal}")), "{signal}: {file}");
    }
}

#[test]
fn a_signal_ends_every_other_command_with_a_line_too() {
    let folder = folder();
    // Under `nohup` every process of these tests ignores hang-ups.
    let status = std::fs::read_to_string("/proc/self/status").expect("our status");
    let ignored = status.lines().find(|line| line.starts_with("SigIgn:")).expect("what is ignored");
    let hangup = if ignored.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']) { "TERM" } else { "HUP" };
    for signal in ["TERM", "INT", hangup, "QUIT", "USR1"] {
        let mut command = tensorflix(folder.path(), &["sandbox", "--hold"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("a sandbox");
        let mut stdout = std::io::BufReader::new(process.stdout.take().expect("its stdout"));
        let mut line = String::new();
        while !line.contains("Ctrl-C") {
            line.clear();
            assert_ne!(std::io::BufRead::read_line(&mut stdout, &mut line).expect("text"), 0, "it ended");
        }
        let status = Command::new("kill").args(["-s", signal, &process.id().to_string()]).status();
        assert!(status.expect("kill").success());
        let output = ended(process);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some(), "{signal}: it was killed: {stderr}");
        assert!(stderr.contains(&format!("SIG{signal}")), "{signal}: {stderr}");
    }
}

#[test]
fn a_signal_that_whoever_started_it_has_it_ignore_stays_ignored() {
    let folder = folder();
    let binary = env!("CARGO_BIN_EXE_tensorflix");
    let mut command = Command::new("sh");
    // As `nohup` does.
    command
        .args(["-c", &format!("trap '' HUP; exec {binary} sandbox --hold --write-config x.toml")])
        .current_dir(folder.path());
    command.env_clear().env("HOME", folder.path()).stdin(Stdio::null());
    let mut sandbox = Running::begin(command);
    while !folder.path().join("x.toml").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    sandbox.signal("HUP");
    sandbox.signal("TERM");
    let line = sandbox.line("stopping");
    assert!(line.contains("SIGTERM"), "{line}");
    drop(sandbox);
}

#[test]
fn a_limit_on_the_size_of_files_is_handled_like_a_full_disk() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    check_exit(&once(folder.path(), &store), 0);
    for arguments in ["export --format json --out out.json", "export --format json", "backup copy.db"] {
        let binary = env!("CARGO_BIN_EXE_tensorflix");
        let mut command = Command::new("sh");
        // In blocks of 512 bytes: less than any of them writes.
        let script = format!("ulimit -f 8; exec {binary} {arguments} --config w.toml > stdout");
        command.args(["-c", &script]).current_dir(folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("TENSORFLIX__STORE__URL", url(&store)).stdin(Stdio::null());
        let output = command.output().expect("sh");
        let stderr = check_exit(&output, 1);
        assert!(stderr.contains("error: ") && stderr.lines().count() == 1, "{arguments}: {stderr}");
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("out.json") || name.contains("copy.db") || name.starts_with(".tmp"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{arguments} left something behind");
    }
    // A new store, of which not even the schema fits. The log goes elsewhere, since it has no room either.
    let binary = env!("CARGO_BIN_EXE_tensorflix");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -f 8; exec {binary} run --once --config w.toml")]).current_dir(folder.path());
    command.env_clear().env("HOME", folder.path()).env("TENSORFLIX__LOG__FILE", "").stdin(Stdio::null());
    command.env("TENSORFLIX__STORE__URL", url(&folder.path().join("new.db")));
    let stderr = check_exit(&command.output().expect("sh"), 1);
    assert!(stderr.contains("new.db") && stderr.contains("ulimit -f"), "{stderr}");
}
