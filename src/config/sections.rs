//! The sections of the configuration, typed, with their defaults.
//!
//! Every value in here has passed the checks of [`schema`](super::schema). Units stand last in a name; an empty text in
//! the file is `None` here. Secrets are not in here but in [`Secrets`](super::Secrets).

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tensorflix_domain::policy::{
    Aggregate, ContentScope, GistOwnerRule, LiveRule, OwnershipRule, TrafficRule, ViewMetric,
};
use url::Url;

use super::choices::{Compatibility, ForeignUpdate, LogFormat, LogLevel};
use super::text_form;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verification::{Check, CheckMode, OnUnknown};

/// `[network]`: the chain and how hard it may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// The subnet.
    pub netuid: u16,
    /// A network's name or one WebSocket URL.
    pub network: String,
    /// WebSocket URLs to use in place of the network's own, best first.
    pub endpoints: Vec<String>,
    /// Requests to the chain a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Deadline of one request, seconds.
    pub timeout_secs: u64,
}

/// `[wallet]`: which hotkey signs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WalletSettings {
    /// The directory of wallets; a leading `~` is not expanded here.
    pub path: String,
    /// The wallet's directory in `path`.
    pub name: String,
    /// The hotkey's file name.
    pub hotkey: String,
    /// The file whose first line is the password of an encrypted hotkey.
    #[serde(with = "text_form::optional_path")]
    pub password_file: Option<PathBuf>,
}

/// `[validator]`: who we are, what the tasks are, and how often a cycle decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidatorSettings {
    /// GitHub login of the task gist's owner; empty: from one's own commitment.
    pub username: String,
    /// The task gist; empty: from one's own commitment.
    pub gist_id: String,
    /// Whose tasks count.
    pub task_source: TaskSource,
    /// Hours of chain time from cycle to cycle.
    pub update_interval_hours: f64,
    /// Ages below this count as this, hours.
    pub min_age_hours: f64,
    /// Evidence older than this decides nothing, hours.
    pub max_evidence_age_hours: f64,
    /// Blocks from one round of reading gists to the next.
    pub gist_poll_blocks: u32,
}

/// `[github]`: where gists are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GithubSettings {
    /// Base of the API.
    #[serde(with = "text_form::url")]
    pub api_url: Url,
    /// Base of raw gist contents.
    #[serde(with = "text_form::url")]
    pub raw_url: Url,
    /// A file that holds the token.
    #[serde(with = "text_form::optional_path")]
    pub token_file: Option<PathBuf>,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Requests in flight.
    pub max_in_flight: usize,
    /// Deadline of one request, seconds.
    pub timeout_secs: u64,
    /// Largest gist that is read, bytes.
    pub max_gist_bytes: usize,
}

/// `[youtube]`: the YouTube Data API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YoutubeSettings {
    /// Base of the API.
    #[serde(with = "text_form::url")]
    pub api_url: Url,
    /// A file that holds the API key.
    #[serde(with = "text_form::optional_path")]
    pub api_key_file: Option<PathBuf>,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Videos asked for in one call.
    pub batch_size: usize,
    /// Calls in flight.
    pub max_in_flight: usize,
    /// Units to spend in one Pacific day.
    pub daily_quota: u64,
    /// Deadline of one call, seconds.
    pub timeout_secs: u64,
}

/// `[instagram]`: reels through Apify.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstagramSettings {
    /// Base of the Apify API.
    #[serde(with = "text_form::url")]
    pub api_url: Url,
    /// A file that holds the Apify token.
    #[serde(with = "text_form::optional_path")]
    pub api_key_file: Option<PathBuf>,
    /// The Apify actor that reads reels.
    pub actor: String,
    /// Which number of a reel counts as its views.
    pub view_metric: ViewMetric,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Reels asked for in one run.
    pub batch_size: usize,
    /// Runs in flight.
    pub max_in_flight: usize,
    /// Most that one run may cost, US dollars.
    pub max_charge_usd: f64,
    /// Most that one day may cost, US dollars.
    pub daily_charge_usd: f64,
    /// Deadline of one run, seconds.
    pub timeout_secs: u64,
}

