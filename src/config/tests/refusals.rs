//! Every wrong setting is refused, with its place and what to do.

use super::*;
use proptest::strategy::Strategy;

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
    assert!(error("", &two).contains("TENSORFLIX__LOG__KEEP sets the same setting"));
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
