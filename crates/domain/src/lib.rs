//! The rules of the subnet, pure: no I/O, no async, no clock.
//!
//! Data flows in the order of the modules: ids and gists are read, claims decide whose a content is, observations give
//! its numbers, a cycle judges and scores all of it, weights leave for the chain. The same input gives the same bits on
//! every machine.

pub mod audit;
pub mod chain_time;
pub mod claim;
pub mod commitment;
pub mod dating;
pub mod decision;
pub mod defence;
pub mod dispute;
pub mod evidence;
pub mod freshness;
pub mod gist_owner;
pub mod ids;
pub mod invisible;
mod json_pieces;
pub mod judge;
pub mod observation;
pub mod ownership;
pub mod places;
pub mod plausibility;
pub mod policy;
pub mod problem;
pub mod quarantine;
pub mod record;
pub mod rivals;
pub mod rules;
pub mod scope;
pub mod standing;
pub mod submission;
pub mod subnet;
pub mod suspicion;
pub mod task;
mod task_lines;
pub mod task_source;
pub mod traffic;
pub mod verdict;
pub mod verification;
pub mod views;
pub mod weights;
