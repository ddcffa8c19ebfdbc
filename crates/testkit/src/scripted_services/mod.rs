//! What actors ask outside of the chain, by script: YouTube, Apify, detectors, and what none of them should answer.

pub mod detectors;
pub mod instagram;
pub mod poisons;
pub mod youtube;
