//! An open database: its connections, and the transactions that everything else is made of.

use crate::error::StoreError;
use crate::opening::watched::Watched;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use std::sync::{Arc, Mutex};
use tensorflix_domain::head::Head;

/// The newest head of this process; none in one that only reads.
pub(crate) type NewestHead = Arc<Mutex<Option<Head>>>;

/// Rows that one statement reads or writes at most: below SQLite's limit of 32,766 parameters with the widest row.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// An open database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) file: String,
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    pub(crate) newest_head: NewestHead,
    pub(crate) watched: Watched,
}

impl Store {
    /// The file as configured, for messages to the operator.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Waits for calls under way, then closes the file and removes its write-ahead log. A store that is dropped instead
    /// loses nothing.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that holds the write lock from its start: no other process can write what it has read in between.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer()?.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The connection that writes, as long as the database is the file that was opened.
    pub(crate) fn writer(&self) -> Result<&SqlitePool, StoreError> {
        self.check()?;
        Ok(&self.writer)
    }

    /// A transaction that sees one state of the database, however many statements it takes.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.readers.begin().await?)
    }
}
