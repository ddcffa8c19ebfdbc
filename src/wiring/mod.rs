//! From the configuration to running actors and services: the only place that names every adapter.
//!
//! [`app`] starts the validator, [`serving`] the services beside it, [`alone`] one of them in a process of its own. The
//! commands that do one thing take what leads outside from [`connections`], so that all go through the same limits.

pub mod alone;
pub mod app;
pub mod connections;
pub mod errors;
#[cfg(feature = "sandbox")]
pub mod sandbox_config;
pub mod serving;
pub mod tuning;
mod upkeep;
mod workshop;

pub use workshop::slot_blocks;
