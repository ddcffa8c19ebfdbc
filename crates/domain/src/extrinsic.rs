//! Extrinsics of ours on their way to the chain: signed, sent, and what became of them.

use crate::ids::{Block, Hotkey};
use crate::intent::RevealPlan;
use std::fmt;

/// An extrinsic that is signed and not yet sent. It is complete: any process can broadcast its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedExtrinsic {
    /// What is broadcast, SCALE-encoded.
    pub bytes: Vec<u8>,
    /// The hash by which the chain and its explorers know it.
    pub hash: [u8; 32],
    /// Who signed it.
    pub signer: Hotkey,
    /// The signer's nonce: at most one extrinsic with it is ever included.
    pub nonce: u64,
    /// The head at which it was signed: no block up to this one includes it.
    pub signed_at: Block,
    /// The last block that can include it.
    pub valid_until: Block,
}

/// Weights, signed in the form that the subnet demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedWeights {
    /// What is sent.
    pub extrinsic: SignedExtrinsic,
    /// When they are to be revealed, and by whom; `None` if the chain holds them as soon as it accepts them.
    pub reveal: Option<RevealPlan>,
}

/// An extrinsic in a finalized block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The block.
    pub block: Block,
    /// Its hash.
    pub block_hash: [u8; 32],
    /// The dispatch error; `None` if the call did what it says.
    pub failure: Option<Failure>,
}

/// An error of the chain or of a node's pool, and what it asks of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name in the metadata, with its pallet, or the node's words.
    pub error: String,
    /// What to do.
    pub remedy: Remedy,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.error)
    }
}

/// What became of a broadcast, when that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// It is in a finalized block.
    Included(Inclusion),
    /// The node refused the bytes.
    Refused(Failure),
}

/// What to do after an extrinsic was refused or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Wait (a rate limit, or a full block), then send again.
    Wait,
    /// What we know of the chain is old: read it again and build again. Ask first whether the bytes are included.
    ReadAgain,
    /// Wait for the next epoch.
    NextEpoch,
    /// Operator action required: stake, permit, registration, version or fee.
    AlertOperator,
    /// We built something that the chain never accepts: report it, do not repeat it.
    OurBug,
}

/// What the finalized chain knows of an extrinsic that may have been sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in a block.
    Included(Inclusion),
    /// Another extrinsic of the signer used its nonce: it can never be included.
    Superseded {
        /// The block in which the nonce was used.
        block: Block,
    },
    /// Its nonce is unused as of the last block asked about: it may still be included until its era ends.
    Open,
}
