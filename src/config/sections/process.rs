//! The process itself: what it stores, serves and logs, and how it restarts its actors.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::bounds::SECONDS_OF_A_YEAR;
use super::choices::{Compatibility, LogFormat, LogLevel};
use super::forms;
use tensorflix_settings::text_form;
use tensorflix_settings::{BURST, RATE};
use tensorflix_settings::{Terms, integer, list, one_of, settings, text};

const ADDRESS: Terms = text(forms::ADDRESS);

settings! {
    /// The database.
    [store] StoreSettings {
        /// sqlite:// and a file, which is created if absent. It holds the claims: keep it when you update.
        url: String = "sqlite://tensorflix.db".to_owned(), text(forms::STORE_URL);

        /// How long old evidence is kept; `run` deletes older evidence every hour. Claims of registered hotkeys are kept.
        keep_days: u32 = 90, integer(1..=36_500).unit("days");
    }
}

settings! {
    /// The HTTP services. An empty address switches one off; loopback addresses keep them private.
    [http] HttpSettings {
        /// Address of the chain syncer.
        #[serde(with = "text_form::optional_address")]
        chain_syncer: Option<SocketAddr> = loopback(8001), ADDRESS;

        /// Address of the platform tracker; everyone who can reach it can use your quota.
        #[serde(with = "text_form::optional_address")]
        platform_tracker: Option<SocketAddr> = loopback(8000), ADDRESS;

        /// Address of the dashboard.
        #[serde(with = "text_form::optional_address")]
        dashboard: Option<SocketAddr> = loopback(8080), ADDRESS;

        /// Host names under which the services may be called, beside localhost: of a proxy, a container, a DNS entry. IP
        /// addresses always work; other names get 421, so that no web page can reach a service through a name that it
        /// resolves to this machine.
        allowed_hosts: Vec<String> = Vec::new(), list(forms::HOST);

        /// Age of stored data up to which the tracker answers from it; beyond, it asks the platform, which costs quota.
        max_age_secs: u64 = 3_600, integer(1..=SECONDS_OF_A_YEAR).unit("seconds");

        /// Rate of requests of one client (an IPv4 address, or an IPv6 /64) to a service; more get 429.
        requests_per_second: f64 = 500.0, RATE;

        /// Requests that one client may send at once before the rate limits them.
        burst: u32 = 5_000, BURST;

        /// original: the tracker answers as the first Python services did, with times without Z (UTC) and without unknown
        /// counts; empty: as documented.
        compatibility: Compatibility = Compatibility::None, one_of(&["", "original"]);
    }
}

settings! {
    /// What is logged, and where.
    [log] LogSettings {
        /// Detail on stderr: error, warn, info, debug or trace. The file always has debug or more.
        level: LogLevel = LogLevel::Info, one_of(&["error", "warn", "info", "debug", "trace"]).reloads();

        /// text for people, json (one object per line) for machines.
        format: LogFormat = LogFormat::Text, one_of(&["text", "json"]);

        /// The current log file; its name never changes. Empty: no log file.
        #[serde(with = "text_form::optional_path")]
        file: Option<PathBuf> = Some("video_topic_validator.log".into()), text(forms::LOG_FILE);

        /// Size at which the file is rotated to .1, .2 and so on.
        max_mb: u64 = 50, integer(1..=10_240).unit("MiB");

        /// Rotated files that are kept: disk use stays below (keep + 1) x max_mb.
        keep: usize = 5, integer(1..=100).unit("files");

        /// Interval between the log lines with each actor's metrics.
        metrics_interval_secs: u64 = 60, integer(1..=86_400).unit("seconds");
    }
}

settings! {
    /// How actors are restarted. The same keys under `[actors.<name>]` override these for one actor.
    [supervision] SupervisionSettings with SupervisionOverride {
        /// Restarts within within_secs after which an actor is not restarted again.
        max_restarts: u32 = 5, integer(0..=1000).unit("restarts");

        /// Period in which restarts are counted.
        within_secs: u64 = 300, integer(1..=86_400).unit("seconds");

        /// Wait before the first restart; doubled for each further one.
        backoff_min_ms: u64 = 100, integer(1..=60_000).unit("milliseconds");

        /// Longest wait before a restart.
        backoff_max_ms: u64 = 60_000, integer(1..=3_600_000).unit("milliseconds");
    }
}

impl LogSettings {
    /// Time between the lines of metrics.
    pub const fn metrics_interval(&self) -> Duration {
        Duration::from_secs(self.metrics_interval_secs)
    }
}

impl SupervisionSettings {
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

fn loopback(port: u16) -> Option<SocketAddr> {
    Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}
