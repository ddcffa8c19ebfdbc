//! What a cycle leaves behind: it is explained, exported, and decided again to the same bits.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot run its process must fail"
)]
#![cfg(feature = "sandbox")]

mod auditing;
mod explaining;
mod exporting;
mod profiles;
mod reasons;
mod replaying;
#[path = "../support/mod.rs"]
mod support;
mod versions;

use serde_json::Value;
use std::path::Path;
use std::process::Output;
use support::{check_exit, finished, json as one_object, tensorflix};

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
