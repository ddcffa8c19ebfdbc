//! `run --once` where something is missing: it ends, says what, and leaves nothing behind that a right start would trip over.

use crate::support::{HeldSandbox, check_exit, folder, json, tensorflix};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};
use tensorflix::wiring::sandbox_config;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tensorflix_store::ValidatorLock;

/// Far longer than one cycle of the sandbox takes, and no longer than a wrong setting may.
const PATIENCE: Duration = Duration::from_secs(110);

const ONCE: [&str; 6] = ["run", "--config", "w.toml", "--once", "--output", "json"];

/// Waits for a process that must end.
fn ended(mut process: Child) -> Output {
    let since = Instant::now();
    while process.try_wait().expect("its state").is_none() {
        if since.elapsed() > PATIENCE {
            process.kill().expect("killed");
            panic!("no end after {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    process.wait_with_output().expect("an end")
}

fn once(folder: &Path, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = tensorflix(folder, &[&ONCE, more].concat());
    ended(command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("run"))
}

#[test]
fn a_wrong_netuid_ends_the_one_cycle_and_binds_the_store_to_nothing() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    for netuid in ["7", "65535"] {
        let stderr = check_exit(&once(folder.path(), &["--netuid", netuid], &[]), 1);
        assert!(stderr.contains(&format!("no subnet {netuid}")) && stderr.contains("netuid"), "{stderr}");
    }
    let right = once(folder.path(), &[], &[]);
    check_exit(&right, 0);
    assert_eq!(json(&right)["submitted"], true, "the same store, with the right netuid");
}

#[test]
fn a_refused_second_validator_leaves_the_store_of_the_first_as_it_is() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    // A file of an earlier release, as short as can be: bringing it up to date makes it longer.
    let file = folder.path().join("first.db");
    std::fs::write(&file, "").expect("written");
    let url = format!("sqlite://{}", file.display());
    let lock = ValidatorLock::take(&url).expect("the first");
    let variables = [("TENSORFLIX__STORE__URL", url.as_str())];
    let stderr = check_exit(&once(folder.path(), &[], &variables), 1);
    assert!(stderr.contains("first.db"), "{stderr}");
    let mut tracker = tensorflix(folder.path(), &["platform-tracker", "--config", "w.toml"]);
    let tracker = tracker.env("TENSORFLIX__STORE__URL", &url).stdout(Stdio::null()).stderr(Stdio::piped());
    check_exit(&ended(tracker.spawn().expect("a tracker")), 1);
    for reader in [vec!["explain", "dQw4w9WgXcQ"], vec!["replay"], vec!["backup", "copy.db"], vec!["verifier-cost"]] {
        let mut command = tensorflix(folder.path(), &[&reader[..], &["--config", "w.toml"]].concat());
        check_exit(&command.env("TENSORFLIX__STORE__URL", &url).output().expect("the process ran"), 1);
    }
    assert_eq!(std::fs::metadata(&file).expect("a file").len(), 0, "nobody wrote to it");
    drop(lock);
    check_exit(&once(folder.path(), &[], &variables), 0);
}

#[test]
fn the_exit_of_one_cycle_in_which_nobody_was_scored_says_so_whatever_the_reason() {
    let folder = folder();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sandbox = runtime.block_on(Sandbox::start(SandboxConfig::default())).expect("a sandbox");
    let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
    check_exit(&once(folder.path(), &["--dry-run"], &[]), 0);
    let nobody_is_scored = |name: &str, more: &[&str]| {
        // A store of its own: what an earlier cycle saw would count.
        let url = format!("sqlite://{}", folder.path().join(format!("{}.db", name.replace(' ', "-"))).display());
        let output = once(folder.path(), &[&["--dry-run"], more].concat(), &[("TENSORFLIX__STORE__URL", url.as_str())]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", &stderr[stderr.len().saturating_sub(4_000)..]);
        assert_eq!(json(&output)["submitted"], false, "{name}");
    };
    let refuse = || FaultRule::new(Fault::Status { status: 403, retry_after_secs: None });
    let faults = sandbox.faults();
    for platform in [&faults.youtube, &faults.apify] {
        platform.inject(refuse());
    }
    nobody_is_scored("both keys are refused", &[]);
    for platform in [&faults.youtube, &faults.apify] {
        platform.clear();
    }
    nobody_is_scored("no such gist", &["--validator-gist-id", "00000000000000000000000000000000"]);
    let gist = sandbox.validator().gist_id;
    sandbox.world().edit_gist(&gist, "tasks.jsonl", "\n\n").expect("edited");
    nobody_is_scored("a gist without tasks", &[]);
    runtime.block_on(sandbox.stop());
}

#[test]
fn a_chain_that_is_lost_in_mid_run_ends_the_one_cycle() {
    let folder = folder();
    let sandbox = HeldSandbox::start(folder.path(), &[]);
    // GitHub takes a request and answers none, so that the cycle is under way when the chain goes.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let mut command = tensorflix(folder.path(), &ONCE);
    command.env("TENSORFLIX__GITHUB__API_URL", &address).env("TENSORFLIX__GITHUB__RAW_URL", &address);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("run");
    drop(silent.accept().expect("the first request"));
    drop(sandbox);
    let since = Instant::now();
    let output = process.wait_with_output().expect("an end");
    let stderr = check_exit(&output, 1);
    assert!(stderr.contains("unreachable"), "{stderr}");
    assert!(since.elapsed() < 3 * PATIENCE, "it took {:?}", since.elapsed());
}
