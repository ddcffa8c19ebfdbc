//! The way of a client's bytes into a service and of the answers out: hyper speaks HTTP/1.1, actix-web's routes answer.
//!
//! Invariants, whatever a client sends, reads or leaves out:
//!
//! - Each phase of a connection has a deadline ([`Phase`]); no phase can be begun anew without a request that is answered.
//! - A connection holds one request and what is unwritten of one answer: the next head is looked at when all of the answer
//!   before is with the system. What a head may be long is bounded.
//! - A service never has more connections than its [`Places`], and so no more file descriptors. Once they are all taken, a new
//!   connection takes the place of one that keeps the service waiting, of the client with the most of them.
//! - What is in memory for all connections of a service together has a bound: beyond it, those go that keep it waiting.
//! - No body is read: the connection of a request that promises one is closed with the answer.
//!
//! It knows nothing of paths, hosts or rates: see [`front`](super::front).

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
