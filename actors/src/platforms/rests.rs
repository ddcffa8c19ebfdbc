//! What is not asked for a while: keys that a platform refuses, and a method that it does not have.
//!
//! - A refusal that names the key as its reason concerns that key at once. Any other one concerns the key that met it until
//!   another key is refused in the same way; then it concerns what was asked, or everybody.
//! - A key that is refused is tried again after [`FIRST_REST`], and after twice as long each time, up to [`LONGEST_REST`].
//!   One answer makes it as good as any other.
//! - The last key that is left is not put aside for a refusal of unknown meaning, unless batch after batch meets it.
//!
//! It is all in memory: after a restart each is tried once more. Nothing here waits or asks.

use super::api::{KeyRefusal, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a key rests that is refused for the first time: a mistake of the moment costs little.
const FIRST_REST: Duration = Duration::from_secs(30);

/// How long a key rests at most.
const LONGEST_REST: Duration = Duration::from_secs(6 * 3_600);

/// How long a method that the platform does not have is not asked for.
pub(super) const METHOD_REST: Duration = Duration::from_secs(6 * 3_600);

/// Batches in a row that may be refused for all keys, before all of them rest.
const MOST_SHARED_REFUSALS: u32 = 3;

/// What rests of one platform, by the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Rests {
    keys: BTreeMap<usize, KeyRest>,
    /// Keys for which there is no method for numbers alone.
    without_numbers: BTreeMap<usize, MethodRest>,
    /// Until when nobody asks for numbers alone.
    no_numbers_until: Option<Duration>,
    /// Batches in a row that were refused for all keys.
    shared_refusals: u32,
    /// Buckets that are not spent from, with the end of that.
    paused: BTreeMap<String, Duration>,
}

#[derive(Debug)]
struct KeyRest {
    until: Duration,
    /// How often in a row it was refused.
    times: u32,
    refusal: KeyRefusal,
}

#[derive(Debug)]
struct MethodRest {
    until: Duration,
    sign: String,
}

/// What is to be said of a key that begins to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewRest {
    pub(super) rest: Duration,
    /// Whether the same was said before.
    pub(super) is_known: bool,
}

impl Rests {
    /// Whether a key may be asked for so much.
    pub(super) fn is_open(&self, key: usize, scope: Scope, now: Duration) -> bool {
        let rests = |until: Duration| now < until;
        let is_withdrawn = || {
            self.no_numbers_until.is_some_and(rests)
                || self.without_numbers.get(&key).is_some_and(|known| rests(known.until))
        };
        let is_key_open = self.keys.get(&key).is_none_or(|known| known.until <= now);
        is_key_open && (scope == Scope::Everything || !is_withdrawn())
    }

    /// Why keys rest, each text once.
    pub(super) fn refusals(&self, now: Duration) -> BTreeSet<String> {
        let resting = self.keys.values().filter(|known| now < known.until);
        resting.map(|known| known.refusal.to_string()).collect()
    }

    /// A key rests. `None` if it rested already.
    pub(super) fn put_aside(&mut self, key: usize, refusal: &KeyRefusal, now: Duration) -> Option<NewRest> {
        let before = self.keys.get(&key);
        if before.is_some_and(|known| now < known.until) {
            return None;
        }
        let times = before.map_or(1, |known| known.times.saturating_add(1));
        let is_known = before.is_some_and(|known| known.refusal.sign == refusal.sign);
        let rest = FIRST_REST.saturating_mul(1 << (times - 1).min(16)).min(LONGEST_REST);
        self.keys.insert(key, KeyRest { until: now + rest, times, refusal: refusal.clone() });
        Some(NewRest { rest, is_known })
    }

    /// A batch was refused for all keys that there are. Whether keys are to rest for it.
    pub(super) fn refused_for_all(&mut self) -> bool {
        self.shared_refusals = self.shared_refusals.saturating_add(1);
        self.shared_refusals >= MOST_SHARED_REFUSALS
    }

