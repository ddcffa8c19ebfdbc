//! The runtime of a block: its version and its metadata.
//!
//! Invariants: the version is asked for at every block that is read (once), so an upgrade is noticed at its first
//! block; metadata is fetched once per version; both memories are bounded. A version is believed only with metadata that names
//! the same one (`System.Version`), and never below what an earlier block had.
//!
//! The block that upgrades the runtime holds the new code, but its state and events were still written by the old one: a
//! node gives the new version and metadata for it, and what is stored there does not fit them until the next block's
//! migrations. So there are two questions: [`Client::runtime_at`], the runtime that the next extrinsic is for, and
//! [`Client::runtime_of_state`], the one that wrote what is read.

use crate::client::Client;
use crate::connection::line::Line;
use crate::errors::ChainError;
use crate::reading::heads::{BlockRef, header_of};
use parity_scale_codec::{Decode, Encode};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use subxt::client::{OfflineClient, OfflineClientAtBlock};
use subxt::config::SubstrateConfig;
use subxt::config::substrate::SpecVersionForRange;
use subxt::metadata::Metadata;
use subxt::rpcs::Error as RpcError;
use subxt::utils::H256;

/// What the runtime of a block is asked by.
const METHOD: &str = "state_getRuntimeVersion";
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
    by_block: VecDeque<(BlockRef, u32)>,
    /// Blocks at which another version was met than before: each may be the one of an upgrade.
    doubtful: VecDeque<H256>,
    /// Which runtime wrote the state of such blocks, once it is known.
    written_by: VecDeque<(H256, u32)>,
    /// The version met last.
    newest_met: Option<u32>,
}

impl Runtimes {
    fn at(&self, block: BlockRef) -> Option<Arc<Runtime>> {
        let (_, version) = self.by_block.iter().find(|(hash, _)| *hash == block)?;
        self.by_version.get(version).cloned()
    }

    /// The version that `block` cannot be below.
    fn lowest_at(&self, block: BlockRef) -> u32 {
        let earlier = self.by_block.iter().filter(|(earlier, _)| earlier.number <= block.number);
        earlier.map(|(_, version)| *version).max().unwrap_or_default()
    }

