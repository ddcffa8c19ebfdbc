//! The runtime that the node pretends to run: metadata, versions, storage keys and the indices of calls, events and
//! errors.
//!
//! Nothing is generated from the metadata and no index is written down here: names are looked up, so that another
//! runtime's metadata can take the place of this one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use frame_metadata::v16::{PalletMetadata, RuntimeMetadataV16, StorageEntryType, StorageHasher};
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use parity_scale_codec::{Decode, Encode};
use scale_info::form::PortableForm;
use scale_info::{PortableRegistry, TypeDef};
use serde_json::{Value, json};
use sp_crypto_hashing::{blake2_128, blake2_256, twox_64, twox_128, twox_256};

use super::NodeError;
use super::entries::{self, Entry};
use super::legacy_metadata::ServedMetadata;

/// Mainnet's metadata, version 16, spec 365; `data/README.md` tells where it is from.
const METADATA_V16: &[u8] = include_bytes!("../../data/finney-365.scale");

/// `RuntimeVersion` as the `System.Version` constant holds it.
#[derive(Clone, Debug, Decode, Encode)]
pub(super) struct RuntimeVersion {
    pub spec_name: String,
    pub impl_name: String,
    pub authoring_version: u32,
    pub spec_version: u32,
    pub impl_version: u32,
    pub apis: Vec<([u8; 8], u32)>,
    pub transaction_version: u32,
    pub system_version: u8,
}

impl RuntimeVersion {
    /// The answer of `state_getRuntimeVersion`.
    pub fn to_json(&self) -> Value {
        let apis: Vec<Value> = self.apis.iter().map(|(id, version)| json!([hex_of(id), version])).collect();
        json!({
            "specName": self.spec_name,
            "implName": self.impl_name,
            "authoringVersion": self.authoring_version,
            "specVersion": self.spec_version,
            "implVersion": self.impl_version,
            "apis": apis,
            "transactionVersion": self.transaction_version,
            "systemVersion": self.system_version,
            "stateVersion": self.system_version,
        })
    }
}

/// How the keys of one storage entry are made, and what it answers when nothing is stored.
struct Layout {
    prefix: Vec<u8>,
    hashers: Vec<StorageHasher>,
    default: Vec<u8>,
}

/// Pallet index and variant index of an event or an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VariantIndex {
    pub pallet: u8,
    pub variant: u8,
}

/// The loaded runtime; shared by all nodes of a process because decoding it takes a while.
pub(super) struct Runtime {
    pub metadata: RuntimeMetadataV16,
    pub version: RuntimeVersion,
    pub(super) served: ServedMetadata,
    layouts: BTreeMap<Entry, Layout>,
    events: BTreeMap<(String, String), VariantIndex>,
    errors: BTreeMap<(String, String), VariantIndex>,
}

impl Runtime {
    /// The embedded runtime, decoded once per process.
    pub fn shared() -> Result<Arc<Self>, NodeError> {
        static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
        if let Some(runtime) = RUNTIME.get() {
            return Ok(runtime.clone());
        }
        let runtime = Arc::new(Self::load(METADATA_V16)?);
        Ok(RUNTIME.get_or_init(|| runtime).clone())
    }

    fn load(bytes: &'static [u8]) -> Result<Self, NodeError> {
        let prefixed = RuntimeMetadataPrefixed::decode(&mut &*bytes)
            .map_err(|error| NodeError::Metadata(format!("it does not decode: {error}")))?;
        let RuntimeMetadata::V16(metadata) = prefixed.1 else {
            return Err(NodeError::Metadata("it is not of version 16".into()));
        };
        let version = runtime_version(&metadata)?;
        let mut layouts = BTreeMap::new();
        let mut events = BTreeMap::new();
        let mut errors = BTreeMap::new();
        for pallet in &metadata.pallets {
            collect_layouts(pallet, &mut layouts);
            let event = pallet.event.as_ref().map(|event| event.ty.id);
            collect_variants(pallet, event, &metadata.types, &mut events);
            let error = pallet.error.as_ref().map(|error| error.ty.id);
            collect_variants(pallet, error, &metadata.types, &mut errors);
        }
        if let Some(Entry(pallet, name)) = entries::ALL.iter().find(|entry| !layouts.contains_key(entry)) {
            return Err(NodeError::Metadata(format!("it has no storage entry {pallet}.{name}")));
        }
        Ok(Self { metadata, version, served: ServedMetadata::new(bytes), layouts, events, errors })
    }

