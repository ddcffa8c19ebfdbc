//! The development of items' counts: the newest part of their histories.

use crate::columns::content;
use crate::contents::reading::{by_platform, push_ids};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use std::collections::HashMap;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::traffic::{Point, Series};

/// The newest observations of each item: one seek in the index of the history, and as many steps as rows are wanted.
/// The order of the joins is fixed, since the other one would walk the whole history.
const COLUMNS: &str = "content_id, published_at_ms, duration_secs, time_ms, observations.view_count,
    observations.play_count, like_count, comment_count";
const TABLES: &str = "contents LEFT JOIN content_texts ON content_texts.content_key = contents.content_key
    CROSS JOIN observations ON observation_id IN (
        SELECT newest.observation_id FROM observations AS newest WHERE newest.content_key = contents.content_key
        ORDER BY newest.block DESC LIMIT ";

#[derive(sqlx::FromRow)]
struct PointRow {
    content_id: String,
    published_at_ms: Option<i64>,
    duration_secs: Option<i64>,
    time_ms: i64,
    view_count: Option<i64>,
    play_count: Option<i64>,
    like_count: Option<i64>,
    comment_count: Option<i64>,
}

impl PointRow {
    fn point(&self) -> Point {
        let count = |column: Option<i64>| column.map(i64::cast_unsigned);
        Point {
            at: Moment::from_unix_ms(self.time_ms),
            views: count(self.view_count),
            plays: count(self.play_count),
            likes: count(self.like_count),
            comments: count(self.comment_count),
        }
    }

    fn series(&self, platform: Platform) -> Series {
        Series {
            platform,
            published_at: self.published_at_ms.map(Moment::from_unix_ms),
            duration_secs: self.duration_secs.and_then(|seconds| u32::try_from(seconds).ok()),
            points: Vec::new(),
        }
    }
}

impl Store {
    /// The newest `newest` observations of each item, in the order asked for; no points for those never observed.
    ///
    /// Ask for some thousand items at a time rather than for a whole subnet.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn traffic_series(&self, contents: &[ContentId], newest: u32) -> Result<Vec<Series>, StoreError> {
        let mut transaction = self.read().await?;
        let mut all = Vec::with_capacity(contents.len());
        for chunk in contents.chunks(ROWS_PER_STATEMENT) {
            let mut known: HashMap<ContentId, Series> = HashMap::with_capacity(chunk.len());
            for (platform, ids) in by_platform(chunk) {
                let mut statement = QueryBuilder::<Sqlite>::new("");
                push_query(&mut statement, platform, &ids, newest);
                let rows: Vec<PointRow> =
                    statement.build_query_as().persistent(false).fetch_all(&mut *transaction).await?;
                for row in rows {
                    let series = known.entry(content(platform.name(), &row.content_id)?);
                    series.or_insert_with(|| row.series(platform)).points.push(row.point());
                }
            }
            all.extend(chunk.iter().map(|content| known.remove(content).unwrap_or_else(|| unobserved(content))));
        }
        Ok(all)
    }
}

const fn unobserved(content: &ContentId) -> Series {
    Series { platform: content.platform(), published_at: None, duration_secs: None, points: Vec::new() }
}

fn push_query(statement: &mut QueryBuilder<Sqlite>, platform: Platform, ids: &[&str], newest: u32) {
    statement.push("SELECT ").push(COLUMNS).push(" FROM ").push(TABLES).push_bind(i64::from(newest)).push(")");
    push_ids(statement, platform, ids);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn series_are_found_by_index_without_walking_a_table() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let mut statement = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        push_query(&mut statement, Platform::YOUTUBE, &["a", "b"], 64);
        let plan: Vec<(i64, i64, i64, String)> =
            statement.build_query_as().fetch_all(&store.readers).await.expect("a plan");
        let steps: Vec<String> = plan.into_iter().map(|(_, _, _, step)| step).collect();
        assert!(steps.iter().all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")), "{steps:?}");
        assert!(steps.iter().any(|step| step.contains("content_key=?")), "{steps:?}");
    }
}
