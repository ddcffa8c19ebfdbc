//! One validator a database: a second one would send the same weights, or others, with the same key.
//!
//! The lock is the operating system's, on a file beside the database, so it is gone with the process however it ends.
//! Processes that only serve or read take none.

use crate::open::Place;
use crate::{Store, StoreError};
use std::fs::{File, OpenOptions, TryLockError};

/// Held for as long as the process is the validator of a database.
#[derive(Debug)]
pub struct ValidatorLock {
    /// `None` for a database in memory, which nobody else can open.
    _file: Option<File>,
}

impl Store {
    /// Makes this process the one validator of the database.
    ///
    /// # Errors
    /// [`StoreError::OtherValidator`] if another process is; [`StoreError::CannotOpen`] if the file beside the database
    /// cannot be made.
    pub fn lock_as_validator(&self) -> Result<ValidatorLock, StoreError> {
        if self.is_in_memory() { Ok(ValidatorLock { _file: None }) } else { lock(self.file()) }
    }
}

impl ValidatorLock {
    /// Makes this process the one validator of the database at `url` before it is opened: whoever does not hold the lock
    /// must not bring the schema up to date under the validator that does.
    ///
    /// # Errors
    /// Those of [`Store::lock_as_validator`], and those of [`Store::open`] that say where the database is.
    pub fn take(url: &str) -> Result<Self, StoreError> {
        let place = Place::parse(url)?;
        place.check()?;
        match place {
            Place::Memory => Ok(Self { _file: None }),
            Place::File(file) => lock(file),
        }
    }
}

fn lock(database: &str) -> Result<ValidatorLock, StoreError> {
    let path = format!("{database}.lock");
    let failed = |error: std::io::Error| StoreError::CannotOpen {
        file: path.clone(),
        reason: error.to_string(),
        remedy: "Check the permissions of its folder",
    };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(ValidatorLock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(StoreError::OtherValidator { file: database.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
