//! A circuit breaker: a detector that keeps failing is paused for a while.
//!
//! After [`FAILURES`] failures in a row, nothing is sent for a while; then one request may try. If that fails too, the next
//! pause is twice as long ([`PAUSE`]). Any answer closes the breaker, even a refusal of a single item.

use crate::outbound::retry::{Backoff, GrowingPause};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Failures in a row that open it.
pub(super) const FAILURES: u32 = 5;

/// How long it stays open.
pub(super) const PAUSE: GrowingPause =
    GrowingPause { first: Duration::from_secs(30), longest: Duration::from_secs(1_800) };

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Yes.
    Free,
    /// At this time of the monotonic clock it may be tried again; worth waiting for.
    Later(Duration),
    /// Another try failed: requests now fail at once.
    Closed,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// Its times open since it was closed.
    open: Backoff,
    /// The deadline of the request that tries.
    trial_until: Option<Duration>,
}

/// The breaker of one detector.
#[derive(Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

impl Breaker {
    /// Asks to pass at `now`. A request that tries an open breaker has `patience` before another one may try.
    pub(super) fn pass(&self, now: Duration, patience: Duration) -> Passage {
        let mut state = self.state();
        if state.open.times() == 0 {
            return Passage::Free;
        }
        if state.open.is_paused(now) {
            return if state.open.times() == 1 { Passage::Later(state.open.until()) } else { Passage::Closed };
        }
        match state.trial_until {
            Some(until) if now < until => Passage::Later(until.min(now + Duration::from_secs(1))),
            _ => {
                state.trial_until = Some(now + patience);
                Passage::Free
            }
        }
    }

    /// There was an answer.
    pub(super) fn close(&self) {
        *self.state() = State::default();
    }

    /// There was none. Returns the pause that begins with it, if one does.
    pub(super) fn fail(&self, now: Duration) -> Option<Duration> {
        let mut state = self.state();
        state.failures += 1;
        let is_trial = state.open.times() > 0 && !state.open.is_paused(now);
        if !is_trial && state.failures < FAILURES {
            return None;
        }
        let pause = state.open.begin(PAUSE, now)?;
        (state.failures, state.trial_until) = (0, None);
        Some(pause)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_for_longer_each_time_and_any_answer_closes_it() {
        let breaker = Breaker::default();
        for _ in 1..FAILURES {
            assert_eq!(breaker.fail(second(0)), None);
            assert_eq!(breaker.pass(second(0), PATIENCE), Passage::Free);
        }
        assert_eq!(breaker.fail(second(0)), Some(PAUSE.first));
        assert_eq!(breaker.pass(second(29), PATIENCE), Passage::Later(second(30)));
        assert_eq!(breaker.pass(second(30), PATIENCE), Passage::Free, "one tries");
        assert_eq!(breaker.pass(second(30), PATIENCE), Passage::Later(second(31)), "and the others wait for it");
        assert_eq!(breaker.fail(second(31)), Some(second(60)));
        assert_eq!(breaker.pass(second(32), PATIENCE), Passage::Closed);
        assert_eq!(breaker.pass(second(91), PATIENCE), Passage::Free);
        breaker.close();
        assert_eq!(breaker.pass(second(91), PATIENCE), Passage::Free);
        assert_eq!(breaker.fail(second(91)), None, "it counts from zero again");
    }

    #[test]
    fn a_trial_without_an_outcome_does_not_block_the_others_for_ever() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES {
            breaker.fail(second(0));
        }
        assert_eq!(breaker.pass(second(40), PATIENCE), Passage::Free);
        assert_eq!(breaker.pass(second(49), PATIENCE), Passage::Later(second(50)));
        assert_eq!(breaker.pass(second(50), PATIENCE), Passage::Free);
    }

    #[test]
    fn failures_between_answers_never_open_it_and_late_ones_do_not_lengthen_a_pause() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            for _ in 1..FAILURES {
                assert_eq!(breaker.fail(second(0)), None);
            }
            breaker.close();
        }
        for _ in 0..FAILURES {
            breaker.fail(second(0));
        }
        assert_eq!(breaker.fail(second(5)), None, "it was under way when it opened");
        assert_eq!(breaker.pass(second(30), PATIENCE), Passage::Free);
    }
}
