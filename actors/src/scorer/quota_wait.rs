//! A cycle that opens shortly before a quota reset waits for the reset, instead of leaving items unobserved for its slot.
//!
//! It waits for at most [`PATIENCE_BLOCKS`], and at most half of its slot: then it is decided with the available evidence. The
//! scores in force are still sent meanwhile. The waiting state is in memory; after a restart the platforms are asked once more.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tensorflix_domain::chain_time::{BlockStamp, Moment, grid_start};
use tensorflix_domain::cycle::CycleHead;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::verdict::Reason;

/// Longest wait of a cycle for a quota reset: an hour.
const PATIENCE_BLOCKS: u32 = 300;

/// Milliseconds from block to block.
const BLOCK_MS: i64 = 12_000;

/// The part of a cycle's observations that matters here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Items that could not be observed, and why.
    pub(crate) shortfalls: BTreeMap<ContentId, Reason>,
    /// The first reset of a quota that was too small for all items.
    pub(crate) budget_renewed_at: Option<Moment>,
}

/// The cycle that waits.
#[derive(Debug, Default)]
pub(crate) struct QuotaWait {
    until: Mutex<Option<(u32, Moment)>>,
}

impl QuotaWait {
    /// Whether a cycle still waits for a quota reset, so that no platform needs to be asked.
    pub(crate) fn holds(&self, cycle: &CycleHead, head: BlockStamp, slot_blocks: u32) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |(number, renewed_at)| number == cycle.cycle && head.time < renewed_at;
        until.is_some_and(waits) && head.block < decide_by(cycle, slot_blocks)
    }

    /// Whether a cycle waits for a quota that resets before the cycle has to be decided.
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

/// The block at which a cycle is decided in any case: it must be within its slot.
fn decide_by(cycle: &CycleHead, slot_blocks: u32) -> Block {
    let patience = (slot_blocks / 2).min(PATIENCE_BLOCKS);
    let last_quarter = grid_start(cycle.at.block, slot_blocks).saturating_add(slot_blocks - slot_blocks / 4);
    cycle.at.block.saturating_add(patience).min(last_quarter)
}
