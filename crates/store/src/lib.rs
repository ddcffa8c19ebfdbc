//! The database of the validator: what every actor remembers between messages and between runs.
//!
//! One SQLite file, written ahead (WAL) and synced at every commit. Invariants:
//!
//! - A method that writes does so in one transaction, durable when it returns; a failed one has written nothing.
//!   (Only [`Store::prune`] works in several, each of which leaves the database whole.)
//! - Facts (claims, holdings, observations, decisions, outcomes) are added and never changed.
//! - What is read does not depend on the order in which facts arrived, except where two observations of one item name
//!   the same block.
//! - The time and memory of a call grow with the size of its answer, never with the length of the history.
//! - A database serves one chain and one subnet ([`Store::bind_chain`]).
//! - A database is a file, whatever its name leads to later: nothing is written once it is [lost](Loss).
//! - Several processes may use one file; the ledger and the intents hold across them.
//!
//! The statements are standard SQL where that is possible, with numbered parameters, so that PostgreSQL can be
//! supported; what is specific to SQLite is in [`Store::open`], in `write` (`store.rs`) and in the schema. Deliberately
//! absent: rules of the subnet (the value of a claim or a count is decided by the domain), clocks, and secrets.

mod chain_records;
mod claims;
mod columns;
mod contents;
mod cycles;
mod error;
mod gists;
mod opening;
mod quarantine;
mod quota;
mod store;
mod upkeep;

pub use error::StoreError;
pub use opening::loss::Loss;
pub use opening::validator_lock::ValidatorLock;
pub use store::Store;
pub use upkeep::backup::Backup;
pub use upkeep::prune::Pruned;
