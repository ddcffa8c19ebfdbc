//! One validator a database: a second one would send the same weights, or others, with the same key.
//!
//! Two locks of the operating system, released when the process ends in any way: one on a file beside the database, and
//! one on the database's own file, which holds by whichever name it is opened: a symbolic or hard link, a bind mount.
//! Processes that only serve or read take none.
//!
//! The file beside the database also records which database was kept there. A database that is missing, empty or a
//! different one is rejected, since starting over would lose every claim and the record of everything that was sent; an
//! operator who intends that deletes the lock file.
//!
//! SQLite finds its write-ahead log by the name of the database. A file with several names is therefore rejected under
//! a name that it was not used with before.

use crate::error::StoreError;
use crate::error::cannot_create;
use crate::opening::held_files::{self, FileLock};
use crate::opening::identity::StoreId;
use crate::opening::loss::Loss;
use crate::opening::open::{FLAGS, FOR_THE_OWNER, Place};
use crate::store::Store;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest text of a lock file that is read.
const LONGEST_REMINDER: u64 = 4_096;

/// Held for as long as the process is the validator of a database.
#[derive(Debug)]
pub struct ValidatorLock {
    url: String,
    /// `None` for a database in memory, which no other process can open.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    /// The file beside the database, locked.
    beside: File,
    /// Its name, for messages.
    name: String,
    /// The database's own file.
    database: FileLock,
    /// The database that was kept there before.
    remembered: Option<StoreId>,
}

impl ValidatorLock {
    /// Makes this process the one validator of the database at `url` before it is opened: a process without the lock
    /// must not bring the schema up to date under the validator that holds it.
    ///
    /// # Errors
    /// [`StoreError::OtherValidator`] if another process is; [`StoreError::Vanished`] and [`StoreError::OtherStore`] if what
    /// was kept there before is not there; [`StoreError::CannotOpen`] if its files cannot be made; and those of
    /// [`Store::open`] that say where the database is.
    pub fn take(url: &str) -> Result<Self, StoreError> {
        let place = Place::parse(url)?;
        place.check()?;
        let held = match place {
            Place::Memory => None,
            Place::File(file) => Some(lock(file)?),
        };
        Ok(Self { url: url.to_owned(), held })
    }

    /// Opens the database, checks that it is the one that was kept there before, and records it.
    ///
    /// # Errors
    /// Those of [`Store::open`], and [`StoreError::OtherStore`].
    pub async fn open(&mut self) -> Result<Store, StoreError> {
        let store = Store::open(&self.url).await?;
        let Some(held) = &mut self.held else { return Ok(store) };
        if store.watched.identity() != Some(held.database.identity()) {
            return Err(StoreError::Lost(Loss::Replaced { file: store.file().to_owned() }));
        }
        let id = match (store.id().await?, held.remembered) {
            (Some(found), Some(remembered)) if found != remembered => {
                return Err(StoreError::OtherStore { file: store.file().to_owned(), lock: held.name.clone() });
            }
            (Some(found), _) => found,
            (None, remembered) => {
                // A new database, or one of an earlier release.
                let id = remembered.unwrap_or_else(StoreId::random);
                store.set_id(id).await?;
                id
            }
        };
        held.remember(id).map_err(|error| cannot_create(&held.name, &error))?;
        Ok(store)
    }
}

impl Held {
    fn remember(&mut self, id: StoreId) -> io::Result<()> {
        if self.remembered != Some(id) {
            let text = id.reminder();
            self.beside.write_all_at(text.as_bytes(), 0)?;
            self.beside.set_len(text.len() as u64)?;
            self.beside.sync_all()?;
            self.remembered = Some(id);
        }
        Ok(())
    }
}

fn lock(database: &str) -> Result<Held, StoreError> {
    let path = real_path(database)?;
    let name = format!("{}.lock", path.display());
    let (beside, remembered) = lock_beside(database, &name)?;
    let failed = |error: io::Error| cannot_create(database, &error);
    let vanished = |found| StoreError::Vanished { file: database.to_owned(), found, lock: name.clone() };
    let facts = match (held_files::hold(&path).map_err(failed)?, remembered) {
        (Some(facts), _) => facts,
        (None, Some(_)) => return Err(vanished("is not there")),
        (None, None) => {
            Place::File(database).create().map_err(failed)?;
            let facts = held_files::hold(&path).map_err(failed)?;
            facts.ok_or_else(|| StoreError::Lost(Loss::Gone { file: database.to_owned() }))?
        }
    };
    let lock = FileLock::take(facts.identity).map_err(failed)?;
    let Some(lock) = lock else { return Err(StoreError::OtherValidator { file: database.to_owned() }) };
    match (facts.id, remembered) {
        (_, Some(_)) if facts.length == 0 => return Err(vanished("is empty")),
        (Some(found), Some(remembered)) if found != remembered => {
            return Err(StoreError::OtherStore { file: database.to_owned(), lock: name });
        }
        (_, None) if facts.names > 1 => return Err(several_names(database, facts.names)),
        _ => {}
    }
    Ok(Held { beside, name, database: lock, remembered })
}

/// The file that the name leads to, in its own folder: SQLite keeps its other files there too.
fn real_path(database: &str) -> Result<PathBuf, StoreError> {
    let path = Path::new(database);
    match std::fs::canonicalize(path) {
        Ok(path) => Ok(path),
        Err(_) if path.is_symlink() => Err(StoreError::WrongPlace {
            file: database.to_owned(),
            reason: "it is a symbolic link to a file that does not exist",
            remedy: "Restore that file, or remove the link",
        }),
        Err(_) => Ok(path.to_owned()),
    }
}

/// Locks the file beside the database, and reads what it records. A link in its place is not followed.
fn lock_beside(database: &str, name: &str) -> Result<(File, Option<StoreId>), StoreError> {
    let failed = |error: io::Error| StoreError::CannotOpen {
        file: name.to_owned(),
        reason: error.to_string(),
        remedy: "Check that it is a regular file, and the permissions of its folder",
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(FOR_THE_OWNER).custom_flags(FLAGS);
    let file = options.open(name).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::OtherValidator { file: database.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut text = Vec::new();
    (&file).take(LONGEST_REMINDER).read_to_end(&mut text).map_err(failed)?;
    let remembered = StoreId::remembered(&String::from_utf8_lossy(&text));
    Ok((file, remembered))
}

fn several_names(database: &str, names: u64) -> StoreError {
    StoreError::CannotOpen {
        file: database.to_owned(),
        reason: format!("the file has {names} names (hard links), and was not used under this one before"),
        remedy: "SQLite finds its log by the name: use the name that it had before, or remove the other names",
    }
}
