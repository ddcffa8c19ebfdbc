//! The configuration: read once at the edge, checked whole, then plain typed values.
//!
//! Command line goes over environment, environment over file, file over defaults. Invariants:
//!
//! - A [`Config`] that exists is within all bounds; whoever uses it checks nothing again.
//! - All that is wrong is reported at once, each with its place and what is allowed.
//! - Nothing unknown is ignored: a misspelt key is refused with the nearest known name.
//! - Secrets stand apart in [`Secrets`], come from the environment or from named files, and are never shown.
//!
//! Reading has no effect on the process: it can be repeated while the validator runs, and an error changes nothing.
//! It does not look at wallets, endpoints or disks: `doctor` does.

mod choices;
pub mod cut;
mod defaults;
mod forms;
mod kind;
mod problem;
mod schema;
mod secrets;
mod sections;
mod sources;
mod text_form;
mod written;

#[cfg(test)]
mod tests;

pub use choices::{Compatibility, ForeignUpdate, LogFormat, LogLevel};
pub use problem::{ConfigError, Origin, Problem};
pub use secrets::Secrets;
pub use sections::{
    GithubSettings, HttpSettings, InstagramSettings, LogSettings, NetworkSettings, OpenaiSettings, RulesSettings,
    SightengineSettings, StoreSettings, SupervisionOverride, SupervisionSettings, ValidatorSettings, VerifierSettings,
    WalletSettings, WebhookSettings, WeightsSettings, YoutubeSettings,
};

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::path::Path;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::defence::Defences;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verification::{Check, Provider, VerificationPolicy};
use toml::{Table, Value};

use sources::Reading;

/// The file that is read when none is named.
pub const DEFAULT_PATH: &str = "config.toml";
/// Largest file that is read, bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

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
    /// Verdicts on contents.
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

/// The process's environment. What is not Unicode is made so, as no setting can hold it anyway.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

