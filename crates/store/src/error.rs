//! Errors of the database, each with what to do about it.
//!
//! A failed call has written nothing. No error holds a value of a row or a password of an address.

use crate::opening::loss::Loss;
use tensorflix_domain::ids::Block;

/// Why the store could not complete a call. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is of a kind that this program does not know: the operator must change it.
    #[error("store.url has to be sqlite://PATH, for example sqlite://tensorflix.db; it begins with \"{scheme}\"")]
    UnknownUrl {
        /// The part before the colon; the rest may hold a password.
        scheme: String,
    },
    /// There can be no file at the address: the operator must change it, or create the folder.
    #[error("the database {file} cannot be opened: {reason}. {remedy}")]
    WrongPlace {
        /// The path as configured.
        file: String,
        /// What is wrong with it.
        reason: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The file cannot be used as a database: the operator must act.
    #[error("the database {file} cannot be opened: {reason}. {remedy}")]
    CannotOpen {
        /// The path as configured.
        file: String,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The database belongs to another chain or subnet: the operator must name another file.
    #[error(
        "the database {file} belongs to {stored}, but this process runs for {wanted}. \
         Set store.url to another file: each chain and subnet needs its own"
    )]
    OtherChain {
        /// The path as configured.
        file: String,
        /// The chain and subnet that the database is bound to.
        stored: String,
        /// The chain and subnet of this process.
        wanted: String,
    },
    /// Another validator runs on this database: the operator must stop one of them.
    #[error(
        "another tensorflix validator runs on the database {file}. Stop it first, or set store.url to another file if it \
         validates with another hotkey"
    )]
    OtherValidator {
        /// The path as configured.
        file: String,
    },
    /// A database was kept under this name before, and is missing now: the operator must act.
    #[error(
        "the database {file} {found}, but a database was kept there before (recorded in {lock}). It is not replaced by a new \
         one, because the claims and the record of what was sent would be lost. Check that its disk is mounted and store.url is right, or \
         restore a backup (`tensorflix backup --help`). To start over on purpose, delete {lock}"
    )]
    Vanished {
        /// The path.
        file: String,
        /// What is there in its place.
        found: &'static str,
        /// The lock file beside it that records this.
        lock: String,
    },
    /// This name belongs to another database than before: the operator must act.
    #[error(
        "the database {file} is not the one that was kept there before (recorded in {lock}): it was replaced between two \
         runs. Put the right one there, or restore a backup of it. To use this one on purpose, delete {lock}"
    )]
    OtherStore {
        /// The path.
        file: String,
        /// The lock file beside it that records this.
        lock: String,
    },
    /// The database cannot be used any more by this process, which must end.
    #[error(transparent)]
    Lost(Loss),
    /// The backup failed: the operator must act.
    #[error("could not create the backup {target}: {reason}")]
    CannotBackUp {
        /// The path as given.
        target: String,
        /// What is wrong.
        reason: String,
    },
    /// Another process or call held the database too long: try again.
    #[error("the database is held by another process; will retry")]
    Busy,
    /// The disk is full: it works again once there is space.
    #[error("there is no space left for the database; free some on its disk")]
    Full,
    /// The file or its disk is read-only: it works again once it can be written.
    #[error("the database cannot be written; check the permissions of its file and folder, and of the disk")]
    ReadOnly,
    /// The disk failed to read or write: it may work again.
    #[error("the disk of the database failed: {0}. Check the disk, and the limit on the size of files (ulimit -f)")]
    Disk(String),
    /// Something in the database was not written by this program: restore a backup.
    #[error("the database is damaged: {0}. Stop the process, keep the file, and restore a backup")]
    Damaged(String),
    /// A bug of the caller: the cycle was never opened.
    #[error("cycle {0} was never opened, or was pruned")]
    UnknownCycle(u32),
    /// A bug of the caller: the window has no intent.
    #[error("the window of block {0} has no intent")]
    UnknownWindow(Block),
    /// A bug of the caller: a value that cannot be stored so that it is read back the same.
    #[error("{0} cannot be stored")]
    Unstorable(String),
    /// Any other error of the database.
    #[error("the database failed: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether `store.url` names no place for a database, so that only another setting helps.
    pub const fn is_wrong_setting(&self) -> bool {
        matches!(self, Self::UnknownUrl { .. } | Self::WrongPlace { .. })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(reason) => Self::Disk(reason.to_string()),
            sqlx::Error::ColumnDecode { index, .. } => Self::Damaged(format!("column {index} has an unexpected type")),
            sqlx::Error::Database(reason) => match primary_code(&error) {
                Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy,
                Some(SQLITE_FULL) => Self::Full,
                Some(SQLITE_READONLY) => Self::ReadOnly,
                Some(SQLITE_IOERR | SQLITE_CANTOPEN) => Self::Disk(reason.message().to_owned()),
                Some(SQLITE_CORRUPT | SQLITE_NOTADB) => Self::Damaged(reason.message().to_owned()),
                _ => Self::Other(reason.message().to_owned()),
            },
            _ => Self::Other(error.to_string()),
        }
    }
}

