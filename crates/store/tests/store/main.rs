//! What the database promises, on real files.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

mod cycles;
mod disputes;
mod gists;
mod locking;
mod newest;
mod observations;
mod opening;
mod pruning;
mod quota;
mod samples;
mod scale;
mod verdicts;
mod weights;
