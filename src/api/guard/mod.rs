//! Whether a request is answered at all: its host, its origin, its client's rate, and how a refusal becomes HTTP.

pub mod clients;
pub(crate) mod host;
pub(super) mod origin;
pub mod refusal;
