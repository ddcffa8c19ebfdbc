//! The process of a long-running command: signals, configuration reload, counters in the log, and the protection of a process
//! that holds keys.

pub(crate) mod hardening;
pub(crate) mod lost_store;
pub(crate) mod metrics;
pub(crate) mod reload;
pub(crate) mod signals;
