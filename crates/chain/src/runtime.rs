//! The runtime of a block: its version and its metadata.
//!
//! Invariants: the version is asked for at every block that is read (once), so an upgrade is noticed at its first
//! block; metadata is fetched once per version; both memories are bounded.
//!
//! The block that upgrades the runtime holds the new code, but its state and events were still written by the old one: a
//! node gives the new version and metadata for it, and what is stored there does not fit them until the next block's
//! migrations. So there are two questions: [`Client::runtime_at`], the runtime that the next extrinsic is for, and
//! [`Client::runtime_of_state`], the one that wrote what is read.

use crate::client::Client;
use crate::connection::Connection;
use crate::errors::ChainError;
use parity_scale_codec::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use subxt::client::{OfflineClient, OfflineClientAtBlock};
use subxt::config::SubstrateConfig;
use subxt::config::substrate::SpecVersionForRange;
use subxt::metadata::Metadata;
use subxt::rpcs::Error as RpcError;
use subxt::utils::H256;

/// Metadata versions that subxt reads, best first.
const METADATA_VERSIONS: [u32; 3] = [16, 15, 14];
/// Runtimes remembered: an upgrade needs two at a time.
const MAX_RUNTIMES: usize = 4;
/// Blocks whose runtime version is remembered, so that several reads of one block ask once.
const MAX_BLOCKS: usize = 32;

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

/// The runtimes met so far, and which block has which.
#[derive(Default)]
pub(crate) struct Runtimes {
    by_version: BTreeMap<u32, Arc<Runtime>>,
    by_block: VecDeque<(H256, u32)>,
    /// Blocks at which another version was met than before: each may be the one of an upgrade.
    doubtful: VecDeque<H256>,
    /// Which runtime wrote the state of such blocks, once it is known.
    written_by: VecDeque<(H256, u32)>,
    /// The version met last.
    newest_met: Option<u32>,
}

impl Runtimes {
    fn at(&self, block: H256) -> Option<Arc<Runtime>> {
        let (_, version) = self.by_block.iter().find(|(hash, _)| *hash == block)?;
        self.by_version.get(version).cloned()
    }

    fn remember(&mut self, block: H256, runtime: &Arc<Runtime>) {
        push_bounded(&mut self.by_block, (block, runtime.spec_version));
        if self.by_version.insert(runtime.spec_version, runtime.clone()).is_none()
            && self.by_version.len() > MAX_RUNTIMES
        {
            self.by_version.pop_first();
        }
    }
}

fn push_bounded<T>(memory: &mut VecDeque<T>, item: T) {
    if memory.len() == MAX_BLOCKS {
        memory.pop_front();
    }
    memory.push_back(item);
}

impl Client {
    /// The runtime by which the state of `block` is read: that of the code it holds, save for the block of an upgrade.
    pub(crate) async fn runtime_of_state(&self, block: H256) -> Result<Arc<Runtime>, ChainError> {
        let runtime = self.runtime_at(block).await?;
        {
            let runtimes = self.inner.runtimes.lock().await;
            if !runtimes.doubtful.contains(&block) {
                return Ok(runtime);
            }
            let known = runtimes.written_by.iter().find(|(hash, _)| *hash == block);
            if let Some(writer) = known.and_then(|(_, version)| runtimes.by_version.get(version)) {
                return Ok(writer.clone());
            }
        }
        let writer = self.runtime_of_parent(block).await?.unwrap_or(runtime);
        let mut runtimes = self.inner.runtimes.lock().await;
        push_bounded(&mut runtimes.written_by, (block, writer.spec_version));
        Ok(writer)
    }

