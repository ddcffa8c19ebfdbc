//! What GistFetcher remembers: the state of each gist, the documents, and which hotkey was seen holding which.
//!
//! Documents are named by their digest and stored once, however many gists or revisions have the same content. A
//! holding is added the first time that a hotkey is seen with a document through a pointer; a document that comes back
//! later is not a new one.

use crate::columns::{block, digest, hotkey, optional_block, pointer};
use crate::error::StoreError;
use crate::store::Store;
use sqlx::SqliteConnection;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::{
    ContentDigest, FailureScope, GistAnswer, GistHolder, GistOutcome, GistState, GoodPointer,
};
use tensorflix_domain::ids::Block;

#[derive(sqlx::FromRow)]
struct GistRow {
    pointer: String,
    etag: Option<String>,
    digest: Option<Vec<u8>>,
    fetched_round: Option<i64>,
    asked_round: i64,
    failures: i64,
    refusals: i64,
    error: Option<String>,
}

impl GistRow {
    fn into_state(self) -> Result<GistState, StoreError> {
        Ok(GistState {
            pointer: pointer(&self.pointer)?,
            etag: self.etag,
            digest: self.digest.as_deref().map(digest).transpose()?,
            fetched_round: optional_block(self.fetched_round)?,
            asked_round: block(self.asked_round)?,
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            refusals: u32::try_from(self.refusals).unwrap_or(u32::MAX),
            error: self.error,
        })
    }
}

#[derive(sqlx::FromRow)]
struct GoodRow {
    hotkey: Vec<u8>,
    pointer: String,
    digest: Vec<u8>,
    round: i64,
    committed_at: i64,
}

impl GoodRow {
    fn into_good(self) -> Result<GoodPointer, StoreError> {
        Ok(GoodPointer {
            hotkey: hotkey(&self.hotkey)?,
            pointer: pointer(&self.pointer)?,
            digest: digest(&self.digest)?,
            round: block(self.round)?,
            committed_at: block(self.committed_at)?,
        })
    }
}

