//! The chain syncer: who committed what, made once for each subnet or round.

pub mod chain_syncer;
pub mod peers;
