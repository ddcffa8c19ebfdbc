//! A subnet's state at one finalized block: neurons, commitments, rules of the chain.
//!
//! A [`Subnet`] is read whole at one block hash, so its parts always belong together; UIDs are looked up in it and
//! never carried from one block to another.

use crate::chain_time::BlockStamp;
use crate::commitment::GistPointer;
use crate::ids::{Block, Hotkey, Uid};
use serde::{Deserialize, Serialize};

/// One registered key of the subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neuron {
    /// Its index in the subnet at this block.
    pub uid: Uid,
    /// The key it signs with.
    pub hotkey: Hotkey,
    /// The key that owns the hotkey, where the chain reports it.
    pub coldkey: Option<Hotkey>,
    /// Stake that counts in the subnet, in RAO-like units (10⁻⁹).
    pub stake_rao: u64,
    /// Whether it may set weights on others.
    pub validator_permit: bool,
    /// Whether the last epoch counted it as active.
    pub active: bool,
    /// The block at which it last set or committed weights; 0 if never.
    pub last_update: Block,
    /// The block at which this hotkey took this UID.
    pub registered_at: Block,
    /// The chain's consensus weight of it, 0 to 65535.
    pub consensus: u16,
    /// How much of its weights the consensus shares, 0 to 65535.
    pub validator_trust: u16,
    /// Its share of the validators' reward, 0 to 65535.
    pub dividends: u16,
    /// What it committed, if it did.
    pub commitment: Option<CommitmentRecord>,
}

/// A commitment as the chain holds it, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitmentRecord {
    /// The committed bytes, where they are UTF-8; `None` for anything else (a hash, a timelock, other bytes).
    pub text: Option<String>,
    /// The block of the latest commitment. The chain overwrites it: it is not the block of the first.
    pub block: Block,
}

impl CommitmentRecord {
    /// The gist that it names; `None` for what is not `username:gist_id[@revision]`.
    pub fn pointer(&self) -> Option<GistPointer> {
        self.text.as_deref()?.parse().ok()
    }
}

/// The chain's own rules for setting weights in this subnet, at the block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// Blocks in an epoch.
    pub tempo: u32,
    /// Blocks that must pass between two settings of weights by one hotkey.
    pub weights_rate_limit: u32,
    /// Fewest entries that a weight vector may have.
    pub min_allowed_weights: u16,
    /// Lowest version key that the chain accepts; 0 accepts all.
    pub weights_version_key: u64,
    /// Stake below which weights are rejected, in RAO.
    pub stake_threshold_rao: u64,
    /// Blocks after which a validator that did not set weights counts as inactive.
    pub activity_cutoff: u32,
    /// Whether weights must be committed first and revealed later.
    pub commit_reveal: bool,
}

/// A subnet at one finalized block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subnet {
    /// The block it was read at.
    pub at: BlockStamp,
    /// That block's hash; `None` in what was stored before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_hash: Option<[u8; 32]>,
    /// Its number on chain.
    pub netuid: u16,
    /// Neurons in the order of their UIDs.
    pub neurons: Vec<Neuron>,
    /// The chain's rules at this block.
    pub hyperparameters: Hyperparameters,
    /// The hotkey of the subnet's owner, to which burnt weight goes.
    pub owner_hotkey: Option<Hotkey>,
}

impl Subnet {
    /// The neuron that holds `hotkey` at this block.
    pub fn neuron(&self, hotkey: &Hotkey) -> Option<&Neuron> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }
}
