//! A copy of the database while a validator uses it: one state of it, whole, and checked.
//!
//! The copy is written beside its final name, under one that cannot be guessed, and is renamed when it is known to be
//! sound and on the disk, so a file of the final name is never half a backup. A file that exists, or a link, is never
//! replaced. Only its owner can read it.

use crate::error::StoreError;
use crate::error::cannot_open;
use crate::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::fs::File;
use std::io;
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// How the name of a copy begins that is not finished.
const UNFINISHED: &str = ".tensorflix-backup-";

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Size of the file.
    pub bytes: u64,
    /// Decided cycles in it.
    pub cycles: u64,
    /// Claims in it.
    pub claims: u64,
}

impl Store {
    /// Copies the database to a new file. Writers continue meanwhile; the copy is of the moment at which it began.
    ///
    /// # Errors
    /// [`StoreError::CannotBackUp`] if the file exists or cannot be written, or if the copy is not sound; else the
    /// error of the database. In each case no file is left behind.
    pub async fn back_up(&self, target: &Path) -> Result<Backup, StoreError> {
        let refuse = |reason: String| StoreError::CannotBackUp { target: target.display().to_string(), reason };
        if std::fs::symlink_metadata(target).is_ok() {
            return Err(refuse("a file of that name exists; it is not replaced".to_owned()));
        }
        if self.is_in_memory() {
            return Err(refuse("the store is in memory".to_owned()));
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The target is checked first, so that its faults are not reported as the database's.
        let unfinished =
            Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(|error| refuse(error.to_string()))?;
        let backup = self.copy_and_check(unfinished.path(), refuse).await?;
        put_in_place(unfinished, target, folder).map_err(|error| refuse(error.to_string()))?;
        Ok(backup)
    }

    async fn copy_and_check(
        &self,
        unfinished: &Path,
        refuse: impl Fn(String) -> StoreError,
    ) -> Result<Backup, StoreError> {
        let Some(name) = unfinished.to_str() else {
            return Err(refuse("its name is not UTF-8".to_owned()));
        };
        // A connection of its own: those of the pools may not write at all, or are needed by the validator.
        let mut source = connect(Path::new(self.file())).await.map_err(|error| cannot_open(self.file(), &error))?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&mut source).await?;
        source.close().await?;
        let mut copy = connect(unfinished).await?;
        let sound: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await?;
        if sound != "ok" {
            return Err(refuse(format!("the copy is not sound: {sound}")));
        }
        let cycles: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM cycle_decisions").fetch_one(&mut copy).await?;
        let claims: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM claims").fetch_one(&mut copy).await?;
        copy.close().await?;
        let bytes = std::fs::metadata(unfinished).map_err(|error| refuse(error.to_string()))?.len();
        Ok(Backup { bytes, cycles: cycles.unsigned_abs(), claims: claims.unsigned_abs() })
    }
}

async fn connect(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(file).disable_statement_logging().connect().await
}

/// Renames a finished copy, with all of it on the disk. A file that got that name meanwhile is kept.
fn put_in_place(unfinished: NamedTempFile, target: &Path, folder: &Path) -> io::Result<()> {
    unfinished.as_file().sync_all()?;
    unfinished.persist_noclobber(target).map_err(|failed| failed.error)?;
    File::open(folder)?.sync_all()
}
