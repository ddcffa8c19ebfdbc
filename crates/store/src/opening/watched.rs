//! An open database's file, known by device and inode, and whether it was lost.

use crate::opening::loss::Loss;
use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// The identity of a file, whatever its name: its device and its inode.
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
    pub(super) file: Option<(PathBuf, Identity)>,
    pub(super) lost: Arc<watch::Sender<Option<Loss>>>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watched").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Watched {
    /// A database that only its own process can lose.
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
