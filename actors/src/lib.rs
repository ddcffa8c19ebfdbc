//! The supervised actors of the validator, and the ports they need.

pub mod chain_watcher;
mod claiming;
pub mod cycle;
mod disputes;
mod evidence;
pub mod gist_fetcher;
pub mod outbound;
pub mod platforms;
mod poller;
pub mod ports;
mod quota_wait;
pub mod scorer;
pub mod stats;
pub mod supervision;
mod suspicions;
mod traffic;
pub mod verifier;
mod verifying;
pub mod weight_setter;
