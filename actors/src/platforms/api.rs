//! What makes one platform different from another, and in what terms its actor speaks with it.

use super::spec::PlatformSpec;
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
    /// Which one it is.
    fn spec(&self) -> &'static PlatformSpec;

    /// Which one it is, to the rules.
    fn id(&self) -> Platform {
        self.spec().platform
    }

    /// Bounds and price of its requests.
    fn terms(&self) -> Terms;

    /// Its daily budget, which can be changed while it is in use.
    fn budget(&self) -> &DailyBudget;

    /// The ways to ask for this much of a content, one for each key. None without a key, in which case all contents are
    /// `platform_unavailable`; and none where the platform has no such method.
    fn routes(&self, scope: Scope) -> Vec<Route>;

    /// Asks once, by one way, for a batch of at most `batch_size` contents of this platform. A content that is missing
    /// from the answer is unknown. It ends by `until` of the monotonic clock with whatever it has by then: nobody waits
    /// longer, and what is paid for would be lost.
    async fn observe(
        &self,
        outbound: &Outbound,
        route: &Route,
        contents: &[ContentId],
        until: Duration,
    ) -> Result<BatchAnswer, BatchFailure>;

    /// The ledger's date at a moment of chain time, by the platform's own calendar.
    fn ledger_date(&self, at: Moment) -> String;

    /// The moment at which the ledger's date changes next, and budgets begin anew.
    fn ledger_reset(&self, at: Moment) -> Moment;
}

/// What the outcomes of whole batches are about.
pub const BATCHES: &str = "batches";

/// What the subjects of a key's outcomes begin with; its place in the configuration follows, from 1.
pub const KEY: &str = "key ";

/// How much of a content is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Its details and its numbers; who is left out of a complete answer is absent.
    Everything,
    /// Its numbers alone; who is left out is unknown.
    Numbers,
}

/// A way to ask: a key, how much is asked for, and the bucket that pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The key's place in the configuration, from 0.
    pub key: usize,
    /// How much is asked for.
    pub scope: Scope,
    /// The bucket of the ledger. It names the key by a digest, never by itself.
    pub bucket: String,
}

/// Bounds and price of a platform's requests.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Contents in one batch.
    pub batch_size: usize,
    /// Batches under way at one time.
    pub max_in_flight: usize,
    /// Units that a batch is debited before it is asked for.
    pub units_per_batch: u64,
    /// Units that may be spent in one day from one bucket.
    pub daily_budget: u64,
    /// Pauses before further attempts at a batch; each attempt is debited.
    pub retry_pauses: &'static [Duration],
    /// The time that has to be left for an attempt: with less, nothing could come of it, and it is not made.
    pub least_time: Duration,
}

/// Units that may be spent in one day from one bucket, shared by whoever spends or shows them. It can be changed at any
/// time: the ledger is asked with the budget of the moment, so what is spent already counts.
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
    /// What it showed of each content that it showed anything of.
    pub sightings: BTreeMap<ContentId, Sighting>,
    /// What it said of contents instead of showing them.
    pub words: BTreeMap<ContentId, String>,
    /// Units that were debited and not spent.
    pub unspent_units: u64,
}

/// A batch that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFailure {
    /// Why.
    pub error: BatchError,
    /// Units that were debited and are known not to have been spent.
    pub unspent_units: u64,
}

impl From<BatchError> for BatchFailure {
    /// As long as nobody knows better, what was debited was spent.
    fn from(error: BatchError) -> Self {
        Self { error, unspent_units: 0 }
    }
}

/// A refusal that may concern the key alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefusal {
    /// Which key was refused, and what the platform said; no secret is in it.
    pub words: String,
    /// The same for refusals of the same way, whatever the key.
    pub sign: String,
    /// Whether the platform says that the key is the reason. Otherwise another key that is refused in the same way shows
    /// that it is not.
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
    /// In passing: it may be tried again, at the earliest after the pause that the platform asks for.
    #[error("{error}")]
    Passing {
        /// What happened.
        error: String,
        /// What the platform asks for, if it does.
        retry_after: Option<Duration>,
    },
    /// Trying again soon would not help: an answer that is not understood, a request that is refused.
    #[error("{0}")]
    Lasting(String),
    /// Nobody knows whether it was done, or it was done and its result is lost: it is not ordered twice.
    #[error("{0}")]
    Lost(String),
    /// The order ended before an answer came, which says nothing of the platform. What was asked for stays paid.
    #[error("{0}")]
    OutOfTime(String),
    /// Nothing was sent and nothing is owed: the platform asked to wait longer than anybody waits here, or too little time
    /// was left.
    #[error("{0}")]
    Held(String),
    /// The platform says that this bucket is used up: it rests until the budget begins anew.
    #[error("{0}")]
    QuotaExhausted(String),
    /// The account has no money left; nobody knows until when.
    #[error("{0}")]
    Unfunded(String),
    /// The platform refuses this key, as far as anybody knows: another one is asked.
    #[error("{0}")]
    KeyRefused(KeyRefusal),
    /// The platform has no such method, or not for this key: everything is asked for instead.
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

/// The name that a key has in the ledger and in logs: the beginning of a digest, from which it cannot be told.
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
