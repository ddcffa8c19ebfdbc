//! What Scorer remembers of ownership: claims, and which holdings they were made of.
//!
//! A claim is one hotkey's on one content for one task. It only ever gains: each of its times keeps the earliest value
//! that was recorded. Its ids are the miner's, unchecked: whether they name anything is judged when a cycle is decided.

use crate::columns::{block, digest, gist_name, hotkey, optional_block, pointer};
use crate::{ROWS_PER_STATEMENT, Store, StoreError};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::claim::{CLAIM_REST_BLOCKS, Claim, MAX_CLAIMS, ROOM_AGAIN_BLOCKS};
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::places::PlaceRuleDigest;
use tensorflix_domain::record::{ClaimedHolding, Holding};

#[derive(sqlx::FromRow)]
struct HoldingRow {
    holding_id: i64,
    hotkey: Vec<u8>,
    pointer: String,
    digest: Vec<u8>,
    round: i64,
    committed_at: i64,
    pinned_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    task_id: String,
    content_id: String,
    hotkey: Vec<u8>,
    pinned_at: Option<i64>,
    round: i64,
    committed_at: i64,
    gist: Option<String>,
}

impl Store {
    /// Holdings that no claims were made of, oldest round first, at most `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, pointer, digest, round, committed_at, pinned_at FROM holdings
             WHERE NOT claimed ORDER BY round, holding_id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }

    /// Holdings of what their gist holds now, of which claims were made under another rule than this one, oldest round
    /// first. Those whose hotkey had no room for all of its claims are among them once every [`ROOM_AGAIN_BLOCKS`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn holdings_claimed_otherwise(
        &self,
        rule: &PlaceRuleDigest,
        round: Block,
    ) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, holdings.pointer, holdings.digest, round, committed_at, pinned_at FROM gists
             JOIN holdings ON holdings.pointer = gists.pointer AND holdings.digest = gists.digest
             WHERE claimed AND (claimed_under IS NULL OR claimed_under <> $1)
             AND (short_of_room IS NULL OR short_of_room <= $2) ORDER BY round, holding_id",
        )
        .bind(&rule.0[..])
        .bind(i64::from(round) - i64::from(ROOM_AGAIN_BLOCKS))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }

    /// Adds claims (one that exists already keeps the earliest of each of its times) and marks holdings as claimed. Of a
    /// hotkey that has [`MAX_CLAIMS`], claims that are older than [`CLAIM_REST_BLOCKS`] and not among these give way to new
    /// ones; beyond that, only claims that exist already are touched, and its holdings are among those that are
    /// [claimed otherwise](Self::holdings_claimed_otherwise): what was left out is claimed within [`ROOM_AGAIN_BLOCKS`] of when
    /// there is room.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_claims(&self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let (claims, short_of_room) = without_excess(&mut transaction, claims).await?;
        for chunk in claims.chunks(ROWS_PER_STATEMENT) {
            insert_claims(chunk).build().persistent(false).execute(&mut *transaction).await?;
        }
        for ClaimedHolding { id, rule } in holdings {
            sqlx::query(
                "UPDATE holdings SET claimed = TRUE, claimed_under = $1, short_of_room = NULL WHERE holding_id = $2",
            )
            .bind(&rule.0[..])
            .bind(*id)
            .execute(&mut *transaction)
            .await?;
            for (hotkey, round) in &short_of_room {
                sqlx::query(
                    "UPDATE holdings SET claimed_under = NULL, short_of_room = $1 WHERE holding_id = $2 AND hotkey = $3",
                )
                .bind(i64::from(*round))
                .bind(*id)
                .bind(&hotkey.public_key()[..])
                .execute(&mut *transaction)
                .await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// The claims on these contents for one task, by whatever hotkey, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims_for(&self, task_id: &str, content_ids: &[&str]) -> Result<Vec<Claim>, StoreError> {
        let mut rows: Vec<ClaimRow> = Vec::new();
        for chunk in content_ids.chunks(ROWS_PER_STATEMENT) {
            let mut statement = QueryBuilder::<Sqlite>::new(
                "SELECT task_id, content_id, hotkey, pinned_at, round, committed_at, gist
                 FROM claims WHERE task_id = ",
            );
            statement.push_bind(task_id);
            statement.push(" AND content_id IN (");
            let mut list = statement.separated(", ");
            for content_id in chunk {
                list.push_bind(*content_id);
            }
            statement.push(")");
            rows.extend(statement.build_query_as::<ClaimRow>().persistent(false).fetch_all(&self.readers).await?);
        }
        sorted(rows)
    }

    /// The claims on one content for whatever task, by whatever hotkey, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims_on(&self, content_id: &str) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = sqlx::query_as(
            "SELECT task_id, content_id, hotkey, pinned_at, round, committed_at, gist
             FROM claims WHERE content_id = $1",
        )
        .bind(content_id)
        .fetch_all(&self.readers)
        .await?;
        sorted(rows)
    }

    /// The holdings that a hotkey was first seen with in one polling round, oldest first: none if they were pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn holdings_of(&self, hotkey: &Hotkey, round: Block) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, pointer, digest, round, committed_at, pinned_at FROM holdings
             WHERE hotkey = $1 AND round = $2 ORDER BY holding_id",
        )
        .bind(&hotkey.public_key()[..])
        .bind(i64::from(round))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }

    /// All claims, in the order of [`Claim`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let rows: Vec<ClaimRow> = sqlx::query_as(
            "SELECT task_id, content_id, hotkey, pinned_at, round, committed_at, gist
             FROM claims",
        )
        .fetch_all(&self.readers)
        .await?;
        sorted(rows)
    }
}

