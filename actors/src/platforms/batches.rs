//! Batches of one order: cut, requested concurrently, stored, and counted by their outcome.

use super::api::{BATCHES, BatchAnswer, BatchError, Scope};
use super::ledger::Day;
use super::messages::ContentsObserved;
use super::parts::{Order, Parts, content_item};
use super::plausible::screen;
use crate::ports::StoreError;
use crate::supervision::quarantine::Quarantine;
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tensorflix_domain::evidence::LatestSighting;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Observation, Sighting};
use tensorflix_domain::verdict::Reason;

/// Most batches that are cut in halves in one pass because they panic: enough to find a few contents in a batch of
/// fifty. If every answer of a platform causes a panic, this bounds what is spent to find that out.
pub const MOST_SPLITS: u32 = 24;

/// Least time between two requests with answers that leave an item out, before it counts as absent.
pub const ABSENCE_APART: Duration = Duration::from_secs(2);

/// Time after an order's deadline at which a batch that should have ended by itself is dropped: a port that breaks its
/// contract blocks nobody. Shorter than anybody waits for the order's answer.
pub const ORDER_GRACE: Duration = Duration::from_secs(3);

/// Most contents that one error names.
const MOST_NAMED: usize = 3;

/// What is requested, and what it means if an answer leaves an item out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Statistics only: it means nothing.
    Numbers,
    /// Everything: it may be gone.
    First,
    /// Everything, of contents that an earlier answer left out: it is gone.
    Second,
}

impl Look {
    const fn scope(self) -> Scope {
        match self {
            Self::Numbers => Scope::Numbers,
            Self::First | Self::Second => Scope::Everything,
        }
    }
}

/// The outcome of an answered batch, beside what is stored of it.
#[derive(Default)]
struct Answered {
    /// Contents that the answer did not show, with what it said instead.
    passed_over: BTreeMap<ContentId, String>,
    /// Contents that the first answer left out.
    left_out: Vec<ContentId>,
    /// When it came, by the monotonic clock.
    at: Duration,
}

/// Contents that first answers left out.
#[derive(Default)]
pub(super) struct LeftOut {
    pub(super) contents: HashSet<ContentId>,
    /// When the last answer that left one out came, by the monotonic clock.
    pub(super) at: Duration,
}

type Outcome<'a> = (&'a [ContentId], Result<Answered, BatchError>);

impl Parts {
    /// Requests statistics only. Returns the contents that need more than that.
    pub(super) async fn count(
        &self,
        contents: &[ContentId],
        order: &Order,
        answer: &mut ContentsObserved,
    ) -> Vec<ContentId> {
        let mut uncounted = Vec::new();
        for (batch, result) in self.ask_in_batches(contents, Look::Numbers, order).await {
            match result {
                Ok(answered) => {
                    answer.observed_count += batch.len() - answered.passed_over.len();
                    uncounted.extend(answered.passed_over.into_keys());
                }
                // The other method may do, and another bucket pays for it. A poll tries it only if the platform answers.
                Err(error) if !order.is_poll || is_of_route(&error) => uncounted.extend_from_slice(batch),
                Err(error) => answer.fall_short(batch, error.reason(), error.to_string()),
            }
        }
        uncounted
    }

    /// Requests everything. Returns the contents that a first answer left out.
    pub(super) async fn look(
        &self,
        contents: &[ContentId],
        look: Look,
        order: &Order,
        answer: &mut ContentsObserved,
    ) -> LeftOut {
        let mut left_out = LeftOut::default();
        for (batch, result) in self.ask_in_batches(contents, look, order).await {
            match result {
                Ok(answered) => {
                    answer.observed_count += batch.len() - answered.passed_over.len() - answered.left_out.len();
                    self.pass_over(answered.passed_over, answer);
                    if !answered.left_out.is_empty() {
                        left_out.at = answered.at.max(left_out.at);
                        left_out.contents.extend(answered.left_out);
                    }
                }
                // Only one answer left these out: the budget is not the reason, and no cycle waits for it.
                Err(error) if look == Look::Second => {
                    answer.fall_short(batch, Reason::PlatformUnavailable, error.to_string());
                }
                Err(error) => {
                    if matches!(error, BatchError::QuotaExhausted(_)) {
                        let day = self.day(order).await.ok();
                        answer.budget_renewed_at =
                            answer.budget_renewed_at.or(day.map(|day| self.ledger.renewed_at(&day)));
                    }
                    answer.fall_short(batch, error.reason(), error.to_string());
                }
            }
        }
        left_out
    }

