//! The HTTP services, from outside: the binary against a sandbox in this process, and HTTP clients, well-behaved and
//! hostile.

#![cfg(feature = "sandbox")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its process must fail")]

mod support;

#[path = "services/answers.rs"]
mod answers;
#[path = "services/batching.rs"]
mod batching;
#[path = "services/callers.rs"]
mod callers;
#[path = "services/connections.rs"]
mod connections;
#[path = "services/health.rs"]
mod health;
#[path = "services/hostile.rs"]
mod hostile;
#[path = "services/outcomes.rs"]
mod outcomes;
#[path = "services/peers.rs"]
mod peers;
#[path = "services/running.rs"]
mod running;
#[path = "services/shared_batches.rs"]
mod shared_batches;
#[path = "services/trouble.rs"]
mod trouble;
#[path = "services/tuning.rs"]
mod tuning;
#[path = "services/under_attack.rs"]
mod under_attack;
#[path = "services/world.rs"]
mod world;
