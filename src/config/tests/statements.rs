//! What a setting accepts is what its statement says.

use super::*;
use crate::config::schema;
use tensorflix_settings::Kind;

#[test]
fn the_schema_lists_every_field_and_accepts_every_default() {
    let defaults = Config::default().to_table();
    let mut fields = Vec::new();
    for (section, settings) in defaults.iter().filter(|(section, _)| section.as_str() != schema::ACTORS) {
        for (key, value) in settings.as_table().expect("a section") {
            let setting = schema::find(section, key).unwrap_or_else(|| panic!("{section}.{key} is not in the schema"));
            assert_eq!(setting.terms.kind.accept(value).as_ref(), Some(value), "{section}.{key}");
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

#[test]
fn every_setting_says_what_it_is_for_and_every_word_of_a_choice_is_explained() {
    for (section, setting) in schema::settings() {
        let why = setting.why.join("");
        assert!(why.trim_end().ends_with('.'), "{section}.{}: a sentence or more, not {why:?}", setting.key);
        let Kind::Choice(words) = setting.terms.kind else { continue };
        for word in words {
            let stated = why.split(|character: char| !character.is_alphanumeric()).any(|one| one == *word);
            assert!(word.is_empty() || stated, "{section}.{}: {word:?} is not explained", setting.key);
        }
    }
}

#[test]
fn every_variable_of_a_secret_reaches_a_secret() {
    let variables: Vec<_> = schema::settings().filter_map(|(_, setting)| setting.terms.secret_variable).collect();
    for variable in &variables {
        let secrets = load("", &[(variable, "secret")]).expect("a secret").secrets;
        let (keys, others) = secrets.exposed();
        let keys: usize = keys.iter().map(|(_, keys)| keys.len()).sum();
        assert_eq!(keys + others.iter().flatten().count(), 1, "{variable}");
    }
    let files = every_setting().filter(|(section, key, _)| key.ends_with("_file") && *section != "wallet").count();
    assert_eq!(files, variables.len());
}
