//! Nothing: stands in for subxt's optional light client.
//!
//! Subxt's feature `native` names it weakly (`subxt-lightclient?/native`), so it is never built here. But Cargo locks what could be
//! built, which was smoldot and 60 crates beneath it, among them versions that nobody maintains (`libsecp256k1`, `derivative`) and
//! that auditors of a lock file report. With this crate in its place they are gone from the lock. A build that asks for the
//! light client fails at once, since nothing that it would need is here.
