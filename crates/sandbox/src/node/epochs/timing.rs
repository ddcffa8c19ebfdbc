//! When epochs run: by the block's number on older runtimes, by the chain's own count on newer ones.
//!
//! Older: where `(block + netuid + 1) % (tempo + 1) == 0`. Newer: a block is due a tempo after the last epoch, at the
//! block that was scheduled, or after [`MAX_BLOCKS_WITHOUT_EPOCH`] in any case; each epoch adds one to the index.

use parity_scale_codec::Encode;

use crate::node::runtime::entries;
use crate::node::state::history::{Overlay, ReadStorage};

/// After more blocks than this without an epoch, one runs whatever the tempo: a week.
pub(crate) const MAX_BLOCKS_WITHOUT_EPOCH: u64 = 50_400;

/// Whether an epoch runs at the start of `block`, the one after that of `state`.
pub(crate) fn is_due(state: &(impl ReadStorage + ?Sized), netuid: u16, tempo: u16, block: u32) -> bool {
    if !state.runtime().has(entries::LAST_EPOCH_BLOCK) {
        return is_due_by_number(netuid, tempo, block);
    }
    let key = netuid.encode();
    let number = |entry| state.value::<u64, 1>(entry, [&key]);
    let block = u64::from(block);
    let pending = number(entries::PENDING_EPOCH_AT);
    let since_step = block.saturating_sub(number(entries::LAST_MECHANISM_STEP_BLOCK));
    let since_epoch = block.saturating_sub(number(entries::LAST_EPOCH_BLOCK));
    let is_scheduled = pending > 0 && block >= pending;
    tempo > 0 && (is_scheduled || since_step > MAX_BLOCKS_WITHOUT_EPOCH || since_epoch >= u64::from(tempo))
}

/// Whether an epoch runs at the start of `block`: `(block + netuid + 1) % (tempo + 1) == 0`, never with tempo 0.
pub(crate) fn is_due_by_number(netuid: u16, tempo: u16, block: u32) -> bool {
    tempo > 0 && (u64::from(block) + u64::from(netuid) + 1).is_multiple_of(u64::from(tempo) + 1)
}

/// Counts the epoch that runs in the block being built.
pub(crate) fn count(state: &mut Overlay<'_>, netuid: u16) {
    if !state.runtime().has(entries::LAST_EPOCH_BLOCK) {
        return;
    }
    let key = netuid.encode();
    let index: u64 = state.value(entries::SUBNET_EPOCH_INDEX, [&key]);
    let block = u64::from(state.number);
    state.put(entries::LAST_EPOCH_BLOCK, [&key], &block);
    state.put(entries::PENDING_EPOCH_AT, [&key], &0_u64);
    state.put(entries::SUBNET_EPOCH_INDEX, [&key], &(index + 1));
}

/// Begins to count where a runtime does: with the last epoch there was, and the index that it had by its number.
pub(crate) fn begin(state: &mut Overlay<'_>, netuid: u16, tempo: u16) {
    if !state.runtime().has(entries::LAST_EPOCH_BLOCK) {
        return;
    }
    let key = netuid.encode();
    let last: u64 = state.value(entries::LAST_MECHANISM_STEP_BLOCK, [&key]);
    let index = (last + u64::from(netuid) + 1) / (u64::from(tempo) + 1);
    state.put(entries::LAST_EPOCH_BLOCK, [&key], &last);
    state.put(entries::PENDING_EPOCH_AT, [&key], &0_u64);
    state.put(entries::SUBNET_EPOCH_INDEX, [&key], &index);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_due_once_in_tempo_plus_one_blocks() {
        let due: Vec<u32> = (9_000_000..9_001_000).filter(|block| is_due_by_number(89, 360, *block)).collect();
        assert!(due.windows(2).all(|pair| pair[1] - pair[0] == 361), "{due:?}");
        assert!(!(0..1_000).any(|block| is_due_by_number(89, 0, block)));
    }
}
