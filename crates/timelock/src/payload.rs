//! The content of a timelocked commit.

use parity_scale_codec::{Decode, Encode};

/// `WeightsTlockPayload` of the pallet `SubtensorModule`, in SCALE.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WeightsPayload {
    /// Public key of the committing hotkey (32 bytes); the chain drops a payload that names another one.
    pub hotkey: Vec<u8>,
    /// The UIDs that the weights are for.
    pub uids: Vec<u16>,
    /// The weight of each out of 65535, in the same order.
    pub values: Vec<u16>,
    /// The version key that the subnet demands.
    pub version_key: u64,
}

impl WeightsPayload {
    /// The payload of `weights` by the holder of a public key.
    pub fn new(hotkey: &[u8; 32], weights: &[(u16, u16)], version_key: u64) -> Self {
        let (uids, values) = weights.iter().copied().unzip();
        Self { hotkey: hotkey.to_vec(), uids, values, version_key }
    }
}
