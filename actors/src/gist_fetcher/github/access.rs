//! Our access to GitHub by each way of asking: what is left of the hour, limits without a header, refusals without a
//! reason, a token that was refused.
//!
//! - A limit whose end GitHub does not say is waited out for [`FIRST_PAUSE`], twice as long each time that it is met
//!   again, up to [`LONGEST_PAUSE`]. After a pause one request goes first; the others wait for what comes of it. The
//!   first good answer ends it.
//! - A refusal without a reason becomes one of ours when two gists in a row met it, one of them answered well before:
//!   strangers' gists alone stop nobody. While nothing was ever answered, it takes [`MET_BY_STRANGERS`]. The pause begins
//!   with [`FIRST_UNEXPLAINED_PAUSE`].
//! - A refused token is left out for [`TOKEN_REST`], and then tried again.
//!
//! All times are those of the monotonic clock. Nothing here is stored: a new process asks once and knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The first pause for a limit whose end is not said: what GitHub's documentation asks for.
pub const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// The first pause for refusals without a reason: nobody knows whether they are a limit at all.
pub const FIRST_UNEXPLAINED_PAUSE: Duration = Duration::from_secs(1);

/// Gists in a row that must be refused without a reason while none was ever answered.
const MET_BY_STRANGERS: usize = 5;

/// The longest pause for a limit whose end is not said.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How long a refused token is left out.
pub const TOKEN_REST: Duration = Duration::from_secs(3_600);

/// The hour that GitHub counts API requests in; what an answer said of it is forgotten then.
const RATE_LIMIT_WINDOW: Duration = Duration::from_secs(3_600);

/// Gists that are remembered as answered well or as refused without a reason.
const REMEMBERED_GISTS: usize = 1_000;

/// A way of asking; each has limits of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The raw address.
    Raw,
    /// The API without a token.
    Api,
    /// The API with the token.
    ApiWithToken,
}

/// What is known of all ways.
#[derive(Debug, Default)]
pub struct Access {
    ways: Mutex<BTreeMap<Way, WayAccess>>,
    token_rests_until: Mutex<Option<Duration>>,
    /// Held by the request that goes first after a pause.
    pub(super) first_after_pause: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct WayAccess {
    /// Requests left in this hour, and when that is forgotten.
    allowance: Option<(u32, Duration)>,
    /// Pauses in a row whose length GitHub did not say.
    pauses: u32,
    paused_until: Duration,
    /// The status of the refusals without a reason since the last answer, and whom they met.
    unexplained: Option<(u16, BTreeSet<String>)>,
    /// Gists that were answered well.
    answered: BTreeSet<String>,
}

/// Whether a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// At once.
    Free,
    /// A pause is over, and nobody knows yet whether the limit is: one goes first.
    OneFirst,
    /// Not for so long.
    Paused(Duration),
}

impl Access {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<Way, WayAccess>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn leave(&self, way: Way, now: Duration) -> Leave {
        match self.locked().get(&way) {
            Some(access) if access.paused_until > now => Leave::Paused(access.paused_until - now),
            Some(access) if access.pauses > 0 => Leave::OneFirst,
            _ => Leave::Free,
        }
    }

    /// A gist was read, or is what it was.
    pub(super) fn note_answer(&self, way: Way, gist: &str) {
        let mut ways = self.locked();
        let access = ways.entry(way).or_default();
        (access.pauses, access.unexplained) = (0, None);
        if access.answered.len() < REMEMBERED_GISTS {
            access.answered.insert(gist.to_owned());
        }
    }

    /// GitHub explained what is wrong with one gist: it serves us.
    pub(super) fn note_explanation(&self, way: Way) {
        let mut ways = self.locked();
        let access = ways.entry(way).or_default();
        (access.pauses, access.unexplained) = (0, None);
    }

    /// A limit was met. `said` is how long it lasts, if GitHub says; gives how long nothing is to be asked.
    pub(super) fn note_limit(&self, way: Way, said: Option<Duration>, least: Duration, now: Duration) -> Duration {
        if let Some(said) = said.filter(|said| !said.is_zero()) {
            return said;
        }
        self.locked().entry(way).or_default().pause(FIRST_PAUSE.max(least), now)
    }

    /// A gist was refused without a reason. Gives the pause if that is about us.
    pub(super) fn note_unexplained(&self, way: Way, gist: &str, status: u16, now: Duration) -> Option<Duration> {
        let mut ways = self.locked();
        let access = ways.entry(way).or_default();
        let known = access.unexplained.take().filter(|(known, _)| *known == status);
        let mut met = known.map(|(_, met)| met).unwrap_or_default();
        if met.len() < REMEMBERED_GISTS {
            met.insert(gist.to_owned());
        }
        let needed = if access.answered.is_empty() { MET_BY_STRANGERS } else { 2 };
        let has_witness = access.answered.is_empty() || !access.answered.is_disjoint(&met);
        if met.len() >= needed && has_witness {
            return Some(access.pause(FIRST_UNEXPLAINED_PAUSE, now));
        }
        access.unexplained = Some((status, met));
        None
    }

