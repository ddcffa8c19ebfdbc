//! Requests per second, guarded where the request is made.
//!
//! A token bucket (governor's GCRA) on the [`Clock`] port, so that tests control it by paused time. Waiters pass in
//! the order in which they came. The rate can be changed at any time. A limiter spaces requests; daily quotas are kept
//! by the ledger.

use crate::ports::Clock;
use crate::stats::ActorStats;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A rate: tokens per second, and how many may be saved up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests per second, above 0.
    pub requests_per_second: f64,
    /// Requests that may be sent at once after a pause, at least 1.
    pub burst: u32,
}

#[derive(Clone)]
struct PortClock(Arc<dyn Clock>);

impl GovernorClock for PortClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.monotonic())
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, PortClock, NoOpMiddleware<Nanos>>;

/// Lets requests pass at a [`Rate`].
pub struct Limiter {
    bucket: Mutex<(Rate, Arc<Bucket>)>,
    rate_changed: tokio::sync::Notify,
    clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
    queue: tokio::sync::Mutex<()>,
}

impl Limiter {
    /// A limiter that counts its waiting time in `stats`. A rate that is not above 0 counts as one request per hour,
    /// and a burst of 0 as 1; the configuration rejects both.
    pub fn new(rate: Rate, clock: Arc<dyn Clock>, stats: Arc<ActorStats>) -> Self {
        let bucket = Mutex::new((rate, Arc::new(bucket(rate, &clock))));
        Self { bucket, rate_changed: tokio::sync::Notify::new(), clock, stats, queue: tokio::sync::Mutex::new(()) }
    }

    /// Changes the rate, also for waiting requests. A new rate begins with nothing saved up, so that frequent changes
    /// cannot be used to exceed it.
    pub fn set_rate(&self, rate: Rate) {
        let mut current = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 == rate {
            return;
        }
        let emptied = bucket(rate, &self.clock);
        // One burst is always available at the beginning; taking it cannot fail.
        let _ = emptied.check_n(burst(rate));
        *current = (rate, Arc::new(emptied));
        drop(current);
        self.rate_changed.notify_waiters();
    }

    /// The rate in force.
    pub fn rate(&self) -> Rate {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The clock that it goes by.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Waits until one request may be sent.
    pub async fn pass(&self) {
        let begin = self.clock.monotonic();
        let _turn = self.queue.lock().await;
        loop {
            // Listening begins before the bucket is checked, so that no change is missed.
            let changed = self.rate_changed.notified();
            let bucket = Arc::clone(&self.bucket.lock().unwrap_or_else(PoisonError::into_inner).1);
            let Err(early) = bucket.check() else { break };
            let wait = early.wait_time_from(Nanos::from(self.clock.monotonic()));
            tokio::select! {
                biased;
                () = changed => {}
                () = self.clock.sleep(wait.max(Duration::from_nanos(1))) => {}
            }
        }
        self.stats.count_wait(self.clock.monotonic().saturating_sub(begin));
    }
}

fn bucket(rate: Rate, clock: &Arc<dyn Clock>) -> Bucket {
    const SLOWEST: Duration = Duration::from_secs(3_600);
    let seconds = 1.0 / rate.requests_per_second;
    let period = Duration::try_from_secs_f64(seconds).unwrap_or(SLOWEST).clamp(Duration::from_nanos(1), SLOWEST);
    let quota = Quota::with_period(period).unwrap_or(Quota::per_hour(NonZeroU32::MIN)).allow_burst(burst(rate));
    RateLimiter::direct_with_clock(quota, PortClock(Arc::clone(clock)))
}

fn burst(rate: Rate) -> NonZeroU32 {
    NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN)
}
