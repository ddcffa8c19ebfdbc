//! Requests one batch: retries temporary failures and tries one route after the other; each attempt is debited before
//! it is made.

use super::api::{BatchAnswer, BatchError, KEY, KeyRefusal, Route, Scope};
use super::ledger::{Day, Refusals};
use super::parts::{Order, Parts};
use crate::outbound::retry::{pause_within_work, retried};
use crate::ports::StoreError;
use crate::stats::ActorStats;
use std::time::Duration;
use tensorflix_domain::ids::ContentId;

/// Routes of one batch that were rejected, while it is not known yet whether the key is the reason.
#[derive(Default)]
struct Unclear(Vec<(Route, KeyRefusal)>);

impl Unclear {
    /// Whether another key was rejected in the same way.
    fn confirms(&self, refusal: &KeyRefusal) -> bool {
        self.0.iter().any(|(_, known)| known.sign == refusal.sign)
    }
}

impl Parts {
    pub(super) async fn ask_with_retries(
        &self,
        batch: &[ContentId],
        scope: Scope,
        order: &Order,
    ) -> Result<BatchAnswer, BatchError> {
        let terms = self.platform.terms();
        let pauses = if order.is_poll { &[] } else { terms.retry_pauses };
        let attempt = async || self.ask(batch, scope, order).await;
        retried(&*self.clock, pauses, attempt, |error, planned| {
            let BatchError::Passing { error, retry_after } = error else { return None };
            let pause = pause_within_work(planned, *retry_after).filter(|pause| self.has_time(order, *pause))?;
            tracing::debug!(platform = %self.platform.id(), error, pause_ms = pause.as_millis(), "request failed; will retry");
            Some(pause)
        })
        .await
    }

    /// Whether enough time of an order is left, after a pause, for an attempt that can succeed.
    fn has_time(&self, order: &Order, pause: Duration) -> bool {
        let left = order.deadline.saturating_sub(self.clock.monotonic()).saturating_sub(pause);
        !left.is_zero() && left >= self.platform.terms().least_time
    }

    /// The day of the ledger by the newest known chain time: an order may be handled long after it was given, and the
    /// quota may have been reset meanwhile.
    pub(super) async fn day(&self, order: &Order) -> Result<Day, StoreError> {
        let head = self.store.latest_head().await?;
        let time = head.map_or(order.as_of.time, |head| head.stamp.time.max(order.as_of.time));
        Ok(Day::of(&*self.platform, time))
    }

    /// Requests by the first route that has budget and is not rejected. Each attempt is debited before it is made, on
    /// its own day.
    async fn ask(&self, batch: &[ContentId], scope: Scope, order: &Order) -> Result<BatchAnswer, BatchError> {
        let passing = |error: StoreError| BatchError::Passing { error: error.to_string(), retry_after: None };
        let (mut refusals, mut unclear) = (Refusals::default(), Unclear::default());
        let terms = self.platform.terms();
        for route in self.ledger.routes_in_turn(&*self.platform, scope) {
            if !self.ledger.is_open(&route) {
                continue;
            }
            if !self.has_time(order, Duration::ZERO) {
                self.put_aside(&unclear);
                return Err(self.too_late());
            }
            let day = self.day(order).await.map_err(passing)?;
            if !self.ledger.debit(&route, &day, &terms, order.kept_units).await.map_err(passing)? {
                refusals.spent();
                continue;
            }
            let failure = match self.platform.observe(&self.outbound, &route, batch, order.deadline).await {
                Ok(answer) => {
                    self.stats.outcomes().succeeded(&key_subject(&route));
                    self.ledger.credit(&route, &day, answer.unspent_units.min(terms.units_per_batch)).await;
                    self.put_aside(&unclear);
                    self.ledger.accepted(&route);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            note_failure(&self.stats, &route, &failure.error);
            self.ledger.credit(&route, &day, failure.unspent_units.min(terms.units_per_batch)).await;
            match &failure.error {
                BatchError::QuotaExhausted(error) => self.ledger.exhaust(&route, &day, &terms, error).await,
                BatchError::KeyRefused(refusal) if refusal.is_certain => self.ledger.put_aside(&route, refusal),
                BatchError::KeyRefused(refusal) if unclear.confirms(refusal) => {
                    // The request itself is the reason, as far as known.
                    self.ledger.refused_for_all(&*self.platform, refusal);
                    return Err(BatchError::Lasting(refusal.to_string()));
                }
                BatchError::KeyRefused(refusal) => unclear.0.push((route, refusal.clone())),
                BatchError::MethodMissing(refusal) => self.ledger.withdraw_stats(&*self.platform, &route, refusal),
                BatchError::Passing { .. }
                | BatchError::Lasting(_)
                | BatchError::Lost(_)
                | BatchError::OutOfTime(_)
                | BatchError::Held(_)
                | BatchError::Unfunded(_) => {}
            }
            if let Err(error) = refusals.take_in(failure.error) {
                self.put_aside(&unclear);
                return Err(error);
            }
        }
        match &unclear.0[..] {
            // The last key that is left.
            [(_, refusal)] => self.ledger.refused_for_all(&*self.platform, refusal),
            _ => self.put_aside(&unclear),
        }
        let day = self.day(order).await.map_err(passing)?;
        let error = refusals.into_error(&*self.platform, &day, self.ledger.refusals());
        if scope == Scope::Everything && !order.is_poll && matches!(error, BatchError::QuotaExhausted(_)) {
            self.ledger.report_spent(&*self.platform, &day);
        }
        Err(error)
    }

    /// A request begun now would be cut off, and paid for.
    pub(super) fn too_late(&self) -> BatchError {
        BatchError::Held(format!("not enough time left to ask {}", self.platform.id()))
    }

    /// Disables the keys that were rejected: another one was not rejected in the same way.
    fn put_aside(&self, unclear: &Unclear) {
        unclear.0.iter().for_each(|(route, refusal)| self.ledger.put_aside(route, refusal));
    }
}

/// The subject of one key's outcomes: the key's place in the configuration, from 1, and what was requested with it.
fn key_subject(route: &Route) -> String {
    let key = route.key + 1;
    match route.scope {
        Scope::Everything => format!("{KEY}{key}"),
        Scope::Numbers => format!("{KEY}{key}, statistics only"),
    }
}

/// Notes that a call failed, unless the failure is not about the key: nothing was sent, nobody waited for the answer,
/// the budget is used up, or the platform has no such method.
fn note_failure(stats: &ActorStats, route: &Route, error: &BatchError) {
    let (outcomes, subject) = (stats.outcomes(), key_subject(route));
    match error {
        BatchError::Held(_)
        | BatchError::OutOfTime(_)
        | BatchError::QuotaExhausted(_)
        | BatchError::MethodMissing(_) => {}
        BatchError::KeyRefused(refusal) => outcomes.refused(&subject, &refusal.words),
        BatchError::Unfunded(error) => outcomes.refused(&subject, error),
        BatchError::Passing { error, .. } | BatchError::Lasting(error) | BatchError::Lost(error) => {
            outcomes.failed(&subject, error);
        }
    }
}
