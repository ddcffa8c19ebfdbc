//! The actor that works requests off: what is wanted, in batches, numbers before everything.

use super::ledger::{Day, Ledger, Refusals};
use super::{BATCHES, BatchAnswer, BatchError, ContentsObserved, KEY, ObserveContents, Platform, Route, Scope};
use crate::outbound::{LONGEST_PAUSE, Outbound};
use crate::ports::{Clock, Store};
use crate::quarantine::{self, Quarantine};
use crate::stats::ActorStats;
use crate::supervision::Heartbeat;
use actix::{Actor, Context, Handler, ResponseFuture, Supervised};
use futures::{FutureExt, StreamExt};
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::Observation;
use tensorflix_domain::quarantine::{Item, ItemKind};
use tensorflix_domain::verdict::Reason;

/// Details that were seen this many blocks ago, six hours, are asked for anew with the numbers: texts name owners, and
/// an uploader can change them.
pub const DETAILS_MAX_AGE_BLOCKS: u32 = 1_800;

/// Batches that are cut in halves for one request, because they crash: enough to find a few contents in a batch of fifty.
/// If whatever a platform says crashes, this bounds what is spent to find that out.
pub const MOST_SPLITS: u32 = 24;

/// The actor.
pub struct PlatformActor<P: Platform> {
    parts: Arc<Parts<P>>,
}

pub(super) struct Parts<P> {
    pub(super) platform: P,
    outbound: Outbound,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
    slots: tokio::sync::Semaphore,
    pub(super) ledger: Ledger,
}

/// How one request is worked off.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// By which observations are dated.
    pub(super) as_of: BlockStamp,
    /// By the monotonic clock.
    pub(super) deadline: Duration,
    /// Numbers alone will do for contents whose details were seen at this block or later.
    pub(super) details_since: Block,
    /// Units that are left in each bucket for others.
    pub(super) kept_units: u64,
    /// Whether it comes again by itself soon: then nothing is tried twice, and an outage costs little.
    pub(super) is_poll: bool,
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
        let ledger = Ledger::new(Arc::clone(&store), Arc::clone(&clock));
        Self { parts: Arc::new(Parts { platform, outbound, store, clock, stats, slots, ledger }) }
    }

    pub(super) fn parts(&self) -> Arc<Parts<P>> {
        Arc::clone(&self.parts)
    }
}

impl<P: Platform> Actor for PlatformActor<P> {
    type Context = Context<Self>;
}

/// Its state is in the store; there is nothing to bring back.
impl<P: Platform> Supervised for PlatformActor<P> {}

impl<P: Platform> Handler<Heartbeat> for PlatformActor<P> {
    type Result = ();

    fn handle(&mut self, _: Heartbeat, _: &mut Self::Context) {}
}

impl<P: Platform> Handler<ObserveContents> for PlatformActor<P> {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: ObserveContents, _: &mut Self::Context) -> Self::Result {
        let parts = self.parts();
        Box::pin(async move { parts.observe(request).await })
    }
}

impl<P: Platform> Parts<P> {
    async fn observe(&self, request: ObserveContents) -> ContentsObserved {
        let order = Order {
            as_of: request.as_of,
            deadline: self.clock.monotonic() + request.deadline,
            details_since: request.as_of.block.saturating_sub(DETAILS_MAX_AGE_BLOCKS),
            kept_units: 0,
            is_poll: false,
        };
        match self.still_wanted(&request).await {
            Ok(wanted) => self.work_off(wanted, &order).await,
            Err(error) => {
                let mut answer = ContentsObserved::default();
                answer.fall_short(&request.contents, Reason::PlatformUnavailable, error);
                answer
            }
        }
    }

    /// This platform's contents, each once, in order.
    pub(super) fn own(&self, contents: &[ContentId]) -> Vec<ContentId> {
        let mut own: Vec<ContentId> =
            contents.iter().filter(|content| content.platform() == self.platform.id()).cloned().collect();
        own.sort_unstable();
        own.dedup();
        own
    }

    /// The contents to ask for: without those observed since.
    async fn still_wanted(&self, request: &ObserveContents) -> Result<Vec<ContentId>, String> {
        let mut wanted = self.own(&request.contents);
        let observed = self.store.observed_since(&wanted, request.since).await.map_err(|error| error.to_string())?;
        let observed: HashSet<ContentId> = observed.into_iter().collect();
        wanted.retain(|content| !observed.contains(content));
        Ok(wanted)
    }

