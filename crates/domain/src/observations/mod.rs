//! What platforms answered about items: the statistics, which values are plausible, and when to observe again.

pub mod freshness;
pub mod observation;
pub mod observed;
pub mod paid_looks;
pub mod plausibility;
