//! The runtimes that a node can run: mainnet's, as it was recorded, and others derived from it.
//!
//! A derived one differs where real runtimes differed, or may: its spec version, entries that it has or lacks, calls
//! and errors that moved or were removed, a variant of `Data` between the others, an unknown extension. The derivation
//! is a pure function of the recorded metadata, so a release has the same bytes in every process.

use std::any::TypeId;

use frame_metadata::v16::{
    PalletMetadata, PalletStorageMetadata, RuntimeMetadataV16, StorageEntryMetadata, StorageEntryType,
    TransactionExtensionMetadata,
};
use parity_scale_codec::Encode;
use scale_info::form::PortableForm;
use scale_info::interner::UntrackedSymbol;
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, Variant};

use crate::node::error::NodeError;
use crate::node::runtime::version::{RuntimeVersion, runtime_version};

/// The pallet of subnets, neurons, stake and weights.
const MODULE: &str = "SubtensorModule";

/// Entries by which newer runtimes time epochs; each a u64 per subnet, zero where nothing is stored.
const EPOCH_ENTRIES: [&str; 3] = ["LastEpochBlock", "PendingEpochAt", "SubnetEpochIndex"];
/// The call that [`Release::Renewed`] has lost.
const REMOVED_CALL: &str = "commit_crv3_mechanism_weights";
/// The variant of `Data` that [`Release::Renewed`] has gained; it holds a list of bytes.
pub const INSERTED_DATA_VARIANT: &str = "Sealed";
/// The place of that variant: `Raw0` to `Raw128` stay where they were, everything behind them moves on.
const INSERTED_DATA_INDEX: u8 = 130;
/// By how much the numbers of `SubtensorModule`'s calls and errors move in [`Release::Renewed`].
const SHIFT: u8 = 3;
/// The extension that [`Release::Extended`] asks of every signed extrinsic; it holds a u64.
pub const FOREIGN_EXTENSION: &str = "CheckAttestation";

/// A runtime that the node can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Mainnet's, spec 365, as it was recorded.
    #[default]
    Finney365,
    /// From before timelocked commits, mechanisms and `StakeThreshold`: spec 218, the last one that this project was
    /// tried against without them.
    Plain,
    /// A newer one, spec 470: epochs are counted and may be scheduled (`LastEpochBlock`, `PendingEpochAt`,
    /// `SubnetEpochIndex`), the activity cutoff is a factor of the tempo, `Data` has a variant in the midst of the
    /// others, the numbers of `SubtensorModule`'s calls and errors have moved and one call is gone.
    Renewed,
    /// [`Release::Renewed`] as spec 471, with an extension that no client of today can fill.
    Extended,
    /// [`Release::Renewed`] as spec 472, without `set_weights` and `set_commitment`.
    Curtailed,
}

impl Release {
    /// Every release.
    pub const ALL: [Self; 5] = [Self::Finney365, Self::Plain, Self::Renewed, Self::Extended, Self::Curtailed];

    /// Its spec version.
    pub const fn spec_version(self) -> u32 {
        match self {
            Self::Finney365 => 365,
            Self::Plain => 218,
            Self::Renewed => 470,
            Self::Extended => 471,
            Self::Curtailed => 472,
        }
    }

    /// Makes the recorded metadata that of this release.
    pub(crate) fn derive(self, metadata: &mut RuntimeMetadataV16) -> Result<(), NodeError> {
        match self {
            Self::Finney365 => return Ok(()),
            Self::Plain => make_plain(metadata)?,
            Self::Renewed => renew(metadata)?,
            Self::Extended => {
                renew(metadata)?;
                extend(metadata)?;
            }
            Self::Curtailed => {
                renew(metadata)?;
                remove_calls(metadata, MODULE, |call| call == "set_weights")?;
                remove_calls(metadata, "Commitments", |call| call == "set_commitment")?;
            }
        }
        put_version(metadata, self.spec_version())
    }
}

