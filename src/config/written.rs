//! Writes a configuration as a file in which every setting is explained. `config.toml` is this file with the defaults.

use toml::{Table, Value};

use super::schema::{self, ACTORS, actor_names};
use super::sections::{Config, sections};
use tensorflix_settings::{Section, Setting};

const INTRODUCTION: &str = "\
# Settings of tensorflix: every section and key, with its default. A setting that is left out has the value shown here.
# In brackets: range and unit; the environment variable, if it has one of its own; \"reloads\" if a change is applied on
# SIGHUP. Every other change needs a restart.
#
# Command line overrides environment, environment overrides this file, this file overrides the defaults. Any setting can
# come from the environment as TENSORFLIX__SECTION__KEY, such as TENSORFLIX__YOUTUBE__BATCH_SIZE=25; commas separate the
# entries of a list. Secrets do not belong in this file: put them in the environment variables named below, or in the
# files named by the *_file settings. Relative paths start at the directory in which the program is started.
#
# rules.profile sets several settings together. They are commented out below, with the value of the profile: uncomment one
# and change it to override the profile.
";

/// Longest line of a comment.
const LINE_WIDTH: usize = 120;

impl Config {
    /// The commented file with this configuration, without its secrets.
    pub fn to_toml(&self) -> String {
        let values = self.to_table();
        let mut written = INTRODUCTION.to_owned();
        for section in sections() {
            let values = values.get(section.name).and_then(Value::as_table);
            written.push_str(&header(&section));
            for setting in section.settings {
                if let Some(value) = values.and_then(|values| values.get(setting.key)) {
                    written.push_str(&comment(setting));
                    if self.is_of_profile(section.name, setting.key, value) {
                        written.push_str("# ");
                    }
                    written.push_str(&assignment(setting.key, value));
                }
            }
        }
        written.push_str(&actor_example());
        written.push_str(&actor_sections(&values));
        written
    }
}

fn header(section: &Section) -> String {
    let about: String = section.about.iter().map(|line| format!("#{line}\n")).collect();
    format!("\n{about}[{}]\n", section.name)
}

/// What a setting is for, then what it accepts.
fn comment(setting: &Setting) -> String {
    let mut lines: Vec<String> = setting.why.iter().map(|line| format!("#{line}")).collect();
    let facts = setting.terms.in_brackets();
    match lines.last_mut() {
        _ if facts.is_empty() => {}
        Some(last) if last.len() + 1 + facts.len() <= LINE_WIDTH => last.push_str(&format!(" {facts}")),
        _ => lines.push(format!("# {facts}")),
    }
    lines.push(String::new());
    lines.join("\n")
}

fn assignment(key: &str, value: &Value) -> String {
    format!("{key} = {value}\n")
}

/// How one actor's own section looks, as a comment.
fn actor_example() -> String {
    let names = actor_names();
    let (last, others) = names.split_last().unwrap_or((&"", &[]));
    let mut example = format!("\n# For one actor: {} or {last}.\n# [{ACTORS}.youtube]\n", others.join(", "));
    let values = Table::try_from(Config::default().supervision).unwrap_or_default();
    for setting in schema::section(schema::SUPERVISION).map_or(&[][..], |section| section.settings) {
        if let Some(value) = values.get(setting.key) {
            example.push_str(&format!("# {}", assignment(setting.key, value)));
        }
    }
    example
}

fn actor_sections(values: &Table) -> String {
    let Some(Value::Table(actors)) = values.get(ACTORS) else {
        return String::new();
    };
    let mut written = String::new();
    for (actor, settings) in actors {
        written.push_str(&format!("\n[{ACTORS}.{actor}]\n"));
        for (key, value) in settings.as_table().into_iter().flatten() {
            written.push_str(&assignment(key, value));
        }
    }
    written
}
