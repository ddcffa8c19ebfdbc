//! Subtensor, Bittensor's chain, over subxt: finalized heads, subnets, extrinsics and wallets.
//!
//! Everything goes through one [`Client`]: it holds a list of endpoints, a gate that each request passes, and the
//! metadata of the runtimes it has met. Keys, calls and values are built and decoded from the metadata of the block
//! that is read; nothing is generated from a metadata file, so a runtime may gain and lose entries under our feet.
//!
//! Sending is in steps that a caller can store between: [`Client::sign_set_weights`] makes the bytes,
//! [`Client::validate`] asks the pool's opinion, [`Client::submit`] broadcasts and waits for finality,
//! [`Client::find_extrinsic`] asks the chain what became of bytes that were broadcast before a crash.
//!
//! What this crate does not do: it decides nothing (when to send, what weights), retries nothing, stores nothing and
//! has no background task of its own. Timelocked commits are not built here yet; a subnet that demands them is the
//! error [`ChainError::CommitRevealDemanded`].

mod client;
mod commitment;
mod commitment_space;
mod connection;
mod errors;
mod extrinsic;
mod heads;
mod networks;
mod pool;
mod recovery;
mod remedy;
mod runtime;
mod stake;
mod storage;
mod submit;
mod subnet;
mod transport;
mod wallet;

pub use client::{ChainConfig, Client};
pub use commitment_space::CommitmentSpace;
pub use errors::ChainError;
pub use extrinsic::{ERA_BLOCKS, SignedExtrinsic};
pub use heads::Head;
pub use networks::{MAINNET_GENESIS, Network, UnknownNetwork};
pub use pool::{PoolError, Preflight};
pub use recovery::Sighting;
pub use remedy::Remedy;
pub use submit::{DispatchFailure, Inclusion, Submitted, Uncertainty};
pub use transport::{NoGate, RequestGate};
pub use wallet::{HotkeyWallet, NoPasswords, PasswordOrigin, Passwords, WalletError, WalletWarning, password_variable};
