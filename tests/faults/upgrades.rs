//! `run` while the chain changes under it: the runtime is upgraded, the endpoint in use dies in mid-submission, and the
//! process goes on without a restart, with one submission in each window by the sandbox's own records.

use crate::support::{folder, tensorflix};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tensorflix::wiring::sandbox_config;
use tensorflix_sandbox::node::{Door, Release};
use tensorflix_sandbox::world::VALIDATOR_UID;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// The window by the sandbox's rules: its tempo.
const WINDOW_BLOCKS: u32 = 360;
/// Longest wait for a submission.
const PATIENCE: Duration = Duration::from_secs(180);
/// Pause before the first block that is made while something is waited for, and what it grows by with each: within
/// [`PATIENCE`] come some fifty blocks, so no window passes by however slow the machine is.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const GROWTH: f64 = 1.2;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Makes blocks until what is waited for is there, ever more slowly: who was busy at one block sees the next.
async fn while_blocks_come<T>(sandbox: &Sandbox, what: &str, folder: &Path, mut found: impl FnMut() -> Option<T>) -> T {
    let (since, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let next = Instant::now() + pause;
        while Instant::now() < next {
            if let Some(found) = found() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(since.elapsed() < PATIENCE, "{what}:\n{}", log(folder));
        sandbox.advance_to(sandbox.block() + 1);
        pause = pause.mul_f64(GROWTH).min(LONGEST_PAUSE);
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("video_topic_validator.log")).unwrap_or_default()
}

fn submissions(sandbox: &Sandbox) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    for record in sandbox.node().submissions() {
        assert!(record.outcome.is_ok(), "{record:?}");
        *counts.entry(record.block / WINDOW_BLOCKS).or_default() += 1;
    }
    counts
}

/// Waits until the present window has its submission.
async fn sent(sandbox: &Sandbox, folder: &Path) -> u32 {
    let window = sandbox.block() / WINDOW_BLOCKS;
    let what = format!("no submission in window {window}");
    while_blocks_come(sandbox, &what, folder, || submissions(sandbox).contains_key(&window).then_some(window)).await
}

