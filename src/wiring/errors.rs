//! Why the process could not be put together.

use tensorflix_chain::{UnknownNetwork, WalletError};
use tensorflix_store::StoreError;

/// Why the process could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The wallet cannot be used.
    #[error("the wallet cannot be used: {0}")]
    Wallet(#[from] WalletError),
    /// The network is unknown.
    #[error(transparent)]
    Network(#[from] UnknownNetwork),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// HTTP cannot be set up.
    #[error("HTTP cannot be set up: {0}")]
    Http(String),
}
