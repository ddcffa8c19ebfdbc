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
use crate::head::BlockRef;
use crate::reading::runtime::{Runtime, fetch_metadata_bytes, named_versions};
use crate::reading::runtimes::{Runtimes, push_bounded};
use std::sync::Arc;
use subxt::metadata::Metadata;
use subxt::utils::H256;

/// What the runtime of a block is asked by.
const METHOD: &str = "state_getRuntimeVersion";

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
        let header = self.ask("chain_getHeader", |line| async move { Ok(line.header(block.hash).await?.0) }).await;
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

    /// The runtime with the code that block `block` holds; the next block is made by it.
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
    tracing::info!(spec_version, "read the metadata of a new runtime version");
    Ok(runtime)
}
