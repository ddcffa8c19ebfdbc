//! Which route pays: routes are used in turn, each is debited durably before a request, and a rejected one is paused.
//!
//! - A bucket is debited in the store by one statement that checks its budget, so neither restarts nor other processes on
//!   the same store ever spend a unit twice. The date is chain time's.
//! - A bucket that the platform calls used up is marked so in the store until the next date. A rejected key and a
//!   missing method are disabled in memory and tried again later.
//! - Each of these is logged once, not once a batch.

mod disabled;

use self::disabled::{Disabled, METHOD_PAUSE, NewlyDisabled};
use super::api::{BatchError, KeyRefusal, PlatformApi, Route, Scope, Terms};
use crate::ports::{Clock, Store, StoreError};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;

/// How much later than ours a platform's day may begin: a quarter of an hour.
const LATE_RESET_MS: i64 = 900_000;

/// What a bucket of the ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketState {
    /// Its name; a key appears in it as a digest.
    pub bucket: String,
    /// Units spent on the present date.
    pub spent: u64,
    /// Units that may be spent on it.
    pub budget: u64,
    /// When the budget resets.
    pub resets_at: Moment,
}

/// The buckets of a platform at a moment of chain time, for status pages. Reads the store only.
///
/// # Errors
/// If the store cannot be read.
pub async fn bucket_states(
    platform: &dyn PlatformApi,
    store: &dyn Store,
    at: Moment,
) -> Result<Vec<BucketState>, StoreError> {
    let (date, resets_at) = (platform.ledger_date(at), platform.ledger_reset(at));
    let budget = platform.terms().daily_budget;
    let mut states = Vec::new();
    for route in [Scope::Everything, Scope::Numbers].into_iter().flat_map(|scope| platform.routes(scope)) {
        let spent = store.spent(&route.bucket, &date).await?.get(&route.bucket).copied().unwrap_or_default();
        states.push(BucketState { bucket: route.bucket, spent, budget, resets_at });
    }
    Ok(states)
}

/// A day of the ledger.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) date: String,
    pub(super) resets_at: Moment,
    /// When a budget that the platform still calls used up is tried again because the day has just begun: the
    /// platform's own reset may come a little late.
    pub(super) settles_at: Option<Moment>,
}

impl Day {
    pub(super) fn of(platform: &dyn PlatformApi, at: Moment) -> Self {
        let moved = |sign: i64| Moment::from_unix_ms(at.unix_ms().saturating_add(sign * LATE_RESET_MS));
        let date = platform.ledger_date(at);
        let has_just_begun = platform.ledger_date(moved(-1)) != date;
        Self { resets_at: platform.ledger_reset(at), settles_at: has_just_begun.then(|| moved(1)), date }
    }
}

