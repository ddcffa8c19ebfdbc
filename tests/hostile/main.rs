//! Hostile miners in the sandbox, the whole validator against them: what each attack earns and costs.
//!
//! Each attack is made beside a *twin*: the same world, in which the same miner behaves. The attack earns no more than
//! the twin does, and the raw scores of everybody else are the same bits. One file for each idea of an attacker; the
//! attacks of the threat list, over several cycles, are in [`attacks`].
//!
//! These tests can share a process: each world is its own test's, except that the attack lab plays each row once for all
//! tests that read it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its world must fail")]
#![cfg(feature = "sandbox")]

mod attacks;
mod claims;
mod everybody;
mod gists;
mod listings;
mod subnet;
#[path = "../support/mod.rs"]
mod support;
mod traffic;
