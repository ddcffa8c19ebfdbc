//! What fails under whole validators and on the sending path: crashes of actors, panics of ports, long outages.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod crashes;
mod endurance;
mod port_panics;
mod sending_crashes;
