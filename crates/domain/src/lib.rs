//! The rules of the subnet, pure: no I/O, no async, no clock.
//!
//! Data flows in the order of the rooms: ids and gists are read, claims decide which hotkey holds an item, observations
//! give its statistics, a cycle judges and scores all of it, and weights are sent to the chain. The same input gives
//! the same bits on every machine.
//!
//! | room | what is in it |
//! |---|---|
//! | `gists/` | commitments, gists of tasks and submissions, what is remembered of them |
//! | `claims/` | places, claims, rounds and dates, disputes: which hotkey holds an item |
//! | `observations/` | what platforms answered, and which values are plausible |
//! | `traffic/`, `verification/` | what views and detectors say about an item |
//! | `policy/` | the settings that decide scores, and the version of the rules |
//! | `judge/` | what they do: verdicts, views and scores, caps and floors, the decision |
//! | `recovery/` | what earlier cycles paid too much, and how it is taken back |
//! | `hints/` | what an operator should check |
//!
//! A room's files are modules of the crate's root: `claims/dispute.rs` is `tensorflix_domain::dispute`.

mod claims;
mod gists;
mod hints;
mod observations;

pub mod chain_time;
pub mod cycle;
pub mod evidence;
pub mod extrinsic;
pub mod head;
pub mod ids;
pub mod intent;
pub mod invisible;
pub mod judge;
pub mod platform;
pub mod policy;
pub mod recovery;
pub mod standing;
pub mod subnet;
pub mod traffic;
pub mod verification;
pub mod weights;

pub use claims::{claim, dating, dispute, ownership, places, rivals, rounds, scope};
pub use gists::{commitment, gist_owner, gist_record, problem, quarantine, submission, task, task_source};
pub use hints::{audit, suspicion};
pub use judge::{again, decision, verdict, views};
pub use observations::{freshness, observation, observed, paid_looks, plausibility};
pub use policy::{defences, profile, rules};
