//! Observes contents between cycles: those that are due by [`freshness`], as far as the budget has units to spare.
//!
//! - What is due is observed in turn, one item per hotkey.
//! - Only contents with known details are polled; the others are left to the next cycle.
//! - In every bucket the calls that the cycles until the reset need are kept, so that no poll ever costs a cycle
//!   its evidence. Nothing is retried: the next poll comes soon.
//! - Where a platform has no stats-only method each observation costs money (Instagram). There only what earned most in the
//!   newest cycle is polled, once between two cycles, for a small part of the day's budget ([`tensorflix_domain::paid_looks`]), and nothing is
//!   requested twice.

use super::actor::PlatformActor;
use super::api::Scope;
use super::ledger::Day;
use super::messages::{ContentsObserved, PollContents};
use super::parts::{Order, Parts};
use crate::ports::StoreError;
use actix::{Handler, ResponseFuture};
use std::collections::{HashMap, HashSet};
use tensorflix_domain::chain_time::{BLOCKS_PER_HOUR, BlockStamp};
use tensorflix_domain::freshness::{Allowance, due_in_turn, reserved_calls};
use tensorflix_domain::ids::{ContentId, Uid};
use tensorflix_domain::paid_looks::{PART_FOR_SECOND_LOOKS, due_for_second_look, price_of_look};

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

/// What cycles leave over.
struct Spare {
    day: Day,
    hours_to_reset: f64,
    cycle_hours: f64,
    /// Calls and units that the cycles until the reset need.
    kept_calls: u64,
    kept_units: u64,
    /// Calls that may be made beside these.
    calls: u64,
}

impl Parts {
    async fn poll(&self, request: PollContents) -> Result<ContentsObserved, StoreError> {
        if self.platform.routes(Scope::Everything).is_empty() {
            return Ok(ContentsObserved::default());
        }
        if self.platform.routes(Scope::Numbers).is_empty() {
            return self.poll_for_money(request).await;
        }
        let PollContents { turns, as_of, cycle_blocks, deadline, .. } = request;
        let own = self.own(turns.iter().map(|turn| &turn.content));
        let payers: HashMap<ContentId, Uid> = turns.into_iter().map(|turn| (turn.content, turn.uid)).collect();
        let terms = self.platform.terms();
        let spare = self.spare(own.len(), as_of, cycle_blocks).await?;
        let Spare { hours_to_reset, kept_calls, kept_units, calls, .. } = spare;
        let allowance = Allowance { calls, hours_to_reset, batch_size: terms.batch_size };
        // Whatever their age: a poll is for statistics, and the cycle reads details again.
        let details_since = 0;
        let known = self.store.details_since(&own, details_since).await?;
        let payer = |content: &ContentId| payers.get(content).copied();
        let due = due_in_turn(&self.store.tracks(&known).await?, as_of.time, &allowance, MAX_POLLED, payer);
        let deadline = self.clock.monotonic() + deadline;
        let order = Order { as_of, deadline, details_since, kept_units, is_poll: true, asks_once: false };
        let answer = self.work_off(due, &order).await;
        tracing::debug!(
            platform = %self.platform.id(),
            known = known.len(),
            polled = answer.observed_count,
            calls_left = calls,
            kept_calls,
            "polled"
        );
        Ok(answer)
    }

    /// Observes what earned most again, one batch at most.
    async fn poll_for_money(&self, request: PollContents) -> Result<ContentsObserved, StoreError> {
        let PollContents { turns, earners, as_of, cycle_blocks, deadline } = request;
        let all = self.own(turns.iter().map(|turn| &turn.content)).len();
        let payers: HashMap<ContentId, Uid> = turns.into_iter().map(|turn| (turn.content, turn.uid)).collect();
        let terms = self.platform.terms();
        let Spare { day, cycle_hours, kept_units, calls, .. } = self.spare(all, as_of, cycle_blocks).await?;
        if calls == 0 {
            return Ok(ContentsObserved::default());
        }
        let (bucket, budget) = (self.second_looks_bucket(), terms.daily_budget / PART_FOR_SECOND_LOOKS);
        let spent = self.store.spent(&bucket, &day.date).await?.get(&bucket).copied().unwrap_or_default();
        let price = price_of_look(terms.units_per_batch, u64::try_from(terms.batch_size).unwrap_or(u64::MAX));
        let looks = usize::try_from(budget.saturating_sub(spent) / price).unwrap_or(usize::MAX);
        // Whatever their age: what is not known to be there is the next cycle's part.
        let details_since = 0;
        let known: HashSet<ContentId> =
            self.store.details_since(&self.own(&earners), details_since).await?.into_iter().collect();
        let earners: Vec<ContentId> = earners.into_iter().filter(|content| known.contains(content)).collect();
        let tracks = self.store.tracks(&earners).await?;
        let payer = |content: &ContentId| payers.get(content).copied();
        let limit = looks.min(terms.batch_size);
        let due = due_for_second_look(&earners, &tracks, as_of.time, cycle_hours, limit, payer);
        let units = price.saturating_mul(u64::try_from(due.len()).unwrap_or(u64::MAX));
        if due.is_empty() || !self.store.debit(&bucket, &day.date, units, budget).await? {
            return Ok(ContentsObserved::default());
        }
        let (polled, deadline) = (due.len(), self.clock.monotonic() + deadline);
        let order = Order { as_of, deadline, details_since, kept_units, is_poll: true, asks_once: true };
        let answer = self.work_off(due, &order).await;
        let (platform, observed) = (self.platform.id(), answer.observed_count);
        tracing::debug!(%platform, polled, observed, looks_left = looks.saturating_sub(polled), "polled what earned most");
        Ok(answer)
    }

    /// The bucket in which second looks are counted by what they cost at most. What they cost is paid from the platform's own.
    fn second_looks_bucket(&self) -> String {
        format!("second looks/{}", self.platform.id().name())
    }

    /// What the cycles until the reset leave over if each requests so many contents.
    async fn spare(&self, contents: usize, as_of: BlockStamp, cycle_blocks: u32) -> Result<Spare, StoreError> {
        let terms = self.platform.terms();
        let day = Day::of(&*self.platform, as_of.time);
        let hours_to_reset = day.resets_at.hours_since(as_of.time);
        let cycle_hours = f64::from(cycle_blocks) / f64::from(BLOCKS_PER_HOUR);
        let kept_calls = reserved_calls(contents, terms.batch_size, hours_to_reset, cycle_hours);
        let kept_units = kept_calls.saturating_mul(terms.units_per_batch);
        let units = self.ledger.units_left(&*self.platform, &day, kept_units).await?;
        let calls = units / terms.units_per_batch.max(1);
        Ok(Spare { day, hours_to_reset, cycle_hours, kept_calls, kept_units, calls })
    }
}
