//! Faults of everything around the validator: its process is killed, its chain changes or fails, upstreams hang, the disk is
//! full. Whatever happens, each window has its one submission.
//!
//! These tests can share a process: servers, stores and folders belong to one test, time is virtual or has a wide margin,
//! and the environment (`SEED` and the like) is only read.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot run must fail")]

#[cfg(feature = "sandbox")]
mod deadlines;
#[cfg(feature = "sandbox")]
mod kill;
#[cfg(feature = "sandbox")]
mod machine;
#[cfg(feature = "sandbox")]
mod rpc_crashes;
mod sim;
#[cfg(feature = "sandbox")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "sandbox")]
mod upgrades;