/// Sorted here and not there: databases differ in how they order text.
fn sorted(rows: Vec<ClaimRow>) -> Result<Vec<Claim>, StoreError> {
    let mut claims = rows.into_iter().map(ClaimRow::into_claim).collect::<Result<Vec<_>, _>>()?;
    claims.sort_unstable();
    Ok(claims)
}

/// The claims that are made, in their order, after old ones gave way; and the hotkeys that have no room for all of theirs,
/// each with the newest round of what was left out. Known ones are looked up only for a hotkey that could exceed its bound.
async fn without_excess(
    connection: &mut SqliteConnection,
    claims: &[Claim],
) -> Result<(Vec<Claim>, BTreeMap<Hotkey, Block>), StoreError> {
    let mut wanted: BTreeMap<Hotkey, usize> = BTreeMap::new();
    for claim in claims {
        *wanted.entry(claim.hotkey).or_default() += 1;
    }
    let mut bounded: BTreeMap<Hotkey, BTreeSet<(String, String)>> = BTreeMap::new();
    for (hotkey, wanted) in wanted {
        let key = hotkey.public_key();
        let held: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM claims WHERE hotkey = $1")
            .bind(&key[..])
            .fetch_one(&mut *connection)
            .await?;
        if usize::try_from(held).unwrap_or(usize::MAX).saturating_add(wanted) > MAX_CLAIMS {
            let own: Vec<&Claim> = claims.iter().filter(|claim| claim.hotkey == hotkey).collect();
            bounded.insert(hotkey, make_room(connection, &hotkey, &own).await?);
        }
    }
    let mut is_made = |claim: &Claim| {
        let Some(known) = bounded.get_mut(&claim.hotkey) else { return true };
        let pair = (claim.task_id.clone(), claim.content_id.clone());
        known.contains(&pair) || (known.len() < MAX_CLAIMS && known.insert(pair))
    };
    let (made, left_out): (Vec<&Claim>, Vec<&Claim>) = claims.iter().partition(|claim| is_made(claim));
    let mut short_of_room: BTreeMap<Hotkey, Block> = BTreeMap::new();
    for claim in left_out {
        let newest = short_of_room.entry(claim.hotkey).or_default();
        *newest = claim.round.max(*newest);
    }
    Ok((made.into_iter().cloned().collect(), short_of_room))
}

/// Deletes claims of a hotkey that are old and that it does not list any more, as many as its new ones exceed the bound by.
/// Gives the pairs that it has claimed then.
async fn make_room(
    connection: &mut SqliteConnection,
    hotkey: &Hotkey,
    wanted: &[&Claim],
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let key = hotkey.public_key();
    let known: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT task_id, content_id, round FROM claims WHERE hotkey = $1 ORDER BY round, task_id, content_id",
    )
    .bind(&key[..])
    .fetch_all(&mut *connection)
    .await?;
    let listed: BTreeSet<(&str, &str)> =
        wanted.iter().map(|claim| (claim.task_id.as_str(), claim.content_id.as_str())).collect();
    let newest_round = wanted.iter().map(|claim| claim.round).max().unwrap_or_default();
    let oldest_kept = i64::from(newest_round.saturating_sub(CLAIM_REST_BLOCKS));
    let mut pairs: BTreeSet<(String, String)> =
        known.iter().map(|(task_id, content_id, _)| (task_id.clone(), content_id.clone())).collect();
    let is_new = |pair: &&(&str, &str)| !pairs.contains(&(pair.0.to_owned(), pair.1.to_owned()));
    let new = listed.iter().filter(is_new).count();
    let excess = if new == 0 { 0 } else { (pairs.len() + new).saturating_sub(MAX_CLAIMS) };
    let gives_way = |(task_id, content_id, round): &&(String, String, i64)| {
        *round < oldest_kept && !listed.contains(&(task_id.as_str(), content_id.as_str()))
    };
    for (task_id, content_id, _) in known.iter().filter(gives_way).take(excess) {
        sqlx::query("DELETE FROM claims WHERE task_id = $1 AND content_id = $2 AND hotkey = $3")
            .bind(task_id)
            .bind(content_id)
            .bind(&key[..])
            .execute(&mut *connection)
            .await?;
        pairs.remove(&(task_id.clone(), content_id.clone()));
    }
    Ok(pairs)
}