/// `[rules]`: what makes a submission valid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesSettings {
    /// Whether a text must, or may, name its owner.
    pub ownership_tag: OwnershipRule,
    /// How a text names its owner.
    pub ownership_template: String,
    /// Whether a gist counts before GitHub has confirmed its owner.
    pub gist_owner: GistOwnerRule,
    /// Submissions that count for one miner in one task.
    pub max_per_miner_and_task: u32,
    /// Where a content may count once.
    pub content_scope: ContentScope,
    /// What becomes of live broadcasts and premieres.
    pub live: LiveRule,
}

/// `[verifier]`: which verdicts are asked for and what they do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerifierSettings {
    /// Is it AI-generated?
    pub ai: CheckMode,
    /// Is it illicit?
    pub illicit: CheckMode,
    /// Is it about the task?
    pub topic: CheckMode,
    /// Are its views bought?
    pub traffic: TrafficRule,
    /// How certain a detector must be that it is not: 0 to 1.
    pub ai_threshold: f64,
    /// How certain a detector must be that it is: 0 to 1.
    pub illicit_threshold: f64,
    /// How certain a detector must be that it is not: 0 to 1.
    pub topic_threshold: f64,
    /// How long a missing verdict is awaited, hours.
    pub grace_hours: f64,
    /// What becomes of a submission after that.
    pub on_unknown: OnUnknown,
    /// The share of contents that detectors are asked about, 0 to 1.
    pub sample_share: f64,
    /// Hours after which a verdict is asked for anew.
    pub verdict_hours: f64,
}

/// `[sightengine]`: pictures, for AI and illicit content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SightengineSettings {
    /// Base of the API.
    #[serde(with = "text_form::url")]
    pub api_url: Url,
    /// A file that holds the API user.
    #[serde(with = "text_form::optional_path")]
    pub api_user_file: Option<PathBuf>,
    /// A file that holds the API secret.
    #[serde(with = "text_form::optional_path")]
    pub api_secret_file: Option<PathBuf>,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Contents that are examined at one time.
    pub max_in_flight: usize,
    /// Requests in one day (UTC).
    pub daily_requests: u64,
    /// What a request costs, US dollars: for `verifier-cost`.
    pub usd_per_request: f64,
    /// Deadline of one request, seconds.
    pub timeout_secs: u64,
}

/// `[openai]`: moderation of texts and pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenaiSettings {
    /// Base of the API.
    #[serde(with = "text_form::url")]
    pub api_url: Url,
    /// A file that holds the API key.
    #[serde(with = "text_form::optional_path")]
    pub api_key_file: Option<PathBuf>,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Contents that are examined at one time.
    pub max_in_flight: usize,
    /// Requests in one day (UTC).
    pub daily_requests: u64,
    /// What a request costs, US dollars: for `verifier-cost`.
    pub usd_per_request: f64,
    /// Deadline of one request, seconds.
    pub timeout_secs: u64,
}

/// `[webhook]`: the operator's own detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where it is; `None` is off.
    #[serde(with = "text_form::optional_url")]
    pub url: Option<Url>,
    /// A file that holds the token.
    #[serde(with = "text_form::optional_path")]
    pub token_file: Option<PathBuf>,
    /// What it is asked.
    pub checks: Vec<Check>,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Contents that are examined at one time.
    pub max_in_flight: usize,
    /// Requests in one day (UTC).
    pub daily_requests: u64,
    /// What a request costs, US dollars: for `verifier-cost`.
    pub usd_per_request: f64,
    /// Deadline of one request, seconds.
    pub timeout_secs: u64,
}

/// `[weights]`: from scores to weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeightsSettings {
    /// How a miner's scores become one.
    pub aggregate: Aggregate,
    /// How many miners are paid; 0 pays all.
    pub top_n: u32,
    /// Hours after which an old score counts half; 0 is off.
    pub ema_half_life_hours: f64,
    /// Share of the weight that is burnt, 0 to 1.
    pub burn_share: f64,
    /// Blocks between submissions; 0 follows the chain's own parameters.
    pub resend_blocks: u32,
    /// Version key sent with the weights.
    pub version_key: u64,
    /// What to do when somebody else set weights with our hotkey.
    pub on_foreign_update: ForeignUpdate,
}