// Result codes of SQLite, https://sqlite.org/rescode.html; the lowest byte of an extended code.
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_NOTADB: u32 = 26;

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Whether another connection holds the lock, so that a retry may help.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(SQLITE_BUSY | SQLITE_LOCKED))
}

/// The error for a failure to open `file`, with what the operator can do.
pub(crate) fn cannot_open(file: &str, error: &sqlx::Error) -> StoreError {
    let (reason, remedy) = match primary_code(error) {
        Some(SQLITE_NOTADB | SQLITE_CORRUPT) => {
            ("it is not a database, or it is damaged", "Restore a backup, or set store.url to another file")
        }
        Some(SQLITE_READONLY) => ("it is read-only", "Give this user write permission on the file and its folder"),
        Some(SQLITE_CANTOPEN) => {
            ("it cannot be created or read there", "Check that its folder exists and that this user may write to it")
        }
        Some(SQLITE_BUSY | SQLITE_LOCKED) => {
            ("another process holds it", "Stop the other process, or set store.url to another file")
        }
        Some(SQLITE_FULL) => ("there is no space left", "Free some space on its disk"),
        Some(SQLITE_IOERR) => {
            ("its disk failed to read or write", "Check the disk, and the limit on the size of files (ulimit -f)")
        }
        _ => return other_reason(file, error.to_string()),
    };
    StoreError::CannotOpen { file: file.to_owned(), reason: reason.to_owned(), remedy }
}

/// The error for a failure to create `file`, with what the operator can do.
pub(crate) fn cannot_create(file: &str, error: &std::io::Error) -> StoreError {
    StoreError::CannotOpen {
        file: file.to_owned(),
        reason: format!("it cannot be created or read there ({error})"),
        remedy: "Check that its folder exists and that this user may write to it",
    }
}

fn other_reason(file: &str, reason: String) -> StoreError {
    StoreError::CannotOpen { file: file.to_owned(), reason, remedy: "Check the file, its folder and its disk" }
}

/// The same for the migrations that opening runs.
pub(crate) fn cannot_migrate(file: &str, error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => cannot_open(file, &error),
        MigrateError::VersionMissing(_) => StoreError::CannotOpen {
            file: file.to_owned(),
            reason: "a newer version of this program wrote it".to_owned(),
            remedy: "Run that version or a later one, or set store.url to another file",
        },
        MigrateError::VersionMismatch(version) => StoreError::CannotOpen {
            file: file.to_owned(),
            reason: format!("its schema {version} differs from the one of this program"),
            remedy: "Run the version that wrote it, or set store.url to another file",
        },
        other => other_reason(file, other.to_string()),
    }
}
