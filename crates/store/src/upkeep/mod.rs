//! Maintenance of the database: pruning, backups, and the state of progress.

pub(crate) mod backup;
pub(crate) mod prune;
pub(crate) mod vitals;
