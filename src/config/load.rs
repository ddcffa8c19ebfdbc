//! From the sources to a checked [`Config`], or to a list of all problems.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::Path;
use toml::{Table, Value};

use super::platforms::Platforms;
use super::problem::{ConfigError, Origin, Problem};
use super::sections::Config;
use super::sources::{Overrides, Reading};
use super::{profile, schema, secret_sources, together};

/// The file that is read when none is given.
pub const DEFAULT_PATH: &str = "config.toml";
/// Largest file that is read, bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The process's environment. Values that are not Unicode are converted with losses, as no setting can hold them anyway.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

impl Config {
    /// Reads the file at `path`, or [`DEFAULT_PATH`] if it exists and no path is given, then the environment, then the command
    /// line.
    ///
    /// # Errors
    /// All problems together, if there are any: operator action is required, a retry does not help.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        overrides: Overrides,
    ) -> Result<Self, ConfigError> {
        let mut variables: BTreeMap<String, String> = env.collect();
        let mut reading = Reading::default();
        let name = path.unwrap_or(Path::new(DEFAULT_PATH));
        match read_file(name) {
            Ok(text) => reading.file(&name.display().to_string(), &text),
            Err(error) if path.is_none() && error.kind() == ErrorKind::NotFound => {}
            Err(error) => reading.problems.push(Problem {
                origin: Origin::File { name: name.display().to_string(), line: None },
                what: format!("cannot read the file ({error}): pass another one with --config"),
            }),
        }
        reading.environment(&variables);
        reading.overrides(&overrides);
        let config = Self::assemble(reading, &variables);
        secret_sources::wipe(&mut variables);
        config
    }

    /// The text of the configuration file; `None` if there is none that can be read.
    pub fn file_text(path: Option<&Path>) -> Option<String> {
        read_file(path.unwrap_or(Path::new(DEFAULT_PATH))).ok()
    }

    pub(super) fn assemble(reading: Reading, variables: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut document = document(&reading);
        profile::fill(&mut document);
        let platforms = Platforms::take(&mut document);
        let config = Self::deserialize(document).map_err(|error| error.message().to_owned());
        // The schema accepts nothing that the sections refuse; if they ever differ, that is an error too.
        let read = platforms.and_then(|platforms| config.map(|config| Self { platforms, ..config }));
        let mut config = read.unwrap_or_else(|what| {
            problems.push(Problem { origin: Origin::Default, what });
            Self::default()
        });
        problems.splice(0..0, reading.problems);
        secret_sources::read(&mut config, variables, &mut problems);
        together::check(&mut config, &reading.values, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::new(problems)) }
    }
}

fn read_file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(std::io::Error::other(format!("it is larger than {LARGEST_FILE} bytes")));
    }
    Ok(text)
}

/// The values in effect, in the shape of the file.
fn document(reading: &Reading) -> Table {
    let mut sections: BTreeMap<&str, Table> = BTreeMap::new();
    for ((section, key), given) in &reading.values {
        sections.entry(section).or_default().insert((*key).to_owned(), given.value.clone());
    }
    let (mut document, mut actors) = (Table::new(), Table::new());
    for (section, settings) in sections {
        match section.strip_prefix(schema::ACTORS).and_then(|rest| rest.strip_prefix('.')) {
            Some(actor) => actors.insert(actor.to_owned(), Value::Table(settings)),
            None => document.insert(section.to_owned(), Value::Table(settings)),
        };
    }
    document.insert(schema::ACTORS.to_owned(), Value::Table(actors));
    document
}
