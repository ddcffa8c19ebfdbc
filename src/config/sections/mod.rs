//! Every setting, stated once: its purpose, name, type, default, and what it accepts.
//!
//! Units are last in a name; an empty text in the file is `None` here. Secrets are not in here but in [`Secrets`].

mod bounds;
mod choices;
mod detectors;
mod forms;
mod platforms;
mod process;
mod rules;
mod subnet;

pub use choices::{Compatibility, LogFormat, LogLevel};
pub use detectors::{OpenaiSettings, SightengineSettings, WebhookSettings};
pub use platforms::{GithubSettings, InstagramSettings, YoutubeSettings};
pub use process::{HttpSettings, LogSettings, StoreSettings, SupervisionOverride, SupervisionSettings};
pub use rules::{RulesSettings, VerifierSettings};
pub use subnet::{NetworkSettings, ValidatorSettings, WalletSettings, WeightsSettings};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tensorflix_domain::defences::Defences;

use super::secrets::Secrets;
use tensorflix_settings::{Section, Stated};

/// Every setting, checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The chain.
    pub network: NetworkSettings,
    /// The hotkey that signs.
    pub wallet: WalletSettings,
    /// Whose tasks count, and when scores are decided.
    pub validator: ValidatorSettings,
    /// Where gists are read.
    pub github: GithubSettings,
    /// The YouTube Data API.
    pub youtube: YoutubeSettings,
    /// Instagram through Apify.
    pub instagram: InstagramSettings,
    /// What makes a submission valid.
    pub rules: RulesSettings,
    /// Defences beyond the subnet's rules.
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
    /// What the operator should look at although it stops nothing: to be logged once logs are set up.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// The tables of all sections but `actors`, in the order of `config.toml`.
pub(super) static SECTIONS: [Section; 17] = [
    NetworkSettings::SECTION,
    WalletSettings::SECTION,
    ValidatorSettings::SECTION,
    GithubSettings::SECTION,
    YoutubeSettings::SECTION,
    InstagramSettings::SECTION,
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
