//! The HTTP services, from outside: the binary against a sandbox in this process, and HTTP clients, well-behaved and
//! hostile.
//!
//! This binary is only for these tests: [`load`] opens thousands of connections from this process, and one of its tests
//! raises this process's limit on open files, which processes that are started later inherit.

#![cfg(feature = "sandbox")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its process must fail")]

mod answers;
mod callers;
mod health;
mod hostile;
mod load;
mod outcomes;
mod peers;
mod running;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
mod tuning;
mod world;
