//! What the configuration promises, mostly as tables of cases.

use std::io::Write;
use std::path::PathBuf;

use super::kind::Kind;
use super::*;
use proptest::strategy::Strategy;
use tensorflix_domain::verification::CheckMode;

const KEY: &str = "AIzaSecretSecretSecretSecretSecret12345";

/// Loads a file with this text, these variables and no flags. The file is always named `settings.toml` in errors.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load_with(text, variables, Overrides::default())
}

fn load_with(text: &str, variables: &[(&str, &str)], overrides: Overrides) -> Result<Config, ConfigError> {
    let mut reading = Reading::default();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    reading.file("settings.toml", text);
    reading.environment(&variables);
    reading.overrides(&overrides);
    Config::assemble(reading, &variables)
}

fn error(text: &str, variables: &[(&str, &str)]) -> String {
    load(text, variables).expect_err("a refusal").to_string()
}

/// `key = value` under its section.
fn line(section: &str, key: &str, value: &str) -> String {
    format!("[{section}]\n{key} = {value}\n")
}

fn every_setting() -> impl Iterator<Item = (&'static str, &'static str, Kind)> {
    schema::SECTIONS.iter().flat_map(|section| section.settings.iter().map(|(key, kind)| (section.name, *key, *kind)))
}

#[test]
fn the_commented_file_states_every_setting_with_its_default() {
    let text = include_str!("../../config.toml");
    assert_eq!(load(text, &[]), Ok(Config::default()));
    let mut section = String::new();
    let mut stated = Vec::new();
    let mut previous = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            assert!(previous.starts_with("# "), "{section}.{key} has no line of why");
            stated.push(format!("{section}.{key}"));
        }
        previous = line;
    }
    let known: Vec<_> = every_setting().map(|(section, key, _)| format!("{section}.{key}")).collect();
    assert_eq!(stated, known, "config.toml and the schema list the same settings in the same order");
}

#[test]
fn the_schema_lists_every_field_and_accepts_every_default() {
    let defaults = Table::try_from(Config::default()).expect("a table");
    let mut fields = Vec::new();
    for (section, settings) in defaults.iter().filter(|(section, _)| section.as_str() != schema::ACTORS) {
        for (key, value) in settings.as_table().expect("a section") {
            let (_, kind) =
                schema::find(section, key).unwrap_or_else(|| panic!("{section}.{key} is not in the schema"));
            assert_eq!(kind.accept(value).as_ref(), Some(value), "{section}.{key}");
            fields.push((section.clone(), key.clone()));
        }
    }
    assert_eq!(fields.len(), every_setting().count());
}

#[test]
fn every_word_of_a_choice_is_a_value_and_is_written_back() {
    for (section, key, kind) in every_setting() {
        let Kind::Choice(words) = kind else { continue };
        for word in words {
            let config = load(&line(section, key, &format!("\"{word}\"")), &[])
                .unwrap_or_else(|error| panic!("{section}.{key} = {word}: {error}"));
            assert_eq!(load(&config.to_toml(), &[]), Ok(config), "{section}.{key} = {word}");
        }
    }
}

#[test]
fn each_bound_is_held_from_both_sides_and_named_with_line_and_range() {
    for (section, key, kind) in every_setting() {
        let (least, most, below, above) = match kind {
            Kind::Integer { min, max } => {
                (min.to_string(), max.to_string(), (i128::from(min) - 1).to_string(), (i128::from(max) + 1).to_string())
            }
            Kind::Float { min, max } => {
                (format!("{min:?}"), format!("{max:?}"), format!("{:?}", min - 0.0001), format!("{:?}", max * 1.1))
            }
            _ => continue,
        };
        let partner = match key {
            // These two are compared with each other.
            "backoff_min_ms" => "backoff_max_ms = 3600000\n",
            "backoff_max_ms" => "backoff_min_ms = 1\n",
            _ => "",
        };
        for value in [least, most] {
            let text = line(section, key, &value) + partner;
            assert!(load(&text, &[]).is_ok(), "{text}");
        }
        for value in [below, above, "nan".to_owned(), "inf".to_owned(), "\"many\"".to_owned(), "true".to_owned()] {
            let message = error(&line(section, key, &value), &[]);
            for part in ["settings.toml:2", &format!("{section}.{key}"), &kind.allowed(), "remove it"] {
                assert!(message.contains(part), "{section}.{key} = {value}: no {part:?} in {message}");
            }
        }
    }
}

