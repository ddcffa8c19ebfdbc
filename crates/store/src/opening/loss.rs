//! Whether the database can still be used: errors that nothing heals, and a file that is not there any more.
//!
//! A database is known as a file, by device and inode, not by its name. Whoever writes is checked before; [`Store::lost`]
//! looks at the file from time to time for those who write seldom. Once lost, a store stays lost and takes no more writes:
//! what would be written to a file that nobody will read again is lost too, and weights that were sent would be sent again.

use crate::{Store, StoreError};
use std::fmt;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why a database is of no use any more. Trying again changes nothing: the process has to end, and the operator to act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// Its content is not what was written.
    #[error(
        "the database {file} is damaged: {reason}. Keep the file, and restore a backup: `tensorflix backup --help` says how"
    )]
    Damaged {
        /// The path as configured.
        file: String,
        /// What SQLite or the decoder says.
        reason: String,
    },
    /// Its name leads nowhere.
    #[error(
        "the database {file} is gone: it was removed or renamed while this process used it, or its disk went away. Put it \
         back with its -wal file, or restore a backup"
    )]
    Gone {
        /// The path as configured.
        file: String,
    },
    /// The file has no content.
    #[error(
        "the database {file} is empty: something emptied it while this process used it. Delete its -wal and -shm files, and \
         restore a backup"
    )]
    Emptied {
        /// The path as configured.
        file: String,
    },
    /// Its name leads to another file.
    #[error(
        "the database {file} is another file now: it was replaced while this process used it. What was written since is not \
         in it. Start again if that file is the one to go on with, else put the right one there"
    )]
    Replaced {
        /// The path as configured.
        file: String,
    },
    /// It belongs to another chain or subnet; the words of [`StoreError::OtherChain`].
    #[error("{0}")]
    OtherChain(String),
}

/// Which file it is, whatever it is called: its device and its inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// What is known of an open database's file. Clones share it.
#[derive(Clone)]
pub(crate) struct Watched {
    /// `None` for a database in memory.
    file: Option<(PathBuf, Identity)>,
    lost: Arc<watch::Sender<Option<Loss>>>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watched").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Watched {
    /// A database that nothing but its process can lose.
    pub(crate) fn in_memory() -> Self {
        Self { file: None, lost: Arc::new(watch::Sender::new(None)) }
    }

    /// The file that has this name now, which was just opened.
    pub(crate) fn file(path: &Path) -> std::io::Result<Self> {
        let identity = Identity::of(&std::fs::metadata(path)?);
        let path = std::path::absolute(path)?;
        Ok(Self { file: Some((path, identity)), ..Self::in_memory() })
    }

    pub(crate) fn identity(&self) -> Option<Identity> {
        self.file.as_ref().map(|(_, identity)| *identity)
    }
}

impl Store {
    /// Why the database cannot be used any more, as far as that is known.
    pub fn loss(&self) -> Option<Loss> {
        self.watched.lost.borrow().clone()
    }

    /// Looks at the file, and waits until the database is lost.
    pub async fn lost(&self) -> Loss {
        let mut lost = self.watched.lost.subscribe();
        loop {
            // What it finds is seen below.
            let _ = self.check();
            if let Some(loss) = lost.borrow_and_update().clone() {
                return loss;
            }
            // The sender lives as long as this store, so that only time and a loss end the wait.
            let _ = tokio::time::timeout(LOOK_EVERY, lost.changed()).await;
        }
    }

    /// Takes note of an error that nothing heals, for [`lost`](Self::lost) to tell.
    ///
    /// # Errors
    /// Those of `result`.
    pub fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let loss = match &result {
            Err(StoreError::Damaged(reason)) => Loss::Damaged { file: self.file.clone(), reason: reason.clone() },
            Err(error @ StoreError::OtherChain { .. }) => Loss::OtherChain(error.to_string()),
            Ok(_) | Err(_) => return result,
        };
        // A file that was emptied or exchanged reads as damaged; that it was is the better reason, and stands.
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
            // Of any other trouble SQLite will tell, and it may pass.
            Ok(_) | Err(_) => return Ok(()),
        };
        self.lose(loss.clone());
        Err(StoreError::Lost(loss))
    }

    /// The first reason stands.
    fn lose(&self, loss: Loss) {
        self.watched.lost.send_if_modified(|known| known.is_none() && known.replace(loss).is_none());
    }
}
