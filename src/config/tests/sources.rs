//! Where settings come from, and which source goes over which.

use super::*;
use std::path::PathBuf;

#[test]
fn command_line_goes_over_environment_over_file_over_defaults() {
    let file = line("network", "netuid", "1");
    let short = ("NETUID", "2");
    let long = ("TENSORFLIX__NETWORK__NETUID", "3");
    let flag = Overrides { netuid: Some(4), ..Overrides::default() };
    for (text, variables, overrides, netuid) in [
        ("", vec![], Overrides::default(), 89),
        (file.as_str(), vec![], Overrides::default(), 1),
        (file.as_str(), vec![short], Overrides::default(), 2),
        (file.as_str(), vec![short, long], Overrides::default(), 3),
        (file.as_str(), vec![short, long], flag.clone(), 4),
        ("", vec![], flag, 4),
        (file.as_str(), vec![("NETUID", "")], Overrides::default(), 1),
    ] {
        let config = load_with(text, &variables, overrides).expect("a configuration");
        assert_eq!(config.network.netuid, netuid, "{text:?} {variables:?}");
    }
}

#[test]
fn every_flag_reaches_its_setting() {
    let overrides = Overrides {
        validator_gist_id: Some("abc123".to_owned()),
        validator_username: Some("alice".to_owned()),
        update_interval_hours: Some(0.5),
        netuid: Some(7),
        network: Some("ws://127.0.0.1:1".to_owned()),
        wallet_name: Some("w".to_owned()),
        wallet_hotkey: Some("h".to_owned()),
    };
    let config = load_with("", &[], overrides).expect("a configuration");
    assert_eq!(config.task_gist(), "alice:abc123".parse().ok());
    assert_eq!((config.validator.update_interval_hours, config.network.netuid), (0.5, 7));
    assert_eq!(config.network.network, "ws://127.0.0.1:1");
    assert_eq!((config.wallet.name.as_str(), config.wallet.hotkey.as_str()), ("w", "h"));
    let wrong = Overrides { update_interval_hours: Some(f64::NAN), ..Overrides::default() };
    let message = load_with("", &[], wrong).expect_err("a refusal").to_string();
    assert!(message.contains("--update-interval: validator.update_interval_hours"), "{message}");
}

#[test]
fn any_setting_can_come_from_the_environment() {
    let config = load(
        "",
        &[
            ("TENSORFLIX__ACTORS__YOUTUBE__MAX_RESTARTS", "9"),
            ("TENSORFLIX__ACTORS__GIST_FETCHER__WITHIN_SECS", "60"),
            ("tensorflix__network__endpoints", "ws://a:1, wss://b"),
            ("TENSORFLIX__HTTP__DASHBOARD", ""),
            ("TENSORFLIX__RULES__LIVE", "accept"),
            ("TENSORFLIX__WEIGHTS__BURN_SHARE", "1"),
            ("SUBTENSOR_NETWORK", "test"),
            ("TENSORFLIX_OTHER", "not ours"),
            ("HOME", "/root"),
        ],
    )
    .expect("a configuration");
    assert_eq!(config.supervision_of("youtube").max_restarts, 9);
    assert_eq!(config.supervision_of("youtube").within_secs, 300);
    assert_eq!(config.supervision_of("gist_fetcher").within_secs, 60);
    assert_eq!(config.supervision_of("scorer"), config.supervision);
    assert_eq!(config.network.endpoints, ["ws://a:1", "wss://b"]);
    assert_eq!((config.http.dashboard, config.weights.burn_share), (None, 1.0));
    assert_eq!(config.network.network, "test");
    assert_eq!(config.policy().live, tensorflix_domain::policy::LiveRule::Accept);
}

#[test]
fn only_a_named_file_has_to_exist() {
    let missing = PathBuf::from("no/such/file.toml");
    let message =
        Config::load(Some(&missing), std::iter::empty(), Overrides::default()).expect_err("a refusal").to_string();
    assert!(message.contains("no/such/file.toml") && message.contains("--config"), "{message}");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("own.toml");
    std::fs::write(&file, line("store", "keep_days", "1")).expect("written");
    let config = Config::load(Some(&file), std::iter::empty(), Overrides::default()).expect("a configuration");
    assert_eq!(config.store.keep_days, 1);
}
