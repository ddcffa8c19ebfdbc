//! Who is in dispute with whom, and by which gist.

use super::Fresh;
use super::samples::{claim, date, gist};
use crate::gists::{fetched, pointer};
use crate::subnets::hotkey;
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::gist_record::GistHolder;
use tensorflix_domain::ids::Block;
use tensorflix_domain::rounds::UnwatchedBlocks;

const ROUND_BLOCKS: u32 = 25;

/// Who is in dispute in a round, of claims.
async fn in_dispute(store: &Arc<dyn Store>, claims: &[Claim], round: Block) -> Vec<u8> {
    store.record_claims(claims, &[]).await.expect("stored");
    let found = store.in_dispute(round, ROUND_BLOCKS).await.expect("read");
    found.into_iter().map(|(hotkey, _)| hotkey.public_key()[0]).collect()
}

pub async fn who_ties_within_a_round_is_in_dispute(fresh: Fresh<'_>) {
    for (claims, round, expected) in [
        (vec![], 100, vec![]),
        (vec![claim(1, 1, 100)], 100, vec![]),
        (vec![claim(1, 1, 100), claim(1, 2, 100)], 100, vec![1, 2]),
        (vec![claim(1, 1, 100), claim(1, 2, 125)], 100, vec![1]),
        (vec![claim(1, 1, 100), claim(1, 2, 125)], 125, vec![2]),
        (vec![claim(1, 1, 100), claim(1, 2, 150)], 100, vec![]),
        (vec![claim(1, 1, 100), claim(2, 2, 100)], 100, vec![]),
        (vec![claim(1, 1, 100), Claim { task_id: "u".to_owned(), ..claim(1, 2, 100) }], 100, vec![]),
        (vec![claim(1, 3, 100), claim(1, 2, 100), claim(2, 2, 100), claim(2, 1, 100)], 100, vec![1, 2, 3]),
    ] {
        let store = fresh().await;
        assert_eq!(in_dispute(&store, &claims, round).await, expected, "{claims:?}");
    }
    let store = fresh().await;
    store.record_gist_dates(&[date(1, 100, None, Dating::NotAsked)]).await.expect("stored");
    assert_eq!(in_dispute(&store, &[claim(1, 1, 100), claim(1, 2, 100)], 100).await, [2], "one is in line already");
}

pub async fn an_earlier_claim_or_pin_ends_a_dispute(fresh: Fresh<'_>) {
    let pinned = |key, round, pinned_at| Claim { pinned_at: Some(pinned_at), ..claim(1, key, round) };
    let tied = || vec![claim(1, 1, 100), claim(1, 2, 100)];
    for (further, expected) in [
        (vec![], vec![1, 2]),
        (vec![claim(1, 3, 75)], vec![1, 2]),
        (vec![claim(1, 3, 74)], vec![]),
        (vec![claim(1, 3, 50)], vec![]),
        // A pin counts from the next round on.
        (vec![pinned(3, 200, 75)], vec![1, 2]),
        (vec![pinned(3, 200, 51)], vec![1, 2]),
        (vec![pinned(3, 200, 50)], vec![]),
        (vec![pinned(3, 200, 200)], vec![1, 2]),
    ] {
        let store = fresh().await;
        let claims = [tied(), further.clone()].concat();
        assert_eq!(in_dispute(&store, &claims, 100).await, expected, "{further:?}");
    }
    let store = fresh().await;
    assert_eq!(in_dispute(&store, &[pinned(1, 100, 100), claim(1, 2, 100)], 100).await, [2], "the pin dates it");
    // A pin counts from the first round that was held.
    let store = fresh().await;
    store.record_unwatched_blocks(&UnwatchedBlocks { from: 50, until: 100 }).await.expect("stored");
    assert_eq!(in_dispute(&store, &[tied(), vec![pinned(3, 200, 50)]].concat(), 100).await, [1, 2]);
    let store = fresh().await;
    store.record_unwatched_blocks(&UnwatchedBlocks { from: 0, until: 50 }).await.expect("stored");
    store.record_unwatched_blocks(&UnwatchedBlocks { from: 50, until: 100 }).await.expect("stored");
    assert_eq!(in_dispute(&store, &[tied(), vec![pinned(3, 200, 10)]].concat(), 100).await, [1, 2]);
}

pub async fn unnamed_gists_come_first_and_the_others_by_their_text(fresh: Fresh<'_>) {
    let store = fresh().await;
    let gists = [None, Some(gist("Z", "aa")), Some(gist("a-b", "aa")), Some(gist("a", "aa")), Some(gist("a", "ab"))];
    let mut claims = Vec::new();
    for (number, gist) in (0..).zip(gists.iter().rev()) {
        claims.push(Claim { gist: gist.clone(), ..claim(number, 1, 100) });
        claims.push(claim(number, 2, 100));
    }
    store.record_claims(&claims, &[]).await.expect("stored");
    let found = store.in_dispute(100, ROUND_BLOCKS).await.expect("read");
    let of_one: Vec<_> = found.iter().filter(|(of, _)| *of == hotkey(1)).map(|(_, gist)| gist.clone()).collect();
    assert_eq!(of_one, gists);
    assert!(found.is_sorted_by_key(|(hotkey, _)| *hotkey), "{found:?}");
}

pub async fn the_gist_that_was_seen_last_is_told(fresh: Fresh<'_>) {
    let store = fresh().await;
    let seen = async |key, round| store.gist_seen_by(&hotkey(key), round).await.expect("read");
    assert_eq!(seen(1, 100).await, None);
    for (round, number) in [(50, 1), (75, 2), (75, 3)] {
        let pointer = pointer("alice", number);
        let holder = GistHolder { hotkey: hotkey(1), pointer: pointer.clone(), committed_at: 7 };
        store.record_gists(round, &[fetched(&pointer, b"a")], &[holder]).await.expect("stored");
    }
    let expected = [(49, None), (50, Some(1)), (74, Some(1)), (75, Some(3)), (u32::MAX, Some(3))];
    for (round, number) in expected {
        assert_eq!(seen(1, round).await, number.map(|number| pointer("alice", number)), "{round}");
    }
    assert_eq!(seen(2, 100).await, None);
}
