//! Who pays: routes in turn, each debited durably before it is asked, and each at rest once it is refused.
//!
//! - A bucket is debited in the store by one statement that checks its budget, so neither restarts nor other processes on
//!   the same store ever spend a unit twice. The date is chain time's.
//! - A bucket that the platform calls used up is marked so in the store until the next date. A key that is refused, and
//!   a method that is missing, rest in memory: after a restart they are tried once more.
//! - Each of these is said once in the log, not once a batch.

use super::{BatchError, Platform, Route, Scope, Terms};
use crate::ports::{Clock, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;

/// How long a method that the platform does not have is not asked for.
const METHOD_REST: Duration = Duration::from_secs(6 * 3_600);

/// What a bucket of the ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketState {
    /// Its name; a key appears in it as a digest.
    pub bucket: String,
    /// Units spent on the present date.
    pub spent: u64,
    /// Units that may be spent on it.
    pub budget: u64,
    /// When the budget begins anew.
    pub resets_at: Moment,
}

/// The buckets of a platform at a moment of chain time, for whoever shows how it stands. Reads the store only.
///
/// # Errors
/// If the store cannot be read.
pub async fn bucket_states(
    platform: &dyn Platform,
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
}

impl Day {
    pub(super) fn of(platform: &dyn Platform, at: Moment) -> Self {
        Self { date: platform.ledger_date(at), resets_at: platform.ledger_reset(at) }
    }
}

/// The ledger of one platform, with what rests.
pub(super) struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Which key begins next.
    turn: AtomicUsize,
    rests: Mutex<Rests>,
}

#[derive(Default)]
struct Rests {
    /// Keys that were refused, with the date until whose end they rest.
    refused: BTreeMap<usize, String>,
    /// When a missing method is tried again.
    numbers_until: Option<Duration>,
    /// The date for which the log says that all is spent.
    reported_date: Option<String>,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, turn: AtomicUsize::new(0), rests: Mutex::default() }
    }

    /// The routes that do not rest, beginning with another key each time.
    pub(super) fn routes_in_turn(&self, platform: &dyn Platform, scope: Scope, day: &Day) -> Vec<Route> {
        let mut routes = self.open_routes(platform, scope, day);
        if !routes.is_empty() {
            let first = self.turn.fetch_add(1, Ordering::Relaxed) % routes.len();
            routes.rotate_left(first);
        }
        routes
    }

    fn open_routes(&self, platform: &dyn Platform, scope: Scope, day: &Day) -> Vec<Route> {
        let mut routes = platform.routes(scope);
        let rests = self.rests();
        if scope == Scope::Numbers && rests.numbers_until.is_some_and(|until| self.clock.monotonic() < until) {
            return Vec::new();
        }
        routes.retain(|route| rests.refused.get(&route.key) != Some(&day.date));
        routes
    }

    /// Units that may still be spent on a day, with `kept` units left in each bucket.
    pub(super) async fn units_left(&self, platform: &dyn Platform, day: &Day, kept: u64) -> Result<u64, StoreError> {
        let budget = platform.terms().daily_budget.saturating_sub(kept);
        let mut left = 0_u64;
        for route in [Scope::Numbers, Scope::Everything].map(|scope| self.open_routes(platform, scope, day)).concat() {
            let spent = self.store.spent(&route.bucket, &day.date).await?.get(&route.bucket).copied();
            left = left.saturating_add(budget.saturating_sub(spent.unwrap_or_default()));
        }
        Ok(left)
    }

    /// Debits a batch, if its bucket has the units with `kept` left over.
    pub(super) async fn debit(&self, route: &Route, day: &Day, terms: &Terms, kept: u64) -> Result<bool, StoreError> {
        let budget = terms.daily_budget.saturating_sub(kept);
        self.store.debit(&route.bucket, &day.date, terms.units_per_batch, budget).await
    }

    /// Gives units back. What is not given back counts as spent: the safe side.
    pub(super) async fn credit(&self, route: &Route, day: &Day, units: u64) {
        if units > 0
            && let Err(error) = self.store.credit(&route.bucket, &day.date, units).await
        {
            tracing::warn!(%error, bucket = route.bucket, "unspent units could not be given back");
        }
    }

    /// The platform says that a bucket is used up.
    pub(super) async fn exhaust(&self, route: &Route, day: &Day, terms: &Terms, error: &str) {
        tracing::warn!(bucket = route.bucket, error, resets_at = %day.resets_at, "a key rests until its quota begins anew");
        if let Err(error) = self.store.exhaust(&route.bucket, &day.date, terms.daily_budget).await {
            tracing::warn!(%error, bucket = route.bucket, "a used-up bucket could not be marked");
        }
    }

    /// The platform refuses a key.
    pub(super) fn refuse(&self, route: &Route, day: &Day, error: &str) {
        let known = self.rests().refused.insert(route.key, day.date.clone());
        if known.as_ref() != Some(&day.date) {
            let key = route.key + 1;
            tracing::error!(key, bucket = route.bucket, error, rests_until = %day.resets_at, "a key is refused and rests");
        }
    }

    /// The platform does not have the method for numbers alone.
    pub(super) fn withdraw_numbers(&self, error: &str) {
        let until = self.clock.monotonic() + METHOD_REST;
        if self.rests().numbers_until.replace(until).is_none_or(|before| before + METHOD_REST < until) {
            let hours = METHOD_REST.as_secs() / 3_600;
            tracing::info!(error, hours, "numbers are asked for together with everything for some hours");
        }
    }

    /// Says in the log that a day's units are spent, once for the day.
    pub(super) fn report_spent(&self, platform: &dyn Platform, day: &Day) {
        let reported = self.rests().reported_date.replace(day.date.clone());
        if reported.as_ref() != Some(&day.date) {
            tracing::warn!(
                platform = %platform.id(),
                date = day.date,
                resets_at = %day.resets_at,
                "quota_exhausted: nothing more is asked until the reset; cycles go on with the last good evidence"
            );
        }
    }

    fn rests(&self) -> MutexGuard<'_, Rests> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why none of several routes led to an answer.
