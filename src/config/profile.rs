//! Profiles: one word that sets several settings. A setting that is given itself, by the file, the environment or the
//! command line, overrides the profile's.

use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use tensorflix_domain::defences::Defences;
use tensorflix_domain::policy::{OwnershipRule, TrafficRule};
use tensorflix_domain::profile::{Profile, ProfileSettings};
use toml::{Table, Value};

use super::sections::Config;

/// What a profile sets, in the shape of the file: sections, and the keys in them.
#[derive(Serialize)]
struct Document {
    rules: Rules,
    #[serde(serialize_with = "all_defences")]
    defences: Defences,
    verifier: Verifier,
}

#[derive(Serialize)]
struct Rules {
    ownership_tag: OwnershipRule,
    untagged_share: f64,
}

#[derive(Serialize)]
struct Verifier {
    traffic: TrafficRule,
    recover_hours: f64,
}

/// Serialises all of `[defences]`. A recorded policy leaves out those that are newer than it if they are off; a file shows them.
pub(super) fn all_defences<S: Serializer>(defences: &Defences, serializer: S) -> Result<S::Ok, S::Error> {
    let mut settings = Table::try_from(defences).map_err(S::Error::custom)?;
    settings.entry("fewest_owners_per_task").or_insert(defences.fewest_owners_per_task.into());
    settings.serialize(serializer)
}

impl From<ProfileSettings> for Document {
    fn from(settings: ProfileSettings) -> Self {
        let ProfileSettings { ownership_tag, untagged_share, traffic, recover_hours, defences } = settings;
        Self { rules: Rules { ownership_tag, untagged_share }, defences, verifier: Verifier { traffic, recover_hours } }
    }
}

/// Fills in what the profile sets, in a document that has only the settings that are given.
pub(super) fn fill(document: &mut Table) {
    let word = document.get("rules").and_then(|rules| rules.get("profile"));
    // A wrong word was refused when it was read.
    let profile = word.and_then(|word| word.clone().try_into().ok()).unwrap_or_default();
    for (section, settings) in settings_of(profile) {
        let given = document.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let (Value::Table(given), Value::Table(settings)) = (given, settings) {
            for (key, value) in settings {
                given.entry(key).or_insert(value);
            }
        }
    }
}

/// What a profile sets, by section and key.
pub(super) fn settings_of(profile: Profile) -> Table {
    // Words and numbers can always be written.
    Table::try_from(Document::from(profile.settings())).unwrap_or_default()
}

impl Config {
    /// Whether a setting has the value that the profile gives it, so that a file need not state it.
    pub(super) fn is_of_profile(&self, section: &str, key: &str, value: &Value) -> bool {
        let settings = settings_of(self.rules.profile);
        settings.get(section).and_then(|settings| settings.get(key)) == Some(value)
    }
}
