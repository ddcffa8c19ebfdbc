//! What Scorer remembers of disputes: the gists that are queued for dating, the results, and the times of the blocks
//! that dates are compared with.
//!
//! A date that is known, or is known to be impossible, is kept. So is the time of a block once it is recorded.

use crate::columns::{block, gist_name, hotkey, optional_block};
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::dating::{Dating, GistDate, Undatable};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::{Block, Hotkey};

/// Hotkeys, each with the gist by which it was seen, that have a claim of round $1, dated by no earlier pin, that
/// another hotkey's ties with within a round of $2 blocks, while none is earlier than that; those with a record are
/// left out. A pin counts from the first round that was held.
///
/// Each hotkey's claims are checked until one is found. The plus signs keep SQLite from the index of rounds, by which
/// it would walk the whole round for each of its claims. Of the ranges without a round only those matter that end near
/// $1, or that contain the round before $1; no range begins where another ends, except where the one before the first
/// round does.
const IN_DISPUTE: &str = "WITH missed AS MATERIALIZED (
        SELECT from_block, COALESCE((SELECT until_block FROM unwatched_blocks AS next
                                     WHERE first.from_block = 0 AND next.from_block = first.until_block), until_block)
            AS until_block
        FROM unwatched_blocks AS first WHERE from_block = 0 OR until_block >= $1 - $2),
    ends_near AS MATERIALIZED (
        SELECT from_block, until_block FROM missed WHERE until_block BETWEEN $1 - $2 AND $1 + $2),
    reaches_up_to AS MATERIALIZED (
        SELECT from_block, until_block FROM missed WHERE from_block < $1 - $2 AND until_block >= $1 - $2)
    SELECT seen.hotkey, seen.gist FROM (SELECT DISTINCT hotkey, gist FROM claims WHERE round = $1) AS seen
    WHERE NOT EXISTS (SELECT 1 FROM gist_dates WHERE gist_dates.hotkey = seen.hotkey AND gist_dates.round = $1
                      AND (seen.gist IS NULL OR gist_id = '' OR username || ':' || gist_id = seen.gist))
      AND EXISTS (
        SELECT 1 FROM claims AS tied
        WHERE tied.round = $1 AND tied.hotkey = seen.hotkey AND tied.gist IS seen.gist
          AND (tied.pinned_at IS NULL OR tied.pinned_at > tied.round)
          AND EXISTS (SELECT 1 FROM claims AS rival WHERE rival.task_id = tied.task_id
                      AND rival.content_id = tied.content_id AND rival.hotkey <> tied.hotkey
                      AND (+rival.round BETWEEN $1 - $2 AND $1 + $2
                           OR (rival.pinned_at > $1 - 2 * $2 AND rival.pinned_at <= $1 + $2)
                           OR EXISTS (SELECT 1 FROM ends_near
                                      WHERE rival.pinned_at > from_block - $2 AND rival.pinned_at < until_block)))
          AND NOT EXISTS (SELECT 1 FROM claims AS better WHERE better.task_id = tied.task_id
                          AND better.content_id = tied.content_id
                          AND (+better.round < $1 - $2
                               OR (better.pinned_at <= $1 - 2 * $2
                                   AND NOT EXISTS (SELECT 1 FROM reaches_up_to
                                                   WHERE better.pinned_at > from_block - $2
                                                   AND better.pinned_at < until_block)))))
    ORDER BY seen.hotkey, seen.gist";

/// Queued gists, dated after round $1, by which a pair was seen that was also seen by a queued gist of another hotkey
/// that was not dated then, within $2 blocks. Each pair of those queued is checked once, whatever the number of rivals.
const RIVALS_OF_UNDATED: &str = "WITH in_line AS MATERIALIZED (
        SELECT hotkey, round, username, gist_id, gist_id IN (
            SELECT gist_id FROM gist_dates WHERE asked_round > $1 AND updated_at_ms IS NOT NULL) AS is_dated
        FROM gist_dates WHERE updated_at_ms IS NULL AND undatable IS NULL AND gist_id <> ''),
    undated AS MATERIALIZED (
        SELECT task_id, content_id, claims.hotkey, claims.round FROM in_line CROSS JOIN claims
        WHERE claims.round = in_line.round AND claims.hotkey = in_line.hotkey AND NOT is_dated
        AND (gist IS NULL OR gist = username || ':' || gist_id))
    SELECT DISTINCT username, gist_id FROM in_line WHERE is_dated AND EXISTS (
        SELECT 1 FROM claims CROSS JOIN undated
        WHERE claims.round = in_line.round AND claims.hotkey = in_line.hotkey
        AND (gist IS NULL OR gist = username || ':' || gist_id)
        AND undated.task_id = claims.task_id AND undated.content_id = claims.content_id
        AND undated.hotkey <> claims.hotkey AND undated.round BETWEEN claims.round - $2 AND claims.round + $2)";