#[derive(Default)]
pub(super) struct Refusals {
    held: Option<String>,
    is_spent: bool,
    unfunded: Option<String>,
    refused: BTreeSet<String>,
}

impl Refusals {
    /// The budget does not cover a request, or the platform says so.
    pub(super) fn spent(&mut self) {
        self.is_spent = true;
    }

    /// Takes in why one route led nowhere. Gives an error back that concerns all of them.
    pub(super) fn take_in(&mut self, error: BatchError) -> Result<(), BatchError> {
        match error {
            BatchError::Held(error) => self.held = Some(error),
            BatchError::QuotaExhausted(_) => self.is_spent = true,
            BatchError::Unfunded(error) => self.unfunded = Some(error),
            BatchError::KeyRefused(error) => _ = self.refused.insert(error),
            BatchError::Passing { .. } | BatchError::Lasting(_) | BatchError::MethodMissing(_) => return Err(error),
        }
        Ok(())
    }

    /// What to say of all of them: what ends soonest comes first.
    pub(super) fn into_error(self, platform: &dyn Platform, day: &Day) -> BatchError {
        let Day { date, resets_at } = day;
        let name = platform.id();
        if let Some(error) = self.held {
            return BatchError::Held(error);
        }
        if let Some(error) = self.unfunded {
            return BatchError::Unfunded(error);
        }
        if self.is_spent {
            let error = format!("the quota of {name} is used up for {date}; it begins anew at {resets_at}");
            return BatchError::QuotaExhausted(error);
        }
        match self.refused.into_iter().next() {
            Some(error) => BatchError::KeyRefused(error),
            None => BatchError::KeyRefused(format!("no key of {name} may be used before {resets_at}")),
        }
    }
}
