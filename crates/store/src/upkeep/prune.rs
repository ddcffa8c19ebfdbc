//! Keeping the database bounded: old records that decide nothing any more are deleted.
//!
//! Works in steps, each a transaction of its own that leaves the database whole, so that writers do not wait long;
//! after a crash the next call continues. Always kept: the state of every item and the observations that it is based
//! on, the newest cycle, the cycle with the scores in force, and each hotkey's newest intent. Freed space is used
//! again; the file does not shrink.
//!
//! Claims bind while their hotkey is registered, and lapse with its registration. The claims of a hotkey that is not
//! registered in any subnet still stored are deleted once all of them are old; the records that it was seen with a gist
//! are deleted with them, so that it claims again if it ever comes back. All other claims are kept for ever.

use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use std::collections::HashSet;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::rounds::MOST_UNWATCHED_RANGES;
use tensorflix_domain::subnet::Subnet;

/// Observations that one step checks.
const OBSERVATIONS_PER_STEP: i64 = 20_000;

/// Claims that one step deletes.
const CLAIMS_PER_STEP: i64 = 5_000;

/// Days that a ledger's date is kept longer than anything else, since its calendar may be behind the chain's.
const LEDGER_MARGIN_MS: i64 = 2 * 86_400_000;

/// The chain's intended block time, to estimate the block of an earlier time: milliseconds.
const BLOCK_MS: i64 = 12_000;

/// How much was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Rows of the history of items.
    pub observations: u64,
    /// Gists that were not requested any more, and holdings of documents that were claimed long ago.
    pub gists_and_holdings: u64,
    /// Documents that nothing refers to.
    pub documents: u64,
    /// Cycles with their subnet and evidence.
    pub cycles: u64,
    /// Intents with their outcome.
    pub intents: u64,
    /// Claims of hotkeys that are not registered any more.
    pub claims: u64,
    /// Dates of the quota ledger.
    pub ledger_dates: u64,
    /// Records of crashes.
    pub crashes: u64,
    /// Verdicts on items, with those that have been missing for as long.
    pub verdicts: u64,
}

impl Store {
    /// Deletes what is older than `before_unix_ms` (chain time) and needed by nothing. A kind of record that cannot be
    /// deleted does not block the others.
    ///
    /// # Errors
    /// The first failure; everything else is done.
    pub async fn prune(&self, before_unix_ms: i64) -> Result<Pruned, StoreError> {
        let before_block = self.block_of(before_unix_ms).await?;
        let mut failure = None;
        let mut counted = |deleted: Result<u64, StoreError>| {
            deleted.unwrap_or_else(|error| {
                failure.get_or_insert(error);
                0
            })
        };
        let pruned = Pruned {
            observations: counted(self.prune_observations(before_unix_ms).await),
            gists_and_holdings: counted(self.prune_gists(before_block).await),
            documents: counted(self.prune_documents().await),
            cycles: counted(self.prune_cycles(before_unix_ms).await),
            intents: counted(self.prune_intents(before_unix_ms).await),
            // After the cycles: the remaining ones show which hotkeys were registered meanwhile.
            claims: counted(self.prune_claims(before_block).await),
            ledger_dates: counted(self.prune_ledger(before_unix_ms).await),
            crashes: counted(self.prune_crashes(before_block).await),
            verdicts: counted(self.prune_verdicts(before_unix_ms).await),
        };
        failure.map_or(Ok(pruned), Err)
    }

    /// The block of an earlier time, by the chain's intended block time; 0 while no block is known. Rounds are known
    /// only by their block.
    async fn block_of(&self, before_unix_ms: i64) -> Result<i64, StoreError> {
        let Some(head) = self.latest_head().await? else { return Ok(0) };
        let age_ms = head.stamp.time.unix_ms().saturating_sub(before_unix_ms).max(0);
        Ok(i64::from(head.stamp.block).saturating_sub(age_ms / BLOCK_MS))
    }

