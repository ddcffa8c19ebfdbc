//! Timelocked weights: what is encrypted, how, for which round of the chain's beacon, and how it is opened.
//!
//! Invariants: pure functions, except for the randomness of [`encrypt`]; no clock, all times are the chain's;
//! arithmetic on values from the chain saturates; the lengths in untrusted bytes are checked before a decoder reads
//! them. The format is that of Subtensor's pallet (`WeightsTlockPayload`, drand's `bls-unchained-g1-rfc9380`), as in
//! the crate `timelock` 0.0.1, which is unmaintained and has another format in later versions; here it is built on the
//! maintained curve of arkworks.
//!
//! A crate of its own so that curve arithmetic is optimised in debug builds as well. It knows no RPC and no metadata.

mod cipher;
mod curve;
mod payload;
mod round;

pub use cipher::{MAX_COMMIT_BYTES, PUBLIC_KEY_BYTES, TimelockError, encrypt, open};
pub use curve::BeaconKey;
pub use payload::WeightsPayload;
pub use round::{BLOCK_MS, Beacon, Expected, Moment, RoundError, Schedule, expected_reveal, reveal_blocks};
