//! Owners of gists, and blocks in which no round was held.

use super::Fresh;
use super::samples::{ODD, gist};
use tensorflix_domain::gist_owner::{OwnerRecord, OwnerRefusal};
use tensorflix_domain::ids::Block;
use tensorflix_domain::rounds::UnwatchedBlocks;

fn record(gist_id: &str, asked_round: Block, owner_id: Option<u64>) -> OwnerRecord {
    OwnerRecord { gist: gist("alice", gist_id), asked_round, owner_id, absences: 0, refusal: None }
}

pub async fn the_account_that_was_seen_first_stays(fresh: Fresh<'_>) {
    let store = fresh().await;
    for (asked_round, said, kept) in [
        (25, None, None),
        (50, Some(u64::MAX), Some(u64::MAX)),
        (75, Some(7), Some(u64::MAX)),
        (100, None, Some(u64::MAX)),
    ] {
        store.record_gist_owners(&[record("aa", asked_round, said)]).await.expect("stored");
        assert_eq!(store.gist_owners().await, Ok(vec![record("aa", asked_round, kept)]));
    }
}

pub async fn an_older_check_changes_nothing(fresh: Fresh<'_>) {
    let store = fresh().await;
    let refused =
        |asked_round, absences, refusal| OwnerRecord { absences, refusal, ..record("aa", asked_round, Some(3)) };
    let login = OwnerRefusal::AnotherLogin { login: Some(ODD.to_owned()) };
    let account = OwnerRefusal::AnotherAccount { pinned: u64::MAX, found: 0 };
    let newest = refused(50, 2, Some(login));
    store.record_gist_owners(std::slice::from_ref(&newest)).await.expect("stored");
    store.record_gist_owners(&[refused(25, 0, None)]).await.expect("stored");
    assert_eq!(store.gist_owners().await, Ok(vec![newest]));
    // Of one round the later record is kept.
    for next in [refused(50, 1, Some(account)), refused(50, 0, None), refused(75, u32::MAX, Some(OwnerRefusal::Gone))] {
        store.record_gist_owners(std::slice::from_ref(&next)).await.expect("stored");
        assert_eq!(store.gist_owners().await, Ok(vec![next]));
    }
}

pub async fn owners_are_in_the_order_of_their_gists(fresh: Fresh<'_>) {
    let store = fresh().await;
    let names = [("Bob", "aa"), ("a", "ff"), ("a-b", "00"), ("a1", "00"), ("b", "0a"), ("b", "0b")];
    let mut records: Vec<OwnerRecord> =
        names.iter().map(|(name, id)| OwnerRecord { gist: gist(name, id), ..record("aa", 25, None) }).collect();
    records.reverse();
    store.record_gist_owners(&records).await.expect("stored");
    let known = store.gist_owners().await.expect("read");
    let known: Vec<(&str, &str)> =
        known.iter().map(|known| (known.gist.username.as_str(), known.gist.gist_id.as_str())).collect();
    assert_eq!(known, names);
}

pub async fn the_same_beginning_has_its_later_end(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.unwatched_blocks(10).await, Ok(vec![]));
    for (until, kept) in [(50, 50), (40, 50), (75, 75)] {
        store.record_unwatched_blocks(&UnwatchedBlocks { from: 25, until }).await.expect("stored");
        assert_eq!(store.unwatched_blocks(10).await, Ok(vec![UnwatchedBlocks { from: 25, until: kept }]));
    }
}

pub async fn the_newest_ranges_and_the_one_before_the_first_round_are_given(fresh: Fresh<'_>) {
    let store = fresh().await;
    for (from, until) in [(300, 325), (0, 100), (200, 225), (400, u32::MAX)] {
        store.record_unwatched_blocks(&UnwatchedBlocks { from, until }).await.expect("stored");
    }
    for (limit, expected) in [
        (0, vec![0]),
        (1, vec![0, 400]),
        (2, vec![0, 300, 400]),
        (4, vec![0, 200, 300, 400]),
        (9, vec![0, 200, 300, 400]),
    ] {
        let ranges = store.unwatched_blocks(limit).await.expect("read");
        assert_eq!(ranges.into_iter().map(|range| range.from).collect::<Vec<_>>(), expected, "{limit}");
    }
}