fn insert_claims(claims: &[Claim]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO claims (task_id, content_id, hotkey, pinned_at, round,
         committed_at, gist) ",
    );
    statement.push_values(claims, |mut row, claim| {
        row.push_bind(claim.task_id.clone())
            .push_bind(claim.content_id.clone())
            .push_bind(claim.hotkey.public_key().to_vec())
            .push_bind(claim.pinned_at.map(i64::from))
            .push_bind(i64::from(claim.round))
            .push_bind(i64::from(claim.committed_at))
            .push_bind(claim.gist.as_ref().map(ToString::to_string));
    });
    // `Claim::join`, in words that every SQL database has. What gains nothing is not written.
    statement.push(
        " ON CONFLICT (task_id, content_id, hotkey) DO UPDATE SET
             round = CASE WHEN excluded.round < claims.round THEN excluded.round ELSE claims.round END,
             committed_at = CASE WHEN excluded.committed_at < claims.committed_at
                            THEN excluded.committed_at ELSE claims.committed_at END,
             pinned_at = CASE WHEN claims.pinned_at IS NULL OR excluded.pinned_at < claims.pinned_at
                         THEN excluded.pinned_at ELSE claims.pinned_at END,
             gist = CASE WHEN excluded.round < claims.round OR (excluded.round = claims.round
                              AND (claims.gist IS NULL OR excluded.gist < claims.gist))
                         THEN excluded.gist ELSE claims.gist END
         WHERE excluded.round < claims.round OR excluded.committed_at < claims.committed_at
            OR (excluded.pinned_at IS NOT NULL AND (claims.pinned_at IS NULL OR excluded.pinned_at < claims.pinned_at))
            OR (excluded.round = claims.round AND excluded.gist IS NOT NULL
                AND (claims.gist IS NULL OR excluded.gist < claims.gist))",
    );
    statement
}

impl HoldingRow {
    fn into_holding(self) -> Result<Holding, StoreError> {
        Ok(Holding {
            id: self.holding_id,
            hotkey: hotkey(&self.hotkey)?,
            pointer: pointer(&self.pointer)?,
            digest: digest(&self.digest)?,
            round: block(self.round)?,
            committed_at: block(self.committed_at)?,
            pinned_at: optional_block(self.pinned_at)?,
        })
    }
}