    async fn prune_observations(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let (first, last): (Option<i64>, Option<i64>) =
            sqlx::query_as("SELECT MIN(observation_id), MAX(observation_id) FROM observations")
                .fetch_one(&self.readers)
                .await?;
        let mut deleted = 0;
        let mut from = first.unwrap_or_default();
        while last.is_some_and(|last| from <= last) {
            let to = from.saturating_add(OBSERVATIONS_PER_STEP);
            let oldest: Option<i64> = sqlx::query_scalar(
                "SELECT MIN(time_ms) FROM observations WHERE observation_id >= $1 AND observation_id < $2",
            )
            .bind(from)
            .bind(to)
            .fetch_one(&self.readers)
            .await?;
            // Observations are added in order of time: after the first step without an old one there are none.
            if oldest.is_some_and(|oldest| oldest >= before_unix_ms) {
                break;
            }
            deleted += sqlx::query(
                "DELETE FROM observations
                 WHERE observation_id >= $1 AND observation_id < $2 AND time_ms < $3 AND NOT EXISTS (
                     SELECT 1 FROM contents WHERE contents.content_key = observations.content_key
                     AND observations.block IN (latest_block, views_block, plays_block, details_block))",
            )
            .bind(from)
            .bind(to)
            .bind(before_unix_ms)
            .execute(self.writer()?)
            .await?
            .rows_affected();
            from = to;
        }
        Ok(deleted)
    }

