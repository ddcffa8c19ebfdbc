//! Counters of each actor, for the log and for `/metrics`.
//!
//! Counters only watch: nothing reads them to decide anything.

pub mod outcomes;

use crate::stats::outcomes::Outcomes;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The counters of one actor, shared between it, its supervisor and its limiter.
#[derive(Debug)]
pub struct ActorStats {
    name: &'static str,
    handled: AtomicU64,
    failed: AtomicU64,
    restarts: AtomicU64,
    in_flight: AtomicU64,
    limiter_wait_ms: AtomicU64,
    is_resting: AtomicBool,
    outcomes: Outcomes,
}

/// The counters at one moment. Totals since the start of the process, except `in_flight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatsReading {
    /// The actor.
    pub name: &'static str,
    /// Pieces of work that succeeded: heads followed, gists requested, batches observed, cycles decided, weights sent.
    pub handled: u64,
    /// Pieces of work that failed.
    pub failed: u64,
    /// Restarts by its supervisor.
    pub restarts: u64,
    /// Pieces of work in progress.
    pub in_flight: u64,
    /// Milliseconds that its requests waited for their limiter.
    pub limiter_wait_ms: u64,
    /// Whether its supervisor has paused it after too many restarts.
    pub is_resting: bool,
}

impl ActorStats {
    /// Counters at zero.
    pub fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            handled: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            limiter_wait_ms: AtomicU64::new(0),
            is_resting: AtomicBool::new(false),
            outcomes: Outcomes::default(),
        })
    }

    /// The actor's name, as in configuration.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Counts work that succeeded.
    pub fn count_handled(&self) {
        self.handled.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts work that failed.
    pub fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The outcomes of the last pieces of work, by subject.
    pub const fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// Counts a restart.
    pub fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the actor is paused, or no longer is.
    pub fn set_resting(&self, is_resting: bool) {
        self.is_resting.store(is_resting, Ordering::Relaxed);
    }

    /// Adds to the time spent waiting for a limiter.
    pub fn count_wait(&self, waited: Duration) {
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.limiter_wait_ms.fetch_add(waited_ms, Ordering::Relaxed);
    }

    /// Counts a piece of work as in progress until the guard is dropped, also by a panic.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// The counters now.
    pub fn read(&self) -> StatsReading {
        StatsReading {
            name: self.name,
            handled: self.handled.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            limiter_wait_ms: self.limiter_wait_ms.load(Ordering::Relaxed),
            is_resting: self.is_resting.load(Ordering::Relaxed),
        }
    }
}

/// A piece of work in progress.
#[derive(Debug)]
pub struct InFlight(Arc<ActorStats>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Display for StatsReading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "actor={} handled={} failed={} restarts={} in_flight={} limiter_wait_ms={}",
            self.name, self.handled, self.failed, self.restarts, self.in_flight, self.limiter_wait_ms
        )
    }
}
