//! What the tests of several packages share: a fake of every port, controlled time, listeners, and builders of small
//! records.
//!
//! Only tests depend on it. It knows the actors and the domain and nothing behind their ports: no chain client and no
//! database is compiled for an actor's test.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

pub mod crashing;
pub mod fake_platform;
pub mod gists;
pub mod listener;
pub mod living;
pub mod logs;
pub mod memory_store;
pub mod model_chain;
pub mod observing;
pub mod scripted_chain;
pub mod scripted_services;
pub mod settings;
pub mod store_contract;
pub mod subnets;
pub mod time;
pub mod validator;
pub mod world;
