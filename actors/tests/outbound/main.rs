//! Every request to the outside: rates, pauses that hosts ask for, and reading answers of which any part may be wrong.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod hostile_answers;
mod limiter;
mod one_item;
mod pauses;
