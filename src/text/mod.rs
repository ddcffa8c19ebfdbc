//! Words and their form, for everything that prints: reasons, verdicts and hints in words, lines of a terminal's width, one
//! JSON object a line, and what strangers wrote made fit to be shown. Nothing here reads, decides or writes anything.

pub(crate) mod hints;
pub(crate) mod json;
pub mod reasons;
pub(crate) mod verdicts;
pub(crate) mod visible;
pub(crate) mod wrapping;