#[derive(sqlx::FromRow)]
struct DateRow {
    hotkey: Vec<u8>,
    round: i64,
    username: String,
    gist_id: String,
    waiting_since: i64,
    asked_round: Option<i64>,
    silent_rounds: i64,
    absences: i64,
    updated_at_ms: Option<i64>,
    undatable: Option<String>,
}

impl DateRow {
    fn into_date(self) -> Result<GistDate, StoreError> {
        let dating = match (self.updated_at_ms, self.undatable) {
            (Some(updated_at), _) => Dating::Dated(Moment::from_unix_ms(updated_at)),
            (None, Some(code)) => Undatable::ALL
                .into_iter()
                .find(|why| why.code() == code)
                .map(Dating::Undatable)
                .ok_or_else(|| StoreError::Damaged(format!("{code} is not a known reason against dating a gist")))?,
            (None, None) => Dating::NotAsked,
        };
        let gist = GistName { username: self.username, gist_id: self.gist_id };
        Ok(GistDate {
            hotkey: hotkey(&self.hotkey)?,
            round: block(self.round)?,
            gist: (!gist.gist_id.is_empty()).then_some(gist),
            waiting_since: block(self.waiting_since)?,
            asked_round: optional_block(self.asked_round)?,
            silent_rounds: u32::try_from(self.silent_rounds).unwrap_or(u32::MAX),
            absences: u32::try_from(self.absences).unwrap_or(u32::MAX),
            dating,
        })
    }
}

/// The columns of [`DateRow`].
macro_rules! select_dates {
    ($rest:literal) => {
        concat!(
            "SELECT hotkey, round, username, gist_id, waiting_since, asked_round, silent_rounds, absences, ",
            "updated_at_ms, undatable FROM gist_dates ",
            $rest
        )
    };
}

/// What follows the pairs of hotkeys and rounds in `WITH wanted (of_hotkey, of_round) AS (VALUES …`.
const DATES_OF_WANTED: &str = ") SELECT hotkey, round, username, gist_id, waiting_since, asked_round, silent_rounds,
    absences, updated_at_ms, undatable FROM wanted CROSS JOIN gist_dates WHERE hotkey = of_hotkey AND round = of_round";

const FIRST_DATE_SINCE: &str = select_dates!(
    "WHERE updated_at_ms IS NOT NULL AND gist_id = $1 AND lower(username) = lower($2) AND asked_round >= $3
     ORDER BY asked_round, hotkey, round, username LIMIT 1"
);

/// The plus sign keeps SQLite from walking the whole table for the order.
const IN_LINE: &str =
    select_dates!("WHERE updated_at_ms IS NULL AND undatable IS NULL ORDER BY +hotkey, round, username, gist_id");

const DATED_SINCE: &str = "SELECT gist_id FROM gist_dates WHERE asked_round > $1 AND updated_at_ms IS NOT NULL
    AND gist_id <> ''";

