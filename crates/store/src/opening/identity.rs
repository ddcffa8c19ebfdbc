//! The identity of a database, wherever its file is: a number that it gets once and keeps, also in its backups.
//!
//! It is kept in the header of the file (`application_id` marks the file as ours, `user_version` is the number), where
//! it can be read before SQLite opens anything, and in the lock file beside the database, which so records which
//! database was kept there.

use crate::error::StoreError;
use crate::store::Store;
use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::FileExt;

/// `TFLX`, in the header's field for the program that a file belongs to.
const OURS: u32 = 0x5446_4c58;

/// Where the fields are, <https://sqlite.org/fileformat.html#the_database_header>.
const USER_VERSION_AT: u64 = 60;
const APPLICATION_ID_AT: u64 = 68;

/// The beginning of a lock file that records a database.
const REMEMBERED: &str = "database ";

/// The number of a database; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreId(u32);

impl fmt::Display for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

impl StoreId {
    fn new(application: u32, number: u32) -> Option<Self> {
        (application == OURS && number != 0).then_some(Self(number))
    }

    /// A number that no other database has, except by an unlikely chance.
    pub(crate) fn random() -> Self {
        let [_, _, _, _, bytes @ ..] = RandomState::new().build_hasher().finish().to_be_bytes();
        Self(u32::from_be_bytes(bytes).max(1))
    }

    /// Reads the header of a file; `None` if it has no number, or not yet.
    pub(crate) fn of_file(file: &File) -> Option<Self> {
        let field = |at| {
            let mut bytes = [0; 4];
            file.read_exact_at(&mut bytes, at).ok().map(|()| u32::from_be_bytes(bytes))
        };
        Self::new(field(APPLICATION_ID_AT)?, field(USER_VERSION_AT)?)
    }

    /// The number that the text of a lock file records.
    pub(crate) fn remembered(text: &str) -> Option<Self> {
        let number = text.strip_prefix(REMEMBERED)?.split_whitespace().next()?;
        u32::from_str_radix(number, 16).ok().filter(|number| *number != 0).map(Self)
    }

    /// The text of the lock file beside this database.
    pub(crate) fn reminder(self) -> String {
        format!(
            "{REMEMBERED}{self}\nThis file locks the database beside it and remembers which one it is, so that one that is \
             missing is not started over.\nTo start over on purpose, delete both.\n"
        )
    }
}

impl Store {
    /// The number of this database.
    pub(crate) async fn id(&self) -> Result<Option<StoreId>, StoreError> {
        let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&self.readers).await?;
        let number: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&self.readers).await?;
        Ok(StoreId::new(unsigned(application), unsigned(number)))
    }

    /// Writes something that changes nothing, to check that there is space and permission to write.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn try_to_write(&self) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let number: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
        let again = format!("PRAGMA user_version = {number}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(again)).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Gives this database its number, in its file at once and not only in its log.
    pub(crate) async fn set_id(&self, id: StoreId) -> Result<(), StoreError> {
        let set = format!("PRAGMA application_id = {}; PRAGMA user_version = {}", OURS, signed(id.0));
        sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(self.writer()?).await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(self.writer()?).await?;
        Ok(())
    }
}

/// SQLite's fields are signed.
fn signed(number: u32) -> i32 {
    i32::from_be_bytes(number.to_be_bytes())
}

fn unsigned(number: i64) -> u32 {
    i32::try_from(number).map_or(0, |number| u32::from_be_bytes(number.to_be_bytes()))
}
