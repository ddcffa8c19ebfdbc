//! Files of databases that this process keeps open for as long as it lives.
//!
//! SQLite guards a database with POSIX locks, and a process loses all of those that it has on a file as soon as it
//! closes any descriptor of that file (<https://sqlite.org/howtocorrupt.html>, section 2.2). A descriptor that was
//! opened beside SQLite's own is therefore never closed here; only the lock on it (`flock`, which is independent of
//! POSIX locks) is released. A process opens one database or two, so that little is kept.

use crate::opening::identity::StoreId;
use crate::opening::open::FLAGS;
use crate::opening::watched::Identity;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is kept open.
static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

struct Held {
    identity: Identity,
    file: File,
    is_locked: bool,
}

/// The lock on a database's file, by whichever name it was opened; released with the value.
#[derive(Debug)]
pub(crate) struct FileLock {
    identity: Identity,
}

/// What is known of a file that is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) identity: Identity,
    pub(crate) length: u64,
    /// How many names it has.
    pub(crate) names: u64,
    /// The database's number in its header.
    pub(crate) id: Option<StoreId>,
}

/// Opens the file of this name, unless it is open already; `None` if there is none.
pub(crate) fn hold(path: &Path) -> io::Result<Option<Facts>> {
    let absent = |error: io::Error| if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(error) };
    let mut held = held();
    let identity = match std::fs::metadata(path) {
        Ok(metadata) => Identity::of(&metadata),
        Err(error) => return absent(error),
    };
    if let Some(known) = held.iter().find(|one| one.identity == identity) {
        return facts(&known.file).map(Some);
    }
    let file = match OpenOptions::new().read(true).write(true).custom_flags(FLAGS).open(path) {
        Ok(file) => file,
        Err(error) => return absent(error),
    };
    let facts = facts(&file)?;
    held.push(Held { identity: facts.identity, file, is_locked: false });
    Ok(Some(facts))
}

fn facts(file: &File) -> io::Result<Facts> {
    let metadata = file.metadata()?;
    let (identity, id) = (Identity::of(&metadata), StoreId::of_file(file));
    Ok(Facts { identity, length: metadata.len(), names: metadata.nlink(), id })
}

impl FileLock {
    /// Locks a file that is held; `None` if another process, or another part of this one, has it locked.
    pub(crate) fn take(identity: Identity) -> io::Result<Option<Self>> {
        let mut held = held();
        let Some(one) = held.iter_mut().find(|one| one.identity == identity && !one.is_locked) else { return Ok(None) };
        match one.file.try_lock() {
            Ok(()) => one.is_locked = true,
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Some(Self { identity }))
    }

    pub(crate) const fn identity(&self) -> Identity {
        self.identity
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Some(one) = held().iter_mut().find(|one| one.identity == self.identity) {
            // A lock that cannot be released is held until the process ends.
            one.is_locked = one.file.unlock().is_err();
        }
    }
}

fn held() -> MutexGuard<'static, Vec<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