#[test]
fn texts_are_accepted_and_refused_by_their_form() {
    for (setting, accepted, refused) in [
        (
            "network.network",
            "mainnet finney testnet test local ws://127.0.0.1:9944 wss://a.b/c?k=1",
            "Mainnet https://a.b ws:// 89",
        ),
        ("wallet.name", "default my-wallet a.b", "../x a/b .hidden"),
        ("wallet.path", "~/.bittensor/wallets /w", ""),
        ("validator.gist_id", "0123456789abcdef0123456789abcdef", "0123xyz ABCDEF a:b"),
        (
            "github.api_url",
            "https://api.github.com http://127.0.0.1:1/prefix",
            "ftp://a.b a.b https:// https://u:p@a.b https://a.b/?q=1",
        ),
        ("instagram.actor", "apify~instagram-reel-scraper aB3", "a/b a?b"),
        ("rules.ownership_template", "{hotkey} owner:{hotkey}!", "owner {hotkey}{hotkey} {HOTKEY}"),
        ("store.url", "sqlite://a.db sqlite:///tmp/a.db", "postgres://a sqlite:// a.db"),
        ("http.dashboard", "127.0.0.1:1 [::1]:80 0.0.0.0:9", "localhost:80 127.0.0.1 :80 127.0.0.1:99999"),
        ("log.file", "a.log /var/log/a.log", "/var/log/ .. /"),
    ] {
        let (section, key) = setting.split_once('.').expect("a setting");
        let partner = if key == "gist_id" { "username = \"alice\"\n" } else { "" };
        for value in accepted.split(' ') {
            let config = load(&(line(section, key, &format!("{value:?}")) + partner), &[])
                .unwrap_or_else(|error| panic!("{setting} = {value:?}: {error}"));
            assert_eq!(load(&config.to_toml(), &[]), Ok(config), "{setting} = {value:?}");
        }
        for value in refused.split(' ') {
            let message = error(&(line(section, key, &format!("{value:?}")) + partner), &[]);
            assert!(message.contains("settings.toml:2") && message.contains("must be"), "{setting}: {message}");
        }
    }
}

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
fn unknown_names_are_refused_with_place_and_nearest_name() {
    for (text, variable, parts) in [
        ("[netwrok]\n", None, ["settings.toml:1", "[netwrok]", "[network]"]),
        ("\n[youtube]\nbatchsize = 5\n", None, ["settings.toml:3", "`youtube.batchsize`", "`youtube.batch_size`"]),
        ("[youtube]\nbatch_sise = 5\n", None, ["settings.toml:2", "`youtube.batch_sise`", "`youtube.batch_size`"]),
        ("[network]\nhotkey = \"a\"\n", None, ["settings.toml:2", "`network.hotkey`", "`wallet.hotkey`"]),
        ("netuid = 5\n", None, ["settings.toml:1", "`netuid`", "[network]"]),
        ("netwok = 5\n", None, ["settings.toml:1", "`netwok`", "[network]"]),
        ("[actors.youtub]\nmax_restarts = 1\n", None, ["settings.toml:1", "[actors.youtub]", "[actors.youtube]"]),
        ("[actors.youtube]\nrestarts = 1\n", None, ["settings.toml:2", "`actors.youtube.restarts`", "max_restarts"]),
        ("[actors]\nmax_restarts = 1\n", None, ["settings.toml:2", "[actors.max_restarts]", "[actors."]),
        ("", Some("TENSORFLIX__YUTUBE__BURST"), ["TENSORFLIX__YUTUBE__BURST", "[yutube]", "[youtube]"]),
        ("", Some("TENSORFLIX__YOUTUBE__BURTS"), ["TENSORFLIX__YOUTUBE__BURTS", "`youtube.burts`", "`youtube.burst`"]),
        ("", Some("TENSORFLIX__BURST"), ["TENSORFLIX__BURST", "TENSORFLIX__SECTION__KEY", ""]),
        ("", Some("TENSORFLIX__ACTORS__X__BURST"), ["TENSORFLIX__ACTORS__X__BURST", "[actors.x]", "[actors."]),
    ] {
        let message = error(text, &variable.map(|name| (name, "5")).into_iter().collect::<Vec<_>>());
        for part in parts {
            assert!(message.contains(part), "{text:?} {variable:?}: no {part:?} in {message}");
        }
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = "[network]\nnetuid = 99999\nbogus = 1\n[youtube]\nbatch_size = 51\nburst = 0\n[nonsense]\nx = 1\n";
    let overrides = Overrides { wallet_name: Some("../x".to_owned()), ..Overrides::default() };
    let variables = [("NETUID", "abc"), ("TENSORFLIX__LOG__LEVEL", "loud"), ("YOUTUBE_API_KEY", "with blanks")];
    let refused = load_with(text, &variables, overrides).expect_err("a refusal");
    let message = refused.to_string();
    for part in [
        "settings.toml:2: network.netuid = 99999",
        "settings.toml:3",
        "settings.toml:5: youtube.batch_size = 51 must be a whole number from 1 to 50",
        "settings.toml:6",
        "settings.toml:7",
        "environment variable NETUID: network.netuid = \"abc\"",
        "environment variable TENSORFLIX__LOG__LEVEL: log.level = \"loud\" must be one of \"error\", \"warn\"",
        "--wallet-name",
        "environment variable YOUTUBE_API_KEY",
    ] {
        assert!(message.contains(part), "no {part:?} in {message}");
    }
    assert_eq!(refused.problems().len(), 9, "{message}");
}

#[test]
fn a_wrong_value_is_reported_also_where_it_is_overridden() {
    assert!(error(&line("network", "netuid", "-1"), &[("NETUID", "5")]).contains("settings.toml:2"));
}

#[test]
fn broken_toml_is_reported_by_line_without_its_text() {
    let text = format!("[network]\nnetuid = 89\n[youtube\n\n[github]\ntoken_file = {KEY}\n");
    let message = error(&text, &[]);
    assert!(message.contains("settings.toml:3: this is not TOML"), "{message}");
    assert!(message.contains("settings.toml:6: this is not TOML"), "{message}");
    assert!(!message.contains("Secret"), "{message}");
    assert!(error("[log]\nkeep = 1\nkeep = 2\n", &[]).contains("settings.toml:3"), "a repeated key is refused");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (text, part) in [
        (
            "[supervision]\nbackoff_min_ms = 60000\nbackoff_max_ms = 100\n",
            "settings.toml:2: supervision.backoff_min_ms",
        ),
        ("[actors.scorer]\nbackoff_max_ms = 50\n", "settings.toml:2: actors.scorer.backoff_min_ms"),
        ("[validator]\ngist_id = \"abc\"\n", "settings.toml:2: validator.username and validator.gist_id"),
        ("[http]\ndashboard = \"127.0.0.1:8000\"\n", "http.platform_tracker and http.dashboard"),
    ] {
        let message = error(text, &[]);
        assert!(message.contains(part), "no {part:?} in {message}");
    }
    let shared = "[http]\ndashboard = \"127.0.0.1:0\"\nchain_syncer = \"127.0.0.1:0\"\n";
    assert!(load(shared, &[]).is_ok(), "port 0 is a different one each time");
    let two = [("TENSORFLIX__LOG__KEEP", "1"), ("tensorflix__log__keep", "2")];
    assert!(error("", &two).contains("TENSORFLIX__LOG__KEEP gives the same setting"));
}

#[test]
fn secrets_come_from_the_environment_or_a_named_file() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    writeln!(file, "  from-file ").expect("written");
    let text = line("youtube", "api_key_file", &format!("{:?}", file.path()));
    let check = |text: &str, variables: &[(&str, &str)], keys: &[&str]| {
        let config = load(text, variables).expect("a configuration");
        assert_eq!(config.secrets.exposed().0, keys);
    };
    check("", &[], &[]);
    check("", &[("YOUTUBE_API_KEY", " ")], &[]);
    check(&text, &[], &["from-file"]);
    check(&text, &[("YOUTUBE_API_KEY", "from-env\n")], &["from-env"]);
    check("", &[("YOUTUBE_API_KEY", " one,two ,, one,three,")], &["one", "two", "three"]);
    write!(file, "second\r\n\nthird,fourth\n").expect("written");
    check(&text, &[], &["from-file", "second", "third", "fourth"]);
    let others = load("", &[("APIFY_API_KEY", "a"), ("GITHUB_TOKEN", "g")]).expect("both").secrets;
    assert_eq!(others.exposed(), (vec![], [Some("a"), Some("g"), None, None, None, None]));
    assert!(error("", &[("YOUTUBE_API_KEY", ",,")]).contains("YOUTUBE_API_KEY"));
    let many = (0..51).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    assert!(error("", &[("YOUTUBE_API_KEY", &many)]).contains("51 keys"));
    assert!(load("", &[("APIFY_API_KEY", "a,b")]).expect("a comma").secrets.exposed().1[0] == Some("a,b"));
}