impl ClaimRow {
    fn into_claim(self) -> Result<Claim, StoreError> {
        Ok(Claim {
            task_id: self.task_id,
            content_id: self.content_id,
            hotkey: hotkey(&self.hotkey)?,
            pinned_at: optional_block(self.pinned_at)?,
            round: block(self.round)?,
            committed_at: block(self.committed_at)?,
            gist: self.gist.as_deref().map(gist_name).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::gist_owner::GistName;

    /// Claims `numbers` of contents for a hotkey in a round.
    async fn claim(store: &Store, key: u8, numbers: std::ops::Range<usize>, round: Block) -> usize {
        claim_each(store, key, &numbers.collect::<Vec<_>>(), round).await
    }

    async fn claim_each(store: &Store, key: u8, numbers: &[usize], round: Block) -> usize {
        let claims: Vec<Claim> = numbers
            .iter()
            .map(|number| Claim {
                task_id: "t".to_owned(),
                content_id: format!("v{number:010}"),
                hotkey: Hotkey::new([key; 32]),
                pinned_at: None,
                round,
                committed_at: 1,
                gist: None,
            })
            .collect();
        store.record_claims(&claims, &[]).await.expect("stored");
        let claims = store.claims().await.expect("read");
        claims.iter().filter(|claim| claim.hotkey.public_key()[0] == key).count()
    }

    #[tokio::test]
    async fn old_claims_that_are_not_listed_any_more_give_way_so_that_nobody_waits_for_a_claim_for_ever() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        claim(&store, 2, 0..20, 25).await;
        assert_eq!(claim(&store, 1, 0..MAX_CLAIMS - 5, 25).await, MAX_CLAIMS - 5);
        assert_eq!(claim(&store, 1, MAX_CLAIMS - 5..MAX_CLAIMS, 26).await, MAX_CLAIMS);
        let later = 26 + CLAIM_REST_BLOCKS;
        // It still lists the first two of its old claims, and three that are new.
        let listed: Vec<usize> = [0, 1].into_iter().chain(MAX_CLAIMS..MAX_CLAIMS + 3).collect();
        assert_eq!(claim_each(&store, 1, &listed, later).await, MAX_CLAIMS);
        let known = |number: usize| {
            let store = store.clone();
            async move { store.claims_for("t", &[format!("v{number:010}").as_str()]).await.expect("read") }
        };
        for kept in [0, 1, 5, MAX_CLAIMS - 1, MAX_CLAIMS, MAX_CLAIMS + 2] {
            assert!(known(kept).await.iter().any(|claim| claim.hotkey.public_key()[0] == 1), "{kept}");
        }
        assert_eq!(known(0).await.iter().map(|claim| claim.round).max(), Some(25), "its time stays");
        for gone in [2, 3, 4] {
            assert!(known(gone).await.iter().all(|claim| claim.hotkey.public_key()[0] == 2), "{gone}");
        }
    }

    #[tokio::test]
    async fn a_hotkey_that_changes_its_pairs_in_every_round_is_bounded_and_its_oldest_claims_stand() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        assert_eq!(claim(&store, 1, 0..MAX_CLAIMS - 10, 25).await, MAX_CLAIMS - 10);
        assert_eq!(claim(&store, 1, MAX_CLAIMS..MAX_CLAIMS + 5_000, 50).await, MAX_CLAIMS);
        assert_eq!(claim(&store, 1, 2 * MAX_CLAIMS..2 * MAX_CLAIMS + 5_000, 75).await, MAX_CLAIMS);
        assert_eq!(claim(&store, 2, 0..20, 75).await, 20, "nobody else is touched");
        assert_eq!(claim(&store, 1, 0..20, 20).await, MAX_CLAIMS);
        let known = store.claims_on("v0000000000").await.expect("read");
        assert_eq!(known.iter().map(|claim| claim.round).min(), Some(20), "what it holds still gains");
        let newest = store.claims_on(&format!("v{:010}", MAX_CLAIMS + 9)).await.expect("read");
        assert_eq!(newest.len(), 1, "the first of its gist fill it up");
        assert!(store.claims_on(&format!("v{:010}", MAX_CLAIMS + 10)).await.expect("read").is_empty());
    }

    #[tokio::test]
    async fn what_a_claim_gains_nothing_by_is_not_written() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let known = Claim {
            task_id: "t".to_owned(),
            content_id: "v".to_owned(),
            hotkey: Hotkey::new([1; 32]),
            pinned_at: Some(90),
            round: 100,
            committed_at: 50,
            gist: Some(by("bob", "bb")),
        };
        let with = |change: fn(&mut Claim)| {
            let mut claim = known.clone();
            change(&mut claim);
            claim
        };
        for (claim, rows) in [
            (known.clone(), 1),
            (known.clone(), 0),
            (with(|claim| claim.round = 125), 0),
            (with(|claim| claim.pinned_at = None), 0),
            (with(|claim| claim.pinned_at = Some(95)), 0),
            (with(|claim| claim.committed_at = 60), 0),
            (with(|claim| claim.gist = None), 0),
            (with(|claim| claim.gist = Some(by("bob", "cc"))), 0),
            (with(|claim| claim.gist = Some(by("bob", "aa"))), 1),
            (with(|claim| claim.pinned_at = Some(80)), 1),
            (with(|claim| claim.committed_at = 40), 1),
            (with(|claim| claim.round = 75), 1),
        ] {
            let written = insert_claims(std::slice::from_ref(&claim)).build().execute(&store.writer).await;
            assert_eq!(written.expect("stored").rows_affected(), rows, "{claim:?}");
        }
    }

    fn by(username: &str, gist_id: &str) -> GistName {
        GistName { username: username.to_owned(), gist_id: gist_id.to_owned() }
    }

    #[tokio::test]
    async fn the_store_joins_records_of_a_claim_as_the_domain_does() {
        let claim = |pinned_at, round, committed_at, gist| Claim {
            task_id: "t".to_owned(),
            content_id: "v".to_owned(),
            hotkey: Hotkey::new([1; 32]),
            pinned_at,
            round,
            committed_at,
            gist,
        };
        let records = [
            claim(None, 100, 50, None),
            claim(Some(90), 100, 40, Some(by("a", "bb"))),
            claim(Some(95), 100, 60, Some(by("a-b", "aa"))),
            claim(Some(90), 125, 10, Some(by("A", "00"))),
            claim(None, 75, 70, Some(by("a1", "bb"))),
            claim(None, 75, 70, Some(by("a", "bb"))),
            claim(Some(1), 75, 70, None),
        ];
        for first in &records {
            for second in &records {
                let mut joined = first.clone();
                joined.join(second);
                for order in [[first, second], [second, first]] {
                    let store = Store::open("sqlite::memory:").await.expect("a database");
                    for claim in order {
                        store.record_claims(std::slice::from_ref(claim), &[]).await.expect("stored");
                    }
                    assert_eq!(store.claims().await.expect("read"), [joined.clone()], "{order:?}");
                }
            }
        }
    }
}
