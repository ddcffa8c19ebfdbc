//! What a cycle looks like from outside: one report, as JSON for programs and as text for people.

pub mod cycle;
mod findings;
pub mod json;
pub mod text;
