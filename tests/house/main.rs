//! The repository itself: what its documents say of it is true. Nothing here runs the process.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot run must fail")]

mod architecture;
mod words;
