//! The newest observation of an item, whole: its statistics, texts and block. It is for services that show items; a
//! cycle reads less, and for many items at a time.
//!
//! Items that no hotkey claims are kept only as long as they are of interest: the functions that delete them are here
//! too.

use crate::columns::{broadcast, content, from_json, stamp};
use crate::error::StoreError;
use crate::store::Store;
use sqlx::{Sqlite, Transaction};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Details, Metrics, Observation, Presence, Sighting};
use tensorflix_domain::verification::PlatformSignals;

/// Items that one step deletes, so that writers do not wait long.
const CONTENTS_PER_STEP: i64 = 2_000;

/// Newest first within a block: what was recorded later wins, as in the state of an item.
const NEWEST: &str = "
    SELECT platform, content_id, block, time_ms, present, observations.view_count AS view_count,
           observations.play_count AS play_count, like_count, comment_count, published_at_ms, broadcast, title,
           description, author, tags_json, duration_secs, thumbnail_url, synthetic_media, age_restricted, upload_rejected
    FROM contents
    JOIN observations ON observations.content_key = contents.content_key AND block = latest_block
    LEFT JOIN content_texts ON content_texts.content_key = contents.content_key
    WHERE platform = $1 AND content_id = $2 ORDER BY observation_id DESC LIMIT 1";

#[derive(sqlx::FromRow)]
struct NewestRow {
    platform: String,
    content_id: String,
    block: i64,
    time_ms: i64,
    present: bool,
    view_count: Option<i64>,
    play_count: Option<i64>,
    like_count: Option<i64>,
    comment_count: Option<i64>,
    published_at_ms: Option<i64>,
    broadcast: Option<String>,
    title: Option<String>,
    description: Option<String>,
    author: Option<String>,
    tags_json: Option<String>,
    duration_secs: Option<i64>,
    thumbnail_url: Option<String>,
    synthetic_media: Option<bool>,
    age_restricted: Option<bool>,
    upload_rejected: Option<bool>,
}

impl NewestRow {
    fn into_observation(self) -> Result<Observation, StoreError> {
        Ok(Observation {
            content: content(&self.platform, &self.content_id)?,
            at: stamp(self.block, self.time_ms)?,
            sighting: if self.present { Sighting::Present(Box::new(self.into_presence()?)) } else { Sighting::Absent },
        })
    }

    fn into_presence(self) -> Result<Presence, StoreError> {
        let metrics = Metrics {
            view_count: self.view_count.map(i64::cast_unsigned),
            play_count: self.play_count.map(i64::cast_unsigned),
            like_count: self.like_count.map(i64::cast_unsigned),
            comment_count: self.comment_count.map(i64::cast_unsigned),
        };
        let details = Details {
            published_at: self.published_at_ms.map(Moment::from_unix_ms),
            title: self.title.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            author: self.author.unwrap_or_default(),
            tags: self.tags_json.map(|json| from_json("an item's tags", &json)).transpose()?.unwrap_or_default(),
            duration_secs: self.duration_secs.and_then(|seconds| u32::try_from(seconds).ok()),
            broadcast: self.broadcast.as_deref().map(broadcast).transpose()?.unwrap_or_default(),
            thumbnail_url: self.thumbnail_url,
            signals: PlatformSignals {
                synthetic_media: self.synthetic_media,
                age_restricted: self.age_restricted,
                upload_rejected: self.upload_rejected,
            },
        };
        Ok(Presence { metrics, details })
    }
}

impl Store {
    /// The newest observation of an item, whole; `None` if it was never observed. Where the newest one is an absence,
    /// that is the answer, whatever was seen before.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn newest_observation(&self, content: &ContentId) -> Result<Option<Observation>, StoreError> {
        let row: Option<NewestRow> = sqlx::query_as(NEWEST)
            .bind(content.platform().name())
            .bind(content.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(NewestRow::into_observation).transpose()
    }

    /// Deletes all items except those observed last, with all their observations. For a database that holds nothing but
    /// a service's latest answers: claims are not checked.
    ///
    /// # Errors
    /// If the database cannot be written; completed steps are kept.
    pub async fn keep_newest_contents(&self, limit: u32) -> Result<u64, StoreError> {
        self.forget(
            "SELECT content_key FROM contents ORDER BY latest_block DESC, content_key DESC LIMIT $2 OFFSET $1",
            i64::from(limit),
        )
        .await
    }

    /// Deletes items that no hotkey ever claimed and that were not observed since: those that were requested from
    /// outside the subnet.
    ///
    /// # Errors
    /// If the database cannot be written; completed steps are kept.
    pub async fn forget_unclaimed_contents(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        self.forget(
            "SELECT content_key FROM contents WHERE latest_time_ms < $1 AND NOT EXISTS (
                 SELECT 1 FROM claims WHERE claims.content_id = contents.content_id) LIMIT $2",
            before_unix_ms,
        )
        .await
    }

    /// Deletes what `victims` selects with its bound `$1`, at most `$2` at a time.
    async fn forget(&self, victims: &'static str, bound: i64) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let mut transaction = self.write().await?;
            let keys: Vec<i64> =
                sqlx::query_scalar(victims).bind(bound).bind(CONTENTS_PER_STEP).fetch_all(&mut *transaction).await?;
            for key in &keys {
                forget_content(&mut transaction, *key).await?;
            }
            transaction.commit().await?;
            if keys.is_empty() {
                return Ok(forgotten);
            }
            forgotten += u64::try_from(keys.len()).unwrap_or(u64::MAX);
        }
    }
}

async fn forget_content(transaction: &mut Transaction<'static, Sqlite>, key: i64) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM observations WHERE content_key = $1",
        "DELETE FROM content_texts WHERE content_key = $1",
        "DELETE FROM contents WHERE content_key = $1",
    ] {
        sqlx::query(statement).bind(key).execute(&mut **transaction).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_content_is_found_by_index_without_walking_a_table() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let statement = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {NEWEST}"));
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(statement).bind("youtube").bind("x").fetch_all(&store.readers).await.expect("a plan");
        let scans: Vec<&String> =
            plan.iter().map(|(_, _, _, step)| step).filter(|step| step.starts_with("SCAN")).collect();
        assert!(plan.len() >= 3 && scans.is_empty(), "{plan:?}");
    }
}