impl Store {
    /// The hotkeys with a claim of this round that is in dispute with another's, where rounds last `round_blocks`, and
    /// that are not queued for dating yet; each with the gist by which it was seen, as far as the claim names it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn in_dispute(
        &self,
        round: Block,
        round_blocks: u32,
    ) -> Result<Vec<(Hotkey, Option<GistName>)>, StoreError> {
        let rows: Vec<(Vec<u8>, Option<String>)> = sqlx::query_as(IN_DISPUTE)
            .bind(i64::from(round))
            .bind(i64::from(round_blocks))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|(key, gist)| Ok((hotkey(key)?, gist.as_deref().map(gist_name).transpose()?))).collect()
    }

    /// The gist by which a hotkey was seen with something new in `round`, or last before it; `None` if that was pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gist_seen_by(&self, hotkey: &Hotkey, round: Block) -> Result<Option<GistPointer>, StoreError> {
        let pointer: Option<String> = sqlx::query_scalar(
            "SELECT pointer FROM holdings WHERE hotkey = $1 AND round <= $2
             ORDER BY round DESC, holding_id DESC LIMIT 1",
        )
        .bind(&hotkey.public_key()[..])
        .bind(i64::from(round))
        .fetch_optional(&self.readers)
        .await?;
        pointer.as_deref().map(crate::columns::pointer).transpose()
    }

    /// The dates of these hotkeys' claims of these rounds, including those queued.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gist_dates_of(&self, of: &BTreeSet<(Hotkey, Block)>) -> Result<Vec<GistDate>, StoreError> {
        let of: Vec<&(Hotkey, Block)> = of.iter().collect();
        let mut rows: Vec<DateRow> = Vec::new();
        for chunk in of.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new("WITH wanted (of_hotkey, of_round) AS (");
            statement.push_values(chunk, |mut row, (hotkey, round)| {
                row.push_bind(hotkey.public_key().to_vec()).push_bind(i64::from(*round));
            });
            statement.push(DATES_OF_WANTED);
            rows.extend(statement.build_query_as::<DateRow>().persistent(false).fetch_all(&self.readers).await?);
        }
        let mut dates = rows.into_iter().map(DateRow::into_date).collect::<Result<Vec<_>, _>>()?;
        dates.sort_unstable();
        Ok(dates)
    }

    /// The first gist date that was requested in this round or later.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn date_of_gist(&self, gist: &GistName, round: Block) -> Result<Option<GistDate>, StoreError> {
        let row: Option<DateRow> = sqlx::query_as(FIRST_DATE_SINCE)
            .bind(&gist.gist_id)
            .bind(&gist.username)
            .bind(i64::from(round))
            .fetch_optional(&self.readers)
            .await?;
        row.map(DateRow::into_date).transpose()
    }

    /// The dates that are queued.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gists_to_date(&self) -> Result<Vec<GistDate>, StoreError> {
        let rows: Vec<DateRow> = sqlx::query_as(IN_LINE).fetch_all(&self.readers).await?;
        rows.into_iter().map(DateRow::into_date).collect()
    }

    /// The ids of the gists that were dated after a round.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn gists_dated_since(&self, round: Block) -> Result<BTreeSet<String>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(DATED_SINCE).bind(i64::from(round)).fetch_all(&self.readers).await?;
        Ok(ids.into_iter().collect())
    }

    /// The queued gists that were dated after a round and are in dispute with one that was not.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn rivals_of_undated(&self, round: Block, round_blocks: u32) -> Result<BTreeSet<GistName>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(RIVALS_OF_UNDATED)
            .bind(i64::from(round))
            .bind(i64::from(round_blocks))
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.into_iter().map(|(username, gist_id)| GistName { username, gist_id }).collect())
    }

    /// Records dates. Of a queued gist, a later answer replaces an earlier one; a known date is kept.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_gist_dates(&self, dates: &[GistDate]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for chunk in dates.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "INSERT INTO gist_dates (hotkey, round, username, gist_id, waiting_since, asked_round, silent_rounds,
                 absences, updated_at_ms, undatable) ",
            );
            statement.push_values(chunk, |mut row, date| {
                let (updated_at, undatable) = match date.dating {
                    Dating::NotAsked => (None, None),
                    Dating::Dated(updated_at) => (Some(updated_at.unix_ms()), None),
                    Dating::Undatable(why) => (None, Some(why.code())),
                };
                row.push_bind(date.hotkey.public_key().to_vec())
                    .push_bind(i64::from(date.round))
                    .push_bind(date.gist.as_ref().map(|gist| gist.username.clone()).unwrap_or_default())
                    .push_bind(date.gist.as_ref().map(|gist| gist.gist_id.clone()).unwrap_or_default())
                    .push_bind(i64::from(date.waiting_since))
                    .push_bind(date.asked_round.map(i64::from))
                    .push_bind(i64::from(date.silent_rounds))
                    .push_bind(i64::from(date.absences))
                    .push_bind(updated_at)
                    .push_bind(undatable);
            });
            statement.push(
                " ON CONFLICT (hotkey, round, username, gist_id) DO UPDATE SET asked_round = excluded.asked_round,
                 silent_rounds = excluded.silent_rounds, absences = excluded.absences,
                 updated_at_ms = excluded.updated_at_ms, undatable = excluded.undatable
                 WHERE gist_dates.updated_at_ms IS NULL AND gist_dates.undatable IS NULL
                 AND excluded.asked_round > COALESCE(gist_dates.asked_round, -1)",
            );
            statement.build().persistent(false).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The times of blocks, as far as they are recorded.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn block_times(&self) -> Result<BTreeMap<Block, Moment>, StoreError> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT block, time_ms FROM block_times").fetch_all(&self.readers).await?;
        rows.into_iter().map(|(number, time)| Ok((block(number)?, Moment::from_unix_ms(time)))).collect()
    }

    /// Records the times of blocks; a recorded one is kept.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_block_times(&self, times: &BTreeMap<Block, Moment>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let times: Vec<(&Block, &Moment)> = times.iter().collect();
        for chunk in times.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new("INSERT INTO block_times (block, time_ms) ");
            statement.push_values(chunk, |mut row, (block, time)| {
                row.push_bind(i64::from(**block)).push_bind(time.unix_ms());
            });
            statement.push(" ON CONFLICT (block) DO NOTHING");
            statement.build().persistent(false).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step = (i64, i64, i64, String);

    /// SQLite's plan for a statement.
    async fn plan(statement: &str) -> Vec<Step> {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
        for parameter in ["$1", "$2", "$3"] {
            query = if statement.contains(parameter) { query.bind(0) } else { query };
        }
        query.fetch_all(&store.readers).await.expect("a plan")
    }

    #[tokio::test]
    async fn rivals_are_found_by_their_content_and_never_by_walking_a_round() {
        let plan = plan(IN_DISPUTE).await;
        for (table, found_by) in [
            ("rival", "task_id=? AND content_id=?"),
            ("better", "task_id=? AND content_id=?"),
            ("tied", "round=? AND hotkey=?"),
        ] {
            let steps: Vec<&Step> = plan.iter().filter(|(.., step)| step.contains(table)).collect();
            assert!(steps.iter().all(|(.., step)| step.contains(found_by)), "{plan:?}");
            assert!(!steps.is_empty(), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn ranges_without_a_round_are_read_once_and_not_for_each_pair_of_rivals() {
        let plan = plan(IN_DISPUTE).await;
        let is_materialized =
            |parent: i64| plan.iter().any(|(id, _, _, step)| *id == parent && step.starts_with("MATERIALIZE"));
        for scan in ["SCAN first", "SCAN missed"] {
            let parents: Vec<i64> =
                plan.iter().filter(|(.., step)| step == scan).map(|(_, parent, ..)| *parent).collect();
            assert!(!parents.is_empty() && parents.into_iter().all(is_materialized), "{plan:?}");
        }
        assert!(!plan.iter().any(|(.., step)| step.contains("unwatched_blocks")), "{plan:?}");
    }

    #[tokio::test]
    async fn dates_are_found_by_an_index_however_many_there_are() {
        let of_wanted = format!("WITH wanted (of_hotkey, of_round) AS (VALUES (x'00', 1){DATES_OF_WANTED}");
        for statement in [RIVALS_OF_UNDATED, FIRST_DATE_SINCE, IN_LINE, DATED_SINCE, &of_wanted] {
            let plan = plan(statement).await;
            let of = |table| plan.iter().map(|(.., step)| step).filter(move |step| step.contains(table));
            assert!(of("gist_dates").count() > 0, "{plan:?}");
            // The partial index of queued gists is walked as a whole.
            let is_by_index = |step: &String| step.starts_with("SEARCH") || step.contains("INDEX gists_to_date");
            assert!(of("gist_dates").all(is_by_index), "{plan:?}");
            assert!(of("claims").all(|step| step.contains("round=? AND hotkey=?")), "{plan:?}");
        }
    }
}
