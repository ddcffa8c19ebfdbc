//! The state of our access to GitHub, by route: requests left in the hour, limits without a header, refusals without a
//! reason, a rejected token.
//!
//! - For a limit without a stated end the pause is [`FIRST_PAUSE`], twice as long each time that it is met again, up to
//!   [`LONGEST_PAUSE`]. After a pause one request is sent first; the others wait for its result. The first good answer
//!   ends the limit.
//! - A refusal without a reason counts as one of this validator when two gists in a row met it, of which one was read
//!   before: unknown gists alone cannot stop all requests. While nothing was ever read, it takes [`MET_BY_STRANGERS`].
//!   The pause begins with [`FIRST_UNEXPLAINED_PAUSE`].
//! - A rejected token is not used for [`TOKEN_PAUSE`], and then tried again.
//!
//! All times are those of the monotonic clock. Nothing here is stored: a new process learns it from its first requests.

use crate::outbound::retry::{Backoff, GrowingPause};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The first pause for a limit without a stated end: what GitHub's documentation asks for.
pub const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// The first pause for refusals without a reason: it is unknown whether they are a limit at all.
pub const FIRST_UNEXPLAINED_PAUSE: Duration = Duration::from_secs(1);

/// Gists in a row that must be refused without a reason while none was ever read.
const MET_BY_STRANGERS: usize = 5;

/// The longest pause for a limit without a stated end.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How long a rejected token is not used.
pub const TOKEN_PAUSE: Duration = Duration::from_secs(3_600);

/// The hour in which GitHub counts API requests; what an answer said about it is forgotten after that time.
const RATE_LIMIT_WINDOW: Duration = Duration::from_secs(3_600);

/// Most gists that are remembered as read or as refused without a reason.
const REMEMBERED_GISTS: usize = 1_000;

/// A route for requests; each has its own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The raw address.
    Raw,
    /// The API without a token.
    Api,
    /// The API with the token.
    ApiWithToken,
}

/// What is known about all routes.
#[derive(Debug, Default)]
pub struct Access {
    ways: Mutex<BTreeMap<Way, WayAccess>>,
    token_disabled_until: Mutex<Option<Duration>>,
    /// Held by the request that is sent first after a pause.
    pub(super) first_after_pause: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct WayAccess {
    /// Requests left in this hour, and when this is forgotten.
    allowance: Option<(u32, Duration)>,
    /// Pauses for which GitHub stated no length.
    backoff: Backoff,
    /// The status of the refusals without a reason since the last good answer, and the gists that met them.
    unexplained: Option<(u16, BTreeSet<String>)>,
    /// Gists that were read.
    answered: BTreeSet<String>,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// At once.
    Free,
    /// A pause is over, but it is unknown whether the limit is: one request is sent first.
    OneFirst,
    /// Not before this time has passed.
    Paused(Duration),
}

impl Access {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<Way, WayAccess>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn leave(&self, way: Way, now: Duration) -> Leave {
        match self.locked().get(&way) {
            Some(access) if access.backoff.is_paused(now) => Leave::Paused(access.backoff.until() - now),
            Some(access) if access.backoff.times() > 0 => Leave::OneFirst,
            _ => Leave::Free,
        }
    }

    /// Notes that a gist was read, or has not changed.
    pub(super) fn note_answer(&self, way: Way, gist: &str) {
        let mut ways = self.locked();
        let access = ways.entry(way).or_default();
        (access.backoff, access.unexplained) = (Backoff::default(), None);
        if access.answered.len() < REMEMBERED_GISTS {
            access.answered.insert(gist.to_owned());
        }
    }

    /// Notes that GitHub explained what is wrong with one gist: it serves our requests.
    pub(super) fn note_explanation(&self, way: Way) {
        let mut ways = self.locked();
        let access = ways.entry(way).or_default();
        (access.backoff, access.unexplained) = (Backoff::default(), None);
    }

    /// Notes that a limit was met. `said` is its length, if GitHub gives one; returns how long to send nothing.
    pub(super) fn note_limit(&self, way: Way, said: Option<Duration>, least: Duration, now: Duration) -> Duration {
        if let Some(said) = said.filter(|said| !said.is_zero()) {
            return said;
        }
        self.locked().entry(way).or_default().pause(FIRST_PAUSE.max(least), now)
    }

    /// Notes that a gist was refused without a reason. Returns the pause if the refusal is about this validator.
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

    /// Notes that the token was rejected. Returns whether that is new.
    pub(super) fn note_token_refused(&self, now: Duration) -> bool {
        let mut disabled_until = self.token_disabled_until.lock().unwrap_or_else(PoisonError::into_inner);
        disabled_until.replace(now + TOKEN_PAUSE).is_none()
    }

    /// Notes that the token was accepted. Returns whether that is new.
    pub(super) fn note_token_taken(&self) -> bool {
        self.token_disabled_until.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Whether the token was rejected when it was last used.
    pub(super) fn is_token_refused(&self) -> bool {
        self.token_disabled_until.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether the token is not used at `now`.
    pub(super) fn is_token_disabled(&self, now: Duration) -> bool {
        self.token_disabled_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| until > now)
    }
}

impl WayAccess {
    /// Begins a pause, unless one is on: requests that were sent before it began add no information.
    fn pause(&mut self, first: Duration, now: Duration) -> Duration {
        self.backoff.begin(GrowingPause { first, longest: LONGEST_PAUSE }, now);
        self.backoff.until().saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_limit_without_an_end_is_paused_for_twice_as_long_until_a_good_answer() {
        let access = Access::default();
        let (mut now, mut pauses) = (at(1_000), Vec::new());
        for _ in 0..9 {
            let pause = access.note_limit(Way::Api, None, Duration::ZERO, now);
            // Other requests in flight get the same answer and do not extend the pause.
            assert_eq!(access.note_limit(Way::Api, Some(Duration::ZERO), Duration::ZERO, now + at(1)), pause - at(1));
            assert_eq!(access.leave(Way::Api, now + at(2)), Leave::Paused(pause - at(2)));
            now += pause;
            assert_eq!(access.leave(Way::Api, now), Leave::OneFirst);
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
        assert_eq!(access.leave(Way::Raw, now), Leave::Free, "another route has its own limit");
        access.note_answer(Way::Api, "a");
        assert_eq!(access.leave(Way::Api, now), Leave::Free);
        assert_eq!(access.note_limit(Way::Api, None, at(180), now), at(180), "as long as GitHub's words ask for");
    }

    #[test]
    fn a_refusal_without_a_reason_is_about_its_gist_until_a_known_gist_meets_it() {
        let access = Access::default();
        for gist in ["good", "better"] {
            access.note_answer(Way::Raw, gist);
        }
        let refuse = |gist: &str, status| access.note_unexplained(Way::Raw, gist, status, at(0));
        // However many unknown gists are refused, and one of them repeatedly.
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
        assert_eq!(others, None, "another route");
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
        assert!(!access.is_token_disabled(at(0)) && !access.is_token_refused());
        assert!(access.note_token_refused(at(0)));
        assert!(access.is_token_disabled(TOKEN_PAUSE - at(1)) && !access.is_token_disabled(TOKEN_PAUSE));
        assert!(access.is_token_refused(), "until it is accepted");
        assert!(!access.note_token_refused(TOKEN_PAUSE), "no news");
        assert!(access.note_token_taken() && !access.note_token_taken());
        assert!(!access.is_token_refused());
    }
}
