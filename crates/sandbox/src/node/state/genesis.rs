//! What the sandbox chain starts from: one subnet, its neurons and its hyperparameters.
//!
//! Everything here is plain data; `seeding.rs` writes it into storage.

/// A 32-byte sr25519 public key: a hotkey or a coldkey.
pub type AccountId = [u8; 32];

/// The state of the chain at its first block.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Decides the genesis hash and, through it, every block hash.
    pub seed: u64,
    /// The one subnet besides root that this chain has.
    pub netuid: u16,
    /// The neurons; their UIDs must be 0, 1, 2 … in this order.
    pub neurons: Vec<GenesisNeuron>,
    /// Validators that set weights by themselves. If there are any, an epoch has run when the chain begins.
    pub at_work: Vec<ValidatorAtWork>,
    /// The rules of the subnet.
    pub hyperparameters: Hyperparameters,
    /// The hotkey that `SubnetOwnerHotkey` names; it may set weights without a permit.
    pub owner_hotkey: AccountId,
    /// The coldkey that `SubnetOwner` names.
    pub owner_coldkey: AccountId,
}

/// A validator that has set these weights when the chain begins, and sets them again at each epoch while it is
/// registered and has a permit.
#[derive(Clone, Debug)]
pub struct ValidatorAtWork {
    /// Its hotkey.
    pub hotkey: AccountId,
    /// UIDs with their weights.
    pub weights: Vec<(u16, u16)>,
}

/// One registered neuron.
#[derive(Clone, Debug)]
pub struct GenesisNeuron {
    /// Position in the subnet; equal to the neuron's index in [`Genesis::neurons`].
    pub uid: u16,
    /// The key that signs its extrinsics.
    pub hotkey: AccountId,
    /// The key that owns the hotkey and all of its stake.
    pub coldkey: AccountId,
    /// Stake on this subnet, in rao.
    pub stake_rao: u64,
    /// Whether it may set weights.
    pub validator_permit: bool,
    /// What `BlockAtRegistration` tells.
    pub registered_at_block: u32,
    /// What `LastUpdate` tells; 0 means that it never set weights.
    pub last_update_block: u64,
    /// Its commitment, if it made one.
    pub commitment: Option<GenesisCommitment>,
}

/// A commitment that exists from the start.
#[derive(Clone, Debug)]
pub struct GenesisCommitment {
    /// The raw bytes, usually `username:gist_id`; at most 512.
    pub text: Vec<u8>,
    /// The block at which it was (last) made.
    pub block: u32,
}

/// The subnet's hyperparameters, under the names of their storage entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperparameters {
    /// Blocks between epochs; an epoch runs where `(block + netuid + 1) % (tempo + 1) == 0`. 0: never.
    pub tempo: u16,
    /// Blocks that a validator must wait between two settings.
    pub weights_set_rate_limit: u64,
    /// Fewest entries of a weight vector (capped at the number of neurons).
    pub min_allowed_weights: u16,
    /// Largest share of one entry, `u16::MAX` for no limit.
    pub max_weights_limit: u16,
    /// Lowest accepted `version_key`; 0 accepts all.
    pub weights_version_key: u64,
    /// Stake in rao that setting weights needs. The chain has one for all subnets.
    pub stake_threshold: u64,
    /// Blocks after which a validator that set nothing counts as inactive.
    pub activity_cutoff: u16,
    /// Whether plain `set_weights` is refused in favour of commits.
    pub commit_reveal_weights_enabled: bool,
    /// The version that timelocked commits must name.
    pub commit_reveal_weights_version: u16,
    /// Epochs from a commit to its reveal.
    pub reveal_period_epochs: u64,
    /// The majority of stake that consensus needs, of `u16::MAX`.
    pub kappa: u16,
    /// Most neurons on the subnet.
    pub max_allowed_uids: u16,
    /// Most permitted validators.
    pub max_allowed_validators: u16,
    /// Blocks for which a new neuron cannot be replaced.
    pub immunity_period: u16,
    /// Bytes that one hotkey may commit in one epoch.
    pub max_commitment_space: u32,
}

impl Default for Hyperparameters {
    /// Mainnet's usual values, except `min_allowed_weights = 1` and plain `set_weights` allowed.
    fn default() -> Self {
        Self {
            tempo: 360,
            weights_set_rate_limit: 100,
            min_allowed_weights: 1,
            max_weights_limit: u16::MAX,
            weights_version_key: 0,
            stake_threshold: 1_000_000_000_000,
            activity_cutoff: 5_000,
            commit_reveal_weights_enabled: false,
            commit_reveal_weights_version: 4,
            reveal_period_epochs: 1,
            kappa: 32_767,
            max_allowed_uids: 256,
            max_allowed_validators: 64,
            immunity_period: 5_000,
            max_commitment_space: 3_100,
        }
    }
}
