//! Subtensor, Bittensor's chain, over subxt: finalized heads, subnets, extrinsics and wallets.
//!
//! Everything goes through one [`Client`]: it holds a list of endpoints, a gate that each request passes, and the
//! metadata of the runtimes it has met. Keys, calls and values are built and decoded from the metadata of the block
//! that is read; nothing is generated from a metadata file, so entries may be added to the runtime and removed at any time.
//!
//! Sending is in steps that a caller can store between: [`Client::sign_weights`] makes the bytes,
//! [`Client::validate`] asks the node whether it would accept them, [`Client::submit`] broadcasts and waits for finality,
//! [`Client::find_extrinsic`] asks the chain for the outcome of bytes that were broadcast before a crash.
//!
//! Weights are signed in the form that the subnet demands at the block: plain, as a timelocked commit that the chain
//! reveals by itself (`timelock.rs`), or as a hashed commit where a runtime has nothing newer (`hashed.rs`).
//!
//! If the endpoint in use cannot answer, the others are asked (`asking.rs`), and one with a better answer replaces it.
//!
//! What this crate does not do: it decides nothing (when to send, what weights), broadcasts nothing twice, stores nothing and
//! has no background task of its own except the short check whether a better endpoint has recovered.

mod client;
mod config;
mod connection;
mod errors;
mod head;
mod reading;
mod sending;
mod wallet;

pub use client::Client;
pub use config::{ChainConfig, NoGate, RequestGate, Tolerances};
pub use connection::networks::{MAINNET_GENESIS, Network, UnknownNetwork};
pub use errors::ChainError;
pub use sending::commitment_space::CommitmentSpace;
pub use sending::extrinsic::ERA_BLOCKS;
pub use sending::pool::{PoolError, Preflight};
pub use sending::submit::{Submitted, Uncertainty};
pub use wallet::{HotkeyWallet, NoPasswords, PasswordOrigin, Passwords, WalletError, WalletWarning, password_variable};
