//! What Scorer remembers for the life of the process, beyond the life of one actor: a restart must not forget it.
//!
//! Each value is replaced as a whole, so a panic leaves none of them half written. An actor keeps nothing else across restarts.

use crate::scorer::paid_items::PaidItems;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::Block;

/// Shared by all Scorers of the process, one after another.
#[derive(Clone, Debug, Default)]
pub struct ScorerMemory(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    has_opened: AtomicBool,
    polled_at: Mutex<Option<Duration>>,
    unseen_rounds: Mutex<BTreeSet<Block>>,
    asked_gists: Mutex<(Block, BTreeSet<GistName>)>,
    waits: Mutex<Option<String>>,
    paid_items: Mutex<PaidItems>,
}

impl ScorerMemory {
    /// With [`Opening::Once`](super::Opening::Once): whether the process opened its cycle.
    pub(super) fn has_opened(&self) -> bool {
        self.0.has_opened.load(Ordering::Relaxed)
    }

    pub(super) fn note_opened(&self) {
        self.0.has_opened.store(true, Ordering::Relaxed);
    }

    /// When a poll began last, by the monotonic clock: one that panics is not repeated at once.
    pub(super) fn polled_at(&self) -> MutexGuard<'_, Option<Duration>> {
        lock(&self.0.polled_at)
    }

    /// Rounds with claims that are still to be checked for disputes.
    pub(super) fn unseen_rounds(&self) -> MutexGuard<'_, BTreeSet<Block>> {
        lock(&self.0.unseen_rounds)
    }

    /// The gists that GitHub was asked to date in the newest round in which it was asked: each once.
    pub(super) fn asked_gists(&self) -> MutexGuard<'_, (Block, BTreeSet<GistName>)> {
        lock(&self.0.asked_gists)
    }

    /// Takes out the items that cycles paid for lately; [`keep_paid_items`](Self::keep_paid_items) puts them back. Those that are lost
    /// on the way are read from the store again.
    pub(super) fn take_paid_items(&self) -> PaidItems {
        std::mem::take(&mut *lock(&self.0.paid_items))
    }

    pub(super) fn keep_paid_items(&self, paid: PaidItems) {
        *lock(&self.0.paid_items) = paid;
    }

    /// Why a cycle waits for tasks, while one does.
    pub(super) fn waits(&self) -> MutexGuard<'_, Option<String>> {
        lock(&self.0.waits)
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