#[test]
fn a_secret_file_that_is_missing_empty_or_too_long_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("empty"), "\n").expect("written");
    std::fs::write(path("long"), "x".repeat(5000)).expect("written");
    std::fs::write(path("blanks"), format!("{KEY} {KEY}")).expect("written");
    for name in ["missing", "empty", "long", "blanks"] {
        let file = path(name);
        let message = error(&line("github", "token_file", &format!("{file:?}")), &[]);
        assert!(message.contains("github.token_file: "), "{message}");
        // The secret itself may stand where the path should.
        assert!(!message.contains(KEY) && !message.contains(&file.display().to_string()), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_gives_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    write!(file, "secret").expect("written");
    let text = line("github", "token_file", &format!("{:?}", file.path()));
    for (mode, warnings) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("set");
        assert_eq!(load(&text, &[]).expect("a configuration").warnings.len(), warnings, "{mode:o}");
    }
}

#[test]
fn secrets_written_among_settings_are_refused_with_the_way_to_go() {
    let variable = "TENSORFLIX__YOUTUBE__API_KEY";
    for (text, variables, parts) in [
        (
            line("youtube", "api_key", &format!("{KEY:?}")),
            vec![],
            ["settings.toml:2", "YOUTUBE_API_KEY", "api_key_file"],
        ),
        (line("instagram", "token", &format!("{KEY:?}")), vec![], ["settings.toml:2", "APIFY_API_KEY", "api_key_file"]),
        (line("github", "token", &format!("{KEY:?}")), vec![], ["settings.toml:2", "GITHUB_TOKEN", "token_file"]),
        (String::new(), vec![(variable, KEY)], [variable, "YOUTUBE_API_KEY", "api_key_file"]),
    ] {
        let message = error(&text, &variables);
        for part in parts {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
        assert!(!message.contains(KEY), "{message}");
    }
}

#[test]
fn secrets_are_in_no_debug_output_no_error_and_no_written_file() {
    let variables = [("YOUTUBE_API_KEY", KEY), ("APIFY_API_KEY", KEY), ("GITHUB_TOKEN", KEY)];
    let config = load("", &variables).expect("a configuration");
    assert!(!format!("{config:?}").contains(KEY));
    assert!(!config.to_toml().contains(KEY));
    // The same key in every place where a value may stand by mistake.
    for (section, key, kind) in every_setting() {
        let text = line(section, key, &format!("[\"{KEY}\", 1]"));
        assert!(!error(&text, &variables).contains(KEY), "{section}.{key}");
        if !matches!(kind, Kind::Text(_)) {
            assert!(!error(&line(section, key, &format!("\"{KEY}\"")), &variables).contains(KEY), "{section}.{key}");
        }
        // The file with the password is read when a wallet is opened.
        if key.ends_with("_file") && section != "wallet" {
            let message = error(&line(section, key, &format!("\"{KEY}\"")), &[]);
            assert!(!message.contains(KEY) && message.contains(&format!("{section}.{key}")), "{message}");
            let variable = format!("TENSORFLIX__{}__{}", section.to_uppercase(), key.to_uppercase());
            let message = error("", &[(&variable, KEY)]);
            assert!(!message.contains(KEY) && message.contains(&format!("{section}.{key}")), "{message}");
        }
    }
    assert!(!error(&format!("{KEY} = 1\n[{KEY}]\n[log]\n{KEY} = 1\n"), &[]).contains(KEY));
    let bad = format!("{KEY}\u{7}");
    assert!(!error("", &[("YOUTUBE_API_KEY", &bad), ("NETUID", KEY)]).contains(KEY));
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

#[test]
fn a_written_file_gives_the_same_configuration() {
    let text = "[network]\nnetwork = \"ws://127.0.0.1:9\"\nendpoints = [\"ws://a\"]\nrequests_per_second = 1e3\n\
                [http]\ndashboard = \"\"\n[log]\nfile = \"\"\n[rules]\nownership_template = \"me \\\" {hotkey}\"\n\
                [actors.youtube]\nmax_restarts = 0\n[actors.scorer]\nbackoff_min_ms = 7\n";
    let config = load(text, &[]).expect("a configuration");
    let written = config.to_toml();
    assert_eq!(load(&written, &[]), Ok(config));
    assert!(written.contains("# The subnet."), "it explains itself");
    assert_eq!(Config::default().to_toml(), include_str!("../../config.toml"));
}

#[test]
fn the_default_policy_is_the_rules_of_the_subnet() {
    let mut policy = Config::default().policy();
    // Which checks are on is the operator's choice; with nobody to ask, only the platform's own signals count.
    assert!(!policy.verification.asks_anybody());
    (policy.verification.ai, policy.verification.illicit) = (CheckMode::Off, CheckMode::Off);
    assert_eq!(policy, Policy::default());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::with_cases(200)
    })]

    #[test]
    fn any_text_is_a_configuration_or_is_refused_by_name(
        lines in proptest::collection::vec(
            proptest::prop_oneof![
                ".{0,60}",
                (0_usize..1_000, ".{0,20}").prop_map(|(number, value)| {
                    let settings: Vec<_> = every_setting().collect();
                    let (section, key, _) = settings[number % settings.len()];
                    format!("[{section}]\n{key} = {value}")
                }),
                (0_usize..1_000, proptest::num::f64::ANY).prop_map(|(number, value)| {
                    let settings: Vec<_> = every_setting().collect();
                    let (section, key, _) = settings[number % settings.len()];
                    format!("[{section}]\n{key} = {value}")
                }),
            ],
            0..4,
        ),
        variable in proptest::option::of(("(TENSORFLIX__)?[A-Z_]{0,30}", ".{0,20}")),
    ) {
        let text = lines.join("\n");
        let variables: Vec<(&str, &str)> = variable.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if let Err(error) = load(&text, &variables) {
            let shown = error.to_string();
            assert!(!shown.is_empty() && !shown.contains("panicked"));
        }
    }
}

