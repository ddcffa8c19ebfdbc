//! The way of a client's bytes into a service and of the answers out: hyper speaks HTTP/1.1, actix-web's routes answer.
//!
//! Invariants, whatever a client sends, reads or leaves out:
//!
//! - Each phase of a connection has a deadline ([`Phase`]); no phase can begin again before a request has been answered.
//! - A connection holds one request and the unwritten part of one answer: the next head is read when the system has accepted all
//!   of the previous answer. The length of a head is bounded.
//! - A service never has more connections than its [`Places`], and so no more file descriptors. When they are all taken, a new
//!   connection replaces one that keeps the service waiting, of the client with the most connections.
//! - The memory of all connections of a service together is bounded: beyond that, connections that keep it waiting are closed.
//! - No body is read: the connection of a request that announces one is closed after the answer.
//!
//! Paths, hosts and rates are handled in [`front`](super::front).

mod bridge;
mod connection;
mod phase;
mod places;
mod stream;

pub(super) use bridge::{HasBody, Routes};
pub(super) use connection::serve;
pub(super) use places::{Places, share_of_a_service};

#[cfg(test)]
mod tests;
