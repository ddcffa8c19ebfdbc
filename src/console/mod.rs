//! What the process shows on its terminal: the cycles of a running validator, results on stdout, and how a command ended.
//!
//! Nothing here decides anything. A terminal that nobody reads does not stop the validator.

pub mod exit;
pub(crate) mod hints;
pub mod report;
pub mod reporter;
pub mod session;
pub(crate) mod stdout;
