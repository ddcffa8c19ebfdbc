//! What the chain says at one finalized block: heads, the runtime that wrote a state, storage, and the subnet built from it.
//!
//! Nothing here changes the chain, and nothing is read but finalized blocks.

pub(crate) mod commitment;
pub(crate) mod following;
pub(crate) mod heads;
pub(crate) mod runtime;
pub(crate) mod runtime_of_block;
pub(crate) mod runtimes;
pub(crate) mod stake;
pub(crate) mod storage;
pub(crate) mod subnet;
