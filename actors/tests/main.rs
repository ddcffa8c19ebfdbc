//! What the actors promise: messages go in through their addresses, every port is faked, time is steered.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod absence;
mod apify_runs;
mod chain_watcher;
mod crashes;
mod days;
mod endurance;
mod gist_fetcher;
mod hostile_answers;
mod instagram;
mod keys;
mod limiter;
mod one_item;
mod order_deadlines;
mod outbound;
mod platform_contract;
mod plausibility;
mod polling;
mod port_panics;
mod quarantine;
mod quota;
mod scorer;
mod sending_crashes;
mod supervision;
mod verifier;
mod weight_setter;
mod youtube;
