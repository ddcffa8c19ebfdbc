//! A platform actor: observes contents of one platform in batches, within its rate, its budget and its bounds.
//!
//! - Owns in the store: observations of its platform, and its ledger.
//! - Work in flight is bounded by a semaphore, not by the mailbox. Each request debits the ledger before it is made.
//! - What could not be observed is answered as a shortfall with its reason; it never becomes a count.
//! - An observation carries the block that the requester names, so it is dated by chain time.
//! - Where details are known and fresh, only statistics are requested, if the platform has a method for that. A video
//!   or reel that such an answer leaves out is requested in full before it counts as absent.
//! - A video or reel is absent when two answers leave it out, from two requests at least [`ABSENCE_APART`] apart.
//!   After one it is unknown, and nothing of that is remembered: a later request needs two again.
//! - Contents are requested in the order given, so that a budget that does not suffice is spent on those that come
//!   first.
//!
//! What differs between platforms is a [`PlatformApi`]: one file or folder each. It does not know tasks, miners or rules.

mod actor;
mod api;
mod asking;
mod batches;
mod copies;
pub mod instagram;
mod ledger;
mod list;
mod messages;
mod parts;
mod plausible;
mod polling;
mod spec;
mod tracker;
mod words;
pub mod youtube;

pub use actor::{DETAILS_MAX_AGE_BLOCKS, PlatformActor, PlatformParts};
pub(crate) use api::key_name;
pub use api::{
    BATCHES, BatchAnswer, BatchError, BatchFailure, DailyBudget, KEY, KeyRefusal, PlatformApi, Route, Scope, Terms,
};
pub use batches::{ABSENCE_APART, MOST_SPLITS, ORDER_GRACE};
pub(crate) use copies::{join_copies, join_metrics};
pub use ledger::{BucketState, bucket_states};
pub use list::{PLATFORMS, install, registered, spec_of};
pub use messages::{ContentsObserved, ObserveContents, PollContents};
pub use plausible::screen;
pub use polling::MAX_POLLED;
pub use spec::{COMMON_KEYS, Connection, KEY_FILE, PlatformSpec};
pub use tracker::{AnswerSchema, Found, TrackerRoute, json};
pub(crate) use words::shown_words;
