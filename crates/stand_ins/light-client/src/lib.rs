//! Empty replacement for subxt's optional light client.
//!
//! Subxt's feature `native` refers to it weakly (`subxt-lightclient?/native`), so it is never built here. But Cargo
//! locks everything that could be built: smoldot and 60 crates below it, among them unmaintained versions
//! (`libsecp256k1`, `derivative`) that audits of the lock file report. With this crate in its place they are not in
//! the lock file. A build that enables the light client fails at once, since this crate exports nothing.
