//! What the actors promise: messages go in through their addresses, every port is faked, time is steered.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod chain_watcher;
mod endurance;
mod gist_fetcher;
mod instagram;
mod limiter;
mod outbound;
mod platform_contract;
mod polling;
mod quota;
mod scorer;
mod sending_crashes;
mod supervision;
mod support;
mod verifier;
mod weight_setter;
mod youtube;
