//! Room for the claims of a hotkey, which are bounded: which old ones are replaced, and what is left out.

use crate::error::StoreError;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::claim::{CLAIM_REST_BLOCKS, Claim, MAX_CLAIMS};
use tensorflix_domain::ids::{Block, Hotkey};

/// The claims that are made, in their order, after old ones were removed; and the hotkeys that have no room for all of
/// theirs, each with the newest round of what was left out. Existing claims are read only for a hotkey that could
/// exceed its limit.
pub(super) async fn without_excess(
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

/// Deletes claims of a hotkey that are old and that it does not list any more, as many as its new ones exceed the limit
/// by. Returns the pairs that it has claimed then.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// Claims the items with these numbers for a hotkey in a round.
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
    async fn old_unlisted_claims_give_way_so_that_no_claim_waits_for_ever() {
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
    async fn a_hotkey_that_changes_its_pairs_each_round_is_bounded_and_keeps_old_claims() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        assert_eq!(claim(&store, 1, 0..MAX_CLAIMS - 10, 25).await, MAX_CLAIMS - 10);
        assert_eq!(claim(&store, 1, MAX_CLAIMS..MAX_CLAIMS + 5_000, 50).await, MAX_CLAIMS);
        assert_eq!(claim(&store, 1, 2 * MAX_CLAIMS..2 * MAX_CLAIMS + 5_000, 75).await, MAX_CLAIMS);
        assert_eq!(claim(&store, 2, 0..20, 75).await, 20, "no other hotkey is affected");
        assert_eq!(claim(&store, 1, 0..20, 20).await, MAX_CLAIMS);
        let known = store.claims_on("v0000000000").await.expect("read");
        assert_eq!(known.iter().map(|claim| claim.round).min(), Some(20), "what it holds still gains");
        let newest = store.claims_on(&format!("v{:010}", MAX_CLAIMS + 9)).await.expect("read");
        assert_eq!(newest.len(), 1, "the first of its gist fill it up");
        assert!(store.claims_on(&format!("v{:010}", MAX_CLAIMS + 10)).await.expect("read").is_empty());
    }
}
