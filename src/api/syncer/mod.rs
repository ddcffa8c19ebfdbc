//! The chain syncer: commitments and gists of all peers, built once for each subnet or round.

pub mod chain_syncer;
pub mod peers;
