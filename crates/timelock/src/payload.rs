//! What a timelocked commit hides.

use parity_scale_codec::{Decode, Encode};

/// `WeightsTlockPayload` of the pallet `SubtensorModule`, in SCALE.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WeightsPayload {
    /// Public key of who commits (32 bytes); the chain drops a payload that names somebody else.
    pub hotkey: Vec<u8>,
    /// Whom the weights are for.
    pub uids: Vec<u16>,
    /// How much of 65535 each gets, in the same order.
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
