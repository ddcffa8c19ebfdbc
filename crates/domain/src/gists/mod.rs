//! What is published on chain and on GitHub: commitments, the gists of tasks and of submissions, and what is remembered of
//! them.

pub mod commitment;
pub mod gist_owner;
pub mod gist_record;
mod json_pieces;
pub mod problem;
pub mod quarantine;
pub mod submission;
pub mod task;
mod task_lines;
pub mod task_source;
