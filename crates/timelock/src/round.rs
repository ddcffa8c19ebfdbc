//! When the chain reveals a commit, and the beacon's round that opens it then.
//!
//! The chain reveals in the first blocks of the epoch that is `RevealPeriodEpochs` after the epoch of the commit. Newer
//! runtimes keep the state of a subnet's epochs; older ones (spec 365) count epochs by the number of the block. Both
//! formulas are those of Subtensor's `get_epoch_index` and of the package bittensor-drand.

/// Time from one block to the next.
pub const BLOCK_MS: u64 = 12_000;

/// Blocks after the first of the reveal's epoch at which the round is due.
const SAFETY_BLOCKS: u64 = 3;

/// Blocks without an epoch after which one is due in any case (by the pallet).
const MOST_BLOCKS_WITHOUT_STEP: u64 = 50_400;

/// Longest walk through future blocks: half a year, far more than any reveal period in use.
const MOST_BLOCKS_AHEAD: u64 = 1_300_000;

/// The source of the signatures: `Drand.BeaconConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Compressed, [`PUBLIC_KEY_BYTES`](crate::PUBLIC_KEY_BYTES) bytes.
    pub public_key: Vec<u8>,
    /// Unix time of the first round.
    pub genesis_secs: u64,
    /// Time from one round to the next.
    pub period_secs: u64,
}

/// How a subnet's epochs follow one another, as of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// The runtime keeps the state of epochs.
    Stateful {
        /// `Tempo`.
        tempo: u64,
        /// `LastEpochBlock`.
        last_epoch_block: u64,
        /// `PendingEpochAt`; 0 if none is pending.
        pending_epoch_at: u64,
        /// `SubnetEpochIndex`.
        epoch_index: u64,
        /// `BlocksSinceLastStep`.
        blocks_since_last_step: u64,
    },
    /// Epochs follow from the block's number.
    ByNumber {
        /// `Tempo`.
        tempo: u64,
        /// The subnet.
        netuid: u16,
    },
}

/// A block and its time on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The block's number.
    pub block: u64,
    /// `Timestamp.Now` of that block, Unix time in milliseconds.
    pub unix_ms: u64,
}

/// The expected reveal of a commit in the block after a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The beacon's round to encrypt for.
    pub round: u64,
    /// The first block in which the chain reveals.
    pub reveal_block: u64,
    /// The last block of the epoch that the commit is expected in; a later commit is revealed an epoch later.
    pub commit_until_block: u64,
}

/// Why no reveal can be expected. Both mean that a commit would never be revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// The subnet has no epochs, or its reveal is too far away.
    #[error("the subnet reveals no commit within {MOST_BLOCKS_AHEAD} blocks (tempo {tempo})")]
    NeverRevealed {
        /// The subnet's tempo.
        tempo: u64,
    },
    /// The beacon's configuration gives no round.
    #[error("the beacon has no period")]
    NoPeriod,
}

/// The reveal of a commit that is made now, `period_epochs` (`RevealPeriodEpochs`) after its epoch.
///
/// # Errors
/// [`RoundError`], for schedules and beacons that no working chain has.
pub fn expected_reveal(
    schedule: Schedule,
    period_epochs: u64,
    beacon: &Beacon,
    now: Moment,
) -> Result<Expected, RoundError> {
    let (reveal_block, commit_until_block) = reveal_blocks(schedule, period_epochs, now.block)?;
    let blocks = reveal_block.saturating_add(SAFETY_BLOCKS).saturating_sub(now.block);
    let unix_ms = now.unix_ms.saturating_add(blocks.saturating_mul(BLOCK_MS));
    let since_genesis_ms = unix_ms.saturating_sub(beacon.genesis_secs.saturating_mul(1_000));
    let round = since_genesis_ms.checked_div(beacon.period_secs.saturating_mul(1_000)).ok_or(RoundError::NoPeriod)?;
    Ok(Expected { round, reveal_block, commit_until_block })
}

/// The first block of the epoch in which a commit that is made in the block after `head` is revealed, and the last block of
/// the commit's own epoch.
///
/// # Errors
/// [`RoundError::NeverRevealed`], for schedules that no working chain has.
pub fn reveal_blocks(schedule: Schedule, period_epochs: u64, head: u64) -> Result<(u64, u64), RoundError> {
    match schedule {
        Schedule::Stateful { .. } => walk(schedule, period_epochs, head),
        Schedule::ByNumber { tempo, netuid } => count(tempo, netuid, period_epochs, head),
    }
}

/// Epochs by the block's number: `epoch(b) = (b + netuid + 1) / (tempo + 1)`.
fn count(tempo: u64, netuid: u16, period_epochs: u64, head: u64) -> Result<(u64, u64), RoundError> {
    if tempo == 0 {
        return Err(RoundError::NeverRevealed { tempo });
    }
    let (shift, length) = (u64::from(netuid).saturating_add(1), tempo.saturating_add(1));
    let epoch = head.saturating_add(1).saturating_add(shift) / length;
    let begin = |epoch: u64| epoch.saturating_mul(length).saturating_sub(shift);
    let reveal_block = begin(epoch.saturating_add(period_epochs));
    if reveal_block.saturating_sub(head) > MOST_BLOCKS_AHEAD {
        return Err(RoundError::NeverRevealed { tempo });
    }
    Ok((reveal_block, begin(epoch.saturating_add(1)).saturating_sub(1)))
}

/// Epochs by the state that the runtime keeps, block by block.
fn walk(schedule: Schedule, period_epochs: u64, head: u64) -> Result<(u64, u64), RoundError> {
    let Schedule::Stateful { tempo, last_epoch_block, pending_epoch_at, epoch_index, blocks_since_last_step } =
        schedule
    else {
        return Err(RoundError::NeverRevealed { tempo: 0 });
    };
    let (mut last, mut pending, mut index, mut since) =
        (last_epoch_block, pending_epoch_at, epoch_index, blocks_since_last_step);
    let is_due = |block: u64, last: u64, pending: u64, since: u64| {
        let is_pending = pending > 0 && block >= pending;
        tempo > 0 && (is_pending || since > MOST_BLOCKS_WITHOUT_STEP || block.saturating_sub(last) >= tempo)
    };
    let first = head.saturating_add(1);
    let commit_epoch = index.saturating_add(u64::from(is_due(first, last, pending, since)));
    let target = commit_epoch.checked_add(period_epochs).ok_or(RoundError::NeverRevealed { tempo })?;
    let mut commit_until = None;
    for block in first..first.saturating_add(MOST_BLOCKS_AHEAD) {
        let is_due_now = is_due(block, last, pending, since);
        let epoch = index.saturating_add(u64::from(is_due_now));
        if epoch > commit_epoch {
            commit_until.get_or_insert(block.saturating_sub(1));
        }
        if epoch == target {
            return Ok((block, commit_until.unwrap_or(block)));
        }
        since = since.saturating_add(1);
        if is_due_now {
            (last, pending, index, since) = (block, 0, epoch, 0);
        }
    }
    Err(RoundError::NeverRevealed { tempo })
}
