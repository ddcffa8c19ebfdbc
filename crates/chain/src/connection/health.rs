//! Whether an endpoint is well, judged by the answers to the questions on one connection to it.
//!
//! Reachable is not the same as well: an endpoint is well if its answers let work continue. Its finalized head advances, its answers
//! decode, they do not contradict what is known, and another endpoint has no better ones.
//!
//! Invariants: no answer counts against an endpoint until another endpoint gave a better one (`asking.rs`,
//! `endpoints.rs`), so that a question that no endpoint can answer is itself at fault; a missing block, which may have
//! been pruned, counts only when it is missing [`MOST_LAPSES`] times in a row. What is remembered is bounded by the names of
//! methods.
//!
//! Not detected: an endpoint with answers that are wrong but consistent, such as values that were never stored, for a block
//! that exists. Only a proof of each value would show that.

use crate::errors::ChainError;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tensorflix_domain::ids::Block;
use tokio::time::Instant;

/// Lapses in a row after which an endpoint is left; a single one may have a harmless cause.
const MOST_LAPSES: u32 = 3;

/// The health of one connection.
pub(crate) struct Health {
    state: Mutex<State>,
}

struct State {
    /// The newest finalized block that the endpoint reported on this connection.
    newest: Option<Block>,
    /// Since when that block is the newest, or when its age was last investigated.
    stands_since: Instant,
    /// Lapses in a row, by method.
    lapses: BTreeMap<&'static str, u32>,
    /// When another endpoint was last sought in the place of this one, which floods us.
    flood_looked_into: Option<Instant>,
}

impl Health {
    pub(crate) fn new() -> Self {
        let (lapses, stands_since) = (BTreeMap::new(), Instant::now());
        Self { state: Mutex::new(State { newest: None, stands_since, lapses, flood_looked_into: None }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest finalized block that the endpoint reported.
    pub(crate) fn newest(&self) -> Option<Block> {
        self.state().newest
    }

    /// The endpoint reported a finalized block. Only one that is newer than before is a sign of life.
    pub(crate) fn head_told(&self, block: Block) {
        let mut state = self.state();
        if state.newest.is_none_or(|newest| block > newest) {
            (state.newest, state.stands_since) = (Some(block), Instant::now());
        }
    }

    /// Since when it has reported no newer block, or when it was last asked why.
    pub(crate) fn stands_since(&self) -> Instant {
        self.state().stands_since
    }

    /// The missing progress of the head was investigated: another period of silence starts.
    pub(crate) fn looked_into(&self) {
        self.state().stands_since = Instant::now();
    }

    /// Whether another endpoint is to be sought in the place of one that floods us: not more often than every `interval`.
    pub(crate) fn is_to_be_looked_into(&self, interval: Duration) -> bool {
        let mut state = self.state();
        let is_due = state.flood_looked_into.is_none_or(|last| last.elapsed() >= interval);
        if is_due {
            state.flood_looked_into = Some(Instant::now());
        }
        is_due
    }

    /// A question was answered well.
    pub(crate) fn answered(&self, method: &'static str) {
        self.state().lapses.remove(method);
    }

    /// Counts a lapse that may have a harmless cause. Returns whether there were too many in a row.
    pub(crate) fn lapsed(&self, method: &'static str) -> bool {
        let mut state = self.state();
        let lapses = state.lapses.entry(method).or_default();
        *lapses += 1;
        *lapses >= MOST_LAPSES
    }

    /// Another endpoint answered well what this one failed to: whether that is a reason to leave it.
    pub(crate) fn is_outdone(&self, method: &'static str, failure: &ChainError) -> bool {
        !matches!(failure, ChainError::BlockUnavailable { .. }) || self.lapsed(method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: &str = "chain_getHeader";

    fn missing() -> ChainError {
        ChainError::BlockUnavailable { endpoint: String::new(), method: METHOD, message: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_newer_block_is_a_sign_of_life() {
        let health = Health::new();
        health.head_told(10);
        let since = health.stands_since();
        for block in [10, 9, 10, 3] {
            tokio::time::advance(Duration::from_secs(12)).await;
            health.head_told(block);
            assert_eq!((health.newest(), health.stands_since()), (Some(10), since), "{block}");
        }
        health.head_told(11);
        assert_eq!((health.newest(), health.stands_since()), (Some(11), Instant::now()));
    }

    #[test]
    fn an_endpoint_is_charged_with_what_another_answers_a_missing_block_in_a_row() {
        let health = Health::new();
        let garbled = ChainError::Misanswered { endpoint: String::new(), method: METHOD, detail: String::new() };
        assert!(health.is_outdone(METHOD, &garbled));
        for _ in 0..2 {
            assert!(!health.is_outdone(METHOD, &missing()));
            assert!(!health.is_outdone(METHOD, &missing()));
            health.answered(METHOD);
        }
        assert!(!health.is_outdone(METHOD, &missing()));
        assert!(!health.is_outdone(METHOD, &missing()));
        assert!(!health.is_outdone("chain_getBlock", &missing()), "each method for itself");
        assert!(health.is_outdone(METHOD, &missing()));
    }
}
