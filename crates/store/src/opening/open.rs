//! Opening a database: where it is, its connections, and bringing its schema up to date.
//!
//! A database on disk has one connection that writes and a few that read. SQLite lets one writer in at a time anyway; a
//! pool of one makes the others wait in order instead of failing, and in WAL mode readers do not wait for it. A
//! database in memory belongs to one connection, so everything shares that.

use crate::error::{StoreError, cannot_create, cannot_migrate, cannot_open, is_busy};
use crate::opening::watched::Watched;
use crate::store::NewestHead;
use crate::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::cmp::Ordering;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Connections that read at the same time; further readers wait.
const READERS: u32 = 3;

/// Longest wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause before a busy file is tried again.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Longest wait of a call for its connection, so that every call ends.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Size that the write-ahead log is cut to after a checkpoint, however large one transaction made it.
const WAL_KEPT_BYTES: &str = "67108864";

/// Permissions of the files that are created here: claims, evidence and signed extrinsics are for the owner only.
pub(crate) const FOR_THE_OWNER: u32 = 0o600;

/// How files are opened beside SQLite: a link in their place is not followed, and a pipe is not waited for.
pub(crate) const FLAGS: i32 = rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits().cast_signed();

/// The name in messages for a database in memory.
const IN_MEMORY: &str = "in memory";

pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Where a database is.
pub(crate) enum Place<'a> {
    Memory,
    File(&'a str),
}

impl<'a> Place<'a> {
    pub(crate) fn parse(url: &'a str) -> Result<Self, StoreError> {
        match url.strip_prefix("sqlite:") {
            Some(":memory:" | "//:memory:") => Ok(Self::Memory),
            // SQLite itself would read `file:…` as an address with settings in it.
            Some(rest) => match rest.strip_prefix("//") {
                Some(path) if !path.is_empty() && !path.starts_with("file:") => Ok(Self::File(path)),
                _ => Err(StoreError::UnknownUrl { scheme: "sqlite:, but no path follows".to_owned() }),
            },
            None => {
                let scheme = url.split_once(':').map_or("no scheme", |(scheme, _)| scheme);
                Err(StoreError::UnknownUrl { scheme: scheme.to_owned() })
            }
        }
    }

    fn name(&self) -> &'a str {
        match self {
            Self::Memory => IN_MEMORY,
            Self::File(path) => path,
        }
    }

    /// Finds the reasons for which SQLite would only report "unable to open database file".
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let Self::File(file) = self else { return Ok(()) };
        let path = Path::new(file);
        let refuse = |reason, remedy| Err(StoreError::WrongPlace { file: (*file).to_owned(), reason, remedy });
        if path.is_dir() {
            return refuse("it is a folder", "Set store.url to a file in it");
        }
        if path.exists() && !path.is_file() {
            return refuse("it is not a regular file", "Set store.url to a file elsewhere");
        }
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                refuse("its folder does not exist", "Create the folder, or set store.url to a file elsewhere")
            }
            _ => Ok(()),
        }
    }

    /// What [`Store::open_to_read`] needs beyond [`check`](Self::check): a file that exists.
    fn check_presence(&self) -> Result<(), StoreError> {
        match self {
            Self::File(file) if Path::new(file).exists() => Ok(()),
            Self::File(_) | Self::Memory => Err(StoreError::CannotOpen {
                file: self.name().to_owned(),
                reason: "it does not exist yet".to_owned(),
                remedy: "Set store.url to the validator's database; `run` creates it",
            }),
        }
    }

    /// Creates the file if it is absent, readable by its owner only. SQLite gives its other files the same permissions,
    /// whatever the umask is.
    pub(crate) fn create(&self) -> io::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        match OpenOptions::new().write(true).create_new(true).mode(FOR_THE_OWNER).open(path) {
            Ok(_) => Ok(()),
            Err(_) if Path::new(path).exists() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The file to watch, which was just opened.
    fn watched(&self) -> Result<Watched, StoreError> {
        match self {
            Self::Memory => Ok(Watched::in_memory()),
            Self::File(path) => Watched::file(Path::new(path)).map_err(|error| cannot_create(path, &error)),
        }
    }

    fn options(&self) -> SqliteConnectOptions {
        let options = match self {
            Self::Memory => SqliteConnectOptions::new().in_memory(true),
            Self::File(path) => SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .pragma("journal_size_limit", WAL_KEPT_BYTES),
        };
        // FULL: a transaction that was committed is on the disk, also after a power failure. Statements are not logged,
        // because some of them are as long as the batch that they write.
        options
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging()
    }
}

