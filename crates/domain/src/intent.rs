//! Weights that were signed to be sent, and their outcome.

use crate::chain_time::BlockStamp;
use crate::ids::{Block, Hotkey};
use crate::weights::WeightEntry;
use serde::{Deserialize, Serialize};

/// Weights that were signed to be sent in one window. Stored before they are broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightIntent {
    /// The signing hotkey; `None` if an early release stored them without it.
    pub hotkey: Option<Hotkey>,
    /// The window: its first block.
    pub window: Block,
    /// The cycle that decided these weights' scores.
    pub cycle: u32,
    /// The block that they were built and signed at.
    pub signed_at: BlockStamp,
    /// The entries sent.
    pub entries: Vec<WeightEntry>,
    /// The signed extrinsic, ready for the wire.
    pub extrinsic: Vec<u8>,
    /// Its hash.
    pub extrinsic_hash: [u8; 32],
    /// The signer's nonce that it uses: at most one extrinsic with it is ever included.
    pub nonce: u64,
    /// The last block at which the chain would accept it.
    pub valid_until: Block,
    /// When the chain is to reveal them, if they are committed; `None` for weights that are readable at once.
    pub reveal: Option<RevealPlan>,
    /// The outcome, once known.
    pub outcome: Option<IntentOutcome>,
}

/// When committed weights are revealed, by the chain or by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealPlan {
    /// The beacon's round that opens them; 0 for a hashed commit.
    pub round: u64,
    /// The first block in which they are revealed, if the commit comes into a block up to `commit_until`.
    pub reveal_at: Block,
    /// The last block of the epoch that the commit is expected in.
    pub commit_until: Block,
    /// Blocks of an epoch.
    pub epoch_blocks: u32,
    /// What opens a hashed commit, which its sender has to reveal within the epoch from `reveal_at` on; `None` for a
    /// timelocked one, which the chain reveals by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<CommitOpening>,
}

/// The part of a hashed commit's reveal beside the weights. It stays secret until then: with it, the weights could be
/// guessed.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitOpening {
    /// What keeps the hash from being guessed: 128 random bits.
    pub salt: [u16; 8],
    /// The version key that was hashed.
    pub version_key: u64,
}

impl std::fmt::Debug for CommitOpening {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CommitOpening").finish_non_exhaustive()
    }
}

impl RevealPlan {
    /// The first block in which the chain reveals a commit that was included in `block`.
    pub fn reveals_at(&self, block: Block) -> Block {
        let late = block.saturating_sub(self.commit_until).div_ceil(self.epoch_blocks.max(1));
        self.reveal_at.saturating_add(late.saturating_mul(self.epoch_blocks))
    }
}

/// The final outcome of committed weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RevealOutcome {
    /// The chain held them when it was checked.
    Revealed {
        /// The block of the check.
        block: Block,
    },
    /// The reveal was due, and the chain held other weights.
    Missing {
        /// The block of the check.
        block: Block,
    },
    /// Unknown: when the chain was checked, it already held those of a later commit.
    Overtaken {
        /// The block of the check.
        block: Block,
    },
}

/// The outcome of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IntentOutcome {
    /// Finalized, and the chain holds the weights.
    Confirmed {
        /// The block of inclusion.
        block: Block,
    },
    /// Finalized, but the call failed.
    Failed {
        /// The block of inclusion.
        block: Block,
        /// The chain's error.
        error: String,
    },
    /// The node refused it before it reached a block.
    Refused {
        /// The node's error.
        error: String,
    },
    /// It can no longer be included: its era passed, or another extrinsic used its nonce.
    Expired,
}

impl IntentOutcome {
    /// The block that included it, if one did.
    pub const fn block(&self) -> Option<Block> {
        match self {
            Self::Confirmed { block } | Self::Failed { block, .. } => Some(*block),
            Self::Refused { .. } | Self::Expired => None,
        }
    }

    /// Whether a block included the intent, so that its window has its submission.
    pub const fn reached_chain(&self) -> bool {
        self.block().is_some()
    }
}
