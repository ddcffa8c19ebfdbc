//! A platform actor: observes contents of one platform in batches, within its rate, its budget and its bounds.
//!
//! - Owns in the store: observations of its platform, and its ledger.
//! - Work in flight is bounded by a semaphore, not by the mailbox. Each request debits the ledger before it is made.
//! - What could not be observed is answered as a shortfall with its reason; it never becomes a number.
//! - An observation carries the block that the requester names, so it is dated by chain time.
//! - Where details are known and fresh, numbers alone are asked for, if the platform has a method for that. A content
//!   that such an answer leaves out is asked for with everything before it counts as absent.
//! - A content is absent when two answers leave it out, from two requests that lie [`ABSENCE_APART`]. After one it is
//!   unknown, and nothing of that is remembered: whoever asks later needs two again.
//! - Contents are asked for in the order given, so that a budget which does not last is spent on those that come first.
//!
//! What differs between platforms is a [`Platform`]: one file or folder each. It does not know tasks, miners or rules.

mod actor;
mod asking;
mod batches;
mod copies;
pub mod instagram;
mod ledger;
mod plausible;
mod polling;
mod rests;
mod words;
pub mod youtube;

pub use actor::{DETAILS_MAX_AGE_BLOCKS, PlatformActor};
pub use batches::{ABSENCE_APART, MOST_SPLITS, ORDER_GRACE};
pub(crate) use copies::{join_copies, join_metrics};
pub use ledger::{BucketState, bucket_states};
pub use plausible::screen;
pub use polling::{MAX_POLLED, PollContents};
pub(crate) use words::shown_words;

use crate::outbound::Outbound;
use actix::Message;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::{self, Block, ContentId};
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::verdict::Reason;

/// What makes one platform different from another.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// Which one it is.
    fn id(&self) -> ids::Platform;

    /// Bounds and price of its requests.
    fn terms(&self) -> Terms;

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
    const fn reason(&self) -> Reason {
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

/// Request: observe contents of this platform. Those that have an observation at block `since` or later are left as
/// they are.
#[derive(Clone, Debug, Message)]
#[rtype(result = "ContentsObserved")]
pub struct ObserveContents {
    /// Which; at any length, it is cut into batches. Where a budget does not last, those that come first are observed.
    pub contents: Vec<ContentId>,
    /// The block since which an observation is fresh enough.
    pub since: Block,
    /// The newest finalized block, by which observations are dated.
    pub as_of: BlockStamp,
    /// Time for all of it.
    pub deadline: Duration,
}

/// Answer to [`ObserveContents`] and [`PollContents`]: everything observed is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct ContentsObserved {
    /// Contents that were observed now.
    pub observed_count: usize,
    /// Contents that could not be observed, and why.
    pub shortfalls: BTreeMap<ContentId, Reason>,
    /// Of these, the contents that an answer passed over, with what the platform said instead: it is in no trouble.
    pub passed_over: BTreeMap<ContentId, String>,
    /// When the budget is renewed for whose sake contents fell short.
    pub budget_renewed_at: Option<Moment>,
    /// What went wrong, each text once, for the report.
    pub errors: Vec<String>,
}

impl ContentsObserved {
    fn fall_short(&mut self, contents: &[ContentId], reason: Reason, error: String) {
        self.shortfalls.extend(contents.iter().map(|content| (content.clone(), reason)));
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// The name that a key has in the ledger and in logs: the beginning of a digest, from which it cannot be told.
pub(crate) fn key_name(key: &SecretString) -> String {
    const SHOWN_BYTES: usize = 4;
    let digest = Sha256::new().chain_update("key of a ledger: ").chain_update(key.expose_secret()).finalize();
    digest.iter().take(SHOWN_BYTES).fold(String::new(), |mut name, byte| {
        // Writing to a text does not fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
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
