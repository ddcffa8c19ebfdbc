//! Connections that do not speak HTTP: counted, and logged in one line at most once a minute.
//!
//! With a line for each, any client that can reach a port could fill the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pause between two looks at the count.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// Shortest time between two lines.
const PERIOD: Duration = Duration::from_secs(60);

static COUNT: AtomicU64 = AtomicU64::new(0);
static TOLD: Mutex<Told> = Mutex::new(Told { at: None, seen: 0 });

#[derive(Debug)]
struct Told {
    /// When the last line was written.
    at: Option<Instant>,
    /// The count at the last look.
    seen: u64,
}

impl Told {
    /// Whether a line is due with this count: not more often than once in a period, and not in the middle of a burst.
    fn is_due(&mut self, count: u64, now: Instant) -> bool {
        let has_settled = std::mem::replace(&mut self.seen, count) == count;
        let is_due = count > 0 && has_settled && self.at.is_none_or(|at| now.duration_since(at) >= PERIOD);
        if is_due {
            *self = Self { at: Some(now), seen: 0 };
        }
        is_due
    }
}

/// How many were counted and not logged yet.
#[cfg(test)]
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Counts one more.
pub(crate) fn note() {
    COUNT.fetch_add(1, Ordering::Relaxed);
}

/// Logs the count if there is one; called by servers.
pub(crate) fn report() {
    let count = COUNT.load(Ordering::Relaxed);
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).is_due(count, Instant::now()) {
        COUNT.fetch_sub(count, Ordering::Relaxed);
        tracing::warn!(count, "closed connections that did not send an HTTP request");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_line_and_the_next_comes_after_a_minute_at_the_earliest() {
        let (mut told, begin) = (Told { at: None, seen: 0 }, Instant::now());
        let mut due = |count, secs| told.is_due(count, begin + Duration::from_secs(secs));
        assert_eq!([due(0, 0), due(120, 1), due(200, 2), due(200, 3)], [false, false, false, true]);
        assert_eq!([due(0, 4), due(5, 5), due(5, 6), due(5, 62)], [false; 4]);
        assert!(due(5, 63));
    }
}