impl Store {
    /// The newest polling round that was finished.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_gist_round(&self) -> Result<Option<Block>, StoreError> {
        let round: Option<i64> =
            sqlx::query_scalar("SELECT round FROM latest_gist_round").fetch_optional(&self.readers).await?;
        optional_block(round)
    }

    /// Marks a round as finished; a round older than the known one changes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn finish_gist_round(&self, round: Block) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO latest_gist_round (singleton, round) VALUES (1, $1)
             ON CONFLICT (singleton) DO UPDATE SET round = excluded.round
             WHERE excluded.round > latest_gist_round.round",
        )
        .bind(i64::from(round))
        .execute(self.writer()?)
        .await?;
        Ok(())
    }

    /// All gists that were ever requested and are still kept, in the order of their pointers.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gist_states(&self) -> Result<Vec<GistState>, StoreError> {
        let rows: Vec<GistRow> = sqlx::query_as(
            "SELECT pointer, etag, digest, fetched_round, asked_round, failures, refusals, error FROM gists
             ORDER BY pointer",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(GistRow::into_state).collect()
    }

    /// What is known of one gist.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gist_state(&self, pointer: &GistPointer) -> Result<Option<GistState>, StoreError> {
        let row: Option<GistRow> = sqlx::query_as(
            "SELECT pointer, etag, digest, fetched_round, asked_round, failures, refusals, error FROM gists
             WHERE pointer = $1",
        )
        .bind(pointer.to_string())
        .fetch_optional(&self.readers)
        .await?;
        row.map(GistRow::into_state).transpose()
    }

    /// What each hotkey's gist was when it was last read while the hotkey was committed to it, in the order of hotkeys.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn good_pointers(&self) -> Result<Vec<GoodPointer>, StoreError> {
        // Where the time of the commitment is not recorded, it is the round in which the gist was first seen so.
        let rows: Vec<GoodRow> = sqlx::query_as(
            "SELECT hotkey, pointer, digest, round, COALESCE(committed_at, round) AS committed_at FROM good_pointers
             ORDER BY hotkey",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(GoodRow::into_good).collect()
    }

    /// A document by its digest; `None` if it was never stored or was pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gist_document(&self, digest: &ContentDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let document = sqlx::query_scalar("SELECT document FROM gist_documents WHERE digest = $1")
            .bind(&digest.0[..])
            .fetch_optional(&self.readers)
            .await?;
        Ok(document)
    }

    /// Records answers of one round, then adds a holding for each holder of a gist that was read in this round, if the
    /// hotkey was not seen with this document through this pointer before.
    ///
    /// The same call again adds no holding; a failure that is recorded again counts as another attempt. Answers of an
    /// older round than that of the last good answer are too late and change nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_gists(
        &self,
        round: Block,
        answers: &[GistAnswer],
        holders: &[GistHolder],
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for answer in answers {
            record_answer(&mut transaction, round, answer).await?;
        }
        for holder in holders {
            record_holder(&mut transaction, round, holder).await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn record_answer(connection: &mut SqliteConnection, round: Block, answer: &GistAnswer) -> Result<(), StoreError> {
    let pointer = answer.pointer.to_string();
    let statement = match &answer.outcome {
        GistOutcome::Fetched { etag, digest, document } => {
            sqlx::query("INSERT INTO gist_documents (digest, document) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(&digest.0[..])
                .bind(document.as_slice())
                .execute(&mut *connection)
                .await?;
            sqlx::query(
                "INSERT INTO gists (pointer, fetched_round, asked_round, failures, error, etag, digest)
                 VALUES ($1, $2, $2, 0, NULL, $3, $4)
                 ON CONFLICT (pointer) DO UPDATE
                 SET etag = excluded.etag, digest = excluded.digest, fetched_round = excluded.fetched_round,
                     asked_round = excluded.asked_round, failures = 0, refusals = 0, error = NULL
                 WHERE gists.fetched_round IS NULL OR gists.fetched_round <= excluded.fetched_round",
            )
            .bind(pointer)
            .bind(i64::from(round))
            .bind(etag.as_deref())
            .bind(&digest.0[..])
        }
        GistOutcome::Unchanged => sqlx::query(
            "INSERT INTO gists (pointer, fetched_round, asked_round, failures) VALUES ($1, $2, $2, 0)
             ON CONFLICT (pointer) DO UPDATE
             SET fetched_round = excluded.fetched_round, asked_round = excluded.asked_round, failures = 0, refusals = 0,
                 error = NULL
             WHERE gists.fetched_round IS NULL OR gists.fetched_round <= excluded.fetched_round",
        )
        .bind(pointer)
        .bind(i64::from(round)),
        // It keeps its place in the queue.
        GistOutcome::Failed { error, scope: FailureScope::NotAsked } => sqlx::query(
            "INSERT INTO gists (pointer, asked_round, failures, error) VALUES ($1, 0, 0, $3)
             ON CONFLICT (pointer) DO UPDATE SET error = excluded.error
             WHERE gists.fetched_round IS NULL OR gists.fetched_round <= $2",
        )
        .bind(pointer)
        .bind(i64::from(round))
        .bind(error.as_str()),
        GistOutcome::Failed { error, scope } => sqlx::query(
            "INSERT INTO gists (pointer, asked_round, failures, refusals, error) VALUES ($1, $2, 1, $4, $3)
             ON CONFLICT (pointer) DO UPDATE
             SET asked_round = excluded.asked_round, failures = gists.failures + 1,
                 refusals = gists.refusals + excluded.refusals, error = excluded.error
             WHERE gists.fetched_round IS NULL OR gists.fetched_round <= excluded.asked_round",
        )
        .bind(pointer)
        .bind(i64::from(round))
        .bind(error.as_str())
        .bind(i64::from(*scope == FailureScope::Gist)),
    };
    statement.execute(connection).await?;
    Ok(())
}

async fn record_holder(connection: &mut SqliteConnection, round: Block, holder: &GistHolder) -> Result<(), StoreError> {
    let (hotkey, pointer) = (&holder.hotkey.public_key()[..], holder.pointer.to_string());
    // An attempt to insert writes a page even if it adds nothing, and in most rounds nothing is new.
    let is_known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM gists JOIN holdings USING (pointer, digest)
             JOIN good_pointers AS good ON good.hotkey = holdings.hotkey AND good.pointer = gists.pointer
                  AND good.digest = gists.digest
             WHERE gists.pointer = $1 AND holdings.hotkey = $2)",
    )
    .bind(&pointer)
    .bind(hotkey)
    .fetch_one(&mut *connection)
    .await?;
    if is_known {
        return Ok(());
    }
    let before: Option<(String, Option<i64>)> =
        sqlx::query_as("SELECT pointer, committed_at FROM good_pointers WHERE hotkey = $1")
            .bind(hotkey)
            .fetch_optional(&mut *connection)
            .await?;
    // Another revision of the gist that the hotkey is committed to is not another gist.
    let committed_at = match before {
        Some((at, Some(since))) if is_same_gist(&at, &holder.pointer)? => since.min(i64::from(holder.committed_at)),
        _ => i64::from(holder.committed_at),
    };
    sqlx::query(
        "INSERT INTO holdings (hotkey, pointer, digest, round, committed_at, pinned_at, claimed)
         SELECT $1, pointer, digest, $3, $4, $5, FALSE FROM gists
         WHERE pointer = $2 AND fetched_round = $3 AND digest IS NOT NULL
         ON CONFLICT (hotkey, pointer, digest) DO NOTHING",
    )
    .bind(hotkey)
    .bind(&pointer)
    .bind(i64::from(round))
    .bind(committed_at)
    .bind(holder.pointer.revision().map(|_| i64::from(holder.committed_at)))
    .execute(&mut *connection)
    .await?;
    // Written only where something changed, so that a quiet round writes nothing.
    sqlx::query(
        "INSERT INTO good_pointers (hotkey, pointer, digest, round, committed_at)
         SELECT $1, pointer, digest, $3, $4 FROM gists
         WHERE pointer = $2 AND fetched_round = $3 AND digest IS NOT NULL
         ON CONFLICT (hotkey) DO UPDATE
         SET pointer = excluded.pointer, digest = excluded.digest, round = excluded.round,
             committed_at = excluded.committed_at
         WHERE good_pointers.round <= excluded.round
         AND (good_pointers.pointer <> excluded.pointer OR good_pointers.digest <> excluded.digest)",
    )
    .bind(hotkey)
    .bind(&pointer)
    .bind(i64::from(round))
    .bind(committed_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a pointer names the same gist, whatever the revision and however its user is written.
fn is_same_gist(column: &str, other: &GistPointer) -> Result<bool, StoreError> {
    Ok(pointer(column)?.gist_id() == other.gist_id())
}
