//! The supervised actors of the validator, and the ports they need.

pub mod chain_watcher;
pub mod gist_fetcher;
pub mod outbound;
pub mod platforms;
pub mod ports;
pub mod scorer;
pub mod stats;
pub mod supervision;
pub mod system;
pub mod verifier;
pub mod weight_setter;
