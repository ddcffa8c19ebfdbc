//! What follows a failed request: the pauses between attempts at one piece of work, and the growing pause of a service that
//! keeps failing. Platforms, detectors, GitHub and services all use these.
//!
//! Retry crates keep their state in a future that ends with the piece of work. Here a pause outlives it, belongs to a key or
//! a service, and is read by status pages; so the rules are ours, and small.

use super::LONGEST_PAUSE;
use crate::ports::Clock;
use std::time::Duration;

/// A pause that is twice as long each time in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrowingPause {
    /// The first time.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl GrowingPause {
    /// The pause that comes after so many earlier ones in a row.
    pub fn after(self, earlier: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(earlier)).min(self.longest)
    }
}

/// The pauses of one key, method or service since its last good answer, by the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    times: u32,
    until: Duration,
}

impl Backoff {
    /// Pauses in a row.
    pub const fn times(&self) -> u32 {
        self.times
    }

    /// The end of the newest pause.
    pub const fn until(&self) -> Duration {
        self.until
    }

    /// Whether a pause is under way.
    pub fn is_paused(&self, now: Duration) -> bool {
        now < self.until
    }

    /// Begins the next pause and returns its length; `None` while one is under way, since requests that were sent before it
    /// began add no information.
    pub fn begin(&mut self, pause: GrowingPause, now: Duration) -> Option<Duration> {
        if self.is_paused(now) {
            return None;
        }
        let length = pause.after(self.times);
        *self = Self { times: self.times.saturating_add(1), until: now.saturating_add(length) };
        Some(length)
    }
}

/// Attempts a piece of work until it succeeds, `pauses` are used up, or `next_pause` ends it. `next_pause` gets the error and
/// the planned pause, and returns the real one, or `None` if another attempt is of no use.
pub(crate) async fn retried<T, E>(
    clock: &dyn Clock,
    pauses: &[Duration],
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
    next_pause: impl Fn(&E, Duration) -> Option<Duration>,
) -> Result<T, E> {
    let mut pauses = pauses.iter();
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        match pauses.next().and_then(|pause| next_pause(&error, *pause)) {
            Some(pause) => clock.sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// A planned pause, or the longer one that the service asks for. `None` if that is too long for one piece of work.
pub(crate) fn pause_within_work(planned: Duration, retry_after: Option<Duration>) -> Option<Duration> {
    let pause = retry_after.unwrap_or_default().max(planned);
    (pause <= LONGEST_PAUSE).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: GrowingPause = GrowingPause { first: Duration::from_secs(30), longest: Duration::from_secs(100) };

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_pause_doubles_up_to_its_longest_and_never_begins_within_another() {
        let mut backoff = Backoff::default();
        assert!(!backoff.is_paused(second(0)));
        assert_eq!(backoff.begin(PAUSE, second(0)), Some(second(30)));
        assert_eq!((backoff.begin(PAUSE, second(29)), backoff.is_paused(second(29))), (None, true));
        assert!(!backoff.is_paused(second(30)));
        assert_eq!(backoff.begin(PAUSE, second(30)), Some(second(60)));
        assert_eq!(backoff.begin(PAUSE, second(90)), Some(second(100)));
        assert_eq!((backoff.times(), backoff.until()), (3, second(190)));
        assert_eq!(PAUSE.after(u32::MAX), second(100));
    }

    #[test]
    fn a_service_may_ask_for_a_longer_pause_within_one_piece_of_work() {
        assert_eq!(pause_within_work(second(2), None), Some(second(2)));
        assert_eq!(pause_within_work(second(2), Some(second(9))), Some(second(9)));
        assert_eq!(pause_within_work(second(2), Some(second(1))), Some(second(2)));
        assert_eq!(pause_within_work(second(2), Some(LONGEST_PAUSE + second(1))), None);
    }
}
