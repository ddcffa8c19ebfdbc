//! The files that are generated from the statements.

use super::*;
use std::path::Path;

#[test]
fn the_commented_file_states_every_setting_with_its_default() {
    let text = &Config::default().to_toml();
    assert_eq!(load(text, &[]), Ok(Config::default()));
    let mut section = String::new();
    let mut stated = Vec::new();
    let mut previous = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if line.starts_with("# [actors.") {
            break;
        } else if let Some((key, _)) = assigned(line) {
            assert!(previous.starts_with("# "), "{section}.{key} has no line of why");
            stated.push(format!("{section}.{key}"));
        }
        previous = line;
    }
    let known: Vec<_> = every_setting().map(|(section, key, _)| format!("{section}.{key}")).collect();
    assert_eq!(stated, known, "config.toml and the schema list the same settings in the same order");
}

/// The key and the value of a setting, also of one that is commented out: no line of why is as short.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim_start_matches("# ").split_once(" = ")?;
    (!key.contains(' ') && !key.starts_with('#')).then_some((key, value))
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
}

/// Writes the generated files if this variable is set.
const WRITE: &str = "TENSORFLIX_WRITE";

#[test]
fn config_toml_and_the_settings_page_are_what_is_generated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = Vec::new();
    for (name, generated) in [("config.toml", Config::default().to_toml()), ("docs/settings.md", page::page())] {
        let path = root.join(name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &generated).expect("written");
        } else if std::fs::read_to_string(&path).ok() != Some(generated) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?} differ from what the settings state. Write them again with: \
         {WRITE}=1 cargo test -p tensorflix --lib config::tests::generated"
    );
}
