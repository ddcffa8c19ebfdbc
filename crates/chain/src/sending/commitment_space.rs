//! How much a hotkey may still commit in the running epoch.
//!
//! `Commitments.set_commitment` charges every call the bytes of its fields, [`MIN_CHARGED_BYTES`] at least, to the
//! hotkey's `UsedSpaceOf(netuid, hotkey)`, which counts from zero in each epoch of the subnet, and refuses what would
//! lead over `MaxSpace`. The epoch is the pallet's own count of it: `SubnetEpochIndex(netuid)` where the runtime keeps
//! one (a tempo after `LastEpochBlock`, or at `PendingEpochAt`), else `(block + netuid + 1) / (tempo + 1)`.
//!
//! This only looks ahead: the chain decides at inclusion. Runtimes that limit commitments in another way have none of
//! these entries, and nothing is known of them here.

use crate::client::Client;
use crate::errors::ChainError;
use crate::reading::storage::{Slot, Snapshot};
use crate::reading::subnet::{COMMITMENTS, MODULE};
use subxt::dynamic::{At, Value};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey};

/// What even the shortest commitment is charged.
const MIN_CHARGED_BYTES: u64 = 100;

/// What a hotkey has committed in the epoch of the next block, and may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitmentSpace {
    /// Bytes charged so far in this epoch.
    pub used_bytes: u64,
    /// Bytes that may be charged in one epoch.
    pub limit_bytes: u64,
    /// The first block of the next epoch, from which all of it is free again.
    pub renewed_at_block: Block,
}

impl CommitmentSpace {
    /// What committing `text` is charged, in bytes.
    pub fn charge_bytes(text: &str) -> u64 {
        (text.len() as u64).max(MIN_CHARGED_BYTES)
    }

    /// Whether `text` can be committed in this epoch.
    pub fn has_room_for(&self, text: &str) -> bool {
        self.used_bytes.saturating_add(Self::charge_bytes(text)) <= self.limit_bytes
    }
}

/// The storage entries that it follows from.
struct Slots {
    limit: Slot,
    used: Slot,
    tempo: Slot,
    epoch_index: Slot,
    last_epoch: Slot,
    pending_epoch: Slot,
}

impl Slots {
    fn of(netuid: u16, hotkey: &Hotkey) -> Self {
        let of_subnet = |entry| Slot::keyed(MODULE, entry, [netuid.into()]);
        Self {
            limit: Slot::plain(COMMITMENTS, "MaxSpace"),
            used: Slot::keyed(COMMITMENTS, "UsedSpaceOf", [netuid.into(), hotkey.into()]),
            tempo: of_subnet("Tempo"),
            epoch_index: of_subnet("SubnetEpochIndex"),
            last_epoch: of_subnet("LastEpochBlock"),
            pending_epoch: of_subnet("PendingEpochAt"),
        }
    }

    fn all(&self) -> [Slot; 6] {
        [&self.limit, &self.used, &self.tempo, &self.epoch_index, &self.last_epoch, &self.pending_epoch]
            .map(Clone::clone)
    }
}

impl Client {
    /// The space of `hotkey` for commitments in subnet `netuid`, as the block after `head` will see it; `None` where
    /// the runtime has no such limit.
    ///
    /// # Errors
    /// What [`ChainError`] says of the conversation.
    pub async fn commitment_space(
        &self,
        head: &Head,
        netuid: u16,
        hotkey: &Hotkey,
    ) -> Result<Option<CommitmentSpace>, ChainError> {
        let mut snapshot = self.snapshot(head.into()).await?;
        let slots = Slots::of(netuid, hotkey);
        snapshot.load(slots.all()).await?;
        Ok(space(&snapshot, &slots, netuid, head.stamp.block.saturating_add(1)))
    }
}

fn space(snapshot: &Snapshot, slots: &Slots, netuid: u16, next_block: Block) -> Option<CommitmentSpace> {
    let limit_bytes = snapshot.value(&slots.limit)?;
    let tempo = snapshot.value(&slots.tempo)?;
    let (epoch, renewed_at) = match snapshot.value::<u64>(&slots.epoch_index) {
        Some(index) => {
            let last_epoch = snapshot.value(&slots.last_epoch).unwrap_or_default();
            let pending = snapshot.value(&slots.pending_epoch).unwrap_or_default();
            epoch_by_count(index, last_epoch, pending, tempo, next_block)
        }
        None => epoch_by_block(netuid, tempo, next_block),
    };
    let number = |usage: &Value<()>, field: &str| u64::try_from(usage.at(field)?.as_u128()?).ok();
    let usage: Option<Value<()>> = snapshot.stored(&slots.used);
    let used_bytes = usage
        .filter(|usage| number(usage, "last_epoch") == Some(epoch))
        .and_then(|usage| number(&usage, "used_space"))
        .unwrap_or_default();
    Some(CommitmentSpace {
        used_bytes,
        limit_bytes,
        renewed_at_block: Block::try_from(renewed_at).unwrap_or(Block::MAX),
    })
}

