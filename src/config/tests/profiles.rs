//! Profiles: what they set, and what goes over them.

use super::*;
use crate::config::profile::settings_of;
use tensorflix_domain::policy::{OwnershipRule, TrafficRule};
use tensorflix_domain::profile::{Profile, ProfileSettings};
use toml::Value;

/// A setting that the profiles decide and set differently, and a value that no profile gives it.
const OTHERS: [(&str, &str, &str); 4] = [
    ("rules", "ownership_tag", "\"off\""),
    ("rules", "untagged_share", "0.125"),
    ("verifier", "traffic", "\"observe\""),
    ("defences", "settling_hours", "7.0"),
];

fn named(profile: Profile) -> String {
    line("rules", "profile", &format!("\"{profile}\""))
}

fn variable(section: &str, key: &str) -> String {
    format!("TENSORFLIX__{section}__{key}").to_uppercase()
}

fn value(config: &Config, section: &str, key: &str) -> Value {
    config.to_table()[section][key].clone()
}

#[test]
fn a_profile_alone_gives_exactly_its_settings_and_the_policy_names_it() {
    for profile in Profile::ALL {
        let by_variable = load("", &[("TENSORFLIX__RULES__PROFILE", profile.word())]).expect("a profile");
        let config = load(&named(profile), &[]).expect("a profile");
        assert_eq!(by_variable, config);
        let policy = config.policy();
        assert_eq!(ProfileSettings::of(&policy), profile.settings(), "{profile}");
        assert_eq!((policy.profile, policy.overrides_profile()), (Some(profile), false));
    }
    assert_eq!(load("", &[]).expect("the defaults"), load(&named(Profile::Standard), &[]).expect("the same"));
    assert_eq!(load("", &[]), Ok(Config::default()));
}

#[test]
fn plain_is_the_plain_rule_and_strict_rejects_untagged_videos() {
    let plain = load(&named(Profile::Plain), &[]).expect("plain").policy();
    assert_eq!((plain.traffic, plain.ownership_tag), (TrafficRule::Off, OwnershipRule::Prefer));
    assert!(plain.defences.are_off() && plain.untagged_share.to_bits() == 1.0_f64.to_bits());
    assert_eq!(plain.max_per_miner_and_task, Config::default().policy().max_per_miner_and_task, "places stay");
    assert_eq!(load(&named(Profile::Strict), &[]).expect("strict").policy().ownership_tag, OwnershipRule::Required);
}

#[test]
fn every_setting_of_a_profile_exists_and_accepts_the_value() {
    for profile in Profile::ALL {
        for (section, settings) in settings_of(profile) {
            for (key, value) in settings.as_table().expect("a section") {
                let setting = schema::find(&section, key).unwrap_or_else(|| panic!("{section}.{key} is not a setting"));
                assert_eq!(setting.terms.kind.accept(value).as_ref(), Some(value), "{profile}: {section}.{key}");
            }
        }
    }
}

#[test]
fn environment_goes_over_file_over_profile_one_setting_at_a_time() {
    for profile in Profile::ALL {
        let alone = load(&named(profile), &[]).expect("a profile");
        for (section, key, other) in OTHERS {
            let text = if section == "rules" {
                named(profile) + &format!("{key} = {other}\n")
            } else {
                named(profile) + &line(section, key, other)
            };
            let in_file = load(&text, &[]).expect("a setting over the profile");
            assert_ne!(value(&in_file, section, key), value(&alone, section, key), "{profile}: {section}.{key}");
            assert_eq!(value(&in_file, section, key).to_string(), other);
            // Nothing else changes, and the record shows both.
            let mut changed = in_file.to_table();
            changed[section][key] = value(&alone, section, key);
            assert_eq!(changed, alone.to_table(), "{profile}: {section}.{key}");
            assert_eq!((in_file.policy().profile, in_file.policy().overrides_profile()), (Some(profile), true));
            // The standard value in the environment goes over both.
            let standard = value(&Config::default(), section, key);
            let word = standard.as_str().map_or_else(|| standard.to_string(), str::to_owned);
            let given = load(&text, &[(&variable(section, key), &word)]).expect("a setting in the environment");
            assert_eq!(value(&given, section, key), standard, "{profile}: {section}.{key}");
        }
    }
    // A profile in the environment replaces the one in the file, and not what the file sets itself.
    let text = line("defences", "settling_hours", "7.0") + &named(Profile::Strict);
    let config = load(&text, &[("TENSORFLIX__RULES__PROFILE", "plain")]).expect("a profile");
    assert_eq!((config.rules.profile, config.defences.settling_hours), (Profile::Plain, 7.0));
    assert_eq!(config.defences.max_per_coldkey_and_task, 0);
}

#[test]
fn a_wrong_word_is_refused_with_its_place_and_the_words() {
    for (message, place) in [
        (error(&line("rules", "profile", "\"lax\""), &[]), "settings.toml:2"),
        (error("", &[("TENSORFLIX__RULES__PROFILE", "lax")]), "TENSORFLIX__RULES__PROFILE"),
    ] {
        for part in [place, "rules.profile", "\"lax\"", "\"standard\", \"plain\", \"strict\""] {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
    }
}

#[test]
fn written_files_leave_to_the_profile_what_it_decides() {
    let written = Config::default().to_toml();
    for (section, settings) in settings_of(Profile::Standard) {
        for (key, value) in settings.as_table().expect("a section") {
            let commented = format!("\n# {key} = {value}\n");
            assert!(written.contains(&commented), "{section}.{key}");
            let chosen = written.replace("\nprofile = \"standard\"\n", "\nprofile = \"strict\"\n");
            // Uncommented, it overrides whatever profile the file names.
            let own = load(&chosen.replace(&commented, &format!("\n{key} = {value}\n")), &[]).expect("one setting");
            assert_eq!(&self::value(&own, &section, key), value, "{section}.{key}");
        }
    }
    for from in Profile::ALL {
        let written = load(&named(from), &[]).expect("a profile").to_toml();
        for to in Profile::ALL {
            let chosen = written.replace(&format!("\nprofile = \"{from}\"\n"), &format!("\nprofile = \"{to}\"\n"));
            assert_eq!(load(&chosen, &[]), load(&named(to), &[]), "one word changes all: {from} to {to}");
        }
    }
}

#[test]
fn a_setting_that_overrides_the_profile_is_written_as_it_is() {
    for profile in Profile::ALL {
        let config = load(&(named(profile) + &line("defences", "settling_hours", "7.0")), &[]).expect("a profile");
        let written = config.to_toml();
        assert!(written.contains("\nsettling_hours = 7.0\n"), "{written}");
        assert_eq!(load(&written, &[]), Ok(config), "{profile}");
    }
}

#[test]
fn the_defences_page_is_the_strict_profile_alone() {
    let strict = load(include_str!("../../../docs/defences.toml"), &[]).expect("docs/defences.toml");
    assert_eq!(strict, load(&named(Profile::Strict), &[]).expect("strict"));
}