/// The ledger of one platform, with its disabled keys and methods.
pub(super) struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Which key begins next.
    turn: AtomicUsize,
    disabled: Mutex<Disabled>,
    /// The date for which "quota used up" was logged.
    reported_date: Mutex<Option<String>>,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let (disabled, reported_date) = (Mutex::default(), Mutex::default());
        Self { store, clock, turn: AtomicUsize::new(0), disabled, reported_date }
    }

    /// The routes that are not disabled, starting with another key each time.
    pub(super) fn routes_in_turn(&self, platform: &dyn PlatformApi, scope: Scope) -> Vec<Route> {
        let mut routes = self.open_routes(platform, scope);
        if !routes.is_empty() {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % routes.len();
            routes.rotate_left(first);
        }
        routes
    }

    fn open_routes(&self, platform: &dyn PlatformApi, scope: Scope) -> Vec<Route> {
        let mut routes = platform.routes(scope);
        routes.retain(|route| self.is_open(route));
        routes
    }

    /// Whether a route may be used.
    pub(super) fn is_open(&self, route: &Route) -> bool {
        self.disabled().is_open(route.key, route.scope, self.clock.monotonic())
    }

    /// Units that may still be spent on a day, with `kept` units left in each bucket.
    pub(super) async fn units_left(&self, platform: &dyn PlatformApi, day: &Day, kept: u64) -> Result<u64, StoreError> {
        let budget = platform.terms().daily_budget.saturating_sub(kept);
        let mut left = 0_u64;
        for route in [Scope::Numbers, Scope::Everything].map(|scope| self.open_routes(platform, scope)).concat() {
            let spent = self.store.spent(&route.bucket, &day.date).await?.get(&route.bucket).copied();
            left = left.saturating_add(budget.saturating_sub(spent.unwrap_or_default()));
        }
        Ok(left)
    }

    /// Debits a batch, if its bucket has the units with `kept` left over.
    pub(super) async fn debit(&self, route: &Route, day: &Day, terms: &Terms, kept: u64) -> Result<bool, StoreError> {
        let budget = terms.daily_budget.saturating_sub(kept);
        if self.disabled().is_paused(&route.bucket, self.clock.monotonic()) {
            return Ok(false);
        }
        self.store.debit(&route.bucket, &day.date, terms.units_per_batch, budget).await
    }

    /// When used-up budgets may be available again: soon, if one waits for the platform's own reset.
    pub(super) fn renewed_at(&self, day: &Day) -> Moment {
        let is_paused = self.disabled().is_any_paused(self.clock.monotonic());
        day.settles_at.filter(|_| is_paused).unwrap_or(day.resets_at)
    }

    /// Refunds units. What is not refunded counts as spent: the safe side.
    pub(super) async fn credit(&self, route: &Route, day: &Day, units: u64) {
        if units > 0
            && let Err(error) = self.store.credit(&route.bucket, &day.date, units).await
        {
            tracing::warn!(%error, bucket = route.bucket, "could not refund unspent units; they count as spent");
        }
    }

    /// The platform says that a bucket is used up.
    pub(super) async fn exhaust(&self, route: &Route, day: &Day, terms: &Terms, error: &str) {
        let (bucket, renewed_at) = (&route.bucket, day.settles_at.unwrap_or(day.resets_at));
        tracing::warn!(bucket, error, resets_at = %renewed_at, "quota used up; paused until the reset");
        if day.settles_at.is_some() {
            let pause = Duration::from_millis(LATE_RESET_MS.unsigned_abs());
            self.disabled().pause(bucket, self.clock.monotonic() + pause);
            return;
        }
        if let Err(error) = self.store.exhaust(&route.bucket, &day.date, terms.daily_budget).await {
            tracing::warn!(%error, bucket = route.bucket, "could not mark a bucket as used up; will retry");
        }
    }

    /// Disables a rejected key for a while.
    pub(super) fn put_aside(&self, route: &Route, refusal: &KeyRefusal) {
        let Some(NewlyDisabled { pause, is_known }) =
            self.disabled().put_aside(route.key, refusal, self.clock.monotonic())
        else {
            return;
        };
        let (key, bucket, retry_in_secs) = (route.key + 1, &route.bucket, pause.as_secs());
        if is_known {
            tracing::debug!(key, bucket, error = %refusal, retry_in_secs, "API key still rejected");
        } else {
            tracing::error!(key, bucket, error = %refusal, retry_in_secs, "API key rejected; not used until it is tried again");
        }
    }

    /// Notes that a batch was rejected for all keys: after several such batches in a row the keys are disabled.
    pub(super) fn refused_for_all(&self, platform: &dyn PlatformApi, refusal: &KeyRefusal) {
        if self.disabled().refused_for_all() {
            self.open_routes(platform, Scope::Everything).iter().for_each(|route| self.put_aside(route, refusal));
        }
    }

    /// Notes that a key was accepted.
    pub(super) fn accepted(&self, route: &Route) {
        if self.disabled().accepted(route.key, route.scope) {
            tracing::info!(key = route.key + 1, bucket = route.bucket, "API key accepted again");
        }
    }

    /// Why keys are disabled.
    pub(super) fn refusals(&self) -> BTreeSet<String> {
        self.disabled().refusals(self.clock.monotonic())
    }

    /// Notes that the stats-only method is not available for a key.
    pub(super) fn withdraw_stats(&self, platform: &dyn PlatformApi, route: &Route, refusal: &KeyRefusal) {
        let key_count = platform.routes(Scope::Numbers).len();
        let now = self.clock.monotonic();
        let for_all = self.disabled().withdraw_stats(route.key, key_count, &refusal.sign, now);
        let (key, retry_in_hours) = (route.key + 1, METHOD_PAUSE.as_secs() / 3_600);
        tracing::info!(key, for_all, error = %refusal, retry_in_hours, "stats-only requests disabled");
    }

    /// Logs that a day's units are spent, once for the day.
    pub(super) fn report_spent(&self, platform: &dyn PlatformApi, day: &Day) {
        let mut reported = self.reported_date.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.replace(day.date.clone()).as_ref() != Some(&day.date) {
            tracing::warn!(
                platform = %platform.id(),
                date = day.date,
                resets_at = %day.resets_at,
                "quota_exhausted: no further requests until the reset; cycles continue with the last good evidence"
            );
        }
    }

    fn disabled(&self) -> MutexGuard<'_, Disabled> {
        self.disabled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why none of several routes led to an answer.
#[derive(Default)]
pub(super) struct Refusals {
    held: Option<String>,
    is_spent: bool,
    unfunded: Option<String>,
    refused: Vec<KeyRefusal>,
}

impl Refusals {
    /// The budget does not cover a request, or the platform says so.
    pub(super) fn spent(&mut self) {
        self.is_spent = true;
    }

    /// Records why one route failed. Returns an error that concerns all of them.
    pub(super) fn take_in(&mut self, error: BatchError) -> Result<(), BatchError> {
        match error {
            BatchError::Held(error) => self.held = Some(error),
            BatchError::QuotaExhausted(_) => self.is_spent = true,
            BatchError::Unfunded(error) => self.unfunded = Some(error),
            BatchError::KeyRefused(refusal) | BatchError::MethodMissing(refusal) => self.refused.push(refusal),
            BatchError::Passing { .. } | BatchError::Lasting(_) | BatchError::Lost(_) | BatchError::OutOfTime(_) => {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The error for all of them together: what ends soonest comes first. `disabled` lists why keys were not used at
    /// all.
    pub(super) fn into_error(self, platform: &dyn PlatformApi, day: &Day, disabled: BTreeSet<String>) -> BatchError {
        let Day { date, resets_at, .. } = day;
        let name = platform.id();
        if let Some(error) = self.held {
            return BatchError::Held(error);
        }
        if let Some(error) = self.unfunded {
            return BatchError::Unfunded(error);
        }
        if self.is_spent {
            let error = format!("the quota of {name} is used up for {date}; it resets at {resets_at}");
            return BatchError::QuotaExhausted(error);
        }
        let words = disabled.into_iter().next().unwrap_or_else(|| format!("no API key for {name} can be used now"));
        let refused = || KeyRefusal { words, sign: String::new(), is_certain: true };
        BatchError::KeyRefused(self.refused.into_iter().next().unwrap_or_else(refused))
    }
}
