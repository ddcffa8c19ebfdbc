//! What the actors promise: messages go in through their addresses, every port is faked, time is steered.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

#[path = "platforms/absence.rs"]
mod absence;
#[path = "platforms/apify_runs.rs"]
mod apify_runs;
#[path = "chain_watcher/main.rs"]
mod chain_watcher;
#[path = "failures/crashes.rs"]
mod crashes;
#[path = "platforms/days.rs"]
mod days;
#[path = "failures/endurance.rs"]
mod endurance;
#[path = "gist_fetcher/main.rs"]
mod gist_fetcher;
#[path = "outbound/hostile_answers.rs"]
mod hostile_answers;
#[path = "platforms/instagram.rs"]
mod instagram;
#[path = "platforms/keys.rs"]
mod keys;
#[path = "outbound/limiter.rs"]
mod limiter;
#[path = "outbound/one_item.rs"]
mod one_item;
#[path = "platforms/order_deadlines.rs"]
mod order_deadlines;
#[path = "outbound/pauses.rs"]
mod outbound;
#[path = "platforms/contract.rs"]
mod platform_contract;
#[path = "platforms/plausibility.rs"]
mod plausibility;
#[path = "platforms/polling.rs"]
mod polling;
#[path = "failures/port_panics.rs"]
mod port_panics;
#[path = "platforms/quarantine.rs"]
mod quarantine;
#[path = "platforms/quota.rs"]
mod quota;
#[path = "scorer/main.rs"]
mod scorer;
#[path = "failures/sending_crashes/mod.rs"]
mod sending_crashes;
#[path = "supervision/main.rs"]
mod supervision;
#[path = "verifier/main.rs"]
mod verifier;
#[path = "weight_setter/main.rs"]
mod weight_setter;
#[path = "platforms/youtube.rs"]
mod youtube;
