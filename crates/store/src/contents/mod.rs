//! What is known of published items: observations, verdicts, and the reads that a cycle is decided by.

pub(crate) mod content_state;
pub(crate) mod freshness;
pub(crate) mod newest;
pub(crate) mod reading;
pub(crate) mod recording;
pub(crate) mod traffic;
pub(crate) mod verdicts;
