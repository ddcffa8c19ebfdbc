//! Text for everything that prints: reasons, verdicts and hints in words, line wrapping, one JSON object per line, and
//! escaping of what strangers wrote. Nothing here reads, decides or writes anything.

pub(crate) mod hints;
pub(crate) mod host_name;
pub(crate) mod json;
pub(crate) mod profiles;
pub mod reasons;
pub(crate) mod verdicts;
pub(crate) mod visible;
pub(crate) mod wrapping;
