//! The process from outside: its binary, what it prints, and a sandbox for it to work against.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The binary in a folder of its own, without any setting from the environment but one: services listen on free ports,
/// so that tests can run beside each other.
pub fn tensorflix(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tensorflix"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    for service in ["CHAIN_SYNCER", "PLATFORM_TRACKER", "DASHBOARD"] {
        command.env(format!("TENSORFLIX__HTTP__{service}"), "127.0.0.1:0");
    }
    command
}

pub fn finished(folder: &Path, arguments: &[&str]) -> Output {
    tensorflix(folder, arguments).output().expect("the process ran")
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Checks how a process ended, and gives what it wrote on stderr.
#[track_caller]
pub fn check_exit(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    stderr
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The one JSON object that a process wrote on stdout.
#[track_caller]
pub fn json(output: &Output) -> Value {
    serde_json::from_str(stdout(output).trim()).expect("exactly one JSON object")
}

/// A sandbox that holds its chain still, and the configuration to run against it. It ends with the value.
///
/// Blocks come only with extrinsics, so its time (and every view in it) moves with what a test does and never with how long that
/// takes.
pub struct HeldSandbox {
    process: Child,
}

impl HeldSandbox {
    pub fn start(folder: &Path, more: &[&str]) -> Self {
        let arguments = [&["sandbox", "--seed", "7", "--write-config", "w.toml", "--hold"], more].concat();
        let mut process =
            tensorflix(folder, &arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a sandbox");
        let lines = BufReader::new(process.stdout.take().expect("its stdout")).lines();
        let is_ready = lines.map_while(Result::ok).any(|line| line.starts_with("configuration"));
        assert!(is_ready, "the sandbox ended before it was ready");
        Self { process }
    }
}

impl Drop for HeldSandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
