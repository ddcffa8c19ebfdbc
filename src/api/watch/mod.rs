//! How a service is: its vital signs, what is wrong by them, and how `/health` and `/metrics` tell it.

pub mod findings;
pub mod health;
pub mod metrics;
pub mod standing;
pub mod vitals;
