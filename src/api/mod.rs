//! The HTTP services: the chain syncer, which answers from what the chain and the gists said, and the platform tracker,
//! which answers from observations and has contents observed anew.
//!
//! - A service only watches: nothing here decides a weight, and whatever fails here leaves the validator at work. Each
//!   server has a thread of its own; what it needs of actors it asks by message, with a deadline.
//! - All is bounded: connections, requests of one client, requests that wait, answers, time. See the constants.
//! - Errors are `{"detail": "…"}`; domain and actors know nothing of HTTP, the edge translates once ([`refusal`](guard::refusal)).
//! - What a client or a miner wrote is data: ids are parsed before they are used, and no answer repeats raw input of the
//!   request. No secret is reachable from here.
//! - A handler never panics: actix-web would close the connection without an answer.
//!
//! There is no authentication; addresses are loopback by default.

pub mod front;
pub mod guard;
mod inbound;
pub mod server;
pub mod service;
pub mod syncer;
pub mod tracker;
pub mod watch;

pub(crate) use guard::host;
