//! The HTTP services: the chain syncer, which answers from the chain and the gists, and the platform tracker, which answers from
//! observations and requests new ones.
//!
//! - A service only watches: nothing here decides a weight, and no failure here affects the validator. Each server has its own
//!   thread, and sends messages with deadlines to actors.
//! - Everything is bounded: connections, requests of one client, waiting requests, answers, time. See the constants.
//! - Errors are `{"detail": "…"}`; only [`refusal`](guard::refusal) translates errors of the domain and the actors to HTTP.
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
