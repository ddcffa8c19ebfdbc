//! `docs/settings.md`: the settings for operators, one table a section.

use toml::{Table, Value};

use super::Config;
use crate::config::profile::settings_of;
use crate::config::schema::actor_names;
use crate::config::sections::sections;
use tensorflix_domain::profile::Profile;
use tensorflix_settings::Kind;
use tensorflix_settings::{Section, Setting};

const INTRODUCTION: &str = "\
# Settings

This page is generated from `src/config/sections/` and, for platforms, from `settings.rs` in their folders under
`actors/src/platforms/`. To change it, change the statement of a setting there and run
`TENSORFLIX_WRITE=1 cargo test -p tensorflix --lib config::tests::generated`.

- Command line overrides environment, environment overrides the file (`--config`, or `config.toml`), the file overrides
  the defaults below. An unknown section or key is an error.
- Every setting can be set in the environment as `TENSORFLIX__SECTION__KEY`, such as `TENSORFLIX__YOUTUBE__BATCH_SIZE=25`;
  entries of a list are separated by commas. Some settings have a variable of their own, which is named below.
- Secrets come from the variables named below or from the files named by the `*_file` settings, never from the file itself.
- `rules.profile` sets the settings marked *Profile* together; each that is set itself, in the file or the environment,
  overrides it. The default below is that of `standard`; the last table has the others. Files that `tensorflix` writes show
  these settings commented out.
- A change of a setting marked *Reloads* is applied on SIGHUP. Every other change needs a restart.
";

/// The whole page.
pub(super) fn page() -> String {
    let defaults = Config::default().to_table();
    let mut page = INTRODUCTION.to_owned();
    for section in sections() {
        page.push_str(&table(&section, defaults[section.name].as_table().expect("a section")));
    }
    page.push_str(&format!(
        "\n## `[actors.<name>]`\n\nThe settings of `[supervision]` for one actor: `{}`. What is left out is as in \
         `[supervision]`.\n",
        actor_names().join("`, `")
    ));
    page.push_str(&profiles());
    page
}

/// What each profile sets.
fn profiles() -> String {
    let words = Profile::ALL.map(Profile::word);
    let mut table = format!(
        "\n## Profiles\n\nWhat `rules.profile` sets:\n\n| setting | {} |\n|---|---|---|---|\n",
        words.map(code).join(" | ")
    );
    let [standard, plain, strict] = Profile::ALL.map(settings_of);
    for (section, settings) in &standard {
        for key in settings.as_table().expect("a section").keys() {
            let values = [&standard, &plain, &strict].map(|profile| default(&profile[section][key]));
            table.push_str(&format!("| `{section}.{key}` | {} |\n", values.join(" | ")));
        }
    }
    table
}

fn is_of_profile(section: &str, key: &str) -> bool {
    settings_of(Profile::Standard).get(section).is_some_and(|settings| settings.get(key).is_some())
}

fn table(section: &Section, defaults: &Table) -> String {
    let mut table = format!(
        "\n## `[{}]`\n\n{}\n\n| key | default | unit and range | what it is for |\n|---|---|---|---|\n",
        section.name,
        prose(section.about)
    );
    for setting in section.settings {
        let purpose = match is_of_profile(section.name, setting.key) {
            true => format!("{} *Profile.*", purpose(setting)),
            false => purpose(setting),
        };
        let cells = [code(setting.key), default(&defaults[setting.key]), allowed(setting), purpose];
        table.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    table
}

fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn default(value: &Value) -> String {
    code(&value.to_string())
}

fn allowed(setting: &Setting) -> String {
    let terms = &setting.terms;
    match terms.kind {
        Kind::Choice(words) => words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "),
        Kind::Text(form) => form.is.to_owned(),
        Kind::List(_) => terms.kind.allowed(),
        Kind::Integer { .. } | Kind::Float { .. } => terms.range().unwrap_or_default(),
    }
}

fn purpose(setting: &Setting) -> String {
    let terms = &setting.terms;
    let variable = terms.variable.map(|name| format!("Environment: `{name}`."));
    let secret = terms.secret_variable.map(|name| format!("Or environment: `{name}`."));
    let reloads = terms.reloads.then(|| "*Reloads.*".to_owned());
    [Some(prose(setting.why)), variable, secret, reloads].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
