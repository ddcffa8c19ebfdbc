//! What an operator should check after a cycle: hints prove nothing and change no score.

pub mod audit;
pub mod suspicion;
