//! What the process shows on its terminal: the cycles of a running validator, results on stdout, and how a command ended.
//!
//! Nothing here decides anything, and a terminal that nobody reads stops nothing.

pub mod exit;
pub(crate) mod hints;
pub mod report;
pub mod reporter;
pub mod session;
pub(crate) mod stdout;
