//! The runtime that the node pretends to run: metadata, versions, storage keys and the indices of calls, events and
//! errors.
//!
//! Nothing is generated from the metadata and no index is written down here: names are looked up, so that another
//! runtime's metadata can take the place of this one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use frame_metadata::v16::{PalletMetadata, RuntimeMetadataV16, StorageEntryType, StorageHasher};
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use parity_scale_codec::{Decode, Encode};
use scale_info::form::PortableForm;
use scale_info::{PortableRegistry, TypeDef};
use sp_crypto_hashing::{blake2_128, blake2_256, twox_64, twox_128, twox_256};

use crate::node::error::NodeError;
use crate::node::runtime::entries::{self, Entry};
use crate::node::runtime::legacy_metadata::{ServedMetadata, VERSIONS};
use crate::node::runtime::releases::Release;
use crate::node::runtime::version::{RuntimeVersion, runtime_version};

/// Mainnet's metadata, version 16, spec 365; `data/README.md` tells where it is from.
const METADATA_V16: &[u8] = include_bytes!("../../../data/finney-365.scale");

/// How the keys of one storage entry are made, and what it answers when nothing is stored.
struct Layout {
    prefix: Vec<u8>,
    hashers: Vec<StorageHasher>,
    default: Vec<u8>,
}

impl Layout {
    /// The layout of an entry that a runtime lacks: where a runtime that has it would keep it.
    fn unseen(Entry(pallet, name): Entry) -> Self {
        let prefix = [twox_128(pallet.as_bytes()), twox_128(name.as_bytes())].concat();
        Self { prefix, hashers: vec![StorageHasher::Identity], default: Vec::new() }
    }
}

/// Pallet index and variant index of an event or an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VariantIndex {
    pub pallet: u8,
    pub variant: u8,
}

/// A loaded runtime; shared by all nodes of a process because decoding it takes a while.
pub(crate) struct Runtime {
    pub release: Release,
    pub metadata: RuntimeMetadataV16,
    pub version: RuntimeVersion,
    served: ServedMetadata,
    layouts: BTreeMap<Entry, Layout>,
    /// Entries that the node knows and this runtime does not have.
    lacking: Vec<Entry>,
    data_names: BTreeMap<u8, String>,
    events: BTreeMap<(String, String), VariantIndex>,
    errors: BTreeMap<(String, String), VariantIndex>,
}

impl Runtime {
    /// A release, made once per process.
    pub fn of(release: Release) -> Result<Arc<Self>, NodeError> {
        static RUNTIMES: Mutex<BTreeMap<Release, Arc<Runtime>>> = Mutex::new(BTreeMap::new());
        // Held while loading: nodes that start together make it once.
        let mut runtimes = RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtimes.get(&release) {
            return Ok(runtime.clone());
        }
        let runtime = Arc::new(Self::load(release)?);
        runtimes.insert(release, runtime.clone());
        Ok(runtime)
    }

    fn load(release: Release) -> Result<Self, NodeError> {
        let prefixed = RuntimeMetadataPrefixed::decode(&mut &*METADATA_V16)
            .map_err(|error| NodeError::Metadata(format!("it does not decode: {error}")))?;
        let RuntimeMetadata::V16(mut metadata) = prefixed.1 else {
            return Err(NodeError::Metadata("it is not of version 16".into()));
        };
        release.derive(&mut metadata)?;
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
        let lacking: Vec<Entry> = entries::ALL.iter().filter(|entry| !layouts.contains_key(entry)).copied().collect();
        if let Some(Entry(pallet, name)) = lacking.iter().find(|entry| !entries::OPTIONAL.contains(entry)) {
            return Err(NodeError::Metadata(format!("it has no storage entry {pallet}.{name}")));
        }
        layouts.extend(lacking.iter().map(|entry| (*entry, Layout::unseen(*entry))));
        let raw = match release {
            Release::Finney365 => METADATA_V16.to_vec(),
            _ => RuntimeMetadataPrefixed::from(metadata.clone()).encode(),
        };
        let data_names = data_variant_names(&metadata.types);
        let served = ServedMetadata::new(raw);
        Ok(Self { release, metadata, version, served, layouts, lacking, data_names, events, errors })
    }

    /// Whether this runtime has an entry. What is stored under one that it lacks is there all the same, unseen.
    pub fn has(&self, entry: Entry) -> bool {
        !self.lacking.contains(&entry)
    }

    /// The name of a variant of the Commitments pallet's `Data`.
    pub fn data_name(&self, index: u8) -> Option<&str> {
        self.data_names.get(&index).map(String::as_str)
    }

    /// The index of a variant of `Data`.
    pub fn data_index(&self, name: &str) -> Option<u8> {
        self.data_names.iter().find(|(_, candidate)| *candidate == name).map(|(index, _)| *index)
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

    /// What `Metadata_metadata_versions` answers.
    pub fn metadata_versions(&self) -> Vec<u32> {
        VERSIONS.to_vec()
    }

    /// Raw metadata of a version, if it is served.
    pub fn metadata_at_version(&self, version: u32) -> Option<&[u8]> {
        self.served.at_version(&self.metadata, version)
    }

    /// Raw metadata of version 14, which `state_getMetadata` gives.
    pub fn legacy_metadata(&self) -> &[u8] {
        self.served.legacy(&self.metadata)
    }

    /// The SCALE-encoded value that a `Default` entry has where nothing is stored.
    pub fn default_value(&self, entry: Entry) -> &[u8] {
        &self.layout(entry).default
    }

    /// The index of an event, if this runtime has it.
    pub fn event(&self, pallet: &str, name: &str) -> Option<VariantIndex> {
        self.events.get(&(pallet.to_string(), name.to_string())).copied()
    }

    /// The index of an error, if this runtime has it.
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

    #[expect(clippy::expect_used, reason = "load() gave every known entry a layout")]
    fn layout(&self, entry: Entry) -> &Layout {
        self.layouts.get(&entry).expect("a known entry has a layout")
    }
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

/// Index and name of every variant of the Commitments pallet's `Data`.
fn data_variant_names(types: &PortableRegistry) -> BTreeMap<u8, String> {
    let is_data = |path: &[String]| {
        path.first().is_some_and(|name| name == "pallet_commitments") && path.last().is_some_and(|name| name == "Data")
    };
    let data = types.types.iter().find(|candidate| is_data(&candidate.ty.path.segments));
    data.map(|data| variants(types, data.id)).into_iter().flatten().map(|(name, index)| (index, name)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_the_same_bytes_each_time_and_unlike_every_other() {
        let bytes = |release| Runtime::load(release).expect("a release").metadata_at_version(16).map(<[u8]>::to_vec);
        let all: Vec<_> = Release::ALL.into_iter().map(bytes).collect();
        assert_eq!(all, Release::ALL.into_iter().map(bytes).collect::<Vec<_>>());
        assert_eq!(all[0].as_deref(), Some(METADATA_V16));
        for (index, metadata) in all.iter().enumerate() {
            assert!(metadata.is_some() && !all[..index].contains(metadata), "{:?}", Release::ALL[index]);
        }
    }
}