/// The epoch that `block` is in by the runtime's own count as of the block before it, and the first block of the next.
fn epoch_by_count(index: u64, last_epoch_block: u64, pending_at: u64, tempo: u64, block: Block) -> (u64, u64) {
    let by_tempo = last_epoch_block.saturating_add(tempo);
    let (block, due_at) = (u64::from(block), if pending_at > 0 { by_tempo.min(pending_at) } else { by_tempo });
    // An epoch that is due runs before the extrinsics of the block.
    if block >= due_at { (index.saturating_add(1), block.saturating_add(tempo)) } else { (index, due_at) }
}

/// The index of the epoch that holds `block`, and the first block of the one after it.
fn epoch_by_block(netuid: u16, tempo: u64, block: Block) -> (u64, u64) {
    let (length, offset) = (tempo.saturating_add(1), u64::from(netuid) + 1);
    let index = (u64::from(block) + offset) / length;
    (index, ((index + 1).saturating_mul(length)).saturating_sub(offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;
    use parity_scale_codec::Encode;

    const NETUID: u16 = 89;
    /// With a tempo of 99 and netuid 89, epoch 5 is of the blocks 410 to 509.
    const BLOCK: Block = 500;

    fn read(limit_bytes: u32, usage: Option<(u64, u64)>) -> Option<CommitmentSpace> {
        let slots = Slots::of(NETUID, &Hotkey::new([5; 32]));
        let mut stored = vec![(slots.limit.clone(), limit_bytes.encode()), (slots.tempo.clone(), 99_u16.encode())];
        stored.extend(usage.map(|usage| (slots.used.clone(), usage.encode())));
        space(&Snapshot::of(finney(), stored), &slots, NETUID, BLOCK)
    }

    #[test]
    fn only_what_was_charged_in_this_epoch_counts() {
        for (usage, used_bytes) in [(None, 0), (Some((5, 3_000)), 3_000), (Some((4, 3_000)), 0), (Some((6, 3_000)), 0)]
        {
            let expected = CommitmentSpace { used_bytes, limit_bytes: 3_100, renewed_at_block: 510 };
            assert_eq!(read(3_100, usage), Some(expected), "{usage:?}");
        }
    }

    #[test]
    fn short_texts_are_charged_the_minimum_and_the_limit_itself_may_be_used_up() {
        for (used, text_bytes, fits) in [
            (3_000, 1, true),
            (3_000, 100, true),
            (3_000, 101, false),
            (3_001, 1, false),
            (0, 3_100, true),
            (u64::MAX, 1, false),
        ] {
            let space = read(3_100, Some((5, used))).expect("a space");
            assert_eq!(space.has_room_for(&"x".repeat(text_bytes)), fits, "{text_bytes} bytes after {used}");
        }
    }

    #[test]
    fn an_epoch_is_renewed_at_the_first_block_of_the_next_one() {
        for (tempo, block) in [(0, 7), (99, 409), (99, 410), (99, 509), (360, 6_000_000)] {
            let (index, renewed_at) = epoch_by_block(NETUID, tempo, block);
            let first = Block::try_from(renewed_at).expect("a block");
            assert!(first > block, "tempo {tempo}, block {block}");
            assert_eq!(epoch_by_block(NETUID, tempo, first - 1).0, index, "tempo {tempo}, block {block}");
            assert_eq!(epoch_by_block(NETUID, tempo, first).0, index + 1, "tempo {tempo}, block {block}");
        }
    }

    #[test]
    fn a_runtimes_own_count_moves_when_its_epoch_is_due() {
        for (pending, block, expected) in [
            (0, 460, (7, 500)),
            (0, 499, (7, 500)),
            (0, 500, (8, 600)),
            (0, 503, (8, 603)),
            (470, 460, (7, 470)),
            (470, 470, (8, 570)),
            (900, 499, (7, 500)),
        ] {
            assert_eq!(epoch_by_count(7, 400, pending, 100, block), expected, "block {block}, pending {pending}");
        }
    }

    #[test]
    fn the_limit_of_a_runtime_stands_where_nothing_else_is_stored() {
        let slots = Slots::of(NETUID, &Hotkey::new([5; 32]));
        let space = space(&Snapshot::of(finney(), []), &slots, NETUID, BLOCK).expect("a space");
        assert_eq!((space.used_bytes, space.limit_bytes), (0, 3_100));
    }
}
