//! Checking a gist before it is committed: how a validator would judge it, and what to do about problems.
//!
//! Invariants: whatever was not checked is reported as not checked, and never counts as good; the rules are those of
//! `run`, called and not repeated; nothing is stored and nothing is sent to the chain.
//!
//! Limit: it cannot know what other miners list. Duplicates across miners are decided by claims that only a running
//! validator has.

pub mod checks;
pub mod document;
mod gist_facts;
mod lines;
pub mod submissions;
pub mod tasks;
