//! `run` against the sandbox, killed with SIGKILL at random moments: each window has exactly one submission in the
//! sandbox's own records, no claim is ever lost, every unit that the sandbox counted is in the ledger, and the process is
//! ready again at once without anybody's repair.
//!
//! `KILLS` sets the number of kills, of which each window has two (an odd number is rounded up); `SEED` repeats a series.

use crate::support::{folder, tensorflix};
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tensorflix::wiring::sandbox_config;
use tensorflix_domain::ids::Hotkey;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// The window by the sandbox's rules: its tempo.
const WINDOW_BLOCKS: u32 = 360;

/// Windows, with a kill while the process is at work and one after it has sent: 20 kills.
const DEFAULT_WINDOWS: u32 = 10;

/// A process in debug build takes about this long from its start to its submission.
const LONGEST_LIFE_MS: u64 = 1_200;

/// Longest wait for a process to be ready, and to send: far more than a busy machine needs. How long it took is printed.
const PATIENCE: Duration = Duration::from_secs(120);

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn start(folder: &Path) -> Child {
    tensorflix(folder, &["run", "--config", "w.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a validator")
}

/// The end of the validator's log, for a failure.
fn log(folder: &Path) -> String {
    const LINES: usize = 60;
    let log = std::fs::read_to_string(folder.join("video_topic_validator.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// How often a process of this folder has begun to serve.
fn times_ready(folder: &Path) -> usize {
    let log = std::fs::read_to_string(folder.join("video_topic_validator.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains(": listening ") && line.contains("platform_tracker")).count()
}

/// All claims, in the state in which the last process left the store.
async fn claims(url: &str) -> BTreeSet<(String, String, Hotkey)> {
    // The first kill may have come before there was a store.
    let Ok(store) = tensorflix_store::Store::open_to_read(url).await else { return BTreeSet::new() };
    let claims = store.claims().await.expect("readable");
    store.close().await;
    claims.into_iter().map(|claim| (claim.task_id, claim.content_id, claim.hotkey)).collect()
}

fn kill(mut process: Child) {
    process.kill().expect("SIGKILL");
    process.wait().expect("an end");
}

/// Settings of weights in each window, as the sandbox recorded them.
fn submissions(sandbox: &Sandbox) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    for record in sandbox.node().submissions() {
        assert_eq!(record.call, "SubtensorModule.set_weights");
        assert!(record.outcome.is_ok(), "{record:?}");
        *counts.entry(record.block / WINDOW_BLOCKS).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_the_validator_sends_exactly_once_a_window() {
    let windows = u32::try_from(number("KILLS", u64::from(2 * DEFAULT_WINDOWS)).div_ceil(2)).expect("few");
    let seed = number("SEED", u64::from(std::process::id()));
    println!("SEED={seed}");
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);

    let folder = folder();
    let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
    let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");

    let (mut begun, mut claimed, mut slowest) = (Vec::new(), BTreeSet::new(), Duration::ZERO);
    for _ in 0..windows {
        begun.push(sandbox.block() / WINDOW_BLOCKS);
        let process = start(folder.path());
        // The moment of the kill is the experiment, so this is no wait for anything.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..LONGEST_LIFE_MS))).await;
        kill(process);

        let known = claims(&config.store.url).await;
        assert!(known.is_superset(&claimed), "a claim is lost, SEED={seed}");
        claimed = known;

        let before = times_ready(folder.path());
        let process = start(folder.path());
        let since = Instant::now();
        while times_ready(folder.path()) == before {
            assert!(since.elapsed() < PATIENCE, "not ready after {PATIENCE:?}, SEED={seed}\n{}", log(folder.path()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        slowest = slowest.max(since.elapsed());
        while !submissions(&sandbox).contains_key(begun.last().expect("a window")) {
            assert!(since.elapsed() < PATIENCE, "no submission in {PATIENCE:?}, SEED={seed}\n{}", log(folder.path()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..100))).await;
        kill(process);
        sandbox.advance_to((sandbox.block() / WINDOW_BLOCKS + 1) * WINDOW_BLOCKS);
    }
    let expected: BTreeMap<u32, usize> = begun.into_iter().map(|window| (window, 1)).collect();
    assert_eq!(submissions(&sandbox), expected, "SEED={seed}");

    println!("ready again after at most {slowest:?}");
    assert!(claims(&config.store.url).await.is_superset(&claimed) && !claimed.is_empty(), "SEED={seed}");
    let store = tensorflix_store::Store::open(&config.store.url).await.expect("the store opens without repair");
    let validator: Hotkey = sandbox.validator().hotkey.parse().expect("an address");
    assert!(store.latest_intent(&validator).await.expect("readable").is_some());
    assert!(store.scores_in_force().await.expect("readable").is_some());
    let counted = sandbox.counters().platforms.youtube.requests;
    let spent: u64 = store.all_units_spent("youtube/").await.expect("readable");
    assert!(spent >= counted, "{counted} calls and {spent} units in the ledger, SEED={seed}");
    sandbox.stop().await;
}
