//! What makes one platform different from another, and the interface between a platform and its actor.

use crate::outbound::Outbound;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::Reason;

/// What makes one platform different from another.
#[async_trait]
pub trait PlatformApi: Send + Sync + 'static {
    /// Which one it is. [`spec_of`](super::spec_of) gives what is registered for it.
    fn id(&self) -> Platform;

    /// Limits and price of its requests.
    fn terms(&self) -> Terms;

    /// Its daily budget, which can be changed while it is in use.
    fn budget(&self) -> &DailyBudget;

    /// The routes by which this scope can be requested, one for each key. Empty without a key, in which case all
    /// contents are `platform_unavailable`, and where the platform has no such method.
    fn routes(&self, scope: Scope) -> Vec<Route>;

    /// Requests a batch of at most `batch_size` contents of this platform once, by one route. A video or reel that is
    /// missing from the answer is unknown. The call ends by `until` of the monotonic clock with whatever it has by
    /// then: nobody waits longer, and what is paid for would be lost.
    async fn observe(
        &self,
        outbound: &Outbound,
        route: &Route,
        contents: &[ContentId],
        until: Duration,
    ) -> Result<BatchAnswer, BatchFailure>;

    /// The ledger's date at a moment of chain time, by the platform's own calendar.
    fn ledger_date(&self, at: Moment) -> String;

    /// The moment at which the ledger's date changes next and budgets reset.
    fn ledger_reset(&self, at: Moment) -> Moment;
}

/// What the outcomes of whole batches are about.
pub const BATCHES: &str = "batches";

/// What the subjects of a key's outcomes begin with; its place in the configuration follows, from 1.
pub const KEY: &str = "key ";

/// How much of a video or reel is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Its details and its statistics; what a complete answer leaves out is absent.
    Everything,
    /// Its statistics only; what an answer leaves out is unknown.
    Numbers,
}

/// A route for requests: a key, how much is requested, and the bucket that pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The key's place in the configuration, from 0.
    pub key: usize,
    /// How much is requested.
    pub scope: Scope,
    /// The bucket of the ledger. It names the key by a digest, never by itself.
    pub bucket: String,
}

/// Limits and price of a platform's requests.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Contents in one batch.
    pub batch_size: usize,
    /// Batches in flight at one time.
    pub max_in_flight: usize,
    /// Units that are debited for a batch before it is requested.
    pub units_per_batch: u64,
    /// Units that may be spent in one day from one bucket.
    pub daily_budget: u64,
    /// Pauses before further attempts at a batch; each attempt is debited.
    pub retry_pauses: &'static [Duration],
    /// The least time for an attempt: with less left it cannot succeed and is not made.
    pub least_time: Duration,
}

/// Units that may be spent in one day from one bucket, shared by the code that spends them and the code that shows
/// them. It can be changed at any time: each debit is checked against the current budget, so what is spent already
/// counts.
#[derive(Clone, Debug)]
pub struct DailyBudget(Arc<AtomicU64>);

impl DailyBudget {
    /// A budget of so many units.
    pub fn new(units: u64) -> Self {
        Self(Arc::new(AtomicU64::new(units)))
    }

    /// The units.
    pub fn units(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes the units, for all who share it.
    pub fn set(&self, units: u64) {
        self.0.store(units, Ordering::Relaxed);
    }
}

/// A platform's answer to a batch.
#[derive(Clone, Debug, Default)]
pub struct BatchAnswer {
    /// What it showed, by video or reel.
    pub sightings: BTreeMap<ContentId, Sighting>,
    /// What it answered about contents that it did not show.
    pub words: BTreeMap<ContentId, String>,
    /// Units that were debited but not spent.
    pub unspent_units: u64,
}

/// A batch that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFailure {
    /// Why.
    pub error: BatchError,
    /// Units that were debited and are known to be unspent.
    pub unspent_units: u64,
}

impl From<BatchError> for BatchFailure {
    /// Unless known otherwise, what was debited was spent.
    fn from(error: BatchError) -> Self {
        Self { error, unspent_units: 0 }
    }
}

/// A rejection that may concern the key only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefusal {
    /// Which key was rejected and what the platform answered; contains no secret.
    pub words: String,
    /// Equal for rejections of the same kind, whatever the key.
    pub sign: String,
    /// Whether the platform says that the key is the reason. Otherwise another key that is rejected in the same way
    /// shows that it is not.
    pub is_certain: bool,
}

impl fmt::Display for KeyRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

/// Why there is no answer to a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Temporary: retry, at the earliest after the pause that the platform asks for.
    #[error("{error}")]
    Passing {
        /// What happened.
        error: String,
        /// What the platform asks for, if it does.
        retry_after: Option<Duration>,
    },
    /// A retry soon would not help: an answer that cannot be read, a request that is rejected.
    #[error("{0}")]
    Lasting(String),
    /// The outcome is unknown, or the result is lost: the request is not repeated.
    #[error("{0}")]
    Lost(String),
    /// The order ended before an answer came; this is no failure of the platform. What was requested stays paid.
    #[error("{0}")]
    OutOfTime(String),
    /// Nothing was sent and nothing is owed: the platform asked for a longer pause than the order allows, or too
    /// little time was left.
    #[error("{0}")]
    Held(String),
    /// The platform says that this bucket is used up: paused until the quota reset.
    #[error("{0}")]
    QuotaExhausted(String),
    /// The account has no money left; it is unknown until when.
    #[error("{0}")]
    Unfunded(String),
    /// The platform rejects this key, as far as known: another one is tried.
    #[error("{0}")]
    KeyRefused(KeyRefusal),
    /// The platform has no such method, or not for this key: everything is requested instead.
    #[error("{0}")]
    MethodMissing(KeyRefusal),
}

impl BatchError {
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::QuotaExhausted(_) | Self::Unfunded(_) => Reason::QuotaExhausted,
            Self::Passing { .. }
            | Self::Lasting(_)
            | Self::Lost(_)
            | Self::OutOfTime(_)
            | Self::Held(_)
            | Self::KeyRefused(_)
            | Self::MethodMissing(_) => Reason::PlatformUnavailable,
        }
    }
}

/// The name of a key in the ledger and in logs: the beginning of a digest, from which the key cannot be derived.
pub(crate) fn key_name(key: &SecretString) -> String {
    const SHOWN_BYTES: usize = 4;
    let digest = Sha256::new().chain_update("key of a ledger: ").chain_update(key.expose_secret()).finalize();
    hex::encode(&digest[..SHOWN_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_eight_digits_that_hold_nothing_of_it() {
        let name = |key: &str| key_name(&SecretString::from(key));
        assert_eq!(name("AIzaSyA").len(), 8);
        assert_eq!(name("AIzaSyA"), name("AIzaSyA"));
        assert_ne!(name("AIzaSyA"), name("AIzaSyB"));
    }
}
