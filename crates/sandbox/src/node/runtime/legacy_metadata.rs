//! Metadata versions 14 and 15, derived from version 16, for clients that do not read the newest.
//!
//! Real nodes serve all three from one runtime; what version 16 added (deprecations, view functions, versions of
//! extensions) is left out, and everything else is the same.

use std::sync::OnceLock;

use frame_metadata::{RuntimeMetadataPrefixed, v14, v15, v16};
use parity_scale_codec::Encode;
use scale_info::PortableRegistry;
use scale_info::form::PortableForm;
use scale_info::interner::UntrackedSymbol;

type TypeId = UntrackedSymbol<std::any::TypeId>;

/// The version of extrinsics that all clients sign.
const EXTRINSIC_VERSION: u8 = 4;

/// The versions that are served, oldest first.
pub(crate) const VERSIONS: [u32; 3] = [14, 15, 16];

/// Encoded metadata of every version that is served; the older ones are made when they are first asked for.
pub(crate) struct ServedMetadata {
    v14: OnceLock<Vec<u8>>,
    v15: OnceLock<Vec<u8>>,
    v16: Vec<u8>,
}

impl ServedMetadata {
    /// `raw` is metadata of version 16.
    pub fn new(raw: Vec<u8>) -> Self {
        Self { v14: OnceLock::new(), v15: OnceLock::new(), v16: raw }
    }

    /// Raw metadata of a version, if it is served.
    pub fn at_version(&self, metadata: &v16::RuntimeMetadataV16, version: u32) -> Option<&[u8]> {
        match version {
            14 => Some(self.legacy(metadata)),
            15 => Some(self.v15.get_or_init(|| RuntimeMetadataPrefixed::from(to_v15(metadata)).encode())),
            16 => Some(&self.v16),
            _ => None,
        }
    }

    /// Raw metadata of version 14.
    pub fn legacy(&self, metadata: &v16::RuntimeMetadataV16) -> &[u8] {
        self.v14.get_or_init(|| RuntimeMetadataPrefixed::from(to_v14(metadata)).encode())
    }
}

fn to_v14(metadata: &v16::RuntimeMetadataV16) -> v14::RuntimeMetadataV14 {
    let pallets = metadata.pallets.iter().map(|pallet| {
        let v15::PalletMetadata { name, storage, calls, event, constants, error, index, .. } = to_v15_pallet(pallet);
        v14::PalletMetadata { name, storage, calls, event, constants, error, index }
    });
    let signed_extensions =
        metadata.extrinsic.transaction_extensions.iter().map(|extension| v14::SignedExtensionMetadata {
            identifier: extension.identifier.clone(),
            ty: extension.ty,
            additional_signed: extension.implicit,
        });
    v14::RuntimeMetadataV14 {
        types: metadata.types.clone(),
        pallets: pallets.collect(),
        extrinsic: v14::ExtrinsicMetadata {
            ty: ExtrinsicTypes::find(metadata).extrinsic,
            version: EXTRINSIC_VERSION,
            signed_extensions: signed_extensions.collect(),
        },
        ty: runtime_type(metadata),
    }
}

fn to_v15(metadata: &v16::RuntimeMetadataV16) -> v15::RuntimeMetadataV15 {
    let extrinsic = &metadata.extrinsic;
    let signed_extensions = extrinsic.transaction_extensions.iter().map(|extension| v15::SignedExtensionMetadata {
        identifier: extension.identifier.clone(),
        ty: extension.ty,
        additional_signed: extension.implicit,
    });
    v15::RuntimeMetadataV15 {
        types: metadata.types.clone(),
        pallets: metadata.pallets.iter().map(to_v15_pallet).collect(),
        extrinsic: v15::ExtrinsicMetadata {
            version: EXTRINSIC_VERSION,
            address_ty: extrinsic.address_ty,
            call_ty: extrinsic.call_ty,
            signature_ty: extrinsic.signature_ty,
            extra_ty: ExtrinsicTypes::find(metadata).extra,
            signed_extensions: signed_extensions.collect(),
        },
        ty: runtime_type(metadata),
        apis: metadata.apis.iter().map(to_v15_api).collect(),
        outer_enums: metadata.outer_enums.clone(),
        custom: metadata.custom.clone(),
    }
}

fn to_v15_pallet(pallet: &v16::PalletMetadata<PortableForm>) -> v15::PalletMetadata<PortableForm> {
    let constants = pallet.constants.iter().map(|constant| v15::PalletConstantMetadata {
        name: constant.name.clone(),
        ty: constant.ty,
        value: constant.value.clone(),
        docs: constant.docs.clone(),
    });
    v15::PalletMetadata {
        name: pallet.name.clone(),
        storage: pallet.storage.as_ref().map(to_v15_storage),
        calls: pallet.calls.as_ref().map(|calls| v15::PalletCallMetadata { ty: calls.ty }),
        event: pallet.event.as_ref().map(|event| v15::PalletEventMetadata { ty: event.ty }),
        constants: constants.collect(),
        error: pallet.error.as_ref().map(|error| v15::PalletErrorMetadata { ty: error.ty }),
        index: pallet.index,
        docs: pallet.docs.clone(),
    }
}

fn to_v15_storage(storage: &v16::PalletStorageMetadata<PortableForm>) -> v15::PalletStorageMetadata<PortableForm> {
    let entries = storage.entries.iter().map(|entry| v15::StorageEntryMetadata {
        name: entry.name.clone(),
        modifier: entry.modifier.clone(),
        ty: entry.ty.clone(),
        default: entry.default.clone(),
        docs: entry.docs.clone(),
    });
    v15::PalletStorageMetadata { prefix: storage.prefix.clone(), entries: entries.collect() }
}

fn to_v15_api(api: &v16::RuntimeApiMetadata<PortableForm>) -> v15::RuntimeApiMetadata<PortableForm> {
    let methods = api.methods.iter().map(|method| v15::RuntimeApiMethodMetadata {
        name: method.name.clone(),
        inputs: method.inputs.clone(),
        output: method.output,
        docs: method.docs.clone(),
    });
    v15::RuntimeApiMetadata { name: api.name.clone(), methods: methods.collect(), docs: api.docs.clone() }
}

/// The types that only older versions name.
struct ExtrinsicTypes {
    extrinsic: TypeId,
    extra: TypeId,
}

impl ExtrinsicTypes {
    fn find(metadata: &v16::RuntimeMetadataV16) -> Self {
        let unknown = metadata.extrinsic.call_ty;
        let found = metadata.types.types.iter().find(|candidate| {
            let path = &candidate.ty.path.segments;
            path.last().is_some_and(|name| name == "UncheckedExtrinsic") && candidate.ty.type_params.len() == 4
        });
        let Some(found) = found else { return Self { extrinsic: unknown, extra: unknown } };
        let parameter =
            found.ty.type_params.iter().find(|parameter| ["Extra", "Extension"].contains(&&*parameter.name));
        Self {
            extrinsic: TypeId::from(found.id),
            extra: parameter.and_then(|parameter| parameter.ty).unwrap_or(unknown),
        }
    }
}

/// The type of the runtime itself, which carries nothing.
fn runtime_type(metadata: &v16::RuntimeMetadataV16) -> TypeId {
    let is_runtime = |types: &PortableRegistry, id: u32| {
        types.resolve(id).and_then(|ty| ty.path.segments.last()).is_some_and(|name| name == "Runtime")
    };
    let ids = 0..metadata.types.types.len() as u32;
    ids.into_iter().find(|id| is_runtime(&metadata.types, *id)).map_or(metadata.extrinsic.call_ty, TypeId::from)
}
