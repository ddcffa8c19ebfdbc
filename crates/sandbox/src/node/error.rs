//! Why a node does not start.

/// Why a node did not start. None of these goes away by trying again.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The embedded metadata is not what the node was written for.
    #[error("the embedded metadata is unusable: {0}")]
    Metadata(String),
    /// The genesis contradicts itself.
    #[error("the genesis is unusable: {0}")]
    Genesis(String),
    /// The socket could not be opened.
    #[error("the node cannot listen on loopback: {0}")]
    Listen(#[from] std::io::Error),
    /// Two RPC methods have one name.
    #[error("the node's RPC methods clash: {0}")]
    Methods(#[from] jsonrpsee::core::RegisterMethodError),
}