    /// The runtime of the code that the parent of `block` holds, which made `block`; `None` if the node does not have the
    /// parent's state.
    async fn runtime_of_parent(&self, block: H256) -> Result<Option<Arc<Runtime>>, ChainError> {
        let connection = self.connection().await?;
        let header = connection.methods.chain_get_header(Some(block)).await;
        let header = header.map_err(|error| connection.failed("chain_getHeader", error))?;
        let Some(header) = header else { return Ok(None) };
        match self.runtime_at(header.parent_hash).await {
            Ok(runtime) => Ok(Some(runtime)),
            Err(ChainError::BlockUnavailable { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The runtime that wrote the events of a block, by its parent.
    pub(crate) async fn runtime_of_events(&self, block: H256, parent: H256) -> Result<Arc<Runtime>, ChainError> {
        match self.runtime_at(parent).await {
            Err(ChainError::BlockUnavailable { .. }) => self.runtime_at(block).await,
            found => found,
        }
    }

    /// The runtime whose code block `block` holds, which the block after it is made by.
    pub(crate) async fn runtime_at(&self, block: H256) -> Result<Arc<Runtime>, ChainError> {
        // Held while fetching: concurrent readers of a new runtime fetch its metadata once.
        let mut runtimes = self.inner.runtimes.lock().await;
        if let Some(runtime) = runtimes.at(block) {
            return Ok(runtime);
        }
        let connection = self.connection().await?;
        let version = connection
            .methods
            .state_get_runtime_version(Some(block))
            .await
            .map_err(|error| connection.failed("state_getRuntimeVersion", error))?;
        let runtime = match runtimes.by_version.get(&version.spec_version) {
            Some(runtime) => runtime.clone(),
            None => {
                let metadata = fetch_metadata(&connection, block, version.spec_version).await?;
                let genesis = self.genesis().await?;
                tracing::info!(
                    spec_version = version.spec_version,
                    "read the metadata of a runtime that was not met before"
                );
                Arc::new(Runtime::new(version.spec_version, version.transaction_version, metadata, genesis)?)
            }
        };
        if runtimes.newest_met.replace(runtime.spec_version) != Some(runtime.spec_version) {
            push_bounded(&mut runtimes.doubtful, block);
        }
        runtimes.remember(block, &runtime);
        Ok(runtime)
    }
}

async fn fetch_metadata(connection: &Connection, block: H256, spec_version: u32) -> Result<Metadata, ChainError> {
    let undecodable =
        |detail: String| ChainError::Undecodable { what: "the runtime's metadata".to_owned(), spec_version, detail };
    let bytes = fetch_metadata_bytes(connection, block).await?;
    Metadata::decode_from(&bytes).map_err(|error| undecodable(error.to_string()))
}

/// The newest metadata that both sides know; runtimes without the choice give the one version they have.
async fn fetch_metadata_bytes(connection: &Connection, block: H256) -> Result<Vec<u8>, ChainError> {
    const METHOD: &str = "state_call (Metadata)";
    let methods = &connection.methods;
    let offered = match methods.state_call("Metadata_metadata_versions", None, Some(block)).await {
        Ok(bytes) => Vec::<u32>::decode(&mut &*bytes).unwrap_or_default(),
        // The runtime does not have the call.
        Err(RpcError::User(_)) => Vec::new(),
        Err(error) => return Err(connection.failed(METHOD, error)),
    };
    if let Some(version) = METADATA_VERSIONS.into_iter().find(|version| offered.contains(version)) {
        let bytes = methods
            .state_call("Metadata_metadata_at_version", Some(&version.encode()), Some(block))
            .await
            .map_err(|error| connection.failed(METHOD, error))?;
        // The runtime answers with an option of opaque, length-prefixed bytes.
        if let Ok(Some(metadata)) = Option::<Vec<u8>>::decode(&mut &*bytes) {
            return Ok(metadata);
        }
    }
    let metadata =
        methods.state_get_metadata(Some(block)).await.map_err(|error| connection.failed("state_getMetadata", error))?;
    Ok(metadata.into_raw())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Mainnet's runtime at spec 365.
    pub(crate) fn finney() -> Runtime {
        let bytes = include_bytes!("../../sandbox/data/finney-365.scale");
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
    fn memories_of_runtimes_and_blocks_are_bounded() {
        let runtime = finney();
        let mut runtimes = Runtimes::default();
        for index in 0..100_u8 {
            let version = Runtime { spec_version: u32::from(index), codec: runtime.codec.clone() };
            runtimes.remember(H256([index; 32]), &Arc::new(version));
        }
        assert_eq!((runtimes.by_version.len(), runtimes.by_block.len()), (MAX_RUNTIMES, MAX_BLOCKS));
        assert!(runtimes.at(H256([99; 32])).is_some_and(|runtime| runtime.spec_version == 99));
        assert!(runtimes.at(H256([0; 32])).is_none());
    }
}
