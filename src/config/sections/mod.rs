//! Every setting, declared once: its purpose, name, type, default, and what it accepts.
//!
//! Units are last in a name; an empty text in the file is `None` here. Secrets are not in here but in [`Secrets`].

mod bounds;
mod choices;
mod detectors;
mod forms;
mod gists;
mod process;
mod rules;
mod subnet;

pub use choices::{Compatibility, LogFormat, LogLevel};
pub use detectors::{OpenaiSettings, SightengineSettings, WebhookSettings};
pub use gists::GithubSettings;
pub use process::{HttpSettings, LogSettings, StoreSettings, SupervisionOverride, SupervisionSettings};
pub use rules::{RulesSettings, VerifierSettings};
pub use subnet::{NetworkSettings, ValidatorSettings, WalletSettings, WeightsSettings};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tensorflix_domain::defences::Defences;
use tensorflix_domain::profile::Profile;

use super::platforms::Platforms;
use super::secrets::Secrets;
use tensorflix_actors::platforms::registered;
use tensorflix_settings::{Section, Stated};
use toml::{Table, Value};

/// Every setting, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The chain.
    pub network: NetworkSettings,
    /// The hotkey that signs.
    pub wallet: WalletSettings,
    /// Which tasks count, and when scores are decided.
    pub validator: ValidatorSettings,
    /// Where gists are read.
    pub github: GithubSettings,
    /// The platforms, each a section with its name.
    #[serde(skip)]
    pub platforms: Platforms,
    /// What makes a submission valid.
    pub rules: RulesSettings,
    /// Defences beyond the subnet's rules.
    #[serde(serialize_with = "super::profile::all_defences")]
    pub defences: Defences,
    /// Checks of videos and reels.
    pub verifier: VerifierSettings,
    /// SightEngine.
    pub sightengine: SightengineSettings,
    /// OpenAI's moderation.
    pub openai: OpenaiSettings,
    /// The operator's own detector.
    pub webhook: WebhookSettings,
    /// From scores to weights.
    pub weights: WeightsSettings,
    /// The database.
    pub store: StoreSettings,
    /// The addresses that are served.
    pub http: HttpSettings,
    /// Logs.
    pub log: LogSettings,
    /// How actors are restarted.
    pub supervision: SupervisionSettings,
    /// What differs for one actor, by its name.
    pub actors: BTreeMap<String, SupervisionOverride>,
    /// API keys and tokens.
    #[serde(skip)]
    pub secrets: Secrets,
    /// Warnings for the operator, to be logged once logs are set up.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// Defences are those of the default profile; in the domain, none means off.
impl Default for Config {
    fn default() -> Self {
        Self {
            network: Default::default(),
            wallet: Default::default(),
            validator: Default::default(),
            github: Default::default(),
            platforms: Default::default(),
            rules: Default::default(),
            defences: Profile::default().settings().defences,
            verifier: Default::default(),
            sightengine: Default::default(),
            openai: Default::default(),
            webhook: Default::default(),
            weights: Default::default(),
            store: Default::default(),
            http: Default::default(),
            log: Default::default(),
            supervision: Default::default(),
            actors: Default::default(),
            secrets: Default::default(),
            warnings: Default::default(),
        }
    }
}

impl Config {
    /// All settings, by section and key.
    pub(crate) fn to_table(&self) -> Table {
        // Numbers, texts and lists of texts can always be written; otherwise the default would apply.
        let mut table = Table::try_from(self).unwrap_or_default();
        for settings in self.platforms.iter() {
            table.insert(settings.spec.platform.name().to_owned(), Value::Table(settings.values().clone()));
        }
        table
    }
}

/// The tables of all sections but `actors`, in the order of `config.toml`.
pub(super) fn sections() -> impl Iterator<Item = Section> {
    let platforms = registered().iter().map(|spec| spec.settings.section);
    BEFORE_PLATFORMS.into_iter().chain(platforms).chain(AFTER_PLATFORMS)
}

const BEFORE_PLATFORMS: [Section; 4] =
    [NetworkSettings::SECTION, WalletSettings::SECTION, ValidatorSettings::SECTION, GithubSettings::SECTION];

const AFTER_PLATFORMS: [Section; 11] = [
    RulesSettings::SECTION,
    rules::DEFENCES,
    VerifierSettings::SECTION,
    SightengineSettings::SECTION,
    OpenaiSettings::SECTION,
    WebhookSettings::SECTION,
    WeightsSettings::SECTION,
    StoreSettings::SECTION,
    HttpSettings::SECTION,
    LogSettings::SECTION,
    SupervisionSettings::SECTION,
];
