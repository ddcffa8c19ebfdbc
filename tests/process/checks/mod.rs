//! `check-tasks` and `check-submissions` from outside: their binary, a sandbox in another process, and files.

mod submissions;
mod tasks;

use crate::support::{finished, stdout};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tensorflix_sandbox::world::{Conduct, Member, World};

/// The seed of [`HeldSandbox`].
const SEED: u64 = 7;
/// What the sandbox starts with unless told otherwise.
const MINERS: u32 = 12;
const TASKS: u32 = 3;
/// A well-known development key that is registered nowhere.
const STRANGER: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

fn world(miners: u32) -> World {
    World::generate(SEED, miners, TASKS)
}

fn first(world: &World, conduct: Conduct) -> Member {
    world.miners_who(conduct).next().expect("such a miner").clone()
}

fn committed(member: &Member) -> String {
    member.commitment.as_ref().expect("a commitment").text.clone()
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), content).expect("written");
}

fn submissions(folder: &Path, source: &str, hotkey: &str, more: &[&str]) -> Output {
    let arguments = [&["check-submissions", source, "--hotkey", hotkey, "--output", "json"], more].concat();
    finished(folder, &arguments)
}

/// The statuses of the pairs that are not for another validator's task.
fn statuses(report: &Value) -> Vec<&str> {
    let pairs = report["submissions"].as_array().expect("submissions").iter();
    let pairs = pairs.filter(|pair| pair["published_by"].as_array().is_some_and(Vec::is_empty));
    pairs.map(|pair| pair["status"].as_str().expect("a status")).collect()
}

/// What came of a check; the worst, where it has several.
fn result(report: &Value, check: &str) -> String {
    let checks = report["checks"].as_array().expect("checks").iter().filter(|found| found["check"] == check);
    let results: Vec<&str> = checks.map(|found| found["result"].as_str().expect("a result")).collect();
    ["wrong", "warning", "not_checked", "good"]
        .into_iter()
        .find(|worst| results.contains(worst))
        .map_or_else(|| panic!("no check of {check} in {report}"), str::to_owned)
}

/// Text for people: within a terminal's width, and nothing in it that drives one.
#[track_caller]
fn check_text(output: &Output) -> String {
    let text = stdout(output);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line:?} is longer than a line");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    text
}
