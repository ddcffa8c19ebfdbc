//! Reading claims, always in the order of [`Claim`].

use crate::columns::{block, gist_name, hotkey, optional_block};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use tensorflix_domain::claim::Claim;

#[derive(sqlx::FromRow)]
struct ClaimRow {
    task_id: String,
    content_id: String,
    hotkey: Vec<u8>,
    pinned_at: Option<i64>,
    round: i64,
    committed_at: i64,
    gist: Option<String>,
}

impl Store {
    /// The claims on these items for one task, by any hotkey, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Result<Vec<Claim>, StoreError> {
        let mut rows: Vec<ClaimRow> = Vec::new();
        for chunk in content_ids.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "SELECT task_id, content_id, hotkey, pinned_at, round, committed_at, gist
                 FROM claims WHERE task_id = ",
            );
            statement.push_bind(task_id);
            statement.push(" AND content_id IN (");
            let mut list = statement.separated(", ");
            for content_id in chunk {
                list.push_bind(*content_id);
            }
            statement.push(")");
            rows.extend(statement.build_query_as::<ClaimRow>().persistent(false).fetch_all(&self.readers).await?);
        }
        sorted(rows)
    }

    /// The claims on one item for any task, by any hotkey, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims_on(&self, content_id: &str) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = sqlx::query_as(
            "SELECT task_id, content_id, hotkey, pinned_at, round, committed_at, gist
             FROM claims WHERE content_id = $1",
        )
        .bind(content_id)
        .fetch_all(&self.readers)
        .await?;
        sorted(rows)
    }

    /// All claims, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = sqlx::query_as(
            "SELECT task_id, content_id, hotkey, pinned_at, round, committed_at, gist
             FROM claims",
        )
        .fetch_all(&self.readers)
        .await?;
        sorted(rows)
    }
}

/// Sorted here and not by the database: databases differ in how they order text.
fn sorted(rows: Vec<ClaimRow>) -> Result<Vec<Claim>, StoreError> {
    let mut claims = rows.into_iter().map(ClaimRow::into_claim).collect::<Result<Vec<_>, _>>()?;
    claims.sort_unstable();
    Ok(claims)
}

impl ClaimRow {
    fn into_claim(self) -> Result<Claim, StoreError> {
        Ok(Claim {
            task_id: self.task_id,
            content_id: self.content_id,
            hotkey: hotkey(&self.hotkey)?,
            pinned_at: optional_block(self.pinned_at)?,
            round: block(self.round)?,
            committed_at: block(self.committed_at)?,
            gist: self.gist.as_deref().map(gist_name).transpose()?,
        })
    }
}
