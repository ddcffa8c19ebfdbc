//! The version that a runtime goes by.

use frame_metadata::v16::RuntimeMetadataV16;
use parity_scale_codec::{Decode, Encode};
use serde_json::{Value, json};

use crate::node::error::NodeError;
use crate::node::hexadecimal::hex_of;

/// `RuntimeVersion` as the `System.Version` constant holds it.
#[derive(Clone, Debug, Decode, Encode)]
pub(crate) struct RuntimeVersion {
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

/// The version that the metadata's `System.Version` tells.
pub(crate) fn runtime_version(metadata: &RuntimeMetadataV16) -> Result<RuntimeVersion, NodeError> {
    metadata
        .pallets
        .iter()
        .filter(|pallet| pallet.name == "System")
        .flat_map(|pallet| &pallet.constants)
        .find(|constant| constant.name == "Version")
        .and_then(|constant| RuntimeVersion::decode(&mut &*constant.value).ok())
        .ok_or_else(|| NodeError::Metadata("it has no readable System.Version".into()))
}
