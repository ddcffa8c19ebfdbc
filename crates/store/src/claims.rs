//! What Scorer remembers of ownership: claims, and which holdings they were made of.
//!
//! A claim is one hotkey's on one content for one task. The first form that is stored stays, whatever comes later. Its ids
//! are the miner's, unchecked: whether they name anything is judged when a cycle is decided.

use crate::columns::{block, digest, hotkey, optional_block, pointer};
use crate::{ROWS_PER_STATEMENT, Store, StoreError};
use sqlx::{QueryBuilder, Sqlite};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::record::Holding;

#[derive(sqlx::FromRow)]
struct HoldingRow {
    holding_id: i64,
    hotkey: Vec<u8>,
    pointer: String,
    digest: Vec<u8>,
    round: i64,
    committed_at: i64,
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    task_id: String,
    content_id: String,
    hotkey: Vec<u8>,
    pinned_at: Option<i64>,
    round: i64,
    gist_updated_at_ms: Option<i64>,
    committed_at: i64,
}

impl Store {
    /// Holdings that no claims were made of, oldest round first, at most `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, pointer, digest, round, committed_at FROM holdings
             WHERE NOT claimed ORDER BY round, holding_id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }

    /// Adds claims (one that exists already keeps its first form) and marks holdings as claimed.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_claims(&self, claims: &[Claim], holdings: &[i64]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for chunk in claims.chunks(ROWS_PER_STATEMENT) {
            insert_claims(chunk).build().persistent(false).execute(&mut *transaction).await?;
        }
        for chunk in holdings.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new("UPDATE holdings SET claimed = TRUE WHERE holding_id IN (");
            let mut list = statement.separated(", ");
            for holding in chunk {
                list.push_bind(*holding);
            }
            statement.push(")");
            statement.build().persistent(false).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// All claims, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = sqlx::query_as(
            "SELECT task_id, content_id, hotkey, pinned_at, round, gist_updated_at_ms, committed_at
             FROM claims",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut claims = rows.into_iter().map(ClaimRow::into_claim).collect::<Result<Vec<_>, _>>()?;
        // Sorted here and not there: databases differ in how they order text.
        claims.sort_unstable();
        Ok(claims)
    }
}

fn insert_claims(claims: &[Claim]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO claims (task_id, content_id, hotkey, pinned_at, round, gist_updated_at_ms,
         committed_at) ",
    );
    statement.push_values(claims, |mut row, claim| {
        row.push_bind(claim.task_id.clone())
            .push_bind(claim.content_id.clone())
            .push_bind(claim.hotkey.public_key().to_vec())
            .push_bind(claim.pinned_at.map(i64::from))
            .push_bind(i64::from(claim.round))
            .push_bind(claim.gist_updated_at.map(Moment::unix_ms))
            .push_bind(i64::from(claim.committed_at));
    });
    statement.push(" ON CONFLICT (task_id, content_id, hotkey) DO NOTHING");
    statement
}

impl HoldingRow {
    fn into_holding(self) -> Result<Holding, StoreError> {
        Ok(Holding {
            id: self.holding_id,
            hotkey: hotkey(&self.hotkey)?,
            pointer: pointer(&self.pointer)?,
            digest: digest(&self.digest)?,
            round: block(self.round)?,
            committed_at: block(self.committed_at)?,
        })
    }
}

impl ClaimRow {
    fn into_claim(self) -> Result<Claim, StoreError> {
        Ok(Claim {
            task_id: self.task_id,
            content_id: self.content_id,
            hotkey: hotkey(&self.hotkey)?,
            pinned_at: optional_block(self.pinned_at)?,
            round: block(self.round)?,
            gist_updated_at: self.gist_updated_at_ms.map(Moment::from_unix_ms),
            committed_at: block(self.committed_at)?,
        })
    }
}
