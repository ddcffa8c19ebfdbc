//! A platform actor: observes contents of one platform in batches, within its rate, its budget and its bounds.
//!
//! - Owns in the store: observations of its platform, and its ledger.
//! - Work in flight is bounded by a semaphore, not by the mailbox. Each batch debits the ledger before it asks.
//! - What could not be observed is answered as a shortfall with its reason; it never becomes a number.
//! - An observation carries the block that the requester names, so it is dated by chain time.
//!
//! What differs between platforms is a [`Platform`]: one file each. It does not know tasks, miners or rules.

use crate::outbound::Outbound;
use crate::ports::{Clock, Store};
use crate::stats::ActorStats;
use actix::{Actor, Context, Handler, Message, ResponseFuture, Supervised};
use async_trait::async_trait;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::{self, Block, ContentId};
use tensorflix_domain::observation::{Observation, Sighting};
use tensorflix_domain::verdict::Reason;

/// What makes one platform different from another.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// Which one it is.
    fn id(&self) -> ids::Platform;

    /// Bounds and price of its requests.
    fn terms(&self) -> Terms;

    /// Whether there is a key; without one nothing is asked and all contents are `platform_unavailable`.
    fn has_key(&self) -> bool;

    /// Asks for a batch of at most `batch_size` contents of this platform. A content that is missing from the answer
    /// is unknown.
    async fn observe(&self, outbound: &Outbound, contents: &[ContentId]) -> Result<BatchAnswer, BatchError>;

    /// The ledger's date at a moment of chain time, by the platform's own calendar.
    fn ledger_date(&self, at: Moment) -> String;
}

/// Bounds and price of a platform's requests.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Contents in one batch.
    pub batch_size: usize,
    /// Batches under way at one time.
    pub max_in_flight: usize,
    /// The ledger's bucket.
    pub bucket: &'static str,
    /// Units that a batch is debited before it is asked for.
    pub units_per_batch: u64,
    /// Units that may be spent in one day.
    pub daily_budget: u64,
    /// Pauses before further attempts at a batch; each attempt is debited.
    pub retry_pauses: &'static [Duration],
}

/// A platform's answer to a batch.
#[derive(Clone, Debug, Default)]
pub struct BatchAnswer {
    /// What it said of each content that it said anything of.
    pub sightings: BTreeMap<ContentId, Sighting>,
    /// Units that were debited and not spent.
    pub unspent_units: u64,
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
    /// Trying again soon would not help: a refused key, an answer that is not understood.
    #[error("{0}")]
    Lasting(String),
    /// The platform says that its own quota is used up.
    #[error("{0}")]
    QuotaExhausted(String),
}

impl BatchError {
    const fn reason(&self) -> Reason {
        match self {
            Self::QuotaExhausted(_) => Reason::QuotaExhausted,
            Self::Passing { .. } | Self::Lasting(_) => Reason::PlatformUnavailable,
        }
    }
}

/// Request: observe contents of this platform. Those that have an observation at block `since` or later are left as
/// they are.
#[derive(Clone, Debug, Message)]
#[rtype(result = "ContentsObserved")]
pub struct ObserveContents {
    /// Which; at any length, it is cut into batches.
    pub contents: Vec<ContentId>,
    /// The block since which an observation is fresh enough.
    pub since: Block,
    /// The newest finalized block, by which observations are dated.
    pub as_of: BlockStamp,
    /// Time for all of it.
    pub deadline: Duration,
}

/// Answer to [`ObserveContents`]: everything observed is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct ContentsObserved {
    /// Contents that were observed now.
    pub observed_count: usize,
    /// Contents that could not be observed, and why.
    pub shortfalls: BTreeMap<ContentId, Reason>,
    /// What went wrong, each text once, for the report.
    pub errors: Vec<String>,
}

/// The actor.
pub struct PlatformActor<P: Platform> {
    parts: Arc<Parts<P>>,
}

struct Parts<P> {
    platform: P,
    outbound: Outbound,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
    slots: tokio::sync::Semaphore,
}

impl<P: Platform> PlatformActor<P> {
    /// An actor for one platform.
    pub fn new(
        platform: P,
        outbound: Outbound,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        stats: Arc<ActorStats>,
    ) -> Self {
        let slots = tokio::sync::Semaphore::new(platform.terms().max_in_flight.max(1));
        Self { parts: Arc::new(Parts { platform, outbound, store, clock, stats, slots }) }
    }
}

impl<P: Platform> Actor for PlatformActor<P> {
    type Context = Context<Self>;
}

/// Its state is in the store; there is nothing to bring back.
impl<P: Platform> Supervised for PlatformActor<P> {}

impl<P: Platform> Handler<ObserveContents> for PlatformActor<P> {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: ObserveContents, _: &mut Self::Context) -> Self::Result {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.observe(request).await })
    }
}