#[test]
fn ai_and_illicit_are_enforced_by_default_and_without_a_key_of_a_detector_nobody_is_asked() {
    use CheckMode::{Enforce, Off};
    let config = load("", &[]).expect("the defaults");
    let policy = config.policy().verification;
    assert_eq!((policy.ai, policy.illicit, policy.topic), (Enforce, Enforce, Off));
    assert!(!policy.asks_anybody(), "{:?}", policy.asked);
    let config = load("", &[("OPENAI_API_KEY", KEY)]).expect("a key");
    let policy = config.policy().verification;
    let asked: Vec<_> = policy.checks().filter(|check| !policy.providers(*check).is_empty()).collect();
    assert_eq!(asked, [tensorflix_domain::verification::Check::Illicit], "it answers this check alone");
}

#[test]
fn hosts_are_names_as_browsers_send_them() {
    for (hosts, accepted) in [
        ("[]", true),
        ("[\"tracker.example.org\", \"Pages.Example.\", \"xn--bcher-kva.example\", \"validator_1\"]", true),
        ("[\"http://tracker.example.org\"]", false),
        ("[\"tracker.example.org:8000\"]", false),
        ("[\"*.example.org\"]", false),
        ("[\"user@example.org\"]", false),
        ("[\"bücher.example\"]", false),
        ("[\"a b\"]", false),
        ("[\"\"]", false),
        ("[\"a..b\"]", false),
        ("[\"tracker.example.org/\"]", false),
        ("\"tracker.example.org\"", false),
    ] {
        let loaded = load(&line("http", "allowed_hosts", hosts), &[]);
        assert_eq!(loaded.is_ok(), accepted, "{hosts}: {loaded:?}");
        if !accepted {
            let message = error(&line("http", "allowed_hosts", hosts), &[]);
            assert!(message.contains("settings.toml:2") && message.contains("host name"), "{message}");
        }
    }
    let config = load("", &[("TENSORFLIX__HTTP__ALLOWED_HOSTS", "a.example, b.example")]).expect("a list");
    assert_eq!(config.http.allowed_hosts, ["a.example", "b.example"]);
}
