//! `doctor` against a sandbox: a validator that has all it needs, and one that lacks one thing after another.

mod tls;

use crate::support::{check_exit, finished, folder, json, stdout, tensorflix};
use serde_json::Value;
use std::path::Path;
use tensorflix::config::Config;
use tensorflix::wiring::sandbox_config;
use tensorflix_sandbox::{Sandbox, SandboxConfig, YOUTUBE_API_KEY};

/// The columns of a terminal.
const TERMINAL_WIDTH: usize = 80;

/// What it found with a changed configuration, and its exit code.
fn examined(folder: &Path, config: &Config, change: impl FnOnce(&mut Config)) -> (Value, i32) {
    let mut config = config.clone();
    change(&mut config);
    std::fs::write(folder.join("w.toml"), config.to_toml()).expect("written");
    let output = finished(folder, &["doctor", "--config", "w.toml", "--output", "json"]);
    (json(&output), output.status.code().expect("an end"))
}

/// The first finding on a subject that is in this state.
#[track_caller]
fn finding<'a>(report: &'a Value, subject: &str, state: &str) -> &'a Value {
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["subject"] == subject && finding["state"] == state);
    found.unwrap_or_else(|| panic!("nothing {state} about {subject} in {report:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_validator_is_well_and_what_is_missing_is_reported_with_what_to_do() {
    let folder = folder();
    let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
    let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
    let (report, exit) = examined(folder.path(), &config, |_| ());
    assert_eq!((exit, &report["well"]), (0, &Value::Bool(true)), "{report:#}");
    for subject in ["settings", "keys", "endpoint", "wallet", "registration", "permit", "disk"] {
        finding(&report, subject, "well");
    }
    // One line of the sandbox's task gist is broken on purpose, and its validator has not set weights yet.
    for subject in ["gist", "weights"] {
        finding(&report, subject, "doubtful");
    }
    assert!(!report.to_string().contains(YOUTUBE_API_KEY), "{report:#}");

    type Change = fn(&mut Config);
    let cases: [(&str, &str, Change); 7] = [
        ("keys", "doubtful", |config| config.platforms.set("youtube", "api_key_file", "")),
        ("endpoint", "doubtful", |config| {
            config.network.endpoints = vec!["ws://127.0.0.1:1".to_owned(), config.network.network.clone()];
        }),
        ("endpoint", "wrong", |config| config.network.network = "ws://127.0.0.1:1".to_owned()),
        ("wallet", "wrong", |config| config.wallet.name = "nobody".to_owned()),
        ("subnet", "wrong", |config| config.network.netuid = 7),
        ("gist", "wrong", |config| config.validator.gist_id = "f".repeat(32)),
        ("disk", "wrong", |config| config.store.url = "sqlite:///no/such/folder/v.db".to_owned()),
    ];
    for (subject, state, change) in cases {
        let (report, exit) = examined(folder.path(), &config, change);
        let found = finding(&report, subject, state);
        assert!(found["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{found:#}");
        assert_eq!(exit, i32::from(state == "wrong"), "{subject}: {report:#}");
    }

    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
    let output = finished(folder.path(), &["doctor", "--config", "w.toml"]);
    check_exit(&output, 0);
    let text = stdout(&output);
    assert!(text.lines().all(|line| line.chars().count() <= TERMINAL_WIDTH || line.contains("://")), "{text}");
    assert!(text.contains("ok     wallet        hotkey 5"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_under_tls_is_trusted_only_if_the_system_trusts_its_certificate() {
    let folder = folder();
    let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
    let mut config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("written");
    let plain = config.network.network.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let (ours, others) = (tls::Authority::new(), tls::Authority::new());
    let port = tls::serve(&ours, plain).await;
    config.network.network = format!("wss://localhost:{port}");
    std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");

    let examined_trusting = |authorities: String| {
        std::fs::write(folder.path().join("authorities.pem"), authorities).expect("written");
        let mut doctor = tensorflix(folder.path(), &["doctor", "--config", "w.toml", "--output", "json"]);
        doctor.env("SSL_CERT_FILE", "authorities.pem").output().expect("the process ran")
    };
    finding(&json(&examined_trusting(ours.pem())), "endpoint", "well");
    finding(&json(&examined_trusting(others.pem())), "endpoint", "wrong");
    // None at all, as in a container without the package.
    let refused = check_exit(&examined_trusting(String::new()), 1);
    assert!(refused.contains("ca-certificates"), "{refused}");
    sandbox.stop().await;
}
