//! What is disabled for a while: keys that a platform rejects, and a method that it does not have.
//!
//! - A rejection that names the key as its reason concerns that key at once. Any other one concerns the key that met
//!   it until another key is rejected in the same way; then it concerns the request, or all keys.
//! - A rejected key is tried again after a pause that doubles each time ([`KEY_PAUSE`]). One accepted request restores it fully.
//! - The last usable key is not disabled for a rejection of unknown meaning, unless several batches in a row meet it.
//!
//! All of it is in memory: after a restart each is tried once more. Nothing here waits or sends requests.

use crate::outbound::retry::{Backoff, GrowingPause};
use crate::platforms::api::{KeyRefusal, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a rejected key is disabled: at first for a short time, so that a temporary mistake costs little.
const KEY_PAUSE: GrowingPause =
    GrowingPause { first: Duration::from_secs(30), longest: Duration::from_secs(6 * 3_600) };

/// How long a method that the platform does not have is not used.
pub(super) const METHOD_PAUSE: Duration = Duration::from_secs(6 * 3_600);

/// Batches in a row that may be rejected for all keys before all of them are disabled.
const MOST_SHARED_REFUSALS: u32 = 3;

/// What is disabled of one platform, by the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Disabled {
    keys: BTreeMap<usize, DisabledKey>,
    /// Keys for which there is no stats-only method.
    without_stats: BTreeMap<usize, DisabledMethod>,
    /// Until when no statistics-only requests are made.
    no_stats_until: Option<Duration>,
    /// Batches in a row that were rejected for all keys.
    shared_refusals: u32,
    /// Paused buckets, with the end of the pause.
    paused: BTreeMap<String, Duration>,
}

#[derive(Debug)]
struct DisabledKey {
    backoff: Backoff,
    refusal: KeyRefusal,
}

#[derive(Debug)]
struct DisabledMethod {
    until: Duration,
    sign: String,
}

/// What to log about a key that was just disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewlyDisabled {
    pub(super) pause: Duration,
    /// Whether the same was logged before.
    pub(super) is_known: bool,
}

impl Disabled {
    /// Whether a key may be used for this scope.
    pub(super) fn is_open(&self, key: usize, scope: Scope, now: Duration) -> bool {
        let is_on = |until: Duration| now < until;
        let is_withdrawn = || {
            self.no_stats_until.is_some_and(is_on)
                || self.without_stats.get(&key).is_some_and(|known| is_on(known.until))
        };
        let is_key_open = self.keys.get(&key).is_none_or(|known| !known.backoff.is_paused(now));
        is_key_open && (scope == Scope::Everything || !is_withdrawn())
    }

    /// Why keys are disabled, each text once.
    pub(super) fn refusals(&self, now: Duration) -> BTreeSet<String> {
        let disabled = self.keys.values().filter(|known| known.backoff.is_paused(now));
        disabled.map(|known| known.refusal.to_string()).collect()
    }

    /// Disables a key for a while. `None` if it was disabled already.
    pub(super) fn put_aside(&mut self, key: usize, refusal: &KeyRefusal, now: Duration) -> Option<NewlyDisabled> {
        let before = self.keys.get(&key);
        let mut backoff = before.map(|known| known.backoff).unwrap_or_default();
        let is_known = before.is_some_and(|known| known.refusal.sign == refusal.sign);
        let pause = backoff.begin(KEY_PAUSE, now)?;
        self.keys.insert(key, DisabledKey { backoff, refusal: refusal.clone() });
        Some(NewlyDisabled { pause, is_known })
    }

    /// Notes that a batch was rejected for all keys. Returns whether keys are to be disabled for it.
    pub(super) fn refused_for_all(&mut self) -> bool {
        self.shared_refusals = self.shared_refusals.saturating_add(1);
        self.shared_refusals >= MOST_SHARED_REFUSALS
    }

