//! What a command that runs for long does with its process: signals, a configuration that is read again, counters in the log,
//! and the protection of a process that holds keys.

pub(crate) mod hardening;
pub(crate) mod lost_store;
pub(crate) mod metrics;
pub(crate) mod reload;
pub(crate) mod signals;