impl Config {
    /// Reads the file at `path`, or [`DEFAULT_PATH`] if there is one and none is named, then the environment, then
    /// the command line.
    ///
    /// # Errors
    /// All problems together, if there is any: the operator must act, asking again does not help.
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
                what: format!("the file cannot be read ({error}): name another with --config"),
            }),
        }
        reading.environment(&variables);
        reading.overrides(&overrides);
        let config = Self::assemble(reading, &variables);
        secrets::wipe(&mut variables);
        config
    }

    /// The text of the configuration file; `None` if there is none that can be read.
    pub fn file_text(path: Option<&Path>) -> Option<String> {
        read_file(path.unwrap_or(Path::new(DEFAULT_PATH))).ok()
    }

    fn assemble(reading: Reading, variables: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut config = Self::deserialize(document(&reading)).unwrap_or_else(|error| {
            // The schema accepts nothing that the sections refuse; should they ever differ, it is an error all the same.
            problems.push(Problem { origin: Origin::Default, what: error.message().to_owned() });
            Self::default()
        });
        problems.splice(0..0, reading.problems);
        secrets::read(&mut config, variables, &mut problems);
        config.check_together(&reading.values, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::new(problems)) }
    }

    /// What no value shows alone.
    fn check_together(
        &mut self,
        given: &BTreeMap<(String, &'static str), sources::Given>,
        problems: &mut Vec<Problem>,
    ) {
        let origin_of = |section: &str, keys: [&'static str; 2]| {
            let found = keys.into_iter().find_map(|key| given.get(&(section.to_owned(), key)));
            found.map_or(Origin::Default, |given| given.origin.clone())
        };
        let mut supervised = vec![(schema::SUPERVISION.to_owned(), self.supervision.clone())];
        supervised.extend(
            self.actors.iter().map(|(name, own)| (format!("{}.{name}", schema::ACTORS), self.supervision.with(own))),
        );
        for (section, settings) in supervised {
            if settings.backoff_min_ms > settings.backoff_max_ms {
                problems.push(Problem {
                    origin: origin_of(&section, ["backoff_min_ms", "backoff_max_ms"]),
                    what: format!(
                        "{section}.backoff_min_ms = {} must not be above backoff_max_ms = {}: raise the latter",
                        settings.backoff_min_ms, settings.backoff_max_ms
                    ),
                });
            }
        }
        if self.validator.username.is_empty() != self.validator.gist_id.is_empty() {
            problems.push(Problem {
                origin: origin_of("validator", ["gist_id", "username"]),
                what: "validator.username and validator.gist_id name one gist together: give both, or neither to use \
                       the gist of your own commitment"
                    .to_owned(),
            });
        }
        self.check_addresses(problems);
        let (run, daily) = (self.instagram.max_charge_usd, self.instagram.daily_charge_usd);
        if daily < run {
            self.warnings.push(format!(
                "instagram.daily_charge_usd = {daily} is below max_charge_usd = {run}: no run on Apify can be paid for"
            ));
        }
    }

    fn check_addresses(&self, problems: &mut Vec<Problem>) {
        let services = [
            ("chain_syncer", self.http.chain_syncer),
            ("platform_tracker", self.http.platform_tracker),
            ("dashboard", self.http.dashboard),
        ];
        let mut taken = BTreeMap::new();
        for (service, address) in services {
            // Port 0 asks the system for a free one.
            let Some(address) = address.filter(|address| address.port() != 0) else { continue };
            if let Some(other) = taken.insert(address, service) {
                problems.push(Problem {
                    origin: Origin::Default,
                    what: format!("http.{other} and http.{service} both want {address}: give one of them another port"),
                });
            }
        }
    }

    /// The rules that decide scores.
    pub fn policy(&self) -> Policy {
        Policy {
            rules: tensorflix_domain::rules::CURRENT,
            min_age_hours: self.validator.min_age_hours,
            max_evidence_age_hours: self.validator.max_evidence_age_hours,
            view_metric: self.instagram.view_metric,
            ownership_tag: self.rules.ownership_tag,
            ownership_template: self.rules.ownership_template.clone(),
            gist_owner: self.rules.gist_owner,
            max_per_miner_and_task: self.rules.max_per_miner_and_task,
            content_scope: self.rules.content_scope,
            live: self.rules.live,
            aggregate: self.weights.aggregate,
            top_n: self.weights.top_n,
            ema_half_life_hours: self.weights.ema_half_life_hours,
            burn_share: self.weights.burn_share,
            verification: self.verification(),
            traffic: self.verifier.traffic,
            defences: self.defences.clone(),
        }
    }

    /// What verdicts do, and who is asked for them: the detectors that have what they need.
    fn verification(&self) -> VerificationPolicy {
        let settings = &self.verifier;
        let secrets = &self.secrets;
        let has_sightengine = secrets.sightengine_api_user.is_some() && secrets.sightengine_api_secret.is_some();
        let webhook_checks = self.webhook.url.is_some().then_some(&self.webhook.checks);
        let mut asked: BTreeMap<Check, BTreeSet<Provider>> = BTreeMap::new();
        for check in Check::ALL {
            let providers = [
                (Provider::Sightengine, has_sightengine && check != Check::Topic),
                (Provider::Openai, secrets.openai_api_key.is_some() && check == Check::Illicit),
                (Provider::Webhook, webhook_checks.is_some_and(|checks| checks.contains(&check))),
            ];
            let providers: BTreeSet<Provider> =
                providers.into_iter().filter(|(_, is_asked)| *is_asked).map(|(provider, _)| provider).collect();
            if !providers.is_empty() {
                asked.insert(check, providers);
            }
        }
        VerificationPolicy {
            ai: settings.ai,
            illicit: settings.illicit,
            topic: settings.topic,
            ai_threshold: settings.ai_threshold,
            illicit_threshold: settings.illicit_threshold,
            topic_threshold: settings.topic_threshold,
            grace_hours: settings.grace_hours,
            on_unknown: settings.on_unknown,
            verdict_hours: settings.verdict_hours,
            sample_share: settings.sample_share,
            asked,
        }
    }

    /// The task gist that is configured; `None` asks for the one of our own commitment.
    pub fn task_gist(&self) -> Option<GistPointer> {
        format!("{}:{}", self.validator.username, self.validator.gist_id).parse().ok()
    }

    /// How an actor is restarted.
    pub fn supervision_of(&self, actor: &str) -> SupervisionSettings {
        self.actors.get(actor).map_or_else(|| self.supervision.clone(), |own| self.supervision.with(own))
    }

    /// The commented file that gives this configuration, without its secrets.
    pub fn to_toml(&self) -> String {
        written::to_toml(self)
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

/// The values that stand, in the shape of the file.
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
