//! What platforms said of contents: the numbers, what can be true of them, and when to look again.

pub mod freshness;
pub mod observation;
pub mod observed;
pub mod plausibility;