/// Starts the validator of the configuration `w.toml`.
fn start(folder: &Path) -> Child {
    let mut command = tensorflix(folder, &["run", "--config", "w.toml"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a validator")
}

fn kill(mut validator: Child) {
    validator.kill().expect("killed");
    validator.wait().expect("an end");
}

/// Waits for the `count`th of the calls of this name that succeeded, and gives its block.
async fn included(sandbox: &Sandbox, folder: &Path, call: &str, count: usize) -> u32 {
    let what = format!("{call} number {count} did not come");
    while_blocks_come(sandbox, &what, folder, || {
        let records = sandbox.node().submissions();
        let record = records.iter().filter(|record| record.call.ends_with(call)).nth(count - 1)?;
        assert!(record.outcome.is_ok(), "{record:?}");
        Some(record.block)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hashed_commits_are_revealed_also_after_a_kill_in_between() {
    let folder = folder();
    let mut config = SandboxConfig::default();
    config.hyperparameters.commit_reveal_weights_enabled = true;
    let sandbox = Sandbox::start_on(Release::Plain, config).await.expect("a sandbox");
    let node = sandbox.node();
    let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");

    let validator = start(folder.path());
    let committed_at = included(&sandbox, folder.path(), ".commit_weights", 1).await;
    kill(validator);
    let own = || node.weights(config.network.netuid, VALIDATOR_UID);
    let before = own();
    let validator = start(folder.path());
    // The next epoch begins within a window.
    sandbox.advance_to(committed_at + WINDOW_BLOCKS + 1);
    let revealed_at = included(&sandbox, folder.path(), ".reveal_weights", 1).await;
    assert!(revealed_at > committed_at);
    let revealed = own();
    assert!(!revealed.is_empty() && revealed != before, "{before:?}, {revealed:?}");
    assert_eq!(revealed.iter().map(|(_, weight)| *weight).max(), Some(u16::MAX));
    // And so it goes on; the same weights again need no reveal.
    next_window(&sandbox);
    included(&sandbox, folder.path(), ".commit_weights", 2).await;
    kill(validator);
    let calls: BTreeMap<u32, usize> = node
        .submissions()
        .iter()
        .filter(|record| record.call.ends_with(".commit_weights"))
        .fold(BTreeMap::new(), |mut counts, record| {
            *counts.entry(record.block / WINDOW_BLOCKS).or_default() += 1;
            counts
        });
    assert!(calls.values().all(|count| *count == 1), "{calls:?}");
    assert!(node.submissions().iter().all(|record| record.outcome.is_ok()), "{:?}", node.submissions());
    sandbox.stop().await;
}

/// The chain opens what was committed only if it was encrypted for the epoch by the formula of its own runtime.
#[tokio::test(flavor = "multi_thread")]
async fn timelocked_commits_are_revealed_by_each_epoch_formula_also_after_an_upgrade() {
    for (first, second) in
        [(Release::Finney365, None), (Release::Renewed, None), (Release::Finney365, Some(Release::Renewed))]
    {
        let folder = folder();
        let mut config = SandboxConfig::default();
        config.hyperparameters.commit_reveal_weights_enabled = true;
        let sandbox = Sandbox::start_on(first, config).await.expect("a sandbox");
        let node = sandbox.node();
        let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
        std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
        if let Some(second) = second {
            node.upgrade(second).expect("a release");
        }
        let validator = start(folder.path());
        let committed_at = included(&sandbox, folder.path(), ".commit_timelocked_weights", 1).await;
        let own = || node.weights(config.network.netuid, VALIDATOR_UID);
        let before = own();
        // The next epoch begins within a tempo and one; the beacon is three blocks late at most.
        for passed in (0..=WINDOW_BLOCKS + 10).step_by(5) {
            sandbox.advance_to(committed_at + passed);
        }
        assert_ne!(own(), before, "{first:?}, {second:?}: nothing was revealed:\n{}", log(folder.path()));
        kill(validator);
        sandbox.stop().await;
    }
}

fn next_window(sandbox: &Sandbox) {
    sandbox.advance_to((sandbox.block() / WINDOW_BLOCKS + 1) * WINDOW_BLOCKS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_survives_upgrades_and_a_dead_endpoint_in_mid_submission() {
    let folder = folder();
    let config = SandboxConfig::default();
    let sandbox = Sandbox::start_on(Release::Plain, config).await.expect("a sandbox");
    let node = sandbox.node();
    let first = node.open_endpoint().await.expect("an endpoint");
    let second = node.open_endpoint().await.expect("an endpoint");
    let mut config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
    config.network.endpoints = vec![first.url(), second.url()];
    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
    let mut validator = start(folder.path());

    let mut windows = vec![sent(&sandbox, folder.path()).await];
    for release in [Release::Finney365, Release::Renewed] {
        node.upgrade(release).expect("a release");
        next_window(&sandbox);
        windows.push(sent(&sandbox, folder.path()).await);
    }
    // What is submitted next is included, but its answer is lost and the endpoint is gone.
    first.lose_next_answers(1);
    first.set_door(Door::Slammed);
    for _ in 0..2 {
        next_window(&sandbox);
        windows.push(sent(&sandbox, folder.path()).await);
    }
    assert!(validator.try_wait().expect("its state").is_none(), "the validator ended:\n{}", log(folder.path()));
    kill(validator);

    let counts = submissions(&sandbox);
    assert!(windows.iter().all(|window| counts.contains_key(window)), "{counts:?}");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}\n{}", log(folder.path()));
    let log = log(folder.path());
    for release in [Release::Plain, Release::Finney365, Release::Renewed] {
        let version = format!("spec_version={}", release.spec_version());
        let told = log
            .lines()
            .filter(|line| line.contains("metadata of a new runtime version") && line.contains(&version))
            .count();
        assert_eq!(told, 1, "{release:?}:\n{log}");
    }
    assert!(second.calls_of("author_submitAndWatchExtrinsic") > 0, "the second endpoint took over");
    sandbox.stop().await;
}
