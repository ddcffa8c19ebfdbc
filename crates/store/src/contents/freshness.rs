//! How fresh the records of items are: which details are known, and how their views developed.

use crate::columns::{content, measurement};
use crate::contents::reading::{by_platform, push_ids};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use std::collections::{HashMap, HashSet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::freshness::Track;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::platform::Platform;

/// The newest count of views of an earlier block than the newest. Each is one seek in the index of the history.
const TRACK_COLUMNS: &str = "content_id, published_at_ms, latest_time_ms, views_block, views_time_ms,
    contents.view_count, earlier.block AS earlier_block, earlier.time_ms AS earlier_time_ms,
    earlier.view_count AS earlier_view_count";
const TRACK_TABLES: &str = "contents LEFT JOIN observations AS earlier ON earlier.observation_id = (
    SELECT observation_id FROM observations
    WHERE observations.content_key = contents.content_key AND observations.block < contents.views_block
    AND observations.view_count IS NOT NULL
    ORDER BY observations.block DESC, observation_id DESC LIMIT 1)";

#[derive(sqlx::FromRow)]
struct TrackRow {
    content_id: String,
    published_at_ms: Option<i64>,
    latest_time_ms: i64,
    views_block: Option<i64>,
    views_time_ms: Option<i64>,
    view_count: Option<i64>,
    earlier_block: Option<i64>,
    earlier_time_ms: Option<i64>,
    earlier_view_count: Option<i64>,
}

impl TrackRow {
    fn track(&self) -> Result<Track, StoreError> {
        Ok(Track {
            published_at: self.published_at_ms.map(Moment::from_unix_ms),
            observed_at: Moment::from_unix_ms(self.latest_time_ms),
            newest: measurement(self.views_block, self.views_time_ms, self.view_count)?,
            earlier: measurement(self.earlier_block, self.earlier_time_ms, self.earlier_view_count)?,
        })
    }
}

impl Store {
    /// Of `contents`, in the order asked for, those that existed at their last observation, with details seen at
    /// `since` or later and a publish time, and that are not a live or announced broadcast.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn details_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        let mut transaction = self.read().await?;
        let mut known = Vec::new();
        for chunk in contents.chunks(ROWS_PER_STATEMENT) {
            let mut settled: HashSet<ContentId> = HashSet::with_capacity(chunk.len());
            for (platform, ids) in by_platform(chunk) {
                let mut statement = QueryBuilder::<Sqlite>::new("SELECT content_id FROM contents");
                push_ids(&mut statement, platform, &ids);
                statement.push(
                    " AND latest_present AND published_at_ms IS NOT NULL AND broadcast IN ('none', 'ended')
                     AND details_block >= ",
                );
                statement.push_bind(i64::from(since));
                let rows: Vec<String> =
                    statement.build_query_scalar().persistent(false).fetch_all(&mut *transaction).await?;
                for id in rows {
                    settled.insert(content(platform.name(), &id)?);
                }
            }
            known.extend(chunk.iter().filter(|content| settled.contains(*content)).cloned());
        }
        Ok(known)
    }

    /// How the views of items developed, in the order asked for; those that were never observed are left out.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn tracks(&self, contents: &[ContentId]) -> Result<Vec<(ContentId, Track)>, StoreError> {
        let mut transaction = self.read().await?;
        let mut tracks = Vec::new();
        for chunk in contents.chunks(ROWS_PER_STATEMENT) {
            let mut known: HashMap<ContentId, Track> = HashMap::with_capacity(chunk.len());
            for (platform, ids) in by_platform(chunk) {
                let mut statement = QueryBuilder::<Sqlite>::new("");
                push_tracks_query(&mut statement, platform, &ids);
                let rows: Vec<TrackRow> =
                    statement.build_query_as().persistent(false).fetch_all(&mut *transaction).await?;
                for row in rows {
                    known.insert(content(platform.name(), &row.content_id)?, row.track()?);
                }
            }
            tracks.extend(chunk.iter().filter_map(|content| Some((content.clone(), *known.get(content)?))));
        }
        Ok(tracks)
    }
}

fn push_tracks_query(statement: &mut QueryBuilder<Sqlite>, platform: Platform, ids: &[&str]) {
    statement.push("SELECT ").push(TRACK_COLUMNS).push(" FROM ").push(TRACK_TABLES);
    push_ids(statement, platform, ids);
    statement.push(" AND latest_time_ms IS NOT NULL");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tracks_are_found_by_index_without_walking_a_table() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let mut statement = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        push_tracks_query(&mut statement, Platform::YOUTUBE, &["a", "b"]);
        let plan: Vec<(i64, i64, i64, String)> =
            statement.build_query_as().fetch_all(&store.readers).await.expect("a plan");
        let steps: Vec<String> = plan.into_iter().map(|(_, _, _, step)| step).collect();
        assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:?}");
        assert!(steps.iter().any(|step| step.contains("content_key=? AND block<?")), "{steps:?}");
    }
}
