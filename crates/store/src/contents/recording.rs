//! Recording platforms' answers about items.
//!
//! A batch is processed in chunks, each with a handful of statements whatever its size: add the items that are new,
//! read the state of all, add the rows of the history, and write the states back. The database reports which rows are
//! new, and only those change a state: the same observation again changes nothing. Texts are written only when they
//! changed.

use crate::columns::{broadcast_column, count_column, to_json};
use crate::contents::content_state::{ContentState, ShortDigest};
use crate::contents::reading::load_states;
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sha2::{Digest, Sha256};
use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{BTreeMap, HashMap, HashSet};
use tensorflix_domain::evidence::Measurement;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Details, Observation, Sighting};

/// An observation with what identifies it.
struct Row<'a> {
    observation: &'a Observation,
    details_digest: Option<ShortDigest>,
    sighting_digest: ShortDigest,
}

/// An item's key and state, and the texts to write if they changed.
struct Tracked<'a> {
    key: i64,
    state: ContentState,
    new_texts: Option<&'a Details>,
}

impl Store {
    /// Adds observations, in any order. One that is already stored changes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_observations(&self, observations: &[Observation]) -> Result<(), StoreError> {
        if observations.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        for chunk in observations.chunks(ROWS_PER_STATEMENT) {
            record_chunk(&mut transaction, chunk).await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn record_chunk(connection: &mut SqliteConnection, chunk: &[Observation]) -> Result<(), StoreError> {
    let rows = chunk.iter().map(Row::new).collect::<Result<Vec<_>, _>>()?;
    let contents: Vec<&ContentId> = chunk.iter().map(|observation| &observation.content).collect();
    add_contents(connection, &contents).await?;
    // Ordered, so that the same batch always writes the same pages in the same order.
    let mut tracked: BTreeMap<ContentId, Tracked<'_>> = load_states(connection, &contents)
        .await?
        .into_iter()
        .map(|(content, (key, state))| (content, Tracked { key, state, new_texts: None }))
        .collect();
    let keys: HashMap<&ContentId, i64> = tracked.iter().map(|(content, tracked)| (content, tracked.key)).collect();
    let mut new_rows = add_rows(connection, &rows, &keys).await?;
    for row in &rows {
        let observation = row.observation;
        let Some(tracked) = tracked.get_mut(&observation.content) else { continue };
        if !new_rows.remove(&(tracked.key, i64::from(observation.at.block), row.sighting_digest)) {
            continue;
        }
        let texts_changed = tracked.state.take_in(observation, row.details_digest);
        if let (true, Some(details)) = (texts_changed, observation.sighting.details()) {
            tracked.new_texts = Some(details);
        }
    }
    save_states(connection, &tracked).await?;
    save_texts(connection, &tracked).await
}

impl<'a> Row<'a> {
    fn new(observation: &'a Observation) -> Result<Self, StoreError> {
        let details = observation.sighting.details().map(|details| to_json("an item's details", details));
        let details_digest = details.transpose()?.map(|json| short_digest(&json));
        let identity = (observation.at.time.unix_ms(), details_digest, observation.sighting.metrics());
        let identity = match &observation.sighting {
            // Without this word it would be read as an absence.
            Sighting::Counted(_) => to_json("an observation", &("counted", identity))?,
            Sighting::Present(_) | Sighting::Absent => to_json("an observation", &identity)?,
        };
        let sighting_digest = short_digest(&identity);
        Ok(Self { observation, details_digest, sighting_digest })
    }
}

fn short_digest(text: &str) -> ShortDigest {
    let mut short = ShortDigest::default();
    let whole = Sha256::digest(text.as_bytes());
    let length = short.len();
    short.copy_from_slice(&whole[..length]);
    short
}

async fn add_contents(connection: &mut SqliteConnection, contents: &[&ContentId]) -> Result<(), StoreError> {
    let mut statement = QueryBuilder::<Sqlite>::new("INSERT INTO contents (platform, content_id, seen_before) ");
    statement.push_values(contents, |mut row, content| {
        row.push_bind(content.platform().name()).push_bind(content.as_str().to_owned()).push_bind(false);
    });
    statement.push(" ON CONFLICT (platform, content_id) DO NOTHING");
    statement.build().persistent(false).execute(connection).await?;
    Ok(())
}

/// Adds rows to the history and returns the identities of those that are new: item's key, block, digest.
async fn add_rows(
    connection: &mut SqliteConnection,
    rows: &[Row<'_>],
    keys: &HashMap<&ContentId, i64>,
) -> Result<HashSet<(i64, i64, ShortDigest)>, StoreError> {
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO observations (content_key, block, time_ms, present, view_count, play_count, like_count,
         comment_count, sighting_digest) ",
    );
    statement.push_values(rows, |mut columns, row| {
        let observation = row.observation;
        let metrics = observation.sighting.metrics();
        // A missing key becomes NULL, which the schema rejects.
        columns
            .push_bind(keys.get(&observation.content).copied())
            .push_bind(i64::from(observation.at.block))
            .push_bind(observation.at.time.unix_ms())
            .push_bind(observation.sighting.is_present())
            .push_bind(metrics.view_count.map(count_column))
            .push_bind(metrics.play_count.map(count_column))
            .push_bind(metrics.like_count.map(count_column))
            .push_bind(metrics.comment_count.map(count_column))
            .push_bind(row.sighting_digest.to_vec());
    });
    statement.push(
        " ON CONFLICT (content_key, block, sighting_digest) DO NOTHING RETURNING content_key, block, sighting_digest",
    );
    let added: Vec<(i64, i64, Vec<u8>)> = statement.build_query_as().persistent(false).fetch_all(connection).await?;
    let identity = |(key, block, digest): (i64, i64, Vec<u8>)| {
        let digest = ShortDigest::try_from(digest).map_err(|_| StoreError::Damaged("a digest is not valid".into()))?;
        Ok((key, block, digest))
    };
    added.into_iter().map(identity).collect()
}

async fn save_states(
    connection: &mut SqliteConnection,
    tracked: &BTreeMap<ContentId, Tracked<'_>>,
) -> Result<(), StoreError> {
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO contents (content_key, platform, content_id, latest_block, latest_time_ms, latest_present,
         seen_before, views_block, views_time_ms, view_count, plays_block, plays_time_ms, play_count, details_block,
         details_digest, published_at_ms, broadcast, first_views_block, first_views_time_ms, first_view_count,
         first_plays_block, first_plays_time_ms, first_play_count) ",
    );
    statement.push_values(tracked, |mut row, (content, Tracked { key, state, .. })| {
        row.push_bind(*key).push_bind(content.platform().name()).push_bind(content.as_str().to_owned());
        row.push_bind(state.latest.map(|(at, _)| i64::from(at.block)));
        row.push_bind(state.latest.map(|(at, _)| at.time.unix_ms()));
        row.push_bind(state.latest.map(|(_, present)| present)).push_bind(state.seen_before);
        for measurement in [state.views, state.plays] {
            push_measurement(&mut row, measurement);
        }
        let details = state.details.as_ref();
        row.push_bind(details.map(|known| i64::from(known.block)));
        row.push_bind(details.and_then(|known| known.digest).map(|digest| digest.to_vec()));
        row.push_bind(details.and_then(|known| known.published_at).map(|moment| moment.unix_ms()));
        row.push_bind(details.map(|known| broadcast_column(known.broadcast)));
        for measurement in [state.first_views, state.first_plays] {
            push_measurement(&mut row, measurement);
        }
    });
    statement.push(
        " ON CONFLICT (content_key) DO UPDATE
         SET latest_block = excluded.latest_block, latest_time_ms = excluded.latest_time_ms,
             latest_present = excluded.latest_present, seen_before = excluded.seen_before,
             views_block = excluded.views_block, views_time_ms = excluded.views_time_ms,
             view_count = excluded.view_count, plays_block = excluded.plays_block,
             plays_time_ms = excluded.plays_time_ms, play_count = excluded.play_count,
             details_block = excluded.details_block, details_digest = excluded.details_digest,
             published_at_ms = excluded.published_at_ms, broadcast = excluded.broadcast,
             first_views_block = excluded.first_views_block, first_views_time_ms = excluded.first_views_time_ms,
             first_view_count = excluded.first_view_count, first_plays_block = excluded.first_plays_block,
             first_plays_time_ms = excluded.first_plays_time_ms, first_play_count = excluded.first_play_count",
    );
    statement.build().persistent(false).execute(connection).await?;
    Ok(())
}

/// The three columns of a count: its block, time and value.
fn push_measurement(row: &mut Separated<'_, Sqlite, &'static str>, measurement: Option<Measurement>) {
    row.push_bind(measurement.map(|known| i64::from(known.at.block)));
    row.push_bind(measurement.map(|known| known.at.time.unix_ms()));
    row.push_bind(measurement.map(|known| count_column(known.count)));
}

async fn save_texts(
    connection: &mut SqliteConnection,
    tracked: &BTreeMap<ContentId, Tracked<'_>>,
) -> Result<(), StoreError> {
    let mut changed = Vec::new();
    for tracked in tracked.values() {
        if let Some(details) = tracked.new_texts {
            changed.push((tracked.key, details, to_json("an item's tags", &details.tags)?));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO content_texts (content_key, title, description, author, tags_json, duration_secs, thumbnail_url,
         synthetic_media, age_restricted, upload_rejected) ",
    );
    statement.push_values(changed, |mut row, (key, details, tags_json)| {
        row.push_bind(key)
            .push_bind(details.title.clone())
            .push_bind(details.description.clone())
            .push_bind(details.author.clone())
            .push_bind(tags_json)
            .push_bind(details.duration_secs.map(i64::from))
            .push_bind(details.thumbnail_url.clone())
            .push_bind(details.signals.synthetic_media)
            .push_bind(details.signals.age_restricted)
            .push_bind(details.signals.upload_rejected);
    });
    statement.push(
        " ON CONFLICT (content_key) DO UPDATE
         SET title = excluded.title, description = excluded.description, author = excluded.author,
             tags_json = excluded.tags_json, duration_secs = excluded.duration_secs,
             thumbnail_url = excluded.thumbnail_url, synthetic_media = excluded.synthetic_media,
             age_restricted = excluded.age_restricted, upload_rejected = excluded.upload_rejected",
    );
    statement.build().persistent(false).execute(connection).await?;
    Ok(())
}
