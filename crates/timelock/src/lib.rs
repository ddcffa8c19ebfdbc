//! Timelocked weights: what is encrypted, how, for which round of the chain's beacon, and how it is opened.
//!
//! Invariants: pure functions but for the randomness of [`encrypt`]; no clock, all times are the chain's; arithmetic on
//! what a chain says saturates; bytes of strangers are walked through before a decoder sees them. The format is that of
//! Subtensor's pallet (`WeightsTlockPayload`, drand's `bls-unchained-g1-rfc9380`): that of the crate `timelock` 0.0.1,
//! which nobody maintains and whose later versions have another; here it stands on the maintained curve of arkworks.
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
