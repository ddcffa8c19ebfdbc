//! Secrets: where they come from, and that nothing shows them.

use super::*;
use std::io::Write;
use tensorflix_domain::platform::Platform;
use tensorflix_settings::Kind;

#[test]
fn secrets_come_from_the_environment_or_a_named_file() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    writeln!(file, "  from-file ").expect("written");
    let text = line("youtube", "api_key_file", &format!("{:?}", file.path()));
    let check = |text: &str, variables: &[(&str, &str)], keys: &[&str]| {
        let config = load(text, variables).expect("a configuration");
        let exposed = config.secrets.exposed().0;
        let of_youtube = exposed.into_iter().find(|(platform, _)| *platform == Platform::YOUTUBE);
        assert_eq!(of_youtube.map(|(_, keys)| keys).unwrap_or_default(), keys);
    };
    check("", &[], &[]);
    check("", &[("YOUTUBE_API_KEY", " ")], &[]);
    check(&text, &[], &["from-file"]);
    check(&text, &[("YOUTUBE_API_KEY", "from-env\n")], &["from-env"]);
    check("", &[("YOUTUBE_API_KEY", " one,two ,, one,three,")], &["one", "two", "three"]);
    write!(file, "second\r\n\nthird,fourth\n").expect("written");
    check(&text, &[], &["from-file", "second", "third", "fourth"]);
    let others = load("", &[("APIFY_API_KEY", "a"), ("GITHUB_TOKEN", "g")]).expect("both").secrets;
    assert_eq!(others.exposed(), (vec![(Platform::INSTAGRAM, vec!["a"])], [Some("g"), None, None, None, None]));
    assert!(error("", &[("YOUTUBE_API_KEY", ",,")]).contains("YOUTUBE_API_KEY"));
    let many = (0..51).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    assert!(error("", &[("YOUTUBE_API_KEY", &many)]).contains("51 keys"));
    let comma = load("", &[("APIFY_API_KEY", "a,b")]).expect("a comma").secrets;
    assert_eq!(comma.exposed().0, [(Platform::INSTAGRAM, vec!["a,b"])]);
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
