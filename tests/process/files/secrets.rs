//! A secret in the wrong place is shown nowhere: not on stderr, not in the log, not by `doctor`, not in a core dump.

use super::process::{Running, store, url};
use crate::support::{HeldSandbox, folder, tensorflix};
use std::path::Path;
use std::process::{Command, Stdio};

/// As a key of YouTube looks, and as a shorter one does.
const KEYS: [&str; 2] = ["AIzaSyA0123456789abcdefghijklmnopqrstuv", "0f1e2d3c4b5a69788796a5b4"];

/// Every setting that names a secret or a file with one, as section and key.
const SETTINGS: [(&str, &str); 16] = [
    ("youtube", "api_key_file"),
    ("youtube", "api_key"),
    ("instagram", "api_key_file"),
    ("instagram", "api_key"),
    ("github", "token_file"),
    ("github", "token"),
    ("sightengine", "api_user_file"),
    ("sightengine", "api_secret_file"),
    ("sightengine", "api_secret"),
    ("openai", "api_key_file"),
    ("openai", "apikey"),
    ("webhook", "token_file"),
    ("webhook", "url"),
    ("wallet", "password_file"),
    ("wallet", "password"),
    ("network", "endpoints"),
];

#[track_caller]
fn check(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], key: &str, what: &str) {
    let output = tensorflix(folder, arguments).envs(variables.iter().copied()).output().expect("a process");
    for (name, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(key), "{what}, {arguments:?}: {name} shows it: {text}");
    }
    assert_ne!(output.status.code(), Some(0), "{what}, {arguments:?}");
    let log = std::fs::read_to_string(folder.join("video_topic_validator.log")).unwrap_or_default();
    assert!(!log.contains(key), "{what}, {arguments:?}: the log shows it");
}

#[test]
fn no_error_shows_the_value_of_a_setting_that_names_a_secret() {
    let folder = folder();
    let commands: [&[&str]; 3] = [
        &["run", "--once", "--dry-run", "--network", "ws://127.0.0.1:1", "--config", "own.toml"],
        &["doctor", "--network", "ws://127.0.0.1:1", "--config", "own.toml"],
        &["check-tasks", "absent:0", "--config", "own.toml"],
    ];
    for key in KEYS {
        for (section, name) in SETTINGS {
            let values = [format!("\"{key}\""), format!("[\"{key}\", 1]"), key.to_owned(), format!("\"{key}")];
            for value in values {
                let text = format!("[http]\nburst = 0\n[{section}]\n{name} = {value}\n");
                std::fs::write(folder.path().join("own.toml"), &text).expect("written");
                // The second setting is wrong in any case, so that the process ends at its configuration.
                check(folder.path(), commands[0], &[], key, &text);
            }
        }
        for (section, name) in
            SETTINGS.into_iter().filter(|(section, name)| name.ends_with("_file") && *section != "wallet")
        {
            std::fs::write(folder.path().join("own.toml"), format!("[{section}]\n{name} = \"{key}\"\n"))
                .expect("written");
            for command in &commands[..2] {
                check(folder.path(), command, &[], key, &format!("{section}.{name}"));
            }
            std::fs::write(folder.path().join("own.toml"), "").expect("written");
            let variable = format!("TENSORFLIX__{}__{}", section.to_uppercase(), name.to_uppercase());
            check(folder.path(), commands[0], &[(&variable, key)], key, &variable);
        }
    }
}

#[test]
fn keys_in_the_addresses_of_endpoints_are_not_shown() {
    let folder = folder();
    for key in KEYS {
        for address in [
            format!("ws://127.0.0.1:1/{key}"),
            format!("ws://127.0.0.1:1/?api_key={key}"),
            format!("ws://user:{key}@127.0.0.1:1"),
        ] {
            for command in [&["doctor"][..], &["tasks"]] {
                check(folder.path(), &[command, &["--network", &address]].concat(), &[], key, &address);
            }
        }
        let web = format!("https://user:{key}@127.0.0.1:1/?token={key}");
        check(folder.path(), &["doctor"], &[("TENSORFLIX__WEBHOOK__URL", &web)], key, &web);
        check(folder.path(), &["doctor"], &[("TENSORFLIX__YOUTUBE__API_URL", &web)], key, &web);
    }
}

#[test]
fn the_memory_of_a_process_with_keys_cannot_be_dumped() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let mut command = Command::new("sh");
    // Core dumps are allowed by the limits that it is started with.
    command.args(["-c", "ulimit -c unlimited; exec \"$0\" run --config w.toml", env!("CARGO_BIN_EXE_tensorflix")]);
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).stdin(Stdio::null());
    command.env("TENSORFLIX__STORE__URL", url(&store(folder.path())));
    for service in ["CHAIN_SYNCER", "PLATFORM_TRACKER"] {
        command.env(format!("TENSORFLIX__HTTP__{service}"), "");
    }
    let validator = Running::start(command, "wallet opened");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", validator.process.id())).expect("its limits");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
}
