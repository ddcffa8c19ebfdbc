//! A cycle that opens shortly before a budget is renewed waits for that, instead of leaving contents unobserved for its slot.
//!
//! It waits for [`PATIENCE_BLOCKS`] at most, and for half of its slot: then it is decided with what there is. The scores in
//! force go on being sent meanwhile. What waits is in memory; after a restart the platforms are asked once more.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tensorflix_domain::chain_time::{BlockStamp, Moment, grid_start};
use tensorflix_domain::cycle::CycleHead;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::verdict::Reason;

/// How long a cycle waits for a budget at most: an hour.
const PATIENCE_BLOCKS: u32 = 300;

/// Milliseconds from block to block.
const BLOCK_MS: i64 = 12_000;

/// What was observed for a cycle, in so far as it matters here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Contents that could not be observed, and why.
    pub(crate) shortfalls: BTreeMap<ContentId, Reason>,
    /// When the first budget is renewed for whose sake contents fell short.
    pub(crate) budget_renewed_at: Option<Moment>,
}

/// The cycle that waits.
#[derive(Debug, Default)]
pub(crate) struct QuotaWait {
    until: Mutex<Option<(u32, Moment)>>,
}

impl QuotaWait {
    /// Whether a cycle still waits for a budget, so that nobody need be asked.
    pub(crate) fn holds(&self, cycle: &CycleHead, head: BlockStamp, slot_blocks: u32) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |(number, renewed_at)| number == cycle.cycle && head.time < renewed_at;
        until.is_some_and(waits) && head.block < decide_by(cycle, slot_blocks)
    }

    /// Whether a cycle waits for a budget that is renewed before it has to be decided.
    pub(crate) fn begins(&self, cycle: &CycleHead, head: BlockStamp, slot_blocks: u32, observed: &Observed) -> bool {
        let blocks_left = decide_by(cycle, slot_blocks).saturating_sub(head.block);
        let latest = Moment::from_unix_ms(head.time.unix_ms().saturating_add(i64::from(blocks_left) * BLOCK_MS));
        let renewed_at = observed.budget_renewed_at.filter(|at| blocks_left > 0 && *at < latest);
        let waits = renewed_at.filter(|_| observed.shortfalls.values().any(|reason| *reason == Reason::QuotaExhausted));
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = waits.map(|at| (cycle.cycle, at));
        if let Some(at) = waits {
            tracing::info!(cycle = cycle.cycle, until = %at, "the cycle waits for the quota reset before it is decided");
        }
        waits.is_some()
    }
}

/// The block at which a cycle is decided, whatever it still waits for: within its slot, or it never would be.
fn decide_by(cycle: &CycleHead, slot_blocks: u32) -> Block {
    let patience = (slot_blocks / 2).min(PATIENCE_BLOCKS);
    let last_quarter = grid_start(cycle.at.block, slot_blocks).saturating_add(slot_blocks - slot_blocks / 4);
    cycle.at.block.saturating_add(patience).min(last_quarter)
}