impl Store {
    /// Whether the database is dropped with this value.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.file == IN_MEMORY
    }

    /// Opens the database at `sqlite://PATH`, creates it if it is absent, and brings its schema up to date.
    /// `sqlite::memory:` is a new database in memory, gone when the store is dropped.
    ///
    /// # Errors
    /// [`StoreError::UnknownUrl`], [`StoreError::WrongPlace`] and [`StoreError::CannotOpen`] say what the operator must
    /// change.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let place = Place::parse(url)?;
        place.check()?;
        let file = place.name();
        let options = place.options();
        place.create().map_err(|error| cannot_create(file, &error))?;
        let writer = connect_patiently(options.clone()).await.map_err(|error| cannot_open(file, &error))?;
        migrate(&writer, file).await?;
        let readers = match place {
            Place::Memory => writer.clone(),
            // A guard against bugs of ours: a statement that writes belongs to the writer.
            Place::File(_) => {
                connect(READERS, options.pragma("query_only", "ON")).await.map_err(|error| cannot_open(file, &error))?
            }
        };
        let watched = place.watched()?;
        Ok(Self { file: file.to_owned(), writer, readers, newest_head: NewestHead::default(), watched })
    }

    /// Opens the database of a validator for reading alone, also while that validator runs: nothing is created, changed
    /// or locked, and methods that write fail.
    ///
    /// # Errors
    /// [`StoreError::UnknownUrl`] and [`StoreError::CannotOpen`] say what the operator must do; also if the file is absent,
    /// or its schema is not the one of this program.
    pub async fn open_to_read(url: &str) -> Result<Self, StoreError> {
        let place = Place::parse(url)?;
        place.check()?;
        place.check_presence()?;
        let file = place.name();
        // Without a mode of the journal: asking for one would change a file that is not ours.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging()
            .pragma("query_only", "ON");
        let readers = connect(READERS, options).await.map_err(|error| cannot_open(file, &error))?;
        check_schema(&readers, file).await?;
        let (newest_head, watched) = (NewestHead::default(), place.watched()?);
        Ok(Self { file: file.to_owned(), writer: readers.clone(), readers, newest_head, watched })
    }
}

/// Whether all migrations of this program are there, and no others.
async fn check_schema(readers: &SqlitePool, file: &str) -> Result<(), StoreError> {
    let refuse =
        |reason: &str, remedy| Err(StoreError::CannotOpen { file: file.to_owned(), reason: reason.to_owned(), remedy });
    let known: Option<i64> = MIGRATIONS.iter().map(|migration| migration.version).max();
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
        .fetch_one(readers)
        .await
        .map_err(|error| cannot_open(file, &error))?;
    if tables == 0 {
        return refuse("it is not a tensorflix database", "Set store.url to the validator's database");
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(readers)
        .await
        .map_err(|error| cannot_open(file, &error))?;
    match found.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Less => {
            refuse("an older version of this program wrote it", "Start `run` of this version once to upgrade it")
        }
        Ordering::Greater => refuse("a newer version of this program wrote it", "Run that version or a later one"),
    }
}

/// Connects the writer, and waits for others that open the same new file at the same time: the first one to enable the
/// log locks out the rest, and SQLite reports that at once instead of letting them wait.
async fn connect_patiently(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connect(1, options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => tokio::time::sleep(BUSY_PAUSE).await,
            connected => return connected,
        }
    }
}

/// A pool that keeps its connections: they are files, so there is nothing to refresh or to test.
async fn connect(connections: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    // A database in memory is gone with its connection, and has no disk.
    let is_alone = options.get_filename() == Path::new(":memory:");
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // SQLite ends a transaction by itself when the disk is full or fails; sqlx still counts it, and would reject
        // every later one, or begin it inside of one that sees old data for ever. Such a connection is replaced.
        .before_acquire(move |connection, _| Box::pin(async move { Ok(is_alone || !connection.is_in_transaction()) }))
        .connect_with(options)
        .await
}

/// Runs the missing migrations, all in one transaction that locks out others that open the file at the same time.
async fn migrate(writer: &SqlitePool, file: &str) -> Result<(), StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| cannot_open(file, &error))?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| cannot_migrate(file, error))?;
    transaction.commit().await.map_err(|error| cannot_open(file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_syncs_each_commit_checks_references_and_readers_cannot_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("x.db").display());
        let store = Store::open(&url).await.expect("a database");
        for (pool, query_only) in [(&store.writer, 0), (&store.readers, 1)] {
            let pragma = |name: &str| sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(format!("PRAGMA {name}")));
            let full = pragma("synchronous").fetch_one(pool).await.expect("a level");
            assert_eq!(full, 2, "FULL, https://sqlite.org/pragma.html#pragma_synchronous");
            assert_eq!(pragma("foreign_keys").fetch_one(pool).await.expect("a flag"), 1);
            assert_eq!(pragma("query_only").fetch_one(pool).await.expect("a flag"), query_only);
            let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.expect("a mode");
            assert_eq!(mode, "wal");
        }
    }
}
