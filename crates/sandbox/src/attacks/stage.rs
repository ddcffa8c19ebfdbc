//! What every script relies on: the times of its cycles, the attacker's hotkeys, and the side that it plays.

use crate::node::DispatchError;
use crate::world::{FIRST_MINER_UID, WorldError};
use thiserror::Error;

/// Cycles that each attack runs for.
pub const CYCLES: u32 = 28;
/// Blocks from one cycle to the next: a day.
pub const CYCLE_BLOCKS: u32 = 7_200;
/// Blocks that the first cycle opens after the sandbox's first block, so that a script may change the chain before.
pub const LEAD_BLOCKS: u32 = 60;
/// UID of the attacker, the lowest of all miners.
pub const ATTACKER: u16 = FIRST_MINER_UID;
/// UIDs of the attacker's other hotkeys, where it has several. The UID in between pins a revision and is not used.
pub const SYBILS: [u16; 2] = [FIRST_MINER_UID + 2, FIRST_MINER_UID + 3];

/// Which of the two worlds a script plays in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The attacker attacks.
    Attack,
    /// The same hotkeys behave.
    Twin,
}

/// Why a script could not be played: a mistake in it.
#[derive(Debug, Error)]
pub enum ScriptError {
    /// In the world.
    #[error(transparent)]
    World(#[from] WorldError),
    /// On the chain.
    #[error("the chain refused: {0}")]
    Chain(String),
}

impl From<DispatchError> for ScriptError {
    fn from(error: DispatchError) -> Self {
        Self::Chain(format!("{error:?}"))
    }
}