    fn remember(&mut self, block: BlockRef, runtime: &Arc<Runtime>) {
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
    pub(crate) async fn runtime_of_state(&self, block: BlockRef) -> Result<Arc<Runtime>, ChainError> {
        let runtime = self.runtime_at(block).await?;
        {
            let runtimes = self.inner.runtimes.lock().await;
            if !runtimes.doubtful.contains(&block.hash) {
                return Ok(runtime);
            }
            let known = runtimes.written_by.iter().find(|(hash, _)| *hash == block.hash);
            if let Some(writer) = known.and_then(|(_, version)| runtimes.by_version.get(version)) {
                return Ok(writer.clone());
            }
        }
        let writer = self.runtime_of_parent(block).await?.unwrap_or(runtime);
        let mut runtimes = self.inner.runtimes.lock().await;
        push_bounded(&mut runtimes.written_by, (block.hash, writer.spec_version));
        Ok(writer)
    }

    /// The runtime of the code that the parent of `block` holds, which made `block`; `None` if the node does not have the
    /// parent's state.
    async fn runtime_of_parent(&self, block: BlockRef) -> Result<Option<Arc<Runtime>>, ChainError> {
        let header = self.ask("chain_getHeader", |line| async move { Ok(header_of(&line, block.hash).await?.0) }).await;
        let parent = match header {
            Ok(header) => BlockRef { number: block.number.saturating_sub(1), hash: header.parent_hash },
            Err(ChainError::BlockUnavailable { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        match self.runtime_at(parent).await {
            Ok(runtime) => Ok(Some(runtime)),
            Err(ChainError::BlockUnavailable { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The runtime that wrote the events of a block, by its parent.
    pub(crate) async fn runtime_of_events(&self, block: BlockRef, parent: H256) -> Result<Arc<Runtime>, ChainError> {
        let parent = BlockRef { number: block.number.saturating_sub(1), hash: parent };
        match self.runtime_at(parent).await {
            Err(ChainError::BlockUnavailable { .. }) => self.runtime_at(block).await,
            found => found,
        }
    }

    /// The runtime whose code block `block` holds, which the block after it is made by.
    pub(crate) async fn runtime_at(&self, block: BlockRef) -> Result<Arc<Runtime>, ChainError> {
        // Held while fetching: concurrent readers of a new runtime fetch its metadata once.
        let mut runtimes = self.inner.runtimes.lock().await;
        if let Some(runtime) = runtimes.at(block) {
            return Ok(runtime);
        }
        let genesis = self.genesis().await?;
        let known = &*runtimes;
        let runtime = self.ask(METHOD, |line| runtime_by(line, block, known, genesis)).await?;
        if runtimes.newest_met.replace(runtime.spec_version) != Some(runtime.spec_version) {
            push_bounded(&mut runtimes.doubtful, block.hash);
        }
        runtimes.remember(block, &runtime);
        Ok(runtime)
    }
}

/// The runtime of `block` by one endpoint's version and metadata.
async fn runtime_by(line: Line, block: BlockRef, known: &Runtimes, genesis: H256) -> Result<Arc<Runtime>, ChainError> {
    let version = line.methods.state_get_runtime_version(Some(block.hash)).await;
    let spec_version = version.map_err(|error| line.failed(METHOD, error))?.spec_version;
    let lowest = known.lowest_at(block);
    if spec_version < lowest {
        let detail = format!("spec version {spec_version} at block {}, after {lowest}", block.number);
        return Err(line.misanswered(METHOD, detail));
    }
    if let Some(runtime) = known.by_version.get(&spec_version) {
        return Ok(Arc::clone(runtime));
    }
    let bytes = fetch_metadata_bytes(&line, block.hash).await?;
    let metadata = Metadata::decode_from(&bytes).map_err(|error| ChainError::Undecodable {
        what: "the runtime's metadata".to_owned(),
        spec_version,
        detail: error.to_string(),
    })?;
    let named = named_versions(&metadata);
    let Some((_, transaction_version)) = named.filter(|(named, _)| *named == spec_version) else {
        let detail = format!("spec version {spec_version}, with metadata that names {:?}", named.map(|named| named.0));
        return Err(line.misanswered(METHOD, detail));
    };
    let runtime = Arc::new(Runtime::new(spec_version, transaction_version, metadata, genesis)?);
    tracing::info!(spec_version, "read the metadata of a runtime that was not met before");
    Ok(runtime)
}

/// The spec version and the transaction version that metadata is of, by its `System.Version`.
fn named_versions(metadata: &Metadata) -> Option<(u32, u32)> {
    /// `RuntimeVersion` up to its transaction version: names, versions, and the APIs with theirs.
    type Versions = (String, String, u32, u32, u32, Vec<([u8; 8], u32)>, u32);
    let constant = metadata.pallet_by_name("System")?.constant_by_name("Version")?;
    let (_, _, _, spec_version, _, _, transaction_version) = Versions::decode(&mut constant.value()).ok()?;
    Some((spec_version, transaction_version))
}

/// The newest metadata that both sides know; runtimes without the choice give the one version they have.
async fn fetch_metadata_bytes(line: &Line, block: H256) -> Result<Vec<u8>, ChainError> {
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

    fn block(index: u8) -> BlockRef {
        BlockRef { number: index.into(), hash: H256([index; 32]) }
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
            runtimes.remember(block(index), &Arc::new(version));
        }
        assert_eq!((runtimes.by_version.len(), runtimes.by_block.len()), (MAX_RUNTIMES, MAX_BLOCKS));
        assert!(runtimes.at(block(99)).is_some_and(|runtime| runtime.spec_version == 99));
        assert!(runtimes.at(block(0)).is_none());
        assert_eq!((runtimes.lowest_at(block(80)), runtimes.lowest_at(block(20))), (80, 0));
    }

    #[test]
    fn metadata_names_the_version_that_it_is_of() {
        assert_eq!(named_versions(finney().metadata()), Some((365, 1)));
    }
}
