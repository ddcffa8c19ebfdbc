//! The actors of the platforms: what they ask, what it costs, and what an answer means.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod absence;
mod apify_runs;
mod contract;
mod days;
mod instagram;
mod keys;
mod order_deadlines;
mod plausibility;
mod polling;
mod quarantine;
mod quota;
mod youtube;
