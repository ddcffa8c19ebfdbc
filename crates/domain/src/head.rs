//! A finalized block of the chain, as everything that reads state names it.

use crate::chain_time::BlockStamp;
use serde::{Deserialize, Serialize};

/// A finalized block: its number, time and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number and time.
    pub stamp: BlockStamp,
    /// Hash, by which state is read.
    pub hash: [u8; 32],
}