    /// Observes contents: those with fresh details by their numbers, then the others, and those that the first left out.
    pub(super) async fn work_off(&self, wanted: Vec<ContentId>, order: &Order) -> ContentsObserved {
        let mut answer = ContentsObserved::default();
        if self.platform.routes(Scope::Everything).is_empty() && !wanted.is_empty() {
            let error = format!("there is no API key for {}", self.platform.id());
            answer.fall_short(&wanted, Reason::PlatformUnavailable, error);
            return answer;
        }
        let wanted = match self.without_quarantined(wanted, order, &mut answer).await {
            Ok(wanted) => wanted,
            Err((wanted, error)) => {
                answer.fall_short(&wanted, Reason::PlatformUnavailable, error);
                return answer;
            }
        };
        let counted = match self.to_count(&wanted, order).await {
            Ok(counted) => counted,
            Err(error) => {
                answer.fall_short(&wanted, Reason::PlatformUnavailable, error);
                return answer;
            }
        };
        let skipped: HashSet<&ContentId> = counted.iter().collect();
        let mut whole: Vec<ContentId> = wanted.iter().filter(|content| !skipped.contains(content)).cloned().collect();
        whole.extend(self.ask_for(&counted, Scope::Numbers, order, &mut answer).await);
        whole.sort_unstable();
        self.ask_for(&whole, Scope::Everything, order, &mut answer).await;
        answer
    }

    /// The contents for which numbers alone will do.
    async fn to_count(&self, wanted: &[ContentId], order: &Order) -> Result<Vec<ContentId>, String> {
        if self.platform.routes(Scope::Numbers).is_empty() {
            return Ok(Vec::new());
        }
        self.store.details_since(wanted, order.details_since).await.map_err(|error| error.to_string())
    }

    /// Asks in batches. Gives the contents of which numbers alone were asked for and which need more than that.
    async fn ask_for(
        &self,
        contents: &[ContentId],
        scope: Scope,
        order: &Order,
        answer: &mut ContentsObserved,
    ) -> Vec<ContentId> {
        let terms = self.platform.terms();
        let batches: Vec<&[ContentId]> = contents.chunks(terms.batch_size.max(1)).collect();
        let splits = AtomicU32::new(MOST_SPLITS);
        let mut results = futures::stream::iter(batches)
            .map(|batch| self.observe_apart(batch, scope, order, &splits))
            .buffer_unordered(terms.max_in_flight.max(1))
            .flat_map(futures::stream::iter);
        let mut unanswered = Vec::new();
        while let Some((batch, result)) = results.next().await {
            match (scope, result) {
                (Scope::Numbers, Ok(missing)) => {
                    answer.observed_count += batch.len() - missing.len();
                    unanswered.extend(missing);
                }
                (Scope::Everything, Ok(missing)) => {
                    answer.observed_count += batch.len() - missing.len();
                    if !missing.is_empty() {
                        let error = format!("{} said nothing of some contents", self.platform.id());
                        answer.fall_short(&missing, Reason::PlatformUnavailable, error);
                    }
                }
                // The other method may do, and another bucket pays for it. A poll tries it only if the platform answers.
                (Scope::Numbers, Err(error)) if !order.is_poll || is_of_route(&error) => {
                    unanswered.extend_from_slice(batch);
                }
                (_, Err(error)) => answer.fall_short(batch, error.reason(), error.to_string()),
            }
        }
        unanswered
    }

