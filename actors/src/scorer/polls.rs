//! Polling items between two cycles: which ones, and how often the platforms are asked to poll.
//!
//! - The items of the newest decided cycle are polled, as long as the chain is in that cycle's slot. Once the next slot has begun,
//!   nothing is polled until its cycle is decided: a cycle observes everything again itself.
//! - The platform decides which items are due, and how much budget is left for them (`platforms/polling.rs`).
//! - One poll at a time, each with a deadline. A poll that fails or is lost only makes observations less fresh.
//!
//! It changes no score: a cycle decides from what was observed since it opened, and from older evidence only if there is nothing
//! newer.

use crate::platforms::PollContents;
use crate::ports::{Clock, Store, StoreError};
use crate::scorer::settings::{CycleSettings, Opening};
use actix::Recipient;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::paid_looks::earners;
use tensorflix_domain::places::{Turn, contents_in_turn};
use tensorflix_domain::platform::Platform;

/// How often platforms are asked to poll: about as often as gists are read.
pub(crate) const POLL_EVERY: Duration = Duration::from_secs(300);

/// Time for one poll: enough for a run on Apify.
const POLL_DEADLINE: Duration = Duration::from_secs(150);

/// The items of a decided cycle.
#[derive(Debug, Default)]
pub(crate) struct CycleItems {
    /// All of them, in turn.
    turns: Vec<Turn>,
    /// Those that earned something, the one that earned most first.
    earners: Vec<ContentId>,
}

impl CycleItems {
    pub(crate) fn of(decided: &DecidedCycle, turns: Vec<Turn>) -> Self {
        Self { turns, earners: earners(&decided.submissions, &decided.evidence.tasks) }
    }
}

/// The items of the newest decided cycle, by its number.
#[derive(Debug, Default)]
pub(crate) struct PolledItems(Mutex<Option<(u32, Arc<CycleItems>)>>);

impl PolledItems {
    /// From now on, the items of this cycle.
    pub(crate) fn set(&self, cycle: u32, items: CycleItems) -> Arc<CycleItems> {
        let items = Arc::new(items);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((cycle, Arc::clone(&items)));
        items
    }

    fn get(&self, cycle: u32) -> Option<Arc<CycleItems>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(of, _)| *of == cycle).map(|(_, items)| Arc::clone(items))
    }
}

/// Has contents polled.
pub(crate) struct Poller {
    slot_blocks: u32,
    opening: Opening,
    platforms: BTreeMap<Platform, Recipient<PollContents>>,
    watched: Arc<PolledItems>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Poller {
    pub(crate) fn new(
        settings: &CycleSettings,
        platforms: BTreeMap<Platform, Recipient<PollContents>>,
        watched: Arc<PolledItems>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { slot_blocks: settings.slot_blocks, opening: settings.opening, platforms, watched, store, clock }
    }

    /// Asks every platform to poll the items that are due.
    pub(crate) async fn poll(&self) -> Result<(), StoreError> {
        if self.opening == Opening::Once {
            return Ok(());
        }
        let (Some(head), Some(cycle)) = (self.store.latest_head().await?, self.store.latest_cycle().await?) else {
            return Ok(());
        };
        let slot_of = |block| grid_start(block, self.slot_blocks);
        if !cycle.decided || slot_of(head.stamp.block) != slot_of(cycle.at.block) {
            return Ok(());
        }
        let items = self.items_of(cycle.cycle).await?;
        let polls = self.platforms.iter().map(|(platform, actor)| {
            let is_own = |content: &ContentId| content.platform() == *platform;
            actor.send(PollContents {
                turns: items.turns.iter().filter(|turn| is_own(&turn.content)).cloned().collect(),
                earners: items.earners.iter().filter(|content| is_own(content)).cloned().collect(),
                as_of: head.stamp,
                cycle_blocks: self.slot_blocks,
                deadline: POLL_DEADLINE,
            })
        });
        tokio::select! {
            biased;
            _ = futures::future::join_all(polls) => {}
            () = self.clock.sleep(2 * POLL_DEADLINE) => tracing::warn!("a poll did not finish in time"),
        }
        Ok(())
    }

    /// The items of a cycle. After a restart they are read once from the stored cycle.
    async fn items_of(&self, cycle: u32) -> Result<Arc<CycleItems>, StoreError> {
        if let Some(items) = self.watched.get(cycle) {
            return Ok(items);
        }
        let decided = self.store.decided_cycle(cycle).await?;
        let items = decided.map(|decided| {
            let slot = decided.evidence.at.block / self.slot_blocks.max(1);
            CycleItems::of(&decided, contents_in_turn(&decided.evidence, &decided.policy, slot))
        });
        Ok(self.watched.set(cycle, items.unwrap_or_default()))
    }
}
