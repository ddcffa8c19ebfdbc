//! Whether the database can still be used: errors that are permanent, and a file that is missing.
//!
//! A database is identified as a file, by device and inode, not by its name. The file is checked before each write;
//! [`Store::lost`] checks it from time to time for processes that write seldom. Once lost, a store stays lost and
//! accepts no more writes: what would be written to a file that is never read again is lost too, and weights that were
//! sent would be sent again.

use crate::error::StoreError;
use crate::opening::loss::Loss;
use crate::opening::watched::Identity;
use crate::store::Store;
use std::io::ErrorKind;
use std::time::Duration;

/// How often the file is checked.
const LOOK_EVERY: Duration = Duration::from_secs(10);

impl Store {
    /// Why the database cannot be used any more, as far as that is known.
    pub fn loss(&self) -> Option<Loss> {
        self.watched.lost.borrow().clone()
    }

    /// Checks the file from time to time, and waits until the database is lost.
    pub async fn lost(&self) -> Loss {
        let mut lost = self.watched.lost.subscribe();
        loop {
            // A loss that it finds is seen below.
            let _ = self.check();
            if let Some(loss) = lost.borrow_and_update().clone() {
                return loss;
            }
            // The sender lives as long as this store, so that only time and a loss end the wait.
            let _ = tokio::time::timeout(LOOK_EVERY, lost.changed()).await;
        }
    }

    /// Records a permanent error, which [`lost`](Self::lost) then reports.
    ///
    /// # Errors
    /// Those of `result`.
    pub fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let loss = match &result {
            Err(StoreError::Damaged(reason)) => Loss::Damaged { file: self.file.clone(), reason: reason.clone() },
            Err(error @ StoreError::OtherChain { .. }) => Loss::OtherChain(error.to_string()),
            Ok(_) | Err(_) => return result,
        };
        // A file that was emptied or exchanged reads as damaged; the more precise reason is recorded first and kept.
        if self.check().is_ok() {
            self.lose(loss);
        }
        result
    }

    /// Whether the database may be written: it is not lost, and its name leads to the file that was opened.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Some(loss) = self.loss() {
            return Err(StoreError::Lost(loss));
        }
        let Some((path, identity)) = &self.watched.file else { return Ok(()) };
        let file = self.file.clone();
        let loss = match std::fs::metadata(path) {
            Ok(metadata) if Identity::of(&metadata) != *identity => Loss::Replaced { file },
            Ok(metadata) if metadata.len() == 0 => Loss::Emptied { file },
            Err(error) if error.kind() == ErrorKind::NotFound => Loss::Gone { file },
            // Other errors are reported by SQLite, and may pass.
            Ok(_) | Err(_) => return Ok(()),
        };
        self.lose(loss.clone());
        Err(StoreError::Lost(loss))
    }

    /// The first reason is kept.
    fn lose(&self, loss: Loss) {
        self.watched.lost.send_if_modified(|known| known.is_none() && known.replace(loss).is_none());
    }
}