    /// Contents that an answer did not show are unknown; what the platform said about them is the reason.
    fn pass_over(&self, passed_over: BTreeMap<ContentId, String>, answer: &mut ContentsObserved) {
        let mut by_words: BTreeMap<&str, Vec<ContentId>> = BTreeMap::new();
        for (content, words) in &passed_over {
            by_words.entry(words).or_default().push(content.clone());
        }
        let platform = self.platform.id();
        for (words, contents) in by_words {
            let error = if words.is_empty() {
                format!("{platform} returned no data for some contents")
            } else {
                format!("{platform} returned no data for {}: {words}", names(&contents))
            };
            answer.fall_short(&contents, Reason::PlatformUnavailable, error);
        }
        answer.passed_over.extend(passed_over);
    }

    /// Requests batches in the order of the contents, as many at a time as the platform's terms allow.
    async fn ask_in_batches<'a>(&self, contents: &'a [ContentId], look: Look, order: &Order) -> Vec<Outcome<'a>> {
        let terms = self.platform.terms();
        let batches: Vec<&[ContentId]> = contents.chunks(terms.batch_size.max(1)).collect();
        let splits = AtomicU32::new(if order.asks_once { 0 } else { MOST_SPLITS });
        futures::stream::iter(batches)
            .map(|batch| self.observe_apart(batch, look, order, &splits))
            .buffer_unordered(terms.max_in_flight.max(1))
            .flat_map(futures::stream::iter)
            .collect()
            .await
    }

    /// Observes a batch so that a panic affects only the item that causes it: a batch that panics is requested again
    /// in halves, as long as there are `splits` left.
    async fn observe_apart<'a>(
        &self,
        batch: &'a [ContentId],
        look: Look,
        order: &Order,
        splits: &AtomicU32,
    ) -> Vec<Outcome<'a>> {
        let (mut waiting, mut results) = (vec![batch], Vec::new());
        while let Some(batch) = waiting.pop() {
            // The actor's only state is the ledger's, and its lock is never held during a call.
            if let Ok(result) = AssertUnwindSafe(self.observe_batch(batch, look, order)).catch_unwind().await {
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
            let error = match (batch, look.scope()) {
                ([content], Scope::Everything) => self.crashed(content, order).await,
                _ => "reading the platform's answer about some contents panicked: a bug in the validator".to_owned(),
            };
            self.stats.outcomes().failed(BATCHES, &error);
            results.push((batch, Err(BatchError::Lasting(error))));
        }
        results
    }

    /// Counts a panic caused by one item, in the store first. Returns what to report.
    async fn crashed(&self, content: &ContentId, order: &Order) -> String {
        let day = Day::of(&*self.platform, order.as_of.time);
        let counted = async {
            let quarantine = Quarantine::load(&*self.store, order.as_of.block).await?;
            quarantine.crashed(&content_item(content, &day)).await
        };
        let reason = match counted.await {
            Ok(unhandled) => unhandled.to_string(),
            Err(error) => StoreError::to_string(&error),
        };
        format!("{}: {reason}", content.as_str())
    }

    /// Observes and stores one batch.
    async fn observe_batch(&self, batch: &[ContentId], look: Look, order: &Order) -> Result<Answered, BatchError> {
        let passing = |error: String| BatchError::Passing { error, retry_after: None };
        let left = order.deadline.saturating_sub(self.clock.monotonic());
        let attempts = async {
            let slot = tokio::select! {
                biased;
                slot = self.slots.acquire() => slot,
                () = self.clock.sleep(left) => return Err(self.too_late()),
            };
            let _slot = slot.map_err(|error| passing(error.to_string()))?;
            let _work = self.stats.begin();
            self.ask_with_retries(batch, look.scope(), order).await
        };
        let answered = tokio::select! {
            biased;
            answered = attempts => answered,
            () = self.clock.sleep(left + ORDER_GRACE) => Err(passing(format!("{} did not answer in time", self.platform.id()))),
        };
        let mut answer = answered.inspect_err(|error| self.report(batch, look.scope(), error))?;
        self.implausible.tell(self.platform.id(), &screen(&mut answer, self.platform.id(), order.as_of.time));
        let mut observations = Vec::with_capacity(batch.len());
        let mut answered = Answered { at: self.clock.monotonic(), ..Answered::default() };
        let gone = if look == Look::Second { HashSet::new() } else { self.known_to_be_gone(&answer, batch).await? };
        for content in batch {
            match answer.sightings.remove(content) {
                Some(Sighting::Absent) if look != Look::Second && !gone.contains(content) => {
                    answered.left_out.push(content.clone());
                }
                Some(sighting) => {
                    observations.push(Observation { content: content.clone(), at: order.as_of, sighting });
                }
                None => {
                    let words = answer.words.remove(content).unwrap_or_default();
                    answered.passed_over.insert(content.clone(), words);
                }
            }
        }
        self.store.record_observations(&observations).await.map_err(|error| passing(error.to_string()))?;
        self.stats.count_handled();
        self.stats.outcomes().succeeded(BATCHES);
        Ok(answered)
    }

    /// Of what an answer leaves out, the contents that were absent in their last observation: it was made by an
    /// earlier request, so this answer is the second one.
    async fn known_to_be_gone(
        &self,
        answer: &BatchAnswer,
        batch: &[ContentId],
    ) -> Result<HashSet<ContentId>, BatchError> {
        let is_left_out = |content: &&ContentId| answer.sightings.get(*content) == Some(&Sighting::Absent);
        let left_out: Vec<ContentId> = batch.iter().filter(is_left_out).cloned().collect();
        if left_out.is_empty() {
            return Ok(HashSet::new());
        }
        let passing = |error: StoreError| BatchError::Passing { error: error.to_string(), retry_after: None };
        let known = self.store.observed_contents(&left_out).await.map_err(passing)?;
        let is_gone = |latest: &LatestSighting| latest.presence.is_none();
        let gone = left_out.into_iter().zip(known);
        Ok(gone
            .filter(|(_, known)| known.evidence.latest.as_ref().is_some_and(is_gone))
            .map(|(content, _)| content)
            .collect())
    }

    /// Counts and logs a failed batch. What concerns a whole route was logged already.
    fn report(&self, batch: &[ContentId], scope: Scope, error: &BatchError) {
        let (platform, contents) = (self.platform.id(), batch.len());
        if scope == Scope::Numbers && is_of_route(error) {
            tracing::debug!(%platform, contents, %error, "stats-only request failed");
            return;
        }
        self.stats.count_failed();
        // A used-up budget is reported as such; an order that ended is no failure of the platform.
        if !matches!(error, BatchError::QuotaExhausted(_) | BatchError::OutOfTime(_)) {
            self.stats.outcomes().failed(BATCHES, &error.to_string());
        }
        match error {
            BatchError::QuotaExhausted(_) => {
                tracing::debug!(%platform, contents, %error, "batch skipped: quota used up")
            }
            error => tracing::warn!(%platform, contents, %error, "batch could not be observed"),
        }
    }
}

/// The names of the first contents, and how many more there are.
fn names(contents: &[ContentId]) -> String {
    let named: Vec<&str> = contents.iter().take(MOST_NAMED).map(ContentId::as_str).collect();
    match contents.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Whether an error concerns only the routes that were tried, so that others may lead to an answer.
const fn is_of_route(error: &BatchError) -> bool {
    match error {
        BatchError::QuotaExhausted(_) | BatchError::KeyRefused(_) | BatchError::MethodMissing(_) => true,
        BatchError::Passing { .. }
        | BatchError::Lasting(_)
        | BatchError::Lost(_)
        | BatchError::OutOfTime(_)
        | BatchError::Held(_)
        | BatchError::Unfunded(_) => false,
    }
}