    /// Notes that there is no stats-only method for a key. Returns whether there is none for any key, which is known
    /// once two keys are rejected in the same way, or if there is no other key.
    pub(super) fn withdraw_stats(&mut self, key: usize, key_count: usize, sign: &str, now: Duration) -> bool {
        let until = now + METHOD_PAUSE;
        let confirms =
            |(other, known): (&usize, &DisabledMethod)| *other != key && now < known.until && known.sign == sign;
        let is_confirmed = key_count < 2 || self.without_stats.iter().any(confirms);
        self.without_stats.insert(key, DisabledMethod { until, sign: sign.to_owned() });
        if is_confirmed {
            self.no_stats_until = Some(until);
        }
        is_confirmed
    }

    /// Pauses spending from a bucket until then.
    pub(super) fn pause(&mut self, bucket: &str, until: Duration) {
        self.paused.insert(bucket.to_owned(), until);
    }

    /// Whether a bucket is paused.
    pub(super) fn is_paused(&self, bucket: &str, now: Duration) -> bool {
        self.paused.get(bucket).is_some_and(|until| now < *until)
    }

    /// Whether some bucket is paused.
    pub(super) fn is_any_paused(&self, now: Duration) -> bool {
        self.paused.values().any(|until| now < *until)
    }

    /// Notes that a key was accepted. Returns whether it was rejected before.
    pub(super) fn accepted(&mut self, key: usize, scope: Scope) -> bool {
        self.shared_refusals = 0;
        if scope == Scope::Numbers {
            self.without_stats.remove(&key);
            self.no_stats_until = None;
        }
        self.keys.remove(&key).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(sign: &str) -> KeyRefusal {
        KeyRefusal { words: format!("says {sign}"), sign: sign.to_owned(), is_certain: false }
    }

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    #[test]
    fn a_key_is_disabled_for_longer_each_time_and_one_answer_ends_that() {
        let mut disabled = Disabled::default();
        let mut now = Duration::ZERO;
        let mut said = Vec::new();
        for _ in 0..12 {
            let new = disabled.put_aside(0, &refusal("no"), now).expect("it is disabled");
            assert_eq!(disabled.put_aside(0, &refusal("no"), now), None, "it is disabled already");
            assert!(!disabled.is_open(0, Scope::Everything, now) && disabled.is_open(1, Scope::Everything, now));
            assert_eq!(disabled.refusals(now), ["says no".to_owned()].into());
            said.push((new.pause.as_secs(), new.is_known));
            now += new.pause;
            assert!(disabled.is_open(0, Scope::Everything, now), "it is tried again");
        }
        let seconds = [30, 60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 21_600, 21_600];
        assert_eq!(said.iter().map(|(seconds, _)| *seconds).collect::<Vec<_>>(), seconds);
        assert_eq!(said.iter().filter(|(_, is_known)| !is_known).count(), 1, "the same is said once");
        assert!(disabled.accepted(0, Scope::Everything) && !disabled.accepted(0, Scope::Everything));
        assert_eq!(disabled.put_aside(0, &refusal("no"), now).map(|new| new.pause), Some(KEY_PAUSE.first));
    }

    #[test]
    fn stats_are_withdrawn_for_all_by_two_keys_that_agree_or_by_the_only_one() {
        let mut disabled = Disabled::default();
        assert!(!disabled.withdraw_stats(0, 3, "404", minutes(0)), "one key");
        assert!(!disabled.is_open(0, Scope::Numbers, minutes(1)) && disabled.is_open(0, Scope::Everything, minutes(1)));
        assert!(disabled.is_open(1, Scope::Numbers, minutes(1)));
        assert!(!disabled.withdraw_stats(1, 3, "403", minutes(1)), "another way");
        assert!(disabled.is_open(2, Scope::Numbers, minutes(2)));
        assert!(disabled.withdraw_stats(2, 3, "404", minutes(2)));
        assert!((0..4).all(|key| !disabled.is_open(key, Scope::Numbers, minutes(3))));
        assert!((0..3).all(|key| disabled.is_open(key, Scope::Numbers, minutes(362))), "they are tried again");
        assert!(Disabled::default().withdraw_stats(0, 1, "404", minutes(0)));
    }
}