fn make_plain(metadata: &mut RuntimeMetadataV16) -> Result<(), NodeError> {
    let netuid_keys = key_type(metadata, "Tempo")?;
    for entry in &mut storage_of(metadata, MODULE)?.entries {
        // Lists of a subnet, before there was one for each of its mechanisms.
        if let ("LastUpdate" | "Incentive", StorageEntryType::Map { key, .. }) = (entry.name.as_str(), &mut entry.ty) {
            *key = netuid_keys;
        }
    }
    let gone = |entry: &str| {
        entry == "StakeThreshold"
            || entry == "CommitRevealWeightsVersion"
            || entry.contains("Mechanism") && entry != "SubnetMechanism"
            || entry.contains("Timelocked")
    };
    storage_of(metadata, MODULE)?.entries.retain(|entry| !gone(&entry.name));
    remove_calls(metadata, MODULE, |call| {
        ["timelocked", "mechanism", "crv3"].iter().any(|newer| call.contains(newer)) && call.contains("weights")
    })
}

fn renew(metadata: &mut RuntimeMetadataV16) -> Result<(), NodeError> {
    let number = type_of_primitive(&metadata.types, TypeDefPrimitive::U32)?;
    let entries = &mut storage_of(metadata, MODULE)?.entries;
    let model = entries.iter().find(|entry| entry.name == "BlocksSinceLastStep").cloned();
    let model = model.ok_or_else(|| missing("BlocksSinceLastStep"))?;
    entries.extend(EPOCH_ENTRIES.map(|name| StorageEntryMetadata { name: name.to_owned(), ..model.clone() }));
    entries.push(per_subnet(&model, "ActivityCutoffFactorMilli", number, &0_u32));
    remove_calls(metadata, MODULE, |call| call == REMOVED_CALL)?;
    let pallet = pallet_of(metadata, MODULE)?;
    let moved = [pallet.calls.as_ref().map(|calls| calls.ty.id), pallet.error.as_ref().map(|error| error.ty.id)];
    for type_id in moved.into_iter().flatten() {
        for variant in variants_of(metadata, type_id)? {
            variant.index = variant.index.wrapping_add(SHIFT);
        }
    }
    insert_data_variant(metadata)
}

fn per_subnet(
    model: &StorageEntryMetadata<PortableForm>,
    name: &str,
    value: UntrackedSymbol<TypeId>,
    default: &impl Encode,
) -> StorageEntryMetadata<PortableForm> {
    let mut entry = StorageEntryMetadata { name: name.to_owned(), default: default.encode(), ..model.clone() };
    if let StorageEntryType::Map { value: of, .. } = &mut entry.ty {
        *of = value;
    }
    entry
}

/// The new variant holds what `BigRaw` holds, under another name.
fn insert_data_variant(metadata: &mut RuntimeMetadataV16) -> Result<(), NodeError> {
    let data = metadata.types.types.iter().find(|candidate| {
        let path = &candidate.ty.path.segments;
        path.first().is_some_and(|name| name == "pallet_commitments") && path.last().is_some_and(|name| name == "Data")
    });
    let data = data.map(|found| found.id).ok_or_else(|| missing("the type Data"))?;
    let variants = variants_of(metadata, data)?;
    let model = variants.iter().find(|variant| variant.name == "BigRaw").cloned();
    let model: Variant<PortableForm> = model.ok_or_else(|| missing("Data.BigRaw"))?;
    for variant in variants.iter_mut().filter(|variant| variant.index >= INSERTED_DATA_INDEX) {
        variant.index += 1;
    }
    let inserted = Variant { name: INSERTED_DATA_VARIANT.to_owned(), index: INSERTED_DATA_INDEX, ..model };
    let place = variants.iter().position(|variant| variant.index > INSERTED_DATA_INDEX).unwrap_or(variants.len());
    variants.insert(place, inserted);
    Ok(())
}

