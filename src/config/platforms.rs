//! The settings of the registered platforms: each section as its platform declares it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::platforms::{KEY_FILE, PlatformSpec, registered};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::ViewMetric;
use toml::{Table, Value};

/// The setting of a platform that counts plays as well as views.
const VIEW_METRIC: &str = "view_metric";

/// The settings of every registered platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Platforms(BTreeMap<Platform, PlatformSettings>);

/// The settings of one platform, checked.
#[derive(Clone, Debug)]
pub struct PlatformSettings {
    /// The platform.
    pub spec: &'static PlatformSpec,
    values: Table,
}

impl PartialEq for PlatformSettings {
    fn eq(&self, other: &Self) -> bool {
        self.spec.platform == other.spec.platform && self.values == other.values
    }
}

impl Default for Platforms {
    fn default() -> Self {
        let of = |spec: &&'static PlatformSpec| {
            let values = (spec.settings.defaults)();
            (spec.platform, PlatformSettings { spec, values })
        };
        Self(registered().iter().map(of).collect())
    }
}

impl Platforms {
    /// All of them, in the order of reports.
    pub fn iter(&self) -> impl Iterator<Item = &PlatformSettings> {
        self.0.values()
    }

    /// Those of one platform.
    pub fn of(&self, platform: Platform) -> Option<&PlatformSettings> {
        self.0.get(&platform)
    }

    /// Sets a value by the name of the platform and the key, as if it were in the file.
    ///
    /// # Panics
    /// If there is no such setting, or it does not accept the value: for values that are known when the code is written.
    pub fn set(&mut self, platform: &str, key: &str, value: impl Into<Value>) {
        let refused = self.try_set(platform, key, value).err();
        assert!(refused.is_none(), "{}", refused.unwrap_or_default());
    }

    /// The same for a value that is known only at run time.
    ///
    /// # Errors
    /// In words, if there is no such setting or it does not accept the value.
    pub fn try_set(&mut self, platform: &str, key: &str, value: impl Into<Value>) -> Result<(), String> {
        let value = value.into();
        let settings = self.0.values_mut().find(|settings| settings.spec.platform.name() == platform);
        let accepted = settings.and_then(|settings| {
            let accepted = settings.spec.settings.setting(key)?.terms.kind.accept(&value)?;
            settings.values.insert(key.to_owned(), accepted)
        });
        accepted.map(|_| ()).ok_or_else(|| format!("{platform}.{key} does not accept {value}"))
    }

    /// Takes the sections of platforms out of a document. What a platform cannot read is an error, in words.
    pub(super) fn take(document: &mut Table) -> Result<Self, String> {
        let mut platforms = Self::default();
        for settings in platforms.0.values_mut() {
            let name = settings.spec.platform.name();
            let Some(Value::Table(given)) = document.remove(name) else { continue };
            settings.values.extend(given);
            if let Some(refusal) = (settings.spec.settings.refusal)(&settings.values) {
                return Err(format!("{name}: {refusal}"));
            }
        }
        Ok(platforms)
    }

    /// Which count is used as views where a platform has several.
    pub fn view_metric(&self) -> ViewMetric {
        let stated = self.iter().find_map(|settings| settings.values.get(VIEW_METRIC));
        stated.and_then(|word| word.clone().try_into().ok()).unwrap_or_default()
    }
}

impl PlatformSettings {
    /// The values by their keys.
    pub const fn values(&self) -> &Table {
        &self.values
    }

    /// How hard the platform may be asked.
    pub fn rate(&self) -> Rate {
        PlatformSpec::rate(&self.values)
    }

    /// The deadline of one request.
    pub fn timeout(&self) -> Duration {
        PlatformSpec::timeout(&self.values)
    }

    /// Units of the ledger that may be spent in a day from one bucket.
    pub fn daily_units(&self) -> u64 {
        (self.spec.daily_units)(&self.values)
    }

    /// The daily budget in words.
    pub fn budget(&self) -> String {
        (self.spec.budget)(&self.values)
    }

    /// A warning about valid settings that should be corrected.
    pub fn warning(&self) -> Option<String> {
        (self.spec.warning)(&self.values)
    }

    /// The file with the platform's keys.
    pub fn key_file(&self) -> Option<PathBuf> {
        let file = self.values.get(KEY_FILE).and_then(Value::as_str).unwrap_or_default();
        (!file.is_empty()).then(|| PathBuf::from(file))
    }
}
