//! What the configuration promises, mostly as tables of cases.

mod generated;
mod page;
mod policy;
mod profiles;
mod refusals;
mod secrets;
mod sources;
mod statements;

use super::sources::Reading;
use super::{Config, ConfigError, Overrides, schema};
use tensorflix_settings::Kind;

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
    schema::settings().map(|(section, setting)| (section, setting.key, setting.terms.kind))
}
