//! Signed extrinsics of version 4: decoding through the metadata, eras, and the signature.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use frame_decode::extrinsics::decode_extrinsic;
use parity_scale_codec::{Compact, Decode, Encode};
use schnorrkel::{PublicKey, Signature};
use sp_crypto_hashing::blake2_256;

use crate::node::calls::validity::{InvalidTransaction, PoolRejection};
use crate::node::header::Hash;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::genesis::AccountId;

/// Number of block hashes that the runtime keeps (`System.BlockHashCount`); an era cannot start further back.
pub(crate) const BLOCK_HASH_COUNT: u32 = 2_400;

/// Payloads longer than this are hashed before they are signed.
const MAX_UNHASHED_PAYLOAD_BYTES: usize = 256;

/// The context that Substrate's sr25519 signatures are made in.
const SIGNING_CONTEXT: &[u8] = b"substrate";

/// The blocks in which an extrinsic is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    Immortal,
    Mortal { period: u64, phase: u64 },
}

impl Era {
    /// Reads one or two bytes, as `sp_runtime::generic::Era` is encoded.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [0] => Some(Self::Immortal),
            [low, high] => {
                let encoded = u64::from(low) | u64::from(high) << 8;
                let period = 2u64 << (encoded % 16);
                let phase = (encoded >> 4) * (period >> 12).max(1);
                (period >= 4 && phase < period).then_some(Self::Mortal { period, phase })
            }
            _ => None,
        }
    }

    /// The block at which the era that holds `current` starts.
    pub fn birth(self, current: u64) -> u64 {
        match self {
            Self::Immortal => 0,
            Self::Mortal { period, phase } => (current.max(phase) - phase) / period * period + phase,
        }
    }

    /// The first block after the era that holds `current`.
    pub fn death(self, current: u64) -> u64 {
        match self {
            Self::Immortal => u64::MAX,
            Self::Mortal { period, .. } => self.birth(current) + period,
        }
    }
}

/// A call by its names, with its arguments still encoded.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub pallet: String,
    pub name: String,
    pub arguments: BTreeMap<String, Vec<u8>>,
}

impl Call {
    pub fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet == pallet && self.name == name
    }

    /// An argument, if the call has it and it has this type.
    pub fn argument<T: Decode>(&self, name: &str) -> Option<T> {
        T::decode(&mut self.arguments.get(name)?.as_slice()).ok()
    }
}

/// A decoded extrinsic with a signature that is not yet checked.
#[derive(Clone, Debug)]
pub(crate) struct SignedExtrinsic {
    pub bytes: Arc<[u8]>,
    pub hash: Hash,
    pub signer: AccountId,
    pub era: Era,
    pub nonce: u32,
    pub tip: u64,
    pub call: Call,
    signature: Vec<u8>,
    call_range: Range<usize>,
    extensions_range: Range<usize>,
}

/// What the signature covers besides the extrinsic itself.
pub(crate) struct Implicit {
    pub genesis_hash: Hash,
    /// The hash of the block at which the era starts; the genesis hash for an immortal one.
    pub birth_hash: Hash,
}

impl SignedExtrinsic {
    /// Decodes a length-prefixed extrinsic.
    pub fn decode(runtime: &Runtime, bytes: &[u8]) -> Result<Self, PoolRejection> {
        let length = Compact::<u32>::decode(&mut &*bytes)
            .map_err(|_| PoolRejection::BadFormat("Could not decode the length".into()))?;
        if length.encoded_size() + length.0 as usize != bytes.len() {
            return Err(PoolRejection::BadFormat("Not enough data to fill buffer".into()));
        }
        let decoded = decode_extrinsic(&mut &*bytes, &runtime.metadata, &runtime.metadata.types)
            .map_err(|error| PoolRejection::Undecodable(format!("Runtime error: {error}")))?;
        let (Some(signature), Some(extensions)) =
            (decoded.signature_payload(), decoded.transaction_extension_payload())
        else {
            return Err(PoolRejection::Unsigned);
        };
        let extension = |name: &str| {
            extensions.iter().find(|extension| extension.name() == name).map(|extension| &bytes[extension.range()])
        };
        let arguments =
            decoded.call_data().map(|argument| (argument.name().to_string(), bytes[argument.range()].to_vec()));
        Ok(Self {
            hash: blake2_256(bytes),
            bytes: bytes.into(),
            signer: signer_of(&bytes[signature.address_range()])?,
            era: extension("CheckMortality").and_then(Era::from_bytes).ok_or_else(|| unreadable("its era"))?,
            nonce: extension("CheckNonce").and_then(compact).ok_or_else(|| unreadable("its nonce"))? as u32,
            tip: extension("ChargeTransactionPayment").and_then(compact).unwrap_or_default(),
            call: Call {
                pallet: decoded.pallet_name().to_string(),
                name: decoded.call_name().to_string(),
                arguments: arguments.collect(),
            },
            signature: bytes[signature.signature_range()].to_vec(),
            call_range: decoded.call_data_range(),
            extensions_range: extensions.range(),
        })
    }

    /// Checks the signature over call, extensions and what they imply, in the metadata's order.
    pub fn verify(&self, runtime: &Runtime, implicit: &Implicit) -> Result<(), InvalidTransaction> {
        const SR25519: u8 = 1;
        let mut payload = self.bytes[self.call_range.clone()].to_vec();
        payload.extend(&self.bytes[self.extensions_range.clone()]);
        payload.extend(implicit_bytes(runtime, implicit));
        if payload.len() > MAX_UNHASHED_PAYLOAD_BYTES {
            payload = blake2_256(&payload).to_vec();
        }
        let Some((&SR25519, signature)) = self.signature.split_first() else {
            return Err(InvalidTransaction::BadProof);
        };
        let key = PublicKey::from_bytes(&self.signer).map_err(|_| InvalidTransaction::BadProof)?;
        let signature = Signature::from_bytes(signature).map_err(|_| InvalidTransaction::BadProof)?;
        key.verify_simple(SIGNING_CONTEXT, &payload, &signature).map_err(|_| InvalidTransaction::BadProof)
    }
}

/// What each transaction extension adds to the signed payload without being sent.
fn implicit_bytes(runtime: &Runtime, implicit: &Implicit) -> Vec<u8> {
    const NO_METADATA_HASH: u8 = 0;
    let mut bytes = Vec::new();
    for extension in &runtime.metadata.extrinsic.transaction_extensions {
        match extension.identifier.as_str() {
            "CheckSpecVersion" => bytes.extend(runtime.version.spec_version.encode()),
            "CheckTxVersion" => bytes.extend(runtime.version.transaction_version.encode()),
            "CheckGenesis" => bytes.extend(implicit.genesis_hash),
            "CheckMortality" => bytes.extend(implicit.birth_hash),
            "CheckMetadataHash" => bytes.push(NO_METADATA_HASH),
            _ => {}
        }
    }
    bytes
}

/// The account of a `MultiAddress::Id`; the chain has no other kind.
fn signer_of(address: &[u8]) -> Result<AccountId, PoolRejection> {
    match address.split_first() {
        Some((0, account)) => account.try_into().map_err(|_| unreadable("its signer")),
        _ => Err(unreadable("its signer: only MultiAddress::Id is known")),
    }
}

fn compact(mut bytes: &[u8]) -> Option<u64> {
    Compact::<u64>::decode(&mut bytes).ok().map(|value| value.0)
}

fn unreadable(what: &str) -> PoolRejection {
    PoolRejection::Undecodable(format!("Runtime error: the extrinsic cannot be read: {what}"))
}
