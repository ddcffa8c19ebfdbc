//! What keeps a database in order beside its use: deleting what is old, backups, and how far it has come.

pub(crate) mod backup;
pub(crate) mod prune;
pub(crate) mod vitals;
