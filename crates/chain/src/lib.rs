//! Subtensor, Bittensor's chain, over subxt: finalized heads, subnets, extrinsics and wallets.
//!
//! Everything goes through one [`Client`]: it holds a list of endpoints, a gate that each request passes, and the
//! metadata of the runtimes it has met. Keys, calls and values are built and decoded from the metadata of the block
//! that is read; nothing is generated from a metadata file, so a runtime may gain and lose entries under our feet.
//!
//! Sending is in steps that a caller can store between: [`Client::sign_weights`] makes the bytes,
//! [`Client::validate`] asks the pool's opinion, [`Client::submit`] broadcasts and waits for finality,
//! [`Client::find_extrinsic`] asks the chain what became of bytes that were broadcast before a crash.
//!
//! Weights are signed in the form that the subnet demands at the block: plain, as a timelocked commit that the chain
//! reveals by itself (`timelock.rs`), or as a hashed commit where a runtime has nothing newer (`hashed.rs`).
//!
//! What the endpoint in use cannot answer, the others are asked (`asking.rs`), and one that does better takes its place.
//!
//! What this crate does not do: it decides nothing (when to send, what weights), broadcasts nothing twice, stores nothing and
//! has no background task of its own but the short look at whether a better endpoint is well again.

mod asking;
mod client;
mod commitment;
mod commitment_space;
mod connection;
mod endpoints;
mod errors;
mod extrinsic;
mod hashed;
mod heads;
mod health;
mod networks;
mod notifications;
mod obstacles;
mod pool;
mod probe;
mod recovery;
mod remedy;
mod runtime;
mod stake;
mod storage;
mod submit;
mod subnet;
mod timelock;
mod transport;
mod wallet;

pub use client::{ChainConfig, Client};
pub use commitment_space::CommitmentSpace;
pub use endpoints::Tolerances;
pub use errors::ChainError;
pub use extrinsic::{ERA_BLOCKS, SignedExtrinsic, SignedWeights};
pub use heads::Head;
pub use networks::{MAINNET_GENESIS, Network, UnknownNetwork};
pub use pool::{PoolError, Preflight};
pub use recovery::Sighting;
pub use remedy::Remedy;
pub use submit::{DispatchFailure, Inclusion, Submitted, Uncertainty};
pub use transport::{NoGate, RequestGate};
pub use wallet::{HotkeyWallet, NoPasswords, PasswordOrigin, Passwords, WalletError, WalletWarning, password_variable};
