//! A runtime: its version and its metadata, ready to build and decode with.

use crate::connection::line::Line;
use crate::errors::ChainError;
use parity_scale_codec::{Decode, Encode};
use subxt::client::{OfflineClient, OfflineClientAtBlock};
use subxt::config::SubstrateConfig;
use subxt::config::substrate::SpecVersionForRange;
use subxt::metadata::Metadata;
use subxt::rpcs::Error as RpcError;
use subxt::utils::H256;

/// Metadata versions that subxt reads, best first.
const METADATA_VERSIONS: [u32; 3] = [16, 15, 14];

/// A runtime, ready to build and decode with.
pub(crate) struct Runtime {
    pub(crate) spec_version: u32,
    pub(crate) codec: OfflineClientAtBlock<SubstrateConfig>,
}

impl Runtime {
    /// A runtime from its metadata.
    pub(crate) fn new(
        spec_version: u32,
        transaction_version: u32,
        metadata: Metadata,
        genesis: H256,
    ) -> Result<Self, ChainError> {
        let config = SubstrateConfig::builder()
            .set_genesis_hash(genesis)
            .set_metadata_for_spec_versions([(spec_version, metadata.arc())])
            .set_spec_version_for_block_ranges([SpecVersionForRange {
                block_range: 0..u64::MAX,
                spec_version,
                transaction_version,
            }])
            .build();
        let codec =
            OfflineClient::new_with_config(config).at_block(0_u64).map_err(|error| ChainError::Undecodable {
                what: "the runtime's metadata".to_owned(),
                spec_version,
                detail: error.to_string(),
            })?;
        Ok(Self { spec_version, codec })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        self.codec.metadata_ref()
    }

    pub(crate) fn has_call(&self, pallet: &str, call: &str) -> bool {
        self.metadata().pallet_by_name(pallet).is_some_and(|pallet| pallet.call_variant_by_name(call).is_some())
    }
}

/// The spec version and the transaction version that metadata is of, by its `System.Version`.
pub(crate) fn named_versions(metadata: &Metadata) -> Option<(u32, u32)> {
    /// `RuntimeVersion` up to its transaction version: names, versions, and the APIs with theirs.
    type Versions = (String, String, u32, u32, u32, Vec<([u8; 8], u32)>, u32);
    let constant = metadata.pallet_by_name("System")?.constant_by_name("Version")?;
    let (_, _, _, spec_version, _, _, transaction_version) = Versions::decode(&mut constant.value()).ok()?;
    Some((spec_version, transaction_version))
}

/// The newest metadata that both sides know; runtimes without the choice give the one version they have.
pub(crate) async fn fetch_metadata_bytes(line: &Line, block: H256) -> Result<Vec<u8>, ChainError> {
    const METHOD: &str = "state_call (Metadata)";
    let methods = &line.methods;
    let offered = match methods.state_call("Metadata_metadata_versions", None, Some(block)).await {
        Ok(bytes) => Vec::<u32>::decode(&mut &*bytes).unwrap_or_default(),
        // The runtime does not have the call.
        Err(RpcError::User(_)) => Vec::new(),
        Err(error) => return Err(line.failed(METHOD, error)),
    };
    if let Some(version) = METADATA_VERSIONS.into_iter().find(|version| offered.contains(version)) {
        let bytes = methods
            .state_call("Metadata_metadata_at_version", Some(&version.encode()), Some(block))
            .await
            .map_err(|error| line.failed(METHOD, error))?;
        // The runtime answers with an option of opaque, length-prefixed bytes.
        if let Ok(Some(metadata)) = Option::<Vec<u8>>::decode(&mut &*bytes) {
            return Ok(metadata);
        }
    }
    let metadata =
        methods.state_get_metadata(Some(block)).await.map_err(|error| line.failed("state_getMetadata", error))?;
    Ok(metadata.into_raw())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Mainnet's runtime at spec 365.
    pub(crate) fn finney() -> Runtime {
        let bytes = include_bytes!("../../../sandbox/data/finney-365.scale");
        let metadata = Metadata::decode_from(bytes).expect("metadata");
        Runtime::new(365, 1, metadata, H256([7; 32])).expect("a runtime")
    }

    #[test]
    fn calls_are_found_in_the_metadata_by_name() {
        let runtime = finney();
        assert!(runtime.has_call("Commitments", "set_commitment"));
        assert!(!runtime.has_call("Commitments", "no_such_call"));
        assert!(!runtime.has_call("NoSuchPallet", "set_commitment"));
    }

    #[test]
    fn metadata_names_the_version_that_it_is_of() {
        assert_eq!(named_versions(finney().metadata()), Some((365, 1)));
    }
}
