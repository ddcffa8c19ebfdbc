//! Keeping the database bounded: what is old and decides nothing any more is deleted.
//!
//! Works in steps, each a transaction of its own that leaves the database whole, so that writers are never held up for
//! long; after a crash the next call goes on. Always kept: claims, the state of every content and the observations that
//! it rests on, the newest cycle, the cycle whose scores are in force, and the newest intent. The ledger is not pruned: it grows
//! by one small row a bucket and day. Space that is freed is used again; the file does not shrink.

use crate::{Store, StoreError};

/// Observations that one step looks at.
const OBSERVATIONS_PER_STEP: i64 = 20_000;

/// What the chain aims at for a block, to tell the block of a time that lies back: milliseconds.
const BLOCK_MS: i64 = 12_000;

/// How much was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows of the history of contents.
    pub observations: u64,
    /// Gists that nobody asked for any more, and holdings of contents that are long claimed.
    pub gists_and_holdings: u64,
    /// Documents that nothing refers to.
    pub documents: u64,
    /// Cycles with their subnet and evidence.
    pub cycles: u64,
    /// Intents with their outcome.
    pub intents: u64,
    /// Verdicts on contents, also those that are missing for so long.
    pub verdicts: u64,
}

impl Store {
    /// Deletes what is older than `before_unix_ms` (chain time) and needed by nothing.
    ///
    /// # Errors
    /// If the database cannot be written; the steps that were done stay done.
    pub async fn prune(&self, before_unix_ms: i64) -> Result<Pruned, StoreError> {
        Ok(Pruned {
            observations: self.prune_observations(before_unix_ms).await?,
            gists_and_holdings: self.prune_gists(before_unix_ms).await?,
            documents: self.prune_documents().await?,
            cycles: self.prune_cycles(before_unix_ms).await?,
            intents: self.prune_intents(before_unix_ms).await?,
            verdicts: self.prune_verdicts(before_unix_ms).await?,
        })
    }

    async fn prune_observations(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let last: Option<i64> =
            sqlx::query_scalar("SELECT MAX(observation_id) FROM observations").fetch_one(&self.readers).await?;
        let mut deleted = 0;
        let mut from = 0;
        while last.is_some_and(|last| from <= last) {
            let to = from + OBSERVATIONS_PER_STEP;
            deleted += sqlx::query(
                "DELETE FROM observations
                 WHERE observation_id >= $1 AND observation_id < $2 AND time_ms < $3 AND NOT EXISTS (
                     SELECT 1 FROM contents WHERE contents.content_key = observations.content_key
                     AND observations.block IN (latest_block, views_block, plays_block, details_block))",
            )
            .bind(from)
            .bind(to)
            .bind(before_unix_ms)
            .execute(&self.writer)
            .await?
            .rows_affected();
            from = to;
        }
        Ok(deleted)
    }

    /// A gist that some registered hotkey points to is asked for in every round; one that was not asked for since is
    /// nobody's. A holding is forgotten once claims were made of it: seeing it anew would make the same claims, and
    /// claims keep their first form.
    async fn prune_gists(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        // Rounds are known by their block only.
        let Some(head) = self.latest_head().await? else { return Ok(0) };
        let age_ms = head.stamp.time.unix_ms().saturating_sub(before_unix_ms).max(0);
        let before_block = i64::from(head.stamp.block).saturating_sub(age_ms / BLOCK_MS);
        let mut transaction = self.write().await?;
        let gists = sqlx::query("DELETE FROM gists WHERE asked_round < $1")
            .bind(before_block)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        sqlx::query("DELETE FROM gist_owners WHERE asked_round < $1")
            .bind(before_block)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM unwatched_blocks WHERE until_block < $1")
            .bind(before_block)
            .execute(&mut *transaction)
            .await?;
        let holdings = sqlx::query(
            "DELETE FROM holdings WHERE claimed AND round < $1 AND NOT EXISTS (
                 SELECT 1 FROM gists WHERE gists.pointer = holdings.pointer AND gists.digest = holdings.digest)",
        )
        .bind(before_block)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        transaction.commit().await?;
        Ok(gists + holdings)
    }

    async fn prune_documents(&self) -> Result<u64, StoreError> {
        let deleted = sqlx::query(
            "DELETE FROM gist_documents
             WHERE NOT EXISTS (SELECT 1 FROM gists WHERE gists.digest = gist_documents.digest)
             AND digest NOT IN (SELECT digest FROM holdings WHERE NOT claimed)",
        )
        .execute(&self.writer)
        .await?;
        Ok(deleted.rows_affected())
    }

    async fn prune_cycles(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let old: Vec<i64> = sqlx::query_scalar(
            "SELECT cycle FROM cycles WHERE time_ms < $1
             AND cycle < (SELECT MAX(cycle) FROM cycles)
             AND cycle <> (SELECT COALESCE(MAX(cycle), 0) FROM cycles WHERE scored_hotkeys > 0)",
        )
        .bind(before_unix_ms)
        .fetch_all(&mut *transaction)
        .await?;
        for cycle in &old {
            for statement in [
                "DELETE FROM cycle_decisions WHERE cycle = $1",
                "DELETE FROM cycle_subnets WHERE cycle = $1",
                "DELETE FROM cycles WHERE cycle = $1",
            ] {
                sqlx::query(statement).bind(*cycle).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(old.len().try_into().unwrap_or(u64::MAX))
    }

    async fn prune_verdicts(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let mut deleted = 0;
        for statement in
            ["DELETE FROM content_verdicts WHERE time_ms < $1", "DELETE FROM verdict_waits WHERE time_ms < $1"]
        {
            deleted += sqlx::query(statement).bind(before_unix_ms).execute(&mut *transaction).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(deleted)
    }

    async fn prune_intents(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let deleted = sqlx::query(
            "DELETE FROM intents
             WHERE signed_time_ms < $1 AND window_start < (SELECT MAX(window_start) FROM intents)",
        )
        .bind(before_unix_ms)
        .execute(&self.writer)
        .await?;
        Ok(deleted.rows_affected())
    }
}
