//! The client against the sandbox's chain node: real sockets, real encodings, mainnet's metadata.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

#[path = "against_node/connecting.rs"]
mod connecting;
#[path = "against_node/endpoints.rs"]
mod endpoints;
#[path = "against_node/fixture.rs"]
mod fixture;
#[path = "against_node/reading.rs"]
mod reading;
#[path = "against_node/runtimes.rs"]
mod runtimes;
#[path = "against_node/sending.rs"]
mod sending;
