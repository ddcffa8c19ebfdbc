//! A copy of the database while a validator works on it: one state of it, whole, and checked.
//!
//! The copy is written beside its final name and gets that name when it is known to be sound and on the disk, so a file of
//! that name is never half a backup. A file that exists is never replaced.

use crate::error::cannot_open;
use crate::{Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

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
    /// Copies the database to a new file. Writers go on meanwhile; the copy is of the moment at which it began.
    ///
    /// # Errors
    /// [`StoreError::CannotBackUp`] if the file exists or cannot be written, or if the copy is not sound; what the
    /// database itself says otherwise. Nothing is left behind then.
    pub async fn back_up(&self, target: &Path) -> Result<Backup, StoreError> {
        let refuse = |reason: String| StoreError::CannotBackUp { target: target.display().to_string(), reason };
        if target.try_exists().map_err(|error| refuse(error.to_string()))? {
            return Err(refuse("there is a file of that name; it is not replaced".to_owned()));
        }
        if self.is_in_memory() {
            return Err(refuse("the store is in memory".to_owned()));
        }
        let unfinished = unfinished(target);
        let outcome = self.copy_and_check(&unfinished, refuse).await;
        let outcome = match outcome {
            Ok(backup) => put_in_place(&unfinished, target).map(|()| backup).map_err(|error| refuse(error.to_string())),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            // What is half written helps nobody; the error that matters is the first.
            let _ = std::fs::remove_file(&unfinished);
        }
        outcome
    }

    async fn copy_and_check(
        &self,
        unfinished: &Path,
        refuse: impl Fn(String) -> StoreError,
    ) -> Result<Backup, StoreError> {
        match std::fs::remove_file(unfinished) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refuse(error.to_string())),
        }
        let Some(name) = unfinished.to_str() else {
            return Err(refuse("its name is not UTF-8".to_owned()));
        };
        // A connection of its own: those of the pools may not write at all, or are needed by the validator.
        let mut source = connect(Path::new(self.file())).await.map_err(|error| cannot_open(self.file(), &error))?;
        // The target is checked before the database is blamed for what is wrong with it.
        File::create_new(unfinished).map_err(|error| refuse(error.to_string()))?;
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

fn unfinished(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

/// Gives a finished copy its name, with all of it on the disk. A file that came to have that name meanwhile stays.
fn put_in_place(unfinished: &Path, target: &Path) -> io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    if target.try_exists()? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file of that name was made meanwhile"));
    }
    std::fs::rename(unfinished, target)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