fn extend(metadata: &mut RuntimeMetadataV16) -> Result<(), NodeError> {
    let ty = type_of_primitive(&metadata.types, TypeDefPrimitive::U64)?;
    let extensions = &mut metadata.extrinsic.transaction_extensions;
    let implicit = extensions.iter().find(|extension| extension.identifier == "CheckNonce");
    let implicit = implicit.map(|extension| extension.implicit).ok_or_else(|| missing("CheckNonce"))?;
    let place = u32::try_from(extensions.len()).unwrap_or(u32::MAX);
    extensions.push(TransactionExtensionMetadata { identifier: FOREIGN_EXTENSION.to_owned(), ty, implicit });
    for extensions in metadata.extrinsic.transaction_extensions_by_version.values_mut() {
        extensions.push(parity_scale_codec::Compact(place));
    }
    Ok(())
}

fn put_version(metadata: &mut RuntimeMetadataV16, spec_version: u32) -> Result<(), NodeError> {
    let version = RuntimeVersion { spec_version, ..runtime_version(metadata)? };
    let constants = &mut pallet_mut(metadata, "System")?.constants;
    let constant = constants.iter_mut().find(|constant| constant.name == "Version");
    constant.ok_or_else(|| missing("System.Version"))?.value = version.encode();
    Ok(())
}

fn remove_calls(
    metadata: &mut RuntimeMetadataV16,
    pallet: &str,
    is_gone: impl Fn(&str) -> bool,
) -> Result<(), NodeError> {
    let calls = pallet_of(metadata, pallet)?.calls.as_ref().map(|calls| calls.ty.id);
    let variants = variants_of(metadata, calls.ok_or_else(|| missing(pallet))?)?;
    let before = variants.len();
    variants.retain(|variant| !is_gone(&variant.name));
    if variants.len() == before { Err(missing("a call that a release removes")) } else { Ok(()) }
}

fn variants_of(metadata: &mut RuntimeMetadataV16, type_id: u32) -> Result<&mut Vec<Variant<PortableForm>>, NodeError> {
    let found = metadata.types.types.iter_mut().find(|candidate| candidate.id == type_id);
    match found.map(|found| &mut found.ty.type_def) {
        Some(TypeDef::Variant(variant)) => Ok(&mut variant.variants),
        _ => Err(missing("an enumeration")),
    }
}

fn pallet_of<'a>(metadata: &'a RuntimeMetadataV16, name: &str) -> Result<&'a PalletMetadata<PortableForm>, NodeError> {
    metadata.pallets.iter().find(|pallet| pallet.name == name).ok_or_else(|| missing(name))
}

fn pallet_mut<'a>(
    metadata: &'a mut RuntimeMetadataV16,
    name: &str,
) -> Result<&'a mut PalletMetadata<PortableForm>, NodeError> {
    metadata.pallets.iter_mut().find(|pallet| pallet.name == name).ok_or_else(|| missing(name))
}

fn storage_of<'a>(
    metadata: &'a mut RuntimeMetadataV16,
    name: &str,
) -> Result<&'a mut PalletStorageMetadata<PortableForm>, NodeError> {
    let storage = pallet_mut(metadata, name)?.storage.as_mut();
    storage.ok_or_else(|| missing(name))
}

fn key_type(metadata: &mut RuntimeMetadataV16, entry: &str) -> Result<UntrackedSymbol<TypeId>, NodeError> {
    let entries = &storage_of(metadata, MODULE)?.entries;
    match entries.iter().find(|candidate| candidate.name == entry).map(|found| &found.ty) {
        Some(StorageEntryType::Map { key, .. }) => Ok(*key),
        _ => Err(missing(entry)),
    }
}

fn type_of_primitive(types: &PortableRegistry, wanted: TypeDefPrimitive) -> Result<UntrackedSymbol<TypeId>, NodeError> {
    let is_wanted = |def: &TypeDef<PortableForm>| matches!(def, TypeDef::Primitive(found) if *found == wanted);
    let found = types.types.iter().find(|candidate| is_wanted(&candidate.ty.type_def));
    found.map(|found| UntrackedSymbol::from(found.id)).ok_or_else(|| missing("a primitive type"))
}

fn missing(what: &str) -> NodeError {
    NodeError::Metadata(format!("no release can be derived from it: {what} is missing"))
}
