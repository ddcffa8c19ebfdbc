//! From file, environment and command line to checked values, and all the problems on the way.
//!
//! A source that is read later overrides an earlier one, but the values of both are checked: a wrong value is reported even if it
//! is overridden.

use std::collections::BTreeMap;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::problem::{Origin, Problem, nearest, shown};
use super::schema::{self, ACTORS, actor_names};
use super::secret_sources;
use super::sections::sections;
use tensorflix_settings::Kind;

const VARIABLE_PREFIX: &str = "TENSORFLIX__";
const VARIABLE_SEPARATOR: &str = "__";

/// What the flags of `run` set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// `--validator-gist-id`.
    pub validator_gist_id: Option<String>,
    /// `--validator-username`.
    pub validator_username: Option<String>,
    /// `--update-interval`, hours.
    pub update_interval_hours: Option<f64>,
    /// `--netuid`.
    pub netuid: Option<u16>,
    /// `--network`.
    pub network: Option<String>,
    /// `--wallet-name`.
    pub wallet_name: Option<String>,
    /// `--wallet-hotkey`.
    pub wallet_hotkey: Option<String>,
}

/// A checked value and where it came from.
#[derive(Debug)]
pub(super) struct Given {
    pub value: Value,
    pub origin: Origin,
}

/// What the sources say, by section and key.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The values in effect.
    pub values: BTreeMap<(String, &'static str), Given>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Reads the text of the file `name`.
    pub fn file(&mut self, name: &str, text: &str) {
        let (document, errors) = DeTable::parse_recoverable(text);
        let lines = Lines { name, text };
        let mut broken = Vec::new();
        for error in &errors {
            // The error's own text quotes the line, which may contain a secret.
            let origin = lines.origin(error.span().map_or(text.len(), |span| span.start));
            self.refuse(origin.clone(), format!("this is not TOML: {}", error.message()));
            broken.push(origin);
        }
        let known = self.problems.len();
        for (section, value) in document.get_ref() {
            let origin = lines.origin(section.span().start);
            match value.get_ref() {
                DeValue::Table(table) if section.get_ref() == ACTORS => self.actors(&lines, table),
                DeValue::Table(table) => self.section(&lines, section.get_ref(), table, origin),
                _ => self.refuse(origin, without_section(section.get_ref())),
            }
        }
        // What the parser recovers from a broken line is neither a value nor another problem.
        self.values.retain(|_, given| !broken.contains(&given.origin));
        let found = self.problems.split_off(known);
        self.problems.extend(found.into_iter().filter(|problem| !broken.contains(&problem.origin)));
        self.problems.sort_by_key(|problem| match problem.origin {
            Origin::File { line, .. } => line,
            _ => None,
        });
    }

    fn actors(&mut self, lines: &Lines<'_>, actors: &DeTable<'_>) {
        for (name, value) in actors {
            let origin = lines.origin(name.span().start);
            match value.get_ref() {
                DeValue::Table(table) => self.section(lines, &format!("{ACTORS}.{}", name.get_ref()), table, origin),
                _ => self.refuse(origin, unknown_section(&format!("{ACTORS}.{}", name.get_ref()))),
            }
        }
    }

    fn section(&mut self, lines: &Lines<'_>, name: &str, table: &DeTable<'_>, origin: Origin) {
        if schema::section(name).is_none() {
            return self.refuse(origin, unknown_section(name));
        }
        for (key, value) in table {
            self.offer(name, key.get_ref(), |_| to_value(value.get_ref()), lines.origin(key.span().start));
        }
    }

    /// Reads the settings among the environment's variables; other variables are ignored.
    pub fn environment(&mut self, variables: &BTreeMap<String, String>) {
        // Variables that users of other subnet tools know; the long form of the same setting overrides them.
        for (section, setting) in schema::settings() {
            let Some(variable) = setting.terms.variable else { continue };
            // Compose files and unit files pass an unset variable as an empty one.
            if let Some(text) = variables.get(variable).filter(|text| !text.trim().is_empty()) {
                self.offer(section, setting.key, |kind| kind.read(text), Origin::Variable(variable.to_owned()));
            }
        }
        let mut seen = BTreeMap::new();
        for (variable, text) in variables {
            let Some(rest) = without_prefix(variable) else { continue };
            let origin = Origin::Variable(variable.clone());
            let name = rest.to_ascii_lowercase();
            if let Some(other) = seen.insert(name.clone(), variable) {
                self.refuse(origin, format!("the variable {other} sets the same setting: remove one of them"));
                continue;
            }
            match name.split(VARIABLE_SEPARATOR).collect::<Vec<_>>().as_slice() {
                [ACTORS, actor, key] => {
                    self.offer(&format!("{ACTORS}.{actor}"), key, |kind| kind.read(text), origin);
                }
                [section, key] => self.offer(section, key, |kind| kind.read(text), origin),
                _ => self
                    .refuse(origin, format!("unknown variable: settings have the form {VARIABLE_PREFIX}SECTION__KEY")),
            }
        }
    }

    /// Reads the command line.
    pub fn overrides(&mut self, overrides: &Overrides) {
        let text = |text: &Option<String>| text.clone().map(Value::String);
        let given = [
            ("--validator-gist-id", "validator", "gist_id", text(&overrides.validator_gist_id)),
            ("--validator-username", "validator", "username", text(&overrides.validator_username)),
            (
                "--update-interval",
                "validator",
                "update_interval_hours",
                overrides.update_interval_hours.map(Value::Float),
            ),
            ("--netuid", "network", "netuid", overrides.netuid.map(|netuid| Value::Integer(netuid.into()))),
            ("--network", "network", "network", text(&overrides.network)),
            ("--wallet-name", "wallet", "name", text(&overrides.wallet_name)),
            ("--wallet-hotkey", "wallet", "hotkey", text(&overrides.wallet_hotkey)),
        ];
        for (flag, section, key, value) in given {
            if let Some(value) = value {
                self.offer(section, key, |_| value, Origin::Flag(flag));
            }
        }
    }

    /// Checks a value and stores it, or notes what is wrong with it.
    fn offer(&mut self, section: &str, key: &str, read: impl FnOnce(Kind) -> Value, origin: Origin) {
        let Some(setting) = schema::find(section, key) else {
            return self.refuse(origin, unknown_key(section, key));
        };
        let (key, kind) = (setting.key, setting.terms.kind);
        let value = read(kind);
        match kind.accept(&value) {
            Some(value) => {
                self.values.insert((section.to_owned(), key), Given { value, origin });
            }
            None => {
                let repeated = if kind.may_be_shown() { short_value(&value) } else { None };
                let repeated = repeated.map(|value| format!(" = {value}")).unwrap_or_default();
                let advice = "correct it, or remove it to use the default";
                self.refuse(origin, format!("{section}.{key}{repeated} must be {}: {advice}", kind.allowed()));
            }
        }
    }

    fn refuse(&mut self, origin: Origin, what: String) {
        self.problems.push(Problem { origin, what });
    }
}

