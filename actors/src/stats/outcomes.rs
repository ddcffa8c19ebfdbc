//! Outcomes of an actor's last pieces of work, by subject: a platform's key, a round of gists, weights.
//!
//! - Counters show how much an actor does; outcomes show whether it succeeds. The pages that show them judge them.
//! - A subject is a name of this program (`key 1`, `weights`), never a miner's, so their number is bounded; beyond
//!   [`MAX_SUBJECTS`] nothing is added.
//! - Outcomes only watch: nothing reads them to decide anything, and they end with the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most subjects of one actor.
pub const MAX_SUBJECTS: usize = 64;

/// Longest error that is kept, in characters.
const MAX_ERROR_CHARS: usize = 300;

/// The outcomes of the work on one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Pieces of work that succeeded, at least in part.
    pub succeeded: u64,
    /// Pieces of work that failed.
    pub failed: u64,
    /// Pieces of work that failed in a row, up to the last one.
    pub failures_in_a_row: u32,
    /// Parts of the last piece of work, such as the gists of a round.
    pub parts: u64,
    /// Those of them that failed.
    pub failed_parts: u64,
    /// Whether the last failure was a rejection that requires operator action.
    pub is_refusal: bool,
    /// Why the last piece of work failed, or a part of it.
    pub error: Option<String>,
}

/// The outcomes of one actor, by subject.
#[derive(Debug, Default)]
pub struct Outcomes(Mutex<BTreeMap<String, Outcome>>);

impl Outcomes {
    /// Notes that a piece of work succeeded.
    pub fn succeeded(&self, subject: &str) {
        self.partly(subject, 1, 0, None);
    }

    /// Notes that a piece of work failed.
    pub fn failed(&self, subject: &str, error: &str) {
        self.partly(subject, 1, 1, Some(error));
    }

    /// Notes that a piece of work was rejected, and will be until the operator acts.
    pub fn refused(&self, subject: &str, error: &str) {
        self.failed(subject, error);
        if let Some(outcome) = self.lock().get_mut(subject) {
            outcome.is_refusal = true;
        }
    }

    /// Notes that an earlier failure is resolved, although there was nothing to do.
    pub fn recovered(&self, subject: &str) {
        if let Some(outcome) = self.lock().get_mut(subject) {
            (outcome.failures_in_a_row, outcome.is_refusal, outcome.error) = (0, false, None);
        }
    }

    /// Notes the end of a piece of work with several parts, of which some failed; it failed if all of them did.
    /// Without any part nothing changes.
    pub fn partly(&self, subject: &str, parts: u64, failed_parts: u64, error: Option<&str>) {
        if parts == 0 {
            return;
        }
        let mut outcomes = self.lock();
        if outcomes.len() >= MAX_SUBJECTS && !outcomes.contains_key(subject) {
            return;
        }
        let outcome = outcomes.entry(subject.to_owned()).or_default();
        if failed_parts >= parts {
            outcome.failed += 1;
            outcome.failures_in_a_row = outcome.failures_in_a_row.saturating_add(1);
        } else {
            outcome.succeeded += 1;
            outcome.failures_in_a_row = 0;
        }
        (outcome.parts, outcome.failed_parts, outcome.is_refusal) = (parts, failed_parts, false);
        outcome.error = error.map(|error| error.chars().take(MAX_ERROR_CHARS).collect());
    }

    /// All of them now.
    pub fn read(&self) -> BTreeMap<String, Outcome> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Outcome>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(outcomes: &Outcomes) -> Outcome {
        outcomes.read().remove("gists").expect("a subject")
    }

    #[test]
    fn failures_are_counted_in_a_row_and_end_with_the_first_part_that_succeeds() {
        let outcomes = Outcomes::default();
        outcomes.partly("gists", 4, 4, Some("404"));
        outcomes.refused("gists", "401");
        let failing = one(&outcomes);
        assert_eq!((failing.failed, failing.failures_in_a_row, failing.is_refusal), (2, 2, true));
        assert_eq!(failing.error.as_deref(), Some("401"));
        outcomes.partly("gists", 0, 0, None);
        assert_eq!(one(&outcomes), failing, "nothing was asked, so nothing is known");
        outcomes.partly("gists", 4, 3, Some("404"));
        let partly = one(&outcomes);
        assert_eq!((partly.succeeded, partly.failed, partly.failures_in_a_row), (1, 2, 0));
        assert_eq!((partly.parts, partly.failed_parts, partly.is_refusal), (4, 3, false));
    }

    #[test]
    fn subjects_and_errors_are_bounded() {
        let outcomes = Outcomes::default();
        for number in 0..MAX_SUBJECTS + 5 {
            outcomes.failed(&number.to_string(), &"x".repeat(10 * MAX_ERROR_CHARS));
        }
        let read = outcomes.read();
        assert_eq!(read.len(), MAX_SUBJECTS);
        assert!(
            read.values().all(|outcome| outcome.error.as_ref().is_some_and(|error| error.len() == MAX_ERROR_CHARS))
        );
    }
}
