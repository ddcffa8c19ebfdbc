//! Observes contents between cycles: those that are due by [`freshness`], as far as the budget has units to spare.
//!
//! - What is due is observed in turn, one item per hotkey.
//! - Only contents with known details are polled; the others are left to the next cycle.
//! - In every bucket the calls that the cycles until the reset need are kept, so that no poll ever costs a cycle
//!   its evidence. Nothing is retried: the next poll comes soon.
//! - A platform without a stats-only method is not polled: Instagram, where each observation costs money.

use super::actor::PlatformActor;
use super::api::Scope;
use super::ledger::Day;
use super::messages::{ContentsObserved, PollContents};
use super::parts::{Order, Parts};
use crate::ports::StoreError;
use actix::{Handler, ResponseFuture};
use std::collections::HashMap;
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::freshness::{Allowance, due_in_turn, reserved_calls};
use tensorflix_domain::ids::{ContentId, Uid};

/// Most contents that one poll requests: ten calls of fifty.
pub const MAX_POLLED: usize = 500;

impl Handler<PollContents> for PlatformActor {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: PollContents, _: &mut Self::Context) -> Self::Result {
        let parts = self.parts();
        Box::pin(async move {
            parts.poll(request).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "could not poll contents; will retry");
                ContentsObserved::default()
            })
        })
    }
}

impl Parts {
    async fn poll(&self, request: PollContents) -> Result<ContentsObserved, StoreError> {
        if self.platform.routes(Scope::Numbers).is_empty() {
            return Ok(ContentsObserved::default());
        }
        let PollContents { turns, as_of, cycle_blocks, deadline } = request;
        let own = self.own(turns.iter().map(|turn| &turn.content));
        let payers: HashMap<ContentId, Uid> = turns.into_iter().map(|turn| (turn.content, turn.uid)).collect();
        let terms = self.platform.terms();
        let day = Day::of(&*self.platform, as_of.time);
        let hours_to_reset = day.resets_at.hours_since(as_of.time);
        let cycle_hours = f64::from(cycle_blocks) / f64::from(BLOCKS_PER_HOUR);
        let kept_calls = reserved_calls(own.len(), terms.batch_size, hours_to_reset, cycle_hours);
        let kept_units = kept_calls.saturating_mul(terms.units_per_batch);
        let units = self.ledger.units_left(&*self.platform, &day, kept_units).await?;
        let allowance =
            Allowance { calls: units / terms.units_per_batch.max(1), hours_to_reset, batch_size: terms.batch_size };
        // Whatever their age: a poll is for statistics, and the cycle reads details again.
        let details_since = 0;
        let known = self.store.details_since(&own, details_since).await?;
        let payer = |content: &ContentId| payers.get(content).copied();
        let due = due_in_turn(&self.store.tracks(&known).await?, as_of.time, &allowance, MAX_POLLED, payer);
        let deadline = self.clock.monotonic() + deadline;
        let order = Order { as_of, deadline, details_since, kept_units, is_poll: true };
        let answer = self.work_off(due, &order).await;
        tracing::debug!(
            platform = %self.platform.id(),
            known = known.len(),
            polled = answer.observed_count,
            calls_left = allowance.calls,
            kept_calls,
            "polled"
        );
        Ok(answer)
    }
}
