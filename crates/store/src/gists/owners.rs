//! What GistFetcher remembers of gists beside their documents: their owners, and the blocks without a polling round.

use crate::columns::{block, count_column, from_json, to_json};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use tensorflix_domain::gist_owner::{GistName, OwnerRecord};
use tensorflix_domain::rounds::UnwatchedBlocks;

/// The name in messages.
const WHAT: &str = "a gist's refusal";

#[derive(sqlx::FromRow)]
struct OwnerRow {
    username: String,
    gist_id: String,
    asked_round: i64,
    owner_id: Option<i64>,
    absences: i64,
    refusal_json: Option<String>,
}

impl OwnerRow {
    fn into_record(self) -> Result<OwnerRecord, StoreError> {
        Ok(OwnerRecord {
            gist: GistName { username: self.username, gist_id: self.gist_id },
            asked_round: block(self.asked_round)?,
            owner_id: self.owner_id.map(i64::cast_unsigned),
            absences: u32::try_from(self.absences).unwrap_or(u32::MAX),
            refusal: self.refusal_json.as_deref().map(|column| from_json(WHAT, column)).transpose()?,
        })
    }
}

impl Store {
    /// What is known of the owners of all gists that were ever checked and are still kept.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gist_owners(&self) -> Result<Vec<OwnerRecord>, StoreError> {
        let rows: Vec<OwnerRow> = sqlx::query_as(
            "SELECT username, gist_id, asked_round, owner_id, absences, refusal_json FROM gist_owners
             ORDER BY username, gist_id",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(OwnerRow::into_record).collect()
    }

    /// Records the results of checks; for a known gist, only a check that is not older than the recorded one.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_gist_owners(&self, records: &[OwnerRecord]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for chunk in records.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO gist_owners (username, gist_id, asked_round, owner_id, absences, refusal_json) ",
            );
            let mut refusals = Vec::with_capacity(chunk.len());
            for record in chunk {
                refusals.push(record.refusal.as_ref().map(|refusal| to_json(WHAT, refusal)).transpose()?);
            }
            statement.push_values(chunk.iter().zip(refusals), |mut row, (record, refusal)| {
                row.push_bind(&record.gist.username)
                    .push_bind(&record.gist.gist_id)
                    .push_bind(i64::from(record.asked_round))
                    .push_bind(record.owner_id.map(count_column))
                    .push_bind(i64::from(record.absences))
                    .push_bind(refusal);
            });
            statement.push(
                " ON CONFLICT (username, gist_id) DO UPDATE SET asked_round = excluded.asked_round,
                 owner_id = COALESCE(gist_owners.owner_id, excluded.owner_id), absences = excluded.absences,
                 refusal_json = excluded.refusal_json WHERE gist_owners.asked_round <= excluded.asked_round",
            );
            statement.build().persistent(false).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Records blocks in which no polling round was held. A range with the same beginning gets the later end.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_unwatched_blocks(&self, unwatched: &UnwatchedBlocks) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO unwatched_blocks (from_block, until_block) VALUES ($1, $2)
             ON CONFLICT (from_block) DO UPDATE SET until_block = excluded.until_block
             WHERE excluded.until_block > unwatched_blocks.until_block",
        )
        .bind(i64::from(unwatched.from))
        .bind(i64::from(unwatched.until))
        .execute(self.writer()?)
        .await?;
        Ok(())
    }

    /// The newest `limit` ranges of blocks in which no polling round was held, and the one before the first round, oldest
    /// first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn unwatched_blocks(&self, limit: u32) -> Result<Vec<UnwatchedBlocks>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT from_block, until_block FROM unwatched_blocks WHERE from_block = 0 OR from_block IN (
                 SELECT from_block FROM unwatched_blocks ORDER BY from_block DESC LIMIT $1) ORDER BY from_block",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|(from, until)| Ok(UnwatchedBlocks { from: block(from)?, until: block(until)? })).collect()
    }
}
