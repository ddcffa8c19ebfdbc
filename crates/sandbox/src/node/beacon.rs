//! The beacon of the sandbox's chain: one key made from the seed, a round every three seconds of chain time.
//!
//! Signatures are made when they are asked for, and only for rounds that have come. The scheme is drand quicknet's, so
//! whatever works with the real beacon works with this one, and with no other key.

use ark_ec::Group;
use ark_ff::PrimeField;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use parity_scale_codec::{Decode, Encode};
use sha2::{Digest, Sha256};
use timelock::curves::drand::TinyBLS381;
use timelock::ibe::fullident::Identity;
use timelock::stream_ciphers::AESGCMStreamCipherProvider;
use timelock::tlock::{TLECiphertext, tld};
use w3f_bls::EngineBLS;

use crate::clock::block_unix_ms;

/// Unix time of the first round.
const GENESIS_SECS: u32 = 1_692_803_367;
/// Seconds between rounds.
const PERIOD_SECS: u32 = 3;
/// Bytes of either half of a ciphertext's encrypted key.
const KEY_HALF_BYTES: usize = 32;

type Scalar = <TinyBLS381 as EngineBLS>::Scalar;
type PublicKey = <TinyBLS381 as EngineBLS>::PublicKeyGroup;
type Signature = <TinyBLS381 as EngineBLS>::SignatureGroup;

/// `BeaconConfiguration` of the Drand pallet.
#[derive(Clone, Debug, Default, Decode, Encode)]
pub(super) struct BeaconConfig {
    pub public_key: Vec<u8>,
    pub period: u32,
    pub genesis_time: u32,
    pub hash: Vec<u8>,
    pub group_hash: Vec<u8>,
    pub scheme_id: Vec<u8>,
    /// `Metadata`, whose one field is the beacon's name.
    pub metadata: Vec<u8>,
}

/// `Pulse` of the Drand pallet.
#[derive(Clone, Debug, Default, Decode, Encode)]
pub(super) struct Pulse {
    pub round: u64,
    pub randomness: Vec<u8>,
    pub signature: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Beacon {
    secret: Scalar,
}

impl Beacon {
    pub fn new(seed: u64) -> Self {
        let digest = Sha256::digest(("tensorflix sandbox beacon", seed).encode());
        Self { secret: Scalar::from_be_bytes_mod_order(&digest) }
    }

    /// What the chain publishes of it.
    pub fn config(&self) -> BeaconConfig {
        BeaconConfig {
            public_key: compressed(&(PublicKey::generator() * self.secret)),
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
        let message = Sha256::digest(round.to_be_bytes()).to_vec();
        let signature = compressed(&Identity::new(b"", vec![message]).extract::<TinyBLS381>(self.secret).0);
        Pulse { round, randomness: Sha256::digest(&signature).to_vec(), signature }
    }
}

/// Opens a ciphertext with the signature of its round, as the chain does; `None` whatever is wrong with it.
pub(super) fn open(pulse: &Pulse, ciphertext: &[u8]) -> Option<Vec<u8>> {
    let signature = Signature::deserialize_compressed(&*pulse.signature).ok()?;
    let sealed = TLECiphertext::<TinyBLS381>::deserialize_compressed(ciphertext).ok()?;
    // The library takes both halves to be of this size.
    if sealed.header.v.len() != KEY_HALF_BYTES || sealed.header.w.len() != KEY_HALF_BYTES {
        return None;
    }
    tld::<TinyBLS381, AESGCMStreamCipherProvider>(sealed, signature).ok()
}

fn compressed(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing into a vector never fails.
    let _ = point.serialize_compressed(&mut bytes);
    bytes
}
