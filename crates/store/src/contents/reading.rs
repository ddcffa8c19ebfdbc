//! Reading what is known of items: by their ids, in chunks, without walking the history.
//!
//! An answer is put together from several statements in one transaction, so it shows one state of the database.

use crate::columns::{broadcast, content, measurement, optional_block, stamp};
use crate::contents::content_state::{ContentState, DetailsState, ShortDigest};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{HashMap, HashSet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::evidence::{ContentEvidence, LatestSighting, Origin, SeenContent};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::PlatformSignals;

/// The columns of `contents` that make a [`ContentRow`].
const STATE_COLUMNS: &str = "contents.content_key, platform, content_id, latest_block, latest_time_ms, latest_present,
    seen_before, views_block, views_time_ms, view_count, plays_block, plays_time_ms, play_count, details_block,
    details_digest, published_at_ms, broadcast, first_views_block, first_views_time_ms, first_view_count,
    first_plays_block, first_plays_time_ms, first_play_count";

#[derive(sqlx::FromRow)]
struct ContentRow {
    content_key: i64,
    platform: String,
    content_id: String,
    latest_block: Option<i64>,
    latest_time_ms: Option<i64>,
    latest_present: Option<bool>,
    seen_before: bool,
    views_block: Option<i64>,
    views_time_ms: Option<i64>,
    view_count: Option<i64>,
    plays_block: Option<i64>,
    plays_time_ms: Option<i64>,
    play_count: Option<i64>,
    details_block: Option<i64>,
    details_digest: Option<Vec<u8>>,
    published_at_ms: Option<i64>,
    broadcast: Option<String>,
    first_views_block: Option<i64>,
    first_views_time_ms: Option<i64>,
    first_view_count: Option<i64>,
    first_plays_block: Option<i64>,
    first_plays_time_ms: Option<i64>,
    first_play_count: Option<i64>,
}

/// An item's row with its texts, if it has any.
#[derive(sqlx::FromRow)]
struct TextRow {
    #[sqlx(flatten)]
    content: ContentRow,
    title: Option<String>,
    description: Option<String>,
    author: Option<String>,
    duration_secs: Option<i64>,
    thumbnail_url: Option<String>,
    synthetic_media: Option<bool>,
    age_restricted: Option<bool>,
    upload_rejected: Option<bool>,
}

impl ContentRow {
    fn id(&self) -> Result<ContentId, StoreError> {
        content(&self.platform, &self.content_id)
    }

    fn state(&self) -> Result<ContentState, StoreError> {
        let latest = match (self.latest_block, self.latest_time_ms, self.latest_present) {
            (Some(block), Some(time_ms), Some(present)) => Some((stamp(block, time_ms)?, present)),
            _ => None,
        };
        let details = match (optional_block(self.details_block)?, &self.broadcast) {
            (Some(block), Some(word)) => Some(DetailsState {
                block,
                digest: self.details_digest.as_deref().and_then(|bytes| ShortDigest::try_from(bytes).ok()),
                published_at: self.published_at_ms.map(Moment::from_unix_ms),
                broadcast: broadcast(word)?,
            }),
            _ => None,
        };
        Ok(ContentState {
            latest,
            seen_before: self.seen_before,
            views: measurement(self.views_block, self.views_time_ms, self.view_count)?,
            plays: measurement(self.plays_block, self.plays_time_ms, self.play_count)?,
            first_views: measurement(self.first_views_block, self.first_views_time_ms, self.first_view_count)?,
            first_plays: measurement(self.first_plays_block, self.first_plays_time_ms, self.first_play_count)?,
            details,
        })
    }
}

impl TextRow {
    fn observed(self) -> Result<ObservedContent, StoreError> {
        let state = self.content.state()?;
        let seen = state
            .details
            .map(|details| SeenContent { published_at: details.published_at, broadcast: details.broadcast });
        // Present without details is still present: only the platform's answer makes an item absent.
        let latest = state
            .latest
            .map(|(at, present)| LatestSighting { at, presence: present.then(|| seen.clone().unwrap_or_default()) });
        let duration_secs = self.duration_secs.and_then(|secs| u32::try_from(secs).ok());
        let (author, title) = (self.author.unwrap_or_default(), self.title.clone().unwrap_or_default());
        let origin = Origin {
            first_views: state.first_views,
            first_plays: state.first_plays,
            ..Origin::of(&author, &title, duration_secs)
        };
        let text = match (self.title, self.description) {
            (Some(title), Some(description)) => format!("{title}\n{description}"),
            _ => String::new(),
        };
        let evidence = ContentEvidence {
            latest,
            seen_before: state.seen_before,
            views: state.views,
            plays: state.plays,
            owner_tag: None,
            named_hotkeys: 0,
            shortfall: None,
            verification: None,
            traffic: None,
            origin: state.seen_before.then(|| Box::new(origin)),
        };
        let signals = PlatformSignals {
            synthetic_media: self.synthetic_media,
            age_restricted: self.age_restricted,
            upload_rejected: self.upload_rejected,
        };
        Ok(ObservedContent { evidence, text, duration_secs, thumbnail_url: self.thumbnail_url, signals })
    }
}

impl Store {
    /// What is known of items, in the order asked for; an empty record for those never observed.
    ///
    /// Texts are returned whole: ask for some thousands at a time rather than for a whole subnet.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn observed_contents(&self, contents: &[ContentId]) -> Result<Vec<ObservedContent>, StoreError> {
        let mut transaction = self.read().await?;
        let mut observed = Vec::with_capacity(contents.len());
        for chunk in contents.chunks(ROWS_PER_STATEMENT) {
            let mut known: HashMap<ContentId, ObservedContent> = HashMap::with_capacity(chunk.len());
            for (platform, ids) in by_platform(chunk) {
                let mut statement = QueryBuilder::<Sqlite>::new("");
                push_texts_query(&mut statement, platform, &ids);
                let rows: Vec<TextRow> =
                    statement.build_query_as().persistent(false).fetch_all(&mut *transaction).await?;
                for row in rows {
                    known.insert(row.content.id()?, row.observed()?);
                }
            }
            observed.extend(chunk.iter().map(|content| known.get(content).cloned().unwrap_or_default()));
        }
        Ok(observed)
    }

    /// Of `contents`, in the order asked for, those with a newest observation at `since` or later.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn observed_since(&self, contents: &[ContentId], since: Block) -> Result<Vec<ContentId>, StoreError> {
        let mut transaction = self.read().await?;
        let mut observed = Vec::new();
        for chunk in contents.chunks(ROWS_PER_STATEMENT) {
            let mut recent: HashSet<ContentId> = HashSet::with_capacity(chunk.len());
            for (platform, ids) in by_platform(chunk) {
                let mut statement = QueryBuilder::<Sqlite>::new("SELECT content_id FROM contents");
                push_ids(&mut statement, platform, &ids);
                statement.push(" AND latest_block >= ").push_bind(i64::from(since));
                let rows: Vec<String> =
                    statement.build_query_scalar().persistent(false).fetch_all(&mut *transaction).await?;
                for id in rows {
                    recent.insert(content(platform.name(), &id)?);
                }
            }
            observed.extend(chunk.iter().filter(|content| recent.contains(*content)).cloned());
        }
        Ok(observed)
    }
}

