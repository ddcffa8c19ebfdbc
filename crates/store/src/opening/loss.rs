//! Why a database cannot be used any more.

/// Why a database cannot be used any more. A retry does not help: the process must end, and the operator must act.
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
    /// There is no file of its name.
    #[error(
        "the database {file} is gone: it was removed or renamed while this process used it, or its disk was unmounted. Put it \
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
         in it. Restart to use that file, or put the right one back first"
    )]
    Replaced {
        /// The path as configured.
        file: String,
    },
    /// It belongs to another chain or subnet; the text is that of
    /// [`StoreError::OtherChain`](crate::StoreError::OtherChain).
    #[error("{0}")]
    OtherChain(String),
}
