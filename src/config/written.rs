//! Writing a configuration: `config.toml` as it is in the repository, with other values.

use toml::{Table, Value};

use super::Config;

/// The commented file with every default.
const TEMPLATE: &str = include_str!("../../config.toml");

/// The whole file for `config`, without secrets.
pub(super) fn to_toml(config: &Config) -> String {
    // Numbers, texts and lists of texts can always be written; were one not, its default would be.
    let values = Table::try_from(config).unwrap_or_default();
    let mut written = String::with_capacity(TEMPLATE.len());
    let mut section = "";
    for line in TEMPLATE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        match line.split_once(" = ") {
            Some((key, _)) if !line.starts_with('#') => match lookup(&values, section, key) {
                Some(value) => written.push_str(&format!("{key} = {value}\n")),
                None => written.push_str(&format!("{line}\n")),
            },
            _ => written.push_str(&format!("{line}\n")),
        }
    }
    written.push_str(&actor_sections(&values));
    written
}

fn lookup<'a>(values: &'a Table, section: &str, key: &str) -> Option<&'a Value> {
    values.get(section)?.get(key)
}

fn actor_sections(values: &Table) -> String {
    let Some(Value::Table(actors)) = values.get("actors") else {
        return String::new();
    };
    let mut written = String::new();
    for (actor, settings) in actors {
        written.push_str(&format!("\n[actors.{actor}]\n"));
        for (key, value) in settings.as_table().into_iter().flatten() {
            written.push_str(&format!("{key} = {value}\n"));
        }
    }
    written
}
