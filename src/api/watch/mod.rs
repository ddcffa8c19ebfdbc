//! The state of a service: its vital signs, the findings that follow from them, and how `/health` and `/metrics` report them.

pub mod findings;
pub mod health;
pub mod metrics;
pub mod status;
pub mod vitals;