    /// The storage key of `entry` for already SCALE-encoded key parts; fewer parts than hashers give a prefix.
    pub fn key<const N: usize>(&self, entry: Entry, parts: [&[u8]; N]) -> Vec<u8> {
        let layout = self.layout(entry);
        let mut key = layout.prefix.clone();
        for (hasher, part) in layout.hashers.iter().zip(parts) {
            append_hashed(&mut key, hasher, part);
        }
        key
    }

    /// The SCALE-encoded value that a `Default` entry has where nothing is stored.
    pub fn default_value(&self, entry: Entry) -> &[u8] {
        &self.layout(entry).default
    }

    /// Where an event stands, if this runtime has it.
    pub fn event(&self, pallet: &str, name: &str) -> Option<VariantIndex> {
        self.events.get(&(pallet.to_string(), name.to_string())).copied()
    }

    /// Where an error stands, if this runtime has it.
    pub fn error(&self, pallet: &str, name: &str) -> Option<VariantIndex> {
        self.errors.get(&(pallet.to_string(), name.to_string())).copied()
    }

    /// The pallet index of a call, or its call index if the pallet has it.
    pub fn call(&self, pallet: &str, name: &str) -> Option<VariantIndex> {
        let pallet = self.metadata.pallets.iter().find(|candidate| candidate.name == pallet)?;
        let calls = variants(&self.metadata.types, pallet.calls.as_ref()?.ty.id);
        let (_, variant) = calls.into_iter().find(|(candidate, _)| candidate == name)?;
        Some(VariantIndex { pallet: pallet.index, variant })
    }

    #[expect(clippy::expect_used, reason = "load() refused metadata without every known entry")]
    fn layout(&self, entry: Entry) -> &Layout {
        self.layouts.get(&entry).expect("a known entry is in the metadata")
    }
}

fn runtime_version(metadata: &RuntimeMetadataV16) -> Result<RuntimeVersion, NodeError> {
    metadata
        .pallets
        .iter()
        .filter(|pallet| pallet.name == "System")
        .flat_map(|pallet| &pallet.constants)
        .find(|constant| constant.name == "Version")
        .and_then(|constant| RuntimeVersion::decode(&mut &*constant.value).ok())
        .ok_or_else(|| NodeError::Metadata("it has no readable System.Version".into()))
}

/// The layouts of those entries of a pallet that the node knows.
fn collect_layouts(pallet: &PalletMetadata<PortableForm>, layouts: &mut BTreeMap<Entry, Layout>) {
    let Some(storage) = &pallet.storage else { return };
    for known in entries::ALL.iter().filter(|known| known.0 == pallet.name) {
        let Some(entry) = storage.entries.iter().find(|entry| entry.name == known.1) else { continue };
        let mut prefix = twox_128(storage.prefix.as_bytes()).to_vec();
        prefix.extend(twox_128(entry.name.as_bytes()));
        let hashers = match &entry.ty {
            StorageEntryType::Plain(_) => Vec::new(),
            StorageEntryType::Map { hashers, .. } => hashers.clone(),
        };
        layouts.insert(*known, Layout { prefix, hashers, default: entry.default.clone() });
    }
}

fn collect_variants(
    pallet: &PalletMetadata<PortableForm>,
    type_id: Option<u32>,
    types: &PortableRegistry,
    found: &mut BTreeMap<(String, String), VariantIndex>,
) {
    let Some(type_id) = type_id else { return };
    for (name, variant) in variants(types, type_id) {
        found.insert((pallet.name.clone(), name), VariantIndex { pallet: pallet.index, variant });
    }
}

fn variants(types: &PortableRegistry, type_id: u32) -> Vec<(String, u8)> {
    match types.resolve(type_id).map(|found| &found.type_def) {
        Some(TypeDef::Variant(variant)) => {
            variant.variants.iter().map(|variant| (variant.name.clone(), variant.index)).collect()
        }
        _ => Vec::new(),
    }
}

fn append_hashed(key: &mut Vec<u8>, hasher: &StorageHasher, part: &[u8]) {
    match hasher {
        StorageHasher::Blake2_128 => key.extend(blake2_128(part)),
        StorageHasher::Blake2_256 => key.extend(blake2_256(part)),
        StorageHasher::Blake2_128Concat => {
            key.extend(blake2_128(part));
            key.extend(part);
        }
        StorageHasher::Twox128 => key.extend(twox_128(part)),
        StorageHasher::Twox256 => key.extend(twox_256(part)),
        StorageHasher::Twox64Concat => {
            key.extend(twox_64(part));
            key.extend(part);
        }
        StorageHasher::Identity => key.extend(part),
    }
}

/// Bytes as Substrate's JSON shows them: hexadecimal with `0x`.
pub(super) fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}
