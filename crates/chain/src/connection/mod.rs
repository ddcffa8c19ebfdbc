//! One endpoint at a time: which one is used, what a request to it costs and may take, and which is asked if it fails.
//!
//! Lowest is the wire (`transport.rs`, `notifications.rs`), over it one connection (`line.rs`) with what is known of its health, then
//! the choice among endpoints (`probe.rs`, `endpoints.rs`), and on top a question that several of them may be asked
//! (`asking.rs`). The contents of questions do not matter in this folder.

pub(crate) mod address;
pub(crate) mod asking;
pub(crate) mod endpoints;
pub(crate) mod health;
pub(crate) mod line;
pub(crate) mod links;
pub(crate) mod networks;
pub(crate) mod notifications;
pub(crate) mod probe;
pub(crate) mod transport;