    /// A gist that a registered hotkey points to is requested in every round; one that was not requested since belongs
    /// to no hotkey. A holding is deleted once claims were made of it: seeing it again would make the same claims, and
    /// each claim keeps the earliest of its times.
    ///
    /// A holding that gave no claims, because its content crashes its reader, is deleted in the same way.
    async fn prune_gists(&self, before_block: i64) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let gists = sqlx::query("DELETE FROM gists WHERE asked_round < $1")
            .bind(before_block)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        sqlx::query("DELETE FROM good_pointers WHERE pointer NOT IN (SELECT pointer FROM gists)")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM gist_owners WHERE asked_round < $1")
            .bind(before_block)
            .execute(&mut *transaction)
            .await?;
        // Not by age: a missed range may date a claim by a pin for as long as the claim binds. The range before the
        // first round is never deleted.
        sqlx::query(
            "DELETE FROM unwatched_blocks WHERE from_block > 0 AND from_block NOT IN (
                 SELECT from_block FROM unwatched_blocks ORDER BY from_block DESC LIMIT $1)",
        )
        .bind(i64::from(MOST_UNWATCHED_RANGES))
        .execute(&mut *transaction)
        .await?;
        let holdings = sqlx::query(
            "DELETE FROM holdings WHERE round < $1 AND NOT EXISTS (
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
             AND digest NOT IN (SELECT digest FROM holdings WHERE NOT claimed)
             AND digest NOT IN (SELECT digest FROM good_pointers)",
        )
        .execute(self.writer()?)
        .await?;
        Ok(deleted.rows_affected())
    }

    async fn prune_cycles(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        let old: Vec<i64> = sqlx::query_scalar(
            "SELECT cycle FROM cycles WHERE time_ms < $1
             AND cycle < (SELECT MAX(cycle) FROM cycles)
             AND cycle <> (SELECT COALESCE(MAX(cycle), 0) FROM cycles WHERE scored_hotkeys > 0)",
        )
        .bind(before_unix_ms)
        .fetch_all(&self.readers)
        .await?;
        for cycle in &old {
            let mut transaction = self.write().await?;
            for statement in [
                "DELETE FROM cycle_decisions WHERE cycle = $1",
                "DELETE FROM cycle_subnets WHERE cycle = $1",
                "DELETE FROM cycle_smoothed_scores WHERE cycle = $1",
                "DELETE FROM cycle_debts WHERE cycle = $1",
                "DELETE FROM cycles WHERE cycle = $1",
            ] {
                sqlx::query(statement).bind(*cycle).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        }
        Ok(old.len().try_into().unwrap_or(u64::MAX))
    }

    async fn prune_claims(&self, before_block: i64) -> Result<u64, StoreError> {
        let Some(registered) = self.registered_lately().await? else { return Ok(0) };
        let claimants: Vec<(Vec<u8>, i64)> =
            sqlx::query_as("SELECT hotkey, MAX(round) FROM claims GROUP BY hotkey").fetch_all(&self.readers).await?;
        let mut deleted = 0;
        for (hotkey, newest_round) in claimants {
            if newest_round >= before_block || registered.contains(&hotkey) {
                continue;
            }
            // Holdings first: claims that are left by a crash do no harm, holdings without claims would.
            sqlx::query("DELETE FROM holdings WHERE hotkey = $1").bind(&hotkey).execute(self.writer()?).await?;
            loop {
                let step = sqlx::query(
                    "DELETE FROM claims WHERE rowid IN (SELECT rowid FROM claims WHERE hotkey = $1 LIMIT $2)",
                )
                .bind(&hotkey)
                .bind(CLAIMS_PER_STEP)
                .execute(self.writer()?)
                .await?
                .rows_affected();
                deleted += step;
                if step == 0 {
                    break;
                }
            }
            sqlx::query("DELETE FROM gist_dates WHERE hotkey = $1").bind(&hotkey).execute(self.writer()?).await?;
        }
        self.prune_gist_dates(before_block).await?;
        self.prune_block_times(before_block).await?;
        Ok(deleted)
    }

    /// A date is deleted with the last claim that it dates, so that there are never more dates than claims and lately
    /// disputed ones.
    async fn prune_gist_dates(&self, before_block: i64) -> Result<(), StoreError> {
        let unused: Vec<i64> = sqlx::query_scalar(
            "SELECT rowid FROM gist_dates WHERE round < $1 AND NOT EXISTS (
                 SELECT 1 FROM claims WHERE claims.round = gist_dates.round AND claims.hotkey = gist_dates.hotkey
                 AND (gist IS NULL OR gist_id = '' OR gist = username || ':' || gist_id))",
        )
        .bind(before_block)
        .fetch_all(&self.readers)
        .await?;
        for chunk in unused.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new("DELETE FROM gist_dates WHERE rowid IN (");
            let mut list = statement.separated(", ");
            for rowid in chunk {
                list.push_bind(*rowid);
            }
            statement.push(")");
            statement.build().persistent(false).execute(&self.writer).await?;
        }
        Ok(())
    }

    /// The time of a block is deleted with the last claim that it dates.
    async fn prune_block_times(&self, before_block: i64) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM block_times WHERE block < $1
             AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.round = block_times.block)
             AND block NOT IN (SELECT pinned_at FROM claims WHERE pinned_at IS NOT NULL)",
        )
        .bind(before_block)
        .execute(self.writer()?)
        .await?;
        Ok(())
    }

    /// The hotkeys of every subnet that is still stored; `None` while it is unknown which are registered now.
    async fn registered_lately(&self) -> Result<Option<HashSet<Vec<u8>>>, StoreError> {
        let Some(latest) = self.latest_subnet().await? else { return Ok(None) };
        let mut registered = hotkeys(&latest);
        let cycles: Vec<i64> = sqlx::query_scalar("SELECT cycle FROM cycle_subnets").fetch_all(&self.readers).await?;
        for cycle in cycles {
            // One at a time, as each is large.
            let cycle = u32::try_from(cycle).unwrap_or_default();
            registered.extend(self.cycle_subnet(cycle).await?.iter().flat_map(hotkeys));
        }
        Ok(Some(registered))
    }

    async fn prune_ledger(&self, before_unix_ms: i64) -> Result<u64, StoreError> {
        const DATE_CHARACTERS: usize = 10;
        let before = Moment::from_unix_ms(before_unix_ms.saturating_sub(LEDGER_MARGIN_MS)).to_string();
        // Dates of the ledger are written as in RFC 3339, so they sort as text.
        let before: String = before.chars().take(DATE_CHARACTERS).collect();
        let deleted =
            sqlx::query("DELETE FROM quota_ledger WHERE quota_date < $1").bind(before).execute(self.writer()?).await?;
        Ok(deleted.rows_affected())
    }

    async fn prune_crashes(&self, before_block: i64) -> Result<u64, StoreError> {
        let deleted =
            sqlx::query("DELETE FROM quarantine WHERE block < $1").bind(before_block).execute(self.writer()?).await?;
        Ok(deleted.rows_affected())
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
             WHERE signed_time_ms < $1 AND window_start < (
                 SELECT MAX(window_start) FROM intents AS others WHERE others.hotkey IS intents.hotkey)",
        )
        .bind(before_unix_ms)
        .execute(self.writer()?)
        .await?;
        Ok(deleted.rows_affected())
    }
}

fn hotkeys(subnet: &Subnet) -> HashSet<Vec<u8>> {
    subnet.neurons.iter().map(|neuron| neuron.hotkey.public_key().to_vec()).collect()
}