/// The keys and states of items that have a row; at most one chunk of them.
pub(crate) async fn load_states(
    connection: &mut SqliteConnection,
    contents: &[&ContentId],
) -> Result<HashMap<ContentId, (i64, ContentState)>, StoreError> {
    let mut states = HashMap::with_capacity(contents.len());
    for (platform, ids) in by_platform(contents.iter().copied()) {
        let mut statement = QueryBuilder::<Sqlite>::new("SELECT ");
        statement.push(STATE_COLUMNS).push(" FROM contents");
        push_ids(&mut statement, platform, &ids);
        let rows: Vec<ContentRow> = statement.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
        for row in rows {
            states.insert(row.id()?, (row.content_key, row.state()?));
        }
    }
    Ok(states)
}

/// The ids of each platform that has any.
pub(crate) fn by_platform<'a>(
    contents: impl IntoIterator<Item = &'a ContentId> + Clone,
) -> Vec<(Platform, Vec<&'a str>)> {
    let ids_of = |platform| {
        let of_it = contents.clone().into_iter().filter(move |content| content.platform() == platform);
        (platform, of_it.map(ContentId::as_str).collect::<Vec<_>>())
    };
    Platform::known().iter().copied().map(ids_of).filter(|(_, ids)| !ids.is_empty()).collect()
}

/// Selects [`TextRow`]s.
fn push_texts_query(statement: &mut QueryBuilder<Sqlite>, platform: Platform, ids: &[&str]) {
    statement
        .push("SELECT title, description, author, duration_secs, thumbnail_url, synthetic_media, age_restricted, ");
    statement.push("upload_rejected, ").push(STATE_COLUMNS);
    statement.push(" FROM contents LEFT JOIN content_texts ON content_texts.content_key = contents.content_key");
    push_ids(statement, platform, ids);
}

/// `WHERE platform = … AND content_id IN (…)`: answered from the unique index on both.
pub(crate) fn push_ids(statement: &mut QueryBuilder<Sqlite>, platform: Platform, ids: &[&str]) {
    statement.push(" WHERE platform = ").push_bind(platform.name()).push(" AND content_id IN (");
    let mut list = statement.separated(", ");
    for id in ids {
        list.push_bind((*id).to_owned());
    }
    statement.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn contents_are_found_by_index_without_walking_a_table() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let mut statement = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        push_texts_query(&mut statement, Platform::YOUTUBE, &["a", "b"]);
        let plan: Vec<(i64, i64, i64, String)> =
            statement.build_query_as().fetch_all(&store.readers).await.expect("a plan");
        let steps: Vec<String> = plan.into_iter().map(|(_, _, _, step)| step).collect();
        assert!(steps.len() >= 2 && steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
        assert!(steps[0].contains("platform=? AND content_id=?"), "{steps:?}");
    }
}
