//! The file of a database: opening it, identifying it, locking it, and noticing when it is lost.

#[cfg(test)]
pub(crate) mod faults;
pub(crate) mod held_files;
pub(crate) mod identity;
pub(crate) mod loss;
pub(crate) mod open;
#[cfg(test)]
pub(crate) mod upgrades;
pub(crate) mod validator_lock;
pub(crate) mod watched;
pub(crate) mod watching;
