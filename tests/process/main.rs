//! The assembled process, from outside: its commands, what they print and write, what they cost while nothing happens, and
//! how they end.
//!
//! These tests can share a process: limits, signals and variables are set for child processes only, which work in folders of
//! their own.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot run its process must fail"
)]

#[cfg(feature = "sandbox")]
mod checks;
#[cfg(feature = "sandbox")]
mod commands;
mod demo;
#[cfg(feature = "sandbox")]
mod doctor;
#[cfg(feature = "sandbox")]
mod files;
#[cfg(feature = "sandbox")]
mod idle;
#[cfg(feature = "sandbox")]
mod once;
#[cfg(feature = "sandbox")]
mod outputs;
mod starting;
mod store_contract;
#[path = "../support/mod.rs"]
mod support;
