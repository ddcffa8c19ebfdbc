//! A section together with its defaults, whatever type its settings have.

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use super::statement::{Section, Setting};

/// Settings that were stated with [`settings!`](crate::settings).
pub trait Stated: Default + Serialize + DeserializeOwned {
    /// Their section.
    const SECTION: Section;
}

/// A section with its defaults, for a reader that does not know the type of the settings.
#[derive(Clone, Copy, Debug)]
pub struct StatedSection {
    /// Its keys and what they accept.
    pub section: Section,
    /// The default of every key.
    pub defaults: fn() -> Table,
    /// Why these values are not the settings of this section; `None` if they are.
    pub refusal: fn(&Table) -> Option<String>,
}

impl StatedSection {
    /// The section of some settings.
    #[must_use]
    pub const fn of<S: Stated>() -> Self {
        Self { section: S::SECTION, defaults: defaults::<S>, refusal: refusal::<S> }
    }

    /// A key of the section.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.section.settings.iter().find(|setting| setting.key == key)
    }
}

fn defaults<S: Stated>() -> Table {
    // Numbers, texts and lists of texts can always be written.
    Table::try_from(S::default()).unwrap_or_default()
}

fn refusal<S: Stated>(values: &Table) -> Option<String> {
    values.clone().try_into::<S>().err().map(|error| error.message().to_owned())
}