    /// What is left of contents without those that crashed too often today, which fall short. (What a platform says of a
    /// content is only known by asking, so the day takes the place of its digest.)
    async fn without_quarantined(
        &self,
        wanted: Vec<ContentId>,
        order: &Order,
        answer: &mut ContentsObserved,
    ) -> Result<Vec<ContentId>, (Vec<ContentId>, String)> {
        let quarantine = match Quarantine::load(&*self.store, order.as_of.block).await {
            Ok(quarantine) => quarantine,
            Err(error) => return Err((wanted, error.to_string())),
        };
        let day = Day::of(&self.platform, order.as_of.time);
        let (held, wanted): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|content| quarantine.holds(&content_item(content, &day)));
        for content in &held {
            let error =
                format!("{}: reading what the platform says of it crashed; it is left alone today", content.as_str());
            answer.fall_short(std::slice::from_ref(content), Reason::PlatformUnavailable, error);
        }
        Ok(wanted)
    }

    /// Observes a batch so that a crash costs the content alone that is to blame: a batch that crashes is asked for again
    /// in halves, as long as there are `splits` left.
    async fn observe_apart<'a>(
        &self,
        batch: &'a [ContentId],
        scope: Scope,
        order: &Order,
        splits: &AtomicU32,
    ) -> Vec<(&'a [ContentId], Result<Vec<ContentId>, BatchError>)> {
        let (mut waiting, mut results) = (vec![batch], Vec::new());
        while let Some(batch) = waiting.pop() {
            // The actor's own state is the ledger's, whose lock is never held over a call.
            if let Ok(result) = AssertUnwindSafe(self.observe_batch(batch, scope, order)).catch_unwind().await {
                results.push((batch, result));
                continue;
            }
            let has_split = || splits.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
            if batch.len() > 1 && has_split() {
                let (first, second) = batch.split_at(batch.len() / 2);
                waiting.extend([second, first]);
                continue;
            }
            self.stats.count_failed();
            let error = match (batch, scope) {
                ([content], Scope::Everything) => self.crashed(content, order).await,
                _ => "reading what the platform says of some contents crashed: a bug of the validator".to_owned(),
            };
            self.stats.outcomes().failed(BATCHES, &error);
            results.push((batch, Err(BatchError::Lasting(error))));
        }
        results
    }

    /// Counts a crash of one content, in the store first. Gives what to report.
    async fn crashed(&self, content: &ContentId, order: &Order) -> String {
        let day = Day::of(&self.platform, order.as_of.time);
        let counted = async {
            let quarantine = Quarantine::load(&*self.store, order.as_of.block).await?;
            quarantine.crashed(&content_item(content, &day)).await
        };
        let reason = counted.await.unwrap_or_else(|error| error.to_string());
        format!("{}: {reason}", content.as_str())
    }

    /// Observes and stores one batch. Gives the contents that the answer left out.
    async fn observe_batch(
        &self,
        batch: &[ContentId],
        scope: Scope,
        order: &Order,
    ) -> Result<Vec<ContentId>, BatchError> {
        let passing = |error: String| BatchError::Passing { error, retry_after: None };
        let left = order.deadline.saturating_sub(self.clock.monotonic());
        let attempts = async {
            let _slot = self.slots.acquire().await.map_err(|error| passing(error.to_string()))?;
            let _work = self.stats.begin();
            self.ask_with_retries(batch, scope, order).await
        };
        let answered = tokio::select! {
            biased;
            answered = attempts => answered,
            () = self.clock.sleep(left) => Err(passing(format!("{} did not answer in time", self.platform.id()))),
        };
        let answer = answered.inspect_err(|error| self.report(batch, scope, error))?;
        let (mut observations, mut missing) = (Vec::with_capacity(batch.len()), Vec::new());
        let mut sightings = answer.sightings;
        for content in batch {
            match sightings.remove(content) {
                Some(sighting) => {
                    observations.push(Observation { content: content.clone(), at: order.as_of, sighting });
                }
                None => missing.push(content.clone()),
            }
        }
        self.store.record_observations(&observations).await.map_err(|error| passing(error.to_string()))?;
        self.stats.count_handled();
        self.stats.outcomes().succeeded(BATCHES);
        Ok(missing)
    }

    /// Counts and logs a failed batch. What concerns a whole route is in the log once already.
    fn report(&self, batch: &[ContentId], scope: Scope, error: &BatchError) {
        let (platform, contents) = (self.platform.id(), batch.len());
        if scope == Scope::Numbers && is_of_route(error) {
            tracing::debug!(%platform, contents, %error, "numbers alone were not to be had");
            return;
        }
        self.stats.count_failed();
        // A budget that is used up is told of as such.
        if !matches!(error, BatchError::QuotaExhausted(_)) {
            self.stats.outcomes().failed(BATCHES, &error.to_string());
        }
        match error {
            BatchError::QuotaExhausted(_) => tracing::debug!(%platform, contents, %error, "a batch was not asked for"),
            error => tracing::warn!(%platform, contents, %error, "a batch was not observed"),
        }
    }

    async fn ask_with_retries(
        &self,
        batch: &[ContentId],
        scope: Scope,
        order: &Order,
    ) -> Result<BatchAnswer, BatchError> {
        let pauses = if order.is_poll { &[] } else { self.platform.terms().retry_pauses };
        let mut pauses = pauses.iter();
        loop {
            match (self.ask(batch, scope, order).await, pauses.next()) {
                (Err(BatchError::Passing { error, retry_after }), Some(pause)) => {
                    let pause = retry_after.unwrap_or_default().max(*pause);
                    if pause > LONGEST_PAUSE {
                        return Err(BatchError::Passing { error, retry_after });
                    }
                    tracing::debug!(platform = %self.platform.id(), error, pause_ms = pause.as_millis(), "asking again");
                    self.clock.sleep(pause).await;
                }
                (answered, _) => return answered,
            }
        }
    }

    /// Asks by the first route that pays and is not refused. Each attempt is debited before it is made.
    async fn ask(&self, batch: &[ContentId], scope: Scope, order: &Order) -> Result<BatchAnswer, BatchError> {
        let (platform, terms) = (&self.platform, self.platform.terms());
        let day = Day::of(platform, order.as_of.time);
        let passing = |error: String| BatchError::Passing { error, retry_after: None };
        let mut refusals = Refusals::default();
        for route in self.ledger.routes_in_turn(platform, scope, &day) {
            let debited = self.ledger.debit(&route, &day, &terms, order.kept_units).await;
            if !debited.map_err(|error| passing(error.to_string()))? {
                refusals.spent();
                continue;
            }
            let error = match platform.observe(&self.outbound, &route, batch).await {
                Ok(answer) => {
                    self.stats.outcomes().succeeded(&key_subject(&route));
                    self.ledger.credit(&route, &day, answer.unspent_units.min(terms.units_per_batch)).await;
                    return Ok(answer);
                }
                Err(error) => error,
            };
            note_failure(&self.stats, &route, &error);
            match &error {
                BatchError::Held(_) => self.ledger.credit(&route, &day, terms.units_per_batch).await,
                BatchError::QuotaExhausted(error) => self.ledger.exhaust(&route, &day, &terms, error).await,
                BatchError::KeyRefused(error) => self.ledger.refuse(&route, &day, error),
                BatchError::MethodMissing(error) => self.ledger.withdraw_numbers(error),
                BatchError::Passing { .. } | BatchError::Lasting(_) | BatchError::Unfunded(_) => {}
            }
            refusals.take_in(error)?;
        }
        let error = refusals.into_error(platform, &day);
        if scope == Scope::Everything && !order.is_poll && matches!(error, BatchError::QuotaExhausted(_)) {
            self.ledger.report_spent(platform, &day);
        }
        Err(error)
    }
}

