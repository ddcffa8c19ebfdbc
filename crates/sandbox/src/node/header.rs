//! Block headers: their SCALE form, their hash and their JSON.

use parity_scale_codec::{Compact, Encode};
use serde_json::{Value, json};
use sp_crypto_hashing::blake2_256;

use crate::node::hexadecimal::hex_of;

/// A 32-byte blake2-256 hash.
pub type Hash = [u8; 32];

/// A block header with an empty digest. Its hash is kept because every lookup needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub parent_hash: Hash,
    pub number: u32,
    pub state_root: Hash,
    pub extrinsics_root: Hash,
    pub hash: Hash,
}

impl Header {
    pub fn new(parent_hash: Hash, number: u32, state_root: Hash, extrinsics_root: Hash) -> Self {
        // The last byte is the length of the digest's list of logs.
        let encoded = (parent_hash, Compact(number), state_root, extrinsics_root, 0u8).encode();
        Self { parent_hash, number, state_root, extrinsics_root, hash: blake2_256(&encoded) }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "parentHash": hex_of(self.parent_hash),
            "number": format!("{:#x}", self.number),
            "stateRoot": hex_of(self.state_root),
            "extrinsicsRoot": hex_of(self.extrinsics_root),
            "digest": { "logs": [] },
        })
    }
}
