//! What holds when a setting is not given anywhere.
//!
//! The file `config.toml` states the same values; a test compares the two.

use std::net::{Ipv4Addr, SocketAddr};
use tensorflix_domain::ownership::HOTKEY_PLACE;
use tensorflix_domain::policy::{
    Aggregate, ContentScope, GistOwnerRule, LiveRule, OwnershipRule, TrafficRule, ViewMetric,
};
use url::Url;

use super::choices::{Compatibility, ForeignUpdate, LogFormat, LogLevel};
use super::sections::{
    GithubSettings, HttpSettings, InstagramSettings, LogSettings, NetworkSettings, OpenaiSettings, RulesSettings,
    SightengineSettings, StoreSettings, SupervisionSettings, ValidatorSettings, VerifierSettings, WalletSettings,
    WebhookSettings, WeightsSettings, YoutubeSettings,
};
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verification::{Check, CheckMode, OnUnknown};

const KIBIBYTE: usize = 1024;

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            netuid: 89,
            network: "mainnet".to_owned(),
            endpoints: Vec::new(),
            requests_per_second: 20.0,
            burst: 40,
            timeout_secs: 30,
        }
    }
}

impl Default for WalletSettings {
    fn default() -> Self {
        Self {
            path: "~/.bittensor/wallets".to_owned(),
            name: "default".to_owned(),
            hotkey: "default".to_owned(),
            password_file: None,
        }
    }
}

impl Default for ValidatorSettings {
    fn default() -> Self {
        Self {
            username: String::new(),
            gist_id: String::new(),
            task_source: TaskSource::Gist,
            update_interval_hours: 24.0,
            min_age_hours: 1.0,
            max_evidence_age_hours: 48.0,
            gist_poll_blocks: 25,
        }
    }
}

impl Default for GithubSettings {
    fn default() -> Self {
        Self {
            api_url: constant_url("https://api.github.com"),
            raw_url: constant_url("https://gist.githubusercontent.com"),
            token_file: None,
            requests_per_second: 5.0,
            burst: 10,
            max_in_flight: 8,
            timeout_secs: 15,
            max_gist_bytes: 256 * KIBIBYTE,
        }
    }
}

impl Default for YoutubeSettings {
    fn default() -> Self {
        Self {
            api_url: constant_url("https://youtube.googleapis.com"),
            api_key_file: None,
            requests_per_second: 5.0,
            burst: 10,
            batch_size: 50,
            max_in_flight: 4,
            daily_quota: 9000,
            timeout_secs: 15,
        }
    }
}

impl Default for InstagramSettings {
    fn default() -> Self {
        Self {
            api_url: constant_url("https://api.apify.com"),
            api_key_file: None,
            actor: "apify~instagram-reel-scraper".to_owned(),
            view_metric: ViewMetric::Views,
            requests_per_second: 1.0,
            burst: 2,
            batch_size: 100,
            max_in_flight: 2,
            max_charge_usd: 1.0,
            daily_charge_usd: 5.0,
            timeout_secs: 180,
        }
    }
}

impl Default for RulesSettings {
    fn default() -> Self {
        Self {
            ownership_tag: OwnershipRule::Prefer,
            ownership_template: HOTKEY_PLACE.to_owned(),
            gist_owner: GistOwnerRule::Prefer,
            max_per_miner_and_task: 5,
            content_scope: ContentScope::Task,
            live: LiveRule::Reject,
        }
    }
}

impl Default for VerifierSettings {
    fn default() -> Self {
        Self {
            ai: CheckMode::Enforce,
            illicit: CheckMode::Enforce,
            topic: CheckMode::Off,
            ai_threshold: 0.8,
            illicit_threshold: 0.8,
            topic_threshold: 0.8,
            traffic: TrafficRule::Discount,
            grace_hours: 24.0,
            on_unknown: OnUnknown::Accept,
            sample_share: 1.0,
            verdict_hours: 720.0,
        }
    }
}

impl Default for SightengineSettings {
    fn default() -> Self {
        Self {
            api_url: constant_url("https://api.sightengine.com"),
            api_user_file: None,
            api_secret_file: None,
            requests_per_second: 2.0,
            burst: 2,
            max_in_flight: 2,
            daily_requests: 2_000,
            usd_per_request: 0.02,
            timeout_secs: 30,
        }
    }
}

impl Default for OpenaiSettings {
    fn default() -> Self {
        Self {
            api_url: constant_url("https://api.openai.com"),
            api_key_file: None,
            requests_per_second: 5.0,
            burst: 5,
            max_in_flight: 4,
            daily_requests: 20_000,
            usd_per_request: 0.0,
            timeout_secs: 30,
        }
    }
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            url: None,
            token_file: None,
            checks: Check::ALL.to_vec(),
            requests_per_second: 10.0,
            burst: 10,
            max_in_flight: 4,
            daily_requests: 100_000,
            usd_per_request: 0.0,
            timeout_secs: 30,
        }
    }
}

impl Default for WeightsSettings {
    fn default() -> Self {
        Self {
            aggregate: Aggregate::Sum,
            top_n: 0,
            ema_half_life_hours: 0.0,
            burn_share: 0.0,
            resend_blocks: 0,
            version_key: 0,
            on_foreign_update: ForeignUpdate::Continue,
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: "sqlite://tensorflix.db".to_owned(), keep_days: 90 }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            chain_syncer: loopback(8001),
            platform_tracker: loopback(8000),
            dashboard: loopback(8080),
            allowed_hosts: Vec::new(),
            max_age_secs: 3_600,
            requests_per_second: 500.0,
            burst: 5_000,
            compatibility: Compatibility::None,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            format: LogFormat::Text,
            file: Some("video_topic_validator.log".into()),
            max_mb: 50,
            keep: 5,
            metrics_interval_secs: 60,
        }
    }
}

impl Default for SupervisionSettings {
    fn default() -> Self {
        Self { max_restarts: 5, within_secs: 300, backoff_min_ms: 100, backoff_max_ms: 60_000 }
    }
}

fn loopback(port: u16) -> Option<SocketAddr> {
    Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[expect(clippy::expect_used, reason = "the texts are constants of this file, and a test parses each of them")]
fn constant_url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}
