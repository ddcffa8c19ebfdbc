//! Scripted services that actors ask outside of the chain: YouTube, Apify, detectors; and members that make answers
//! unreadable.

pub mod detectors;
pub mod http;
pub mod instagram;
pub mod poisons;
pub mod youtube;