    pub(super) fn note_allowance(&self, way: Way, left: u32, now: Duration) {
        self.locked().entry(way).or_default().allowance = Some((left, now + RATE_LIMIT_WINDOW));
    }

    pub(super) fn allowance(&self, way: Way, now: Duration) -> Option<u32> {
        let (left, forgotten_at) = self.locked().get(&way)?.allowance?;
        (now < forgotten_at).then_some(left)
    }

    /// The token was refused. Gives whether that is news.
    pub(super) fn note_token_refused(&self, now: Duration) -> bool {
        let mut rests_until = self.token_rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        rests_until.replace(now + TOKEN_REST).is_none()
    }

    /// The token was taken. Gives whether that is news.
    pub(super) fn note_token_taken(&self) -> bool {
        self.token_rests_until.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Whether the token was refused when it was used last.
    pub(super) fn is_token_refused(&self) -> bool {
        self.token_rests_until.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether the token is left out at `now`.
    pub(super) fn token_rests(&self, now: Duration) -> bool {
        self.token_rests_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| until > now)
    }
}

impl WayAccess {
    /// Begins a pause, unless one is under way: what was asked before it began says nothing new.
    fn pause(&mut self, first: Duration, now: Duration) -> Duration {
        if self.paused_until <= now {
            let doubled = first.saturating_mul(1 << self.pauses.min(20));
            self.pauses = self.pauses.saturating_add(1);
            self.paused_until = now + doubled.min(LONGEST_PAUSE);
        }
        self.paused_until - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_limit_without_an_end_is_waited_out_twice_as_long_each_time_and_forgotten_after_a_good_answer() {
        let access = Access::default();
        let (mut now, mut pauses) = (at(1_000), Vec::new());
        for _ in 0..9 {
            let pause = access.note_limit(Way::Api, None, Duration::ZERO, now);
            // Others that were under way then are told the same, and make it no longer.
            assert_eq!(access.note_limit(Way::Api, Some(Duration::ZERO), Duration::ZERO, now + at(1)), pause - at(1));
            assert_eq!(access.leave(Way::Api, now + at(2)), Leave::Paused(pause - at(2)));
            now += pause;
            assert_eq!(access.leave(Way::Api, now), Leave::OneFirst);
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        assert_eq!(access.leave(Way::Raw, now), Leave::Free, "another way has a limit of its own");
        access.note_answer(Way::Api, "a");
        assert_eq!(access.leave(Way::Api, now), Leave::Free);
        assert_eq!(access.note_limit(Way::Api, None, at(180), now), at(180), "as long as GitHub's words ask for");
    }

    #[test]
    fn a_refusal_without_a_reason_is_about_its_gist_until_one_that_was_answered_before_meets_it_too() {
        let access = Access::default();
        for gist in ["good", "better"] {
            access.note_answer(Way::Raw, gist);
        }
        let refuse = |gist: &str, status| access.note_unexplained(Way::Raw, gist, status, at(0));
        // However many strangers' gists are refused, and one again and again.
        for gist in ["mallory", "mallory", "mallory's", "mallory's second"] {
            assert_eq!(refuse(gist, 403), None, "{gist}");
        }
        access.note_explanation(Way::Raw);
        assert_eq!(refuse("good", 403), None, "one gist");
        access.note_answer(Way::Raw, "better");
        assert_eq!(refuse("mallory", 403), None, "GitHub answered in between");
        assert_eq!(refuse("better", 418), None, "another status");
        assert_eq!(refuse("good", 418), Some(FIRST_UNEXPLAINED_PAUSE));
        let others = access.note_unexplained(Way::Api, "good", 418, at(0));
        assert_eq!(others, None, "another way of asking");
    }

    #[test]
    fn while_nothing_was_ever_answered_it_takes_several_gists() {
        let access = Access::default();
        for pause in [FIRST_UNEXPLAINED_PAUSE, 2 * FIRST_UNEXPLAINED_PAUSE] {
            let refuse = |number: usize| access.note_unexplained(Way::Raw, &number.to_string(), 403, pause * 60);
            for number in 1..MET_BY_STRANGERS {
                assert_eq!((refuse(number), refuse(number)), (None, None), "one gist again is no other");
            }
            assert_eq!(refuse(MET_BY_STRANGERS), Some(pause));
        }
    }

    #[test]
    fn a_refused_token_is_news_once_and_is_tried_again_later() {
        let access = Access::default();
        assert!(!access.token_rests(at(0)) && !access.is_token_refused());
        assert!(access.note_token_refused(at(0)));
        assert!(access.token_rests(TOKEN_REST - at(1)) && !access.token_rests(TOKEN_REST));
        assert!(access.is_token_refused(), "until it is taken");
        assert!(!access.note_token_refused(TOKEN_REST), "no news");
        assert!(access.note_token_taken() && !access.note_token_taken());
        assert!(!access.is_token_refused());
    }
}