/// Finds the line of an offset.
struct Lines<'a> {
    name: &'a str,
    text: &'a str,
}

impl Lines<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Origin::File { name: self.name.to_owned(), line: Some(line) }
    }
}

fn without_prefix(variable: &str) -> Option<&str> {
    let (prefix, rest) = variable.split_at_checked(VARIABLE_PREFIX.len())?;
    prefix.eq_ignore_ascii_case(VARIABLE_PREFIX).then_some(rest)
}

fn without_section(key: &str) -> String {
    let nearest_section = || nearest(key, sections().map(|section| section.name)).unwrap_or_default();
    match schema::section_with(key) {
        Some(section) => format!("`{}` is outside of a section: move it to [{section}]", shown(key)),
        None => format!(
            "`{}` is not a setting and is outside of a section; the nearest section is [{}]",
            shown(key),
            nearest_section()
        ),
    }
}

fn unknown_section(name: &str) -> String {
    if let Some(actor) = name.strip_prefix("actors.") {
        let near = nearest(actor, actor_names()).unwrap_or_default();
        return format!(
            "there is no section [actors.{}]; the nearest is [actors.{near}]: correct it or remove it",
            shown(actor)
        );
    }
    let sections = sections().map(|section| section.name).chain([ACTORS]);
    let near = nearest(name, sections).unwrap_or_default();
    format!("there is no section [{}]; the nearest is [{near}]: correct it or remove it", shown(name))
}

fn unknown_key(section: &str, key: &str) -> String {
    let Some(known) = schema::section(section) else {
        return unknown_section(section);
    };
    if let Some(place) = secret_sources::misplaced(section, key) {
        return place;
    }
    let name = format!("`{section}.{}`", shown(key));
    match schema::section_with(key) {
        Some(other) => format!("there is no setting {name}; there is `{other}.{key}`: correct it or remove it"),
        None => {
            let near = nearest(key, known.settings.iter().map(|setting| setting.key)).unwrap_or_default();
            format!("there is no setting {name}; the nearest is `{section}.{near}`: correct it or remove it")
        }
    }
}

fn short_value(value: &Value) -> Option<String> {
    match value {
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Some(value.to_string()),
        Value::String(text) => Some(format!("\"{}\"", shown(text))),
        _ => None,
    }
}

/// The parser keeps numbers as they are written; a number that is too large remains text, which no number setting accepts.
fn to_value(parsed: &DeValue<'_>) -> Value {
    match parsed {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or_else(|_| Value::from(digits.as_str()), Value::Integer),
        DeValue::Float(digits) => digits.as_str().parse().map_or_else(|_| Value::from(digits.as_str()), Value::Float),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(datetime) => Value::Datetime(*datetime),
        DeValue::Array(entries) => Value::Array(entries.iter().map(|entry| to_value(entry.get_ref())).collect()),
        DeValue::Table(_) => Value::Table(toml::Table::new()),
    }
}