impl<P: Platform> Parts<P> {
    async fn observe(&self, request: ObserveContents) -> ContentsObserved {
        let mut answer = ContentsObserved::default();
        let wanted = match self.still_wanted(&request).await {
            Ok(wanted) => wanted,
            Err(error) => {
                answer.fall_short(&request.contents, Reason::PlatformUnavailable, error);
                return answer;
            }
        };
        if !self.platform.has_key() && !wanted.is_empty() {
            let error = format!("there is no API key for {}", self.platform.id());
            answer.fall_short(&wanted, Reason::PlatformUnavailable, error);
            return answer;
        }
        let deadline = self.clock.monotonic() + request.deadline;
        let batches: Vec<&[ContentId]> = wanted.chunks(self.platform.terms().batch_size.max(1)).collect();
        let mut results = futures::stream::iter(batches)
            .map(|batch| async move { (batch, self.observe_batch(batch, request.as_of, deadline).await) })
            .buffer_unordered(self.platform.terms().max_in_flight.max(1));
        while let Some((batch, result)) = results.next().await {
            match result {
                Ok(missing) => {
                    answer.observed_count += batch.len() - missing.len();
                    if !missing.is_empty() {
                        let error = format!("{} said nothing of some contents", self.platform.id());
                        answer.fall_short(&missing, Reason::PlatformUnavailable, error);
                    }
                }
                Err(error) => answer.fall_short(batch, error.reason(), error.to_string()),
            }
        }
        answer
    }

    /// The contents to ask for: this platform's, each once, without those observed since.
    async fn still_wanted(&self, request: &ObserveContents) -> Result<Vec<ContentId>, String> {
        let mut wanted: Vec<ContentId> =
            request.contents.iter().filter(|content| content.platform() == self.platform.id()).cloned().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let observed = self.store.observed_since(&wanted, request.since).await.map_err(|error| error.to_string())?;
        let observed: std::collections::HashSet<ContentId> = observed.into_iter().collect();
        wanted.retain(|content| !observed.contains(content));
        Ok(wanted)
    }

    /// Observes and stores one batch. Gives the contents that the answer left out.
    async fn observe_batch(
        &self,
        batch: &[ContentId],
        as_of: BlockStamp,
        deadline: Duration,
    ) -> Result<Vec<ContentId>, BatchError> {
        let passing = |error: String| BatchError::Passing { error, retry_after: None };
        let left = deadline.saturating_sub(self.clock.monotonic());
        let attempts = async {
            let _slot = self.slots.acquire().await.map_err(|error| passing(error.to_string()))?;
            let _work = self.stats.begin();
            self.ask_with_retries(batch, as_of).await
        };
        let answered = tokio::select! {
            biased;
            answered = attempts => answered,
            () = self.clock.sleep(left) => Err(passing(format!("{} did not answer in time", self.platform.id()))),
        };
        let answer = answered.inspect_err(|error| {
            self.stats.count_failed();
            tracing::warn!(platform = %self.platform.id(), contents = batch.len(), %error, "a batch was not observed");
        })?;
        let (mut observations, mut missing) = (Vec::with_capacity(batch.len()), Vec::new());
        let mut sightings = answer.sightings;
        for content in batch {
            match sightings.remove(content) {
                Some(sighting) => observations.push(Observation { content: content.clone(), at: as_of, sighting }),
                None => missing.push(content.clone()),
            }
        }
        self.store.record_observations(&observations).await.map_err(|error| passing(error.to_string()))?;
        self.stats.count_handled();
        Ok(missing)
    }

    async fn ask_with_retries(&self, batch: &[ContentId], as_of: BlockStamp) -> Result<BatchAnswer, BatchError> {
        let mut pauses = self.platform.terms().retry_pauses.iter();
        loop {
            match (self.ask(batch, as_of).await, pauses.next()) {
                (Err(BatchError::Passing { error, retry_after }), Some(pause)) => {
                    let pause = retry_after.unwrap_or_default().max(*pause);
                    if pause > crate::outbound::LONGEST_PAUSE {
                        return Err(BatchError::Passing { error, retry_after });
                    }
                    tracing::debug!(platform = %self.platform.id(), error, pause_ms = pause.as_millis(), "asking again");
                    self.clock.sleep(pause).await;
                }
                (answered, _) => return answered,
            }
        }
    }

    /// Debits the ledger, then asks once.
    async fn ask(&self, batch: &[ContentId], as_of: BlockStamp) -> Result<BatchAnswer, BatchError> {
        let Terms { bucket, units_per_batch, daily_budget, .. } = self.platform.terms();
        let date = self.platform.ledger_date(as_of.time);
        let passing = |error: String| BatchError::Passing { error, retry_after: None };
        let debited = self.store.debit(bucket, &date, units_per_batch, daily_budget).await;
        if !debited.map_err(|error| passing(error.to_string()))? {
            let error = format!("the daily budget of {} is used up for {date}", self.platform.id());
            return Err(BatchError::QuotaExhausted(error));
        }
        let answer = self.platform.observe(&self.outbound, batch).await?;
        if answer.unspent_units > 0 {
            let credited = self.store.credit(bucket, &date, answer.unspent_units.min(units_per_batch)).await;
            // What is not given back counts as spent: the safe side.
            credited.unwrap_or_else(|error| tracing::warn!(%error, "unspent units could not be given back"));
        }
        Ok(answer)
    }
}

impl ContentsObserved {
    fn fall_short(&mut self, contents: &[ContentId], reason: Reason, error: String) {
        self.shortfalls.extend(contents.iter().map(|content| (content.clone(), reason)));
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}
