//! The beacon of the sandbox's chain: one key made from the seed, a round every three seconds of chain time.
//!
//! Signatures are made on request, and only for rounds that have come. The scheme is drand quicknet's, so code for the
//! real beacon works with this one, given its key.

use parity_scale_codec::{Decode, Encode};
use sha2::{Digest, Sha256};
use tensorflix_timelock::BeaconKey;

use crate::clock::block_unix_ms;

/// Unix time of the first round.
const GENESIS_SECS: u32 = 1_692_803_367;
/// Seconds between rounds.
const PERIOD_SECS: u32 = 3;
/// `BeaconConfiguration` of the Drand pallet.
#[derive(Clone, Debug, Default, Decode, Encode)]
pub(crate) struct BeaconConfig {
    pub public_key: Vec<u8>,
    pub period: u32,
    pub genesis_time: u32,
    pub hash: Vec<u8>,
    pub group_hash: Vec<u8>,
    pub scheme_id: Vec<u8>,
    /// `Metadata`, with the beacon's name as its only field.
    pub metadata: Vec<u8>,
}

/// `Pulse` of the Drand pallet.
#[derive(Clone, Debug, Default, Decode, Encode)]
pub(crate) struct Pulse {
    pub round: u64,
    pub randomness: Vec<u8>,
    pub signature: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct Beacon {
    key: BeaconKey,
}

impl Beacon {
    pub fn new(seed: u64) -> Self {
        let digest = Sha256::digest(("tensorflix sandbox beacon", seed).encode());
        Self { key: BeaconKey::from_digest(&digest.into()) }
    }

    /// What the chain publishes of it.
    pub fn config(&self) -> BeaconConfig {
        BeaconConfig {
            public_key: self.key.public_key(),
            period: PERIOD_SECS,
            genesis_time: GENESIS_SECS,
            hash: vec![0; 32],
            group_hash: vec![0; 32],
            scheme_id: b"bls-unchained-g1-rfc9380".to_vec(),
            metadata: b"sandbox".to_vec(),
        }
    }

    /// The newest round that the chain holds at a block; the first is round 1, at the beacon's genesis.
    pub fn last_round(block: u32) -> u64 {
        let since_genesis = (block_unix_ms(block) / 1_000).saturating_sub(u64::from(GENESIS_SECS));
        since_genesis / u64::from(PERIOD_SECS) + 1
    }

    /// The signed round.
    pub fn pulse(&self, round: u64) -> Pulse {
        let signature = self.key.sign(round);
        Pulse { round, randomness: Sha256::digest(&signature).to_vec(), signature }
    }
}

/// Opens a ciphertext with the signature of its round, as the chain does; `None` whatever is wrong with it.
pub(crate) fn open(pulse: &Pulse, ciphertext: &[u8]) -> Option<Vec<u8>> {
    tensorflix_timelock::open(&pulse.signature, ciphertext).ok()
}