    /// There is no method for numbers alone for a key. Whether there is none for anybody, which is known once two keys are
    /// refused in the same way, or if there is no other key.
    pub(super) fn withdraw_numbers(&mut self, key: usize, key_count: usize, sign: &str, now: Duration) -> bool {
        let until = now + METHOD_REST;
        let confirms = |(other, known): (&usize, &MethodRest)| *other != key && now < known.until && known.sign == sign;
        let is_confirmed = key_count < 2 || self.without_numbers.iter().any(confirms);
        self.without_numbers.insert(key, MethodRest { until, sign: sign.to_owned() });
        if is_confirmed {
            self.no_numbers_until = Some(until);
        }
        is_confirmed
    }

    /// Nothing is spent from a bucket for a while.
    pub(super) fn pause(&mut self, bucket: &str, until: Duration) {
        self.paused.insert(bucket.to_owned(), until);
    }

    /// Whether nothing is spent from a bucket.
    pub(super) fn is_paused(&self, bucket: &str, now: Duration) -> bool {
        self.paused.get(bucket).is_some_and(|until| now < *until)
    }

    /// Whether nothing is spent from some bucket.
    pub(super) fn is_any_paused(&self, now: Duration) -> bool {
        self.paused.values().any(|until| now < *until)
    }

    /// A key was answered. Whether it was refused before.
    pub(super) fn accepted(&mut self, key: usize, scope: Scope) -> bool {
        self.shared_refusals = 0;
        if scope == Scope::Numbers {
            self.without_numbers.remove(&key);
            self.no_numbers_until = None;
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
    fn a_key_rests_for_longer_and_longer_and_one_answer_ends_that() {
        let mut rests = Rests::default();
        let mut now = Duration::ZERO;
        let mut said = Vec::new();
        for _ in 0..12 {
            let new = rests.put_aside(0, &refusal("no"), now).expect("it begins to rest");
            assert_eq!(rests.put_aside(0, &refusal("no"), now), None, "it rests already");
            assert!(!rests.is_open(0, Scope::Everything, now) && rests.is_open(1, Scope::Everything, now));
            assert_eq!(rests.refusals(now), ["says no".to_owned()].into());
            said.push((new.rest.as_secs(), new.is_known));
            now += new.rest;
            assert!(rests.is_open(0, Scope::Everything, now), "it is tried again");
        }
        let seconds = [30, 60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 21_600, 21_600];
        assert_eq!(said.iter().map(|(seconds, _)| *seconds).collect::<Vec<_>>(), seconds);
        assert_eq!(said.iter().filter(|(_, is_known)| !is_known).count(), 1, "the same is said once");
        assert!(rests.accepted(0, Scope::Everything) && !rests.accepted(0, Scope::Everything));
        assert_eq!(rests.put_aside(0, &refusal("no"), now).map(|new| new.rest), Some(FIRST_REST));
    }

    #[test]
    fn numbers_are_withdrawn_for_all_by_two_keys_that_agree_or_by_the_only_one() {
        let mut rests = Rests::default();
        assert!(!rests.withdraw_numbers(0, 3, "404", minutes(0)), "one key");
        assert!(!rests.is_open(0, Scope::Numbers, minutes(1)) && rests.is_open(0, Scope::Everything, minutes(1)));
        assert!(rests.is_open(1, Scope::Numbers, minutes(1)));
        assert!(!rests.withdraw_numbers(1, 3, "403", minutes(1)), "another way");
        assert!(rests.is_open(2, Scope::Numbers, minutes(2)));
        assert!(rests.withdraw_numbers(2, 3, "404", minutes(2)));
        assert!((0..4).all(|key| !rests.is_open(key, Scope::Numbers, minutes(3))));
        assert!((0..3).all(|key| rests.is_open(key, Scope::Numbers, minutes(362))), "they are tried again");
        assert!(Rests::default().withdraw_numbers(0, 1, "404", minutes(0)));
    }
}
