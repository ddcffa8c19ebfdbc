//! Detectors' verdicts on items, and which verdicts are still missing.
//!
//! Of each provider and question the newest verdict is kept; the evidence of each cycle holds what it was decided by.
//! An item that was never observed has no verdicts.

use crate::columns::{content, from_json, to_json};
use crate::contents::reading::{by_platform, push_ids};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::HashMap;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::{Verdict, VerificationRecord, Wait};

/// Names in messages.
const VERDICT: &str = "a verdict";
const WAIT: &str = "a missing verdict";

impl Store {
    /// Records verdicts, in place of the same provider's earlier ones on the same question. An older one changes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_verdicts(&self, verdicts: &[(ContentId, Verdict)]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for (content, verdict) in verdicts {
            sqlx::query(
                "INSERT INTO content_verdicts (content_key, check_name, task_id, provider, block, time_ms, verdict_json)
                 SELECT content_key, $3, $4, $5, $6, $7, $8 FROM contents WHERE platform = $1 AND content_id = $2
                 ON CONFLICT (content_key, check_name, task_id, provider) DO UPDATE
                 SET block = excluded.block, time_ms = excluded.time_ms, verdict_json = excluded.verdict_json
                 WHERE excluded.block >= content_verdicts.block",
            )
            .bind(content.platform().name())
            .bind(content.as_str())
            .bind(verdict.check.word())
            .bind(verdict.task_id.as_deref().unwrap_or_default())
            .bind(verdict.provider.word())
            .bind(i64::from(verdict.at.block))
            .bind(verdict.at.time.unix_ms())
            .bind(to_json(VERDICT, verdict)?)
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Records the missing verdicts of items, in place of those recorded before.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_waits(&self, waits: &[(ContentId, Vec<Wait>)]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for (content, waits) in waits {
            sqlx::query(
                "DELETE FROM verdict_waits WHERE content_key =
                     (SELECT content_key FROM contents WHERE platform = $1 AND content_id = $2)",
            )
            .bind(content.platform().name())
            .bind(content.as_str())
            .execute(&mut *transaction)
            .await?;
            for wait in waits {
                add_wait(&mut transaction, content, wait).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// What is stored of items' verification, in the order asked for.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn verifications(&self, contents: &[ContentId]) -> Result<Vec<VerificationRecord>, StoreError> {
        let mut transaction = self.read().await?;
        let mut found = Vec::with_capacity(contents.len());
        for chunk in contents.chunks(ROWS_PER_STATEMENT) {
            let mut known: HashMap<ContentId, VerificationRecord> = HashMap::new();
            for (id, json) in rows(&mut transaction, chunk, "verdict_json", "content_verdicts").await? {
                known.entry(id).or_default().verdicts.push(from_json(VERDICT, &json)?);
            }
            for (id, json) in rows(&mut transaction, chunk, "wait_json", "verdict_waits").await? {
                known.entry(id).or_default().waits.push(from_json(WAIT, &json)?);
            }
            found.extend(chunk.iter().map(|content| {
                let mut record = known.remove(content).unwrap_or_default();
                record.verdicts.sort_unstable();
                record.waits.sort_unstable();
                record
            }));
        }
        Ok(found)
    }
}

async fn add_wait(connection: &mut SqliteConnection, content: &ContentId, wait: &Wait) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO verdict_waits (content_key, check_name, task_id, time_ms, wait_json)
         SELECT content_key, $3, $4, $5, $6 FROM contents WHERE platform = $1 AND content_id = $2",
    )
    .bind(content.platform().name())
    .bind(content.as_str())
    .bind(wait.check.word())
    .bind(wait.task_id.as_deref().unwrap_or_default())
    .bind(wait.since.time.unix_ms())
    .bind(to_json(WAIT, wait)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// A column of the rows of a table that belong to items.
async fn rows(
    connection: &mut SqliteConnection,
    contents: &[ContentId],
    column: &'static str,
    table: &'static str,
) -> Result<Vec<(ContentId, String)>, StoreError> {
    let mut found = Vec::new();
    for (platform, ids) in by_platform(contents) {
        let mut statement = QueryBuilder::<Sqlite>::new("SELECT content_id, ");
        statement.push(column).push(" FROM contents JOIN ").push(table).push(" USING (content_key)");
        push_ids(&mut statement, platform, &ids);
        let rows: Vec<(String, String)> =
            statement.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
        for (id, json) in rows {
            found.push((content(platform.name(), &id)?, json));
        }
    }
    Ok(found)
}
