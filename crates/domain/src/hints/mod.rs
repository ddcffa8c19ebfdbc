//! What an operator should look at after a cycle, and what of it is only seen: hints prove nothing and change no score.

pub mod audit;
pub mod suspicion;
