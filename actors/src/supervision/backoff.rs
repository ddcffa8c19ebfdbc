//! How often and how fast an actor may be restarted.

use crate::outbound::retry::GrowingPause;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Jitter shortens a pause by at most one part in this many.
const JITTER_PARTS: u32 = 4;

/// How often, and how fast, an actor may be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartLimits {
    /// Restarts allowed within the window.
    pub max_restarts: u32,
    /// The window.
    pub within: Duration,
    /// Pause before the first restart; doubled for each further one within the window.
    pub backoff_min: Duration,
    /// Longest pause.
    pub backoff_max: Duration,
}

impl Default for RestartLimits {
    fn default() -> Self {
        Self {
            max_restarts: 5,
            within: Duration::from_secs(300),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(60),
        }
    }
}

/// Spreads the restarts of actors, and of validators, that failed at the same moment. It only ever shortens a pause,
/// by a quarter at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter(Option<u64>);

impl Jitter {
    /// No jitter: every pause is as long as the limits say.
    pub const NONE: Self = Self(None);

    /// Different in each process.
    pub fn random() -> Self {
        Self::seeded(RandomState::new().build_hasher().finish())
    }

    /// The same pauses for the same seed, name and number of restarts.
    pub const fn seeded(seed: u64) -> Self {
        Self(Some(seed))
    }

    /// A pause after jitter.
    fn apply(self, pause: Duration, name: &str, count: u32) -> Duration {
        let Some(seed) = self.0 else { return pause };
        // FNV-1a, then a finalizer that spreads it over all bits: nothing depends on its quality.
        let bytes = seed.to_le_bytes().into_iter().chain(name.bytes()).chain(count.to_le_bytes());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let spread = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let share = u32::try_from(spread).unwrap_or(u32::MAX);
        let most = pause / JITTER_PARTS;
        pause - most.mul_f64(f64::from(share) / f64::from(u32::MAX))
    }
}

/// Restarts within the sliding window.
pub(super) struct History {
    limits: RestartLimits,
    jitter: Jitter,
    name: &'static str,
    restarts: VecDeque<Duration>,
}

impl History {
    pub(super) const fn new(limits: RestartLimits, jitter: Jitter, name: &'static str) -> Self {
        Self { limits, jitter, name, restarts: VecDeque::new() }
    }

    /// The pause before the next restart at `now`, which is counted; `None` if the limit is reached.
    pub(super) fn next_pause(&mut self, now: Duration) -> Option<Duration> {
        while self.restarts.front().is_some_and(|restart| now.saturating_sub(*restart) > self.limits.within) {
            self.restarts.pop_front();
        }
        let count = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if count >= self.limits.max_restarts {
            return None;
        }
        self.restarts.push_back(now);
        let pause = GrowingPause { first: self.limits.backoff_min, longest: self.limits.backoff_max };
        Some(self.jitter.apply(pause.after(count), self.name, count))
    }

    /// Forgets all restarts so far.
    pub(super) fn clear(&mut self) {
        self.restarts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_the_window_slides() {
        let seconds = Duration::from_secs;
        let limits =
            RestartLimits { max_restarts: 4, within: seconds(100), backoff_min: seconds(1), backoff_max: seconds(3) };
        let mut history = History::new(limits, Jitter::NONE, "actor");
        let pauses: Vec<_> = [0, 10, 20, 30, 40].map(|now| history.next_pause(seconds(now))).into();
        assert_eq!(pauses, [Some(seconds(1)), Some(seconds(2)), Some(seconds(3)), Some(seconds(3)), None]);
        assert_eq!(history.next_pause(seconds(101)), Some(seconds(3)), "the first restart is out of the window");
        assert_eq!(history.next_pause(seconds(102)), None);
    }

    #[test]
    fn jitter_shortens_a_pause_by_a_quarter_at_most_and_is_the_same_for_the_same_seed() {
        let pause = Duration::from_secs(8);
        let pauses = |seed: u64| -> Vec<Duration> {
            (0..100).map(|count| Jitter::seeded(seed).apply(pause, "scorer", count)).collect()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
        assert!(pauses(7).iter().all(|jittered| (pause * 3 / 4..=pause).contains(jittered)), "{:?}", pauses(7));
        let mut distinct = pauses(7);
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() > 90, "they are spread");
        let others = ["scorer", "weight_setter"].map(|name| Jitter::seeded(7).apply(pause, name, 0));
        assert_ne!(others[0], others[1], "two actors that fail together come back apart");
        assert_eq!(Jitter::NONE.apply(pause, "scorer", 3), pause);
    }
}
