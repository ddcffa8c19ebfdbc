//! What the rest of the program needs to know about a platform, in one place.

use super::api::PlatformApi;
use super::tracker::TrackerRoute;
use crate::outbound::limiter::Rate;
use crate::ports::Clock;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_settings::{Stated, StatedSection};
use toml::{Table, Value};
use url::Url;

/// A registered platform: see [`PLATFORMS`](super::PLATFORMS).
///
/// Settings, keys, rates, budgets, the tracker's route, `/health`, `doctor` and the checks of gists are all read from it.
#[derive(Debug)]
pub struct PlatformSpec {
    /// Its rules: name, grammar of ids, which values are plausible.
    pub platform: Platform,
    /// The section of its settings, which is named like the platform. It has the [`COMMON_KEYS`].
    pub settings: StatedSection,
    /// Most keys that are used in turn.
    pub most_keys: usize,
    /// Makes its client.
    pub connect: fn(Connection<'_>) -> Arc<dyn PlatformApi>,
    /// Units of its ledger that its settings allow per day and bucket.
    pub daily_units: fn(&Table) -> u64,
    /// What an operator should correct in its settings although they are valid.
    pub warning: fn(&Table) -> Option<String>,
    /// The daily budget in words, such as `9000 units a day for each key`.
    pub budget: fn(&Table) -> String,
    /// What this many units of its ledger cost, in words.
    pub price: fn(units: u64) -> String,
    /// Most images of one video or reel that detectors examine.
    pub most_frames: u64,
    /// The addresses of these images: the platform's own, which no miner chooses. The text is the image address that
    /// the platform gave, if it gave one.
    pub frames: fn(&ContentId, Option<&str>) -> Vec<Url>,
    /// How the platform tracker serves it.
    pub tracker: TrackerRoute,
}

/// The setting that names the file of a platform's keys.
pub const KEY_FILE: &str = "api_key_file";
/// Requests a second, a number.
const RATE: &str = "requests_per_second";
/// Requests that may be sent at once, an integer.
const BURST: &str = "burst";
/// The deadline of one request, in whole seconds.
const TIMEOUT: &str = "timeout_secs";

/// The keys that the section of every platform has.
pub const COMMON_KEYS: [&str; 4] = [KEY_FILE, RATE, BURST, TIMEOUT];

/// What a platform's client is made from.
pub struct Connection<'a> {
    /// The checked values of its settings, every one of them.
    pub settings: &'a Table,
    /// Its keys.
    pub keys: Vec<SecretString>,
    /// For pauses and deadlines.
    pub clock: Arc<dyn Clock>,
}

impl Connection<'_> {
    /// The settings as the platform stated them.
    ///
    /// # Panics
    /// If they were not checked: see [`StatedSection::refusal`].
    pub fn settings<S: Stated>(&self) -> S {
        read(self.settings)
    }
}

/// Reads settings that were checked before.
///
/// # Panics
/// If they were not.
#[expect(clippy::expect_used, reason = "settings are checked when they are read")]
pub(crate) fn read<S: Stated>(settings: &Table) -> S {
    settings.clone().try_into().expect("checked settings")
}

impl PlatformSpec {
    /// The environment variable that holds its key.
    pub fn key_variable(&self) -> &'static str {
        self.settings.setting(KEY_FILE).and_then(|setting| setting.terms.secret_variable).unwrap_or_default()
    }

    /// How fast requests may be sent.
    pub fn rate(settings: &Table) -> Rate {
        let number = |key| match settings.get(key) {
            Some(Value::Float(number)) => *number,
            _ => 0.0,
        };
        let burst = settings.get(BURST).and_then(Value::as_integer).and_then(|burst| u32::try_from(burst).ok());
        Rate { requests_per_second: number(RATE), burst: burst.unwrap_or(1) }
    }

    /// The deadline of one request.
    pub fn timeout(settings: &Table) -> Duration {
        let seconds = settings.get(TIMEOUT).and_then(Value::as_integer).and_then(|seconds| u64::try_from(seconds).ok());
        Duration::from_secs(seconds.unwrap_or_default())
    }
}
