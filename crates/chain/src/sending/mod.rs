//! From a call to a finalized block: building, signing, asking the pool, broadcasting, and finding its outcome.
//!
//! Nothing here decides when or what to send.

pub(crate) mod calls;
pub(crate) mod commitment_space;
pub(crate) mod extrinsic;
pub(crate) mod hashed;
pub(crate) mod obstacles;
pub(crate) mod pool;
pub(crate) mod recovery;
pub(crate) mod remedy;
pub(crate) mod submit;
pub(crate) mod timelock;