/// `[store]`: the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// Where it is; created if absent.
    pub url: String,
    /// Days that old evidence is kept.
    pub keep_days: u32,
}

/// `[http]`: the addresses that are served (`None` is off), and the bounds of what is served there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// The chain syncer.
    #[serde(with = "text_form::optional_address")]
    pub chain_syncer: Option<SocketAddr>,
    /// The platform tracker.
    #[serde(with = "text_form::optional_address")]
    pub platform_tracker: Option<SocketAddr>,
    /// The dashboard.
    #[serde(with = "text_form::optional_address")]
    pub dashboard: Option<SocketAddr>,
    /// Names by which the services may be called, beside `localhost`. IP addresses need no entry.
    pub allowed_hosts: Vec<String>,
    /// Age beyond which the platform tracker asks the platform again, seconds.
    pub max_age_secs: u64,
    /// Requests that one client may make in a second.
    pub requests_per_second: f64,
    /// Requests that one client may make at once.
    pub burst: u32,
    /// How the platform tracker answers.
    pub compatibility: Compatibility,
}

/// `[log]`: what is written where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// Detail on stderr.
    pub level: LogLevel,
    /// Form of the lines, on stderr and in the file.
    pub format: LogFormat,
    /// The current log file; `None` is off.
    #[serde(with = "text_form::optional_path")]
    pub file: Option<PathBuf>,
    /// Size at which the file is rotated, MiB.
    pub max_mb: u64,
    /// Rotated files that are kept.
    pub keep: usize,
    /// Seconds between the lines of metrics.
    pub metrics_interval_secs: u64,
}

/// `[supervision]`: how actors are restarted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupervisionSettings {
    /// Restarts within `within_secs` before the actor is given up.
    pub max_restarts: u32,
    /// The window in which restarts are counted, seconds.
    pub within_secs: u64,
    /// First wait before a restart, milliseconds.
    pub backoff_min_ms: u64,
    /// Longest wait before a restart, milliseconds.
    pub backoff_max_ms: u64,
}

/// `[actors.<name>]`: what differs from `[supervision]` for one actor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupervisionOverride {
    /// In place of [`SupervisionSettings::max_restarts`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<u32>,
    /// In place of [`SupervisionSettings::within_secs`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_secs: Option<u64>,
    /// In place of [`SupervisionSettings::backoff_min_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_min_ms: Option<u64>,
    /// In place of [`SupervisionSettings::backoff_max_ms`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_max_ms: Option<u64>,
}

impl SupervisionSettings {
    /// These settings with one actor's own in their place.
    pub fn with(&self, own: &SupervisionOverride) -> Self {
        Self {
            max_restarts: own.max_restarts.unwrap_or(self.max_restarts),
            within_secs: own.within_secs.unwrap_or(self.within_secs),
            backoff_min_ms: own.backoff_min_ms.unwrap_or(self.backoff_min_ms),
            backoff_max_ms: own.backoff_max_ms.unwrap_or(self.backoff_max_ms),
        }
    }

    /// The window in which restarts are counted.
    pub const fn within(&self) -> Duration {
        Duration::from_secs(self.within_secs)
    }

    /// First wait before a restart.
    pub const fn backoff_min(&self) -> Duration {
        Duration::from_millis(self.backoff_min_ms)
    }

    /// Longest wait before a restart.
    pub const fn backoff_max(&self) -> Duration {
        Duration::from_millis(self.backoff_max_ms)
    }
}

impl NetworkSettings {
    /// Deadline of one request.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}

impl GithubSettings {
    /// Deadline of one request.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}

impl YoutubeSettings {
    /// Deadline of one call.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}

impl InstagramSettings {
    /// Deadline of one run.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}

impl LogSettings {
    /// Time between the lines of metrics.
    pub const fn metrics_interval(&self) -> Duration {
        Duration::from_secs(self.metrics_interval_secs)
    }
}
