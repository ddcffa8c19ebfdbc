//! Many requests and many connections at one time: how many requests to the platforms come of them, and what the services
//! spend on them.
//!
//! Memory is measured in the service's own process, which each test starts for itself.

mod batching;
pub mod connections;
mod shared_batches;
mod under_attack;
