//! Hostile miners in the sandbox, the whole validator against them: what each attack comes to.
//!
//! Each attack is made beside a *twin*: the same world, in which the same miner behaves. The attack earns no more than
//! the twin does, and the raw scores of everybody else are the same bits. One file for each idea of an attacker.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its world must fail")]
#![cfg(feature = "sandbox")]

mod commitments;
mod copying;
mod disputes;
mod everybody;
mod floods;
mod gists;
mod ids;
mod network_tasks;
mod owners;
mod ownership;
mod redirects;
mod refusals;
mod squatting;
mod subnet;
mod videos;
