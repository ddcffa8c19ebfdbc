//! Where an extrinsic was included, and how it ended.

use std::fmt;
use tensorflix_domain::ids::Block;

/// Where an extrinsic was included, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The finalized block.
    pub block: Block,
    /// Its hash.
    pub block_hash: [u8; 32],
    /// Whether the call did what it says.
    pub outcome: Result<(), DispatchFailure>,
}

/// An included call that failed. [`DispatchFailure::remedy`] says what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchFailure {
    /// The pallet whose error it is; `None` for errors of no pallet.
    pub pallet: Option<String>,
    /// The error's name in the metadata.
    pub name: String,
}

impl fmt::Display for DispatchFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pallet {
            Some(pallet) => write!(formatter, "{pallet}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}
