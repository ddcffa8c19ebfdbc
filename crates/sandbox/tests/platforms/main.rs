//! The platform servers and the world behind them: that they are what the real ones are, where a validator can tell.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod apify;
mod assembled;
mod faults;
mod github;
mod harness;
mod population;
mod schema;
mod youtube;
