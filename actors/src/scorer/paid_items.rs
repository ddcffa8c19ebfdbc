//! Which items cycles paid for lately: kept in memory, and read from the store after a start.

use crate::ports::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::{ContentId, Hotkey};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::recovery::PaidCycle;
use tensorflix_domain::verdict::Status;

/// Most earlier cycles that are corrected, the newest ones: a week of one in half an hour.
const MOST_CYCLES: usize = 336;

/// Items by the cycles that paid for them.
#[derive(Debug, Default)]
pub(crate) struct PaidItems {
    items: BTreeMap<ContentId, PaidItem>,
    /// The cycles that are taken in, with their times.
    cycles: BTreeMap<u32, Moment>,
}

/// An item that was paid for.
#[derive(Clone, Debug)]
pub(crate) struct PaidItem {
    /// The hotkeys that were paid, usually one.
    pub hotkeys: Vec<Hotkey>,
    /// The highest normalised score that it had.
    pub most: f64,
    /// The newest cycle that paid for it.
    newest: u32,
}

impl PaidItems {
    /// Takes in the decided cycles of the last `hours` that are not taken in yet, and forgets older ones.
    pub(crate) async fn update(&mut self, store: &dyn Store, now: Moment, hours: f64) -> Result<(), StoreError> {
        let mut heads = store.decided_since(now.hours_before(hours)).await?;
        heads.drain(..heads.len().saturating_sub(MOST_CYCLES));
        let kept: BTreeMap<u32, Moment> = heads.iter().map(|head| (head.cycle, head.at.time)).collect();
        let oldest = kept.keys().next().copied().unwrap_or(u32::MAX);
        self.cycles.retain(|cycle, _| kept.contains_key(cycle));
        self.items.retain(|_, item| item.newest >= oldest);
        for (cycle, at) in kept {
            if !self.cycles.contains_key(&cycle)
                && let Some(paid) = store.paid_cycle(cycle).await?
            {
                self.take_in(cycle, at, &paid.submissions);
            }
        }
        Ok(())
    }

    /// Takes in what a cycle decided.
    pub(crate) fn take_in(&mut self, cycle: u32, at: Moment, submissions: &[Judged]) {
        self.cycles.insert(cycle, at);
        for judged in submissions.iter().filter(|judged| judged.status == Status::Accepted) {
            let (Some(content), Some(score)) = (judged.content(), judged.normalized_score) else { continue };
            let new = PaidItem { hotkeys: Vec::with_capacity(1), most: 0.0, newest: cycle };
            let item = self.items.entry(content).or_insert(new);
            item.newest = item.newest.max(cycle);
            item.most = item.most.max(score);
            if !item.hotkeys.contains(&judged.hotkey) {
                item.hotkeys.push(judged.hotkey);
            }
        }
    }

    pub(crate) fn item(&self, content: &ContentId) -> Option<&PaidItem> {
        self.items.get(content)
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = (&ContentId, &PaidItem)> {
        self.items.iter()
    }
}

/// What the cycles that are taken in paid, oldest first, without those that paid for none of these items. Others' submissions of
/// the same cycles are needed too: what an item should have earned depends on them.
pub(crate) async fn paid_cycles(
    store: &dyn Store,
    paid: &PaidItems,
    contents: &BTreeSet<ContentId>,
) -> Result<Vec<PaidCycle>, StoreError> {
    let mut cycles = Vec::new();
    for cycle in paid.cycles.keys() {
        let Some(paid) = store.paid_cycle(*cycle).await? else { continue };
        let concerns = |judged: &Judged| judged.content().is_some_and(|content| contents.contains(&content));
        if paid.submissions.iter().any(concerns) {
            cycles.push(paid);
        }
    }
    Ok(cycles)
}
