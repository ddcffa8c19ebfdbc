//! The embedded chain node, seen through real clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod chain;
mod commitments;
mod epochs;
mod faults;
mod hashed;
mod releases;
mod submission;
mod subnet;
mod timelock;
mod weights;