/// A content as an item, on one day.
fn content_item(content: &ContentId, day: &Day) -> Item {
    let id = format!("{}:{}", content.platform().name(), content.as_str());
    quarantine::item(ItemKind::Content, id, day.date.as_bytes())
}

/// What the outcomes of one key are about: the key's place in the configuration, from 1, and what it was asked for.
fn key_subject(route: &Route) -> String {
    let key = route.key + 1;
    match route.scope {
        Scope::Everything => format!("{KEY}{key}"),
        Scope::Numbers => format!("{KEY}{key}, statistics only"),
    }
}

/// Notes that a call failed, unless that says nothing of the key: nothing was sent, the budget is used up, or the platform
/// has no such method.
fn note_failure(stats: &ActorStats, route: &Route, error: &BatchError) {
    let (outcomes, subject) = (stats.outcomes(), key_subject(route));
    match error {
        BatchError::Held(_) | BatchError::QuotaExhausted(_) | BatchError::MethodMissing(_) => {}
        BatchError::KeyRefused(error) | BatchError::Unfunded(error) => outcomes.refused(&subject, error),
        BatchError::Passing { error, .. } | BatchError::Lasting(error) => outcomes.failed(&subject, error),
    }
}

/// Whether an error concerns the routes that were tried, and others may lead to an answer.
const fn is_of_route(error: &BatchError) -> bool {
    match error {
        BatchError::QuotaExhausted(_) | BatchError::KeyRefused(_) | BatchError::MethodMissing(_) => true,
        BatchError::Passing { .. } | BatchError::Lasting(_) | BatchError::Held(_) | BatchError::Unfunded(_) => false,
    }
}
