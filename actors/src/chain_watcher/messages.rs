//! The messages that ChainWatcher sends.

use actix::Message;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::head::Head;

/// A new block is final.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct HeadFinalized(pub Head);

/// The subnet was read again and stored: commitments, and everything else of the metagraph, may have changed.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct CommitmentsChanged {
    /// The block at which it was read.
    pub at: BlockStamp,
}
