//! The supervised actors of the validator, and the ports they need.

pub mod chain_watcher;
pub mod cycle;
mod decoding;
mod evidence;
pub mod gist_fetcher;
pub mod github;
pub mod instagram;
pub mod limiter;
pub mod outbound;
pub mod owner_checks;
mod pauses;
pub mod platform;
mod poller;
pub mod ports;
mod preflight;
pub mod quarantine;
pub mod revealing;
pub mod scorer;
pub mod sending;
pub mod stats;
pub mod supervision;
mod suspicions;
mod traffic;
pub mod verifier;
mod verifying;
pub mod weight_setter;
pub mod youtube;
