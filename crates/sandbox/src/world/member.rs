//! The members of the subnet: its neurons, with the people behind them.

use super::conduct::Conduct;
use super::identity::Key;

/// UID of the subnet owner's own neuron.
pub const OWNER_UID: u16 = 0;
/// UID of the validator that the sandbox is made for.
pub const VALIDATOR_UID: u16 = 1;
/// How many other validators there are, at the UIDs after ours.
pub const OTHER_VALIDATORS: u32 = 2;
/// UID of the first miner.
pub const FIRST_MINER_UID: u16 = 2 + OTHER_VALIDATORS as u16;

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The subnet's owner: a neuron without stake, permit or commitment. Weight on it is burnt.
    Owner,
    /// A validator with a permit.
    Validator,
    /// A miner with its behaviour.
    Miner(Vec<Conduct>),
}

/// Text committed on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Usually `username:gist_id`.
    pub text: String,
    /// The block of the commitment.
    pub block: u32,
}

/// One neuron.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its UID, which is also its index.
    pub uid: u16,
    /// What it is.
    pub role: Role,
    /// The key that signs commitments and weights.
    pub hotkey: Key,
    /// The key that owns the stake.
    pub coldkey: Key,
    /// GitHub login.
    pub username: String,
    /// GitHub's number for the login.
    pub github_id: u64,
    /// The gist that it works with, whether or not it exists.
    pub gist_id: String,
    /// What is committed at the first block.
    pub commitment: Option<Commitment>,
    /// Stake in rao.
    pub stake_rao: u64,
    /// When it was registered.
    pub registered_at_block: u32,
}

impl Member {
    /// The behaviour of a miner; nothing for others.
    pub fn conducts(&self) -> &[Conduct] {
        match &self.role {
            Role::Miner(conducts) => conducts,
            _ => &[],
        }
    }

    /// Whether it holds a validator permit.
    pub fn has_permit(&self) -> bool {
        self.role == Role::Validator
    }
}
