//! Which hotkey was first seen with which gist content, and for what claims are to be made.

use super::Fresh;
use super::samples::{claimed, rule};
use crate::gists::{digest_of, failed, fetched, pinned, pointer};
use crate::subnets::hotkey;
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::claim::ROOM_AGAIN_BLOCKS;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::{GistAnswer, GistHolder, GistOutcome, Holding};
use tensorflix_domain::ids::Block;

const MANY: u32 = 100;

/// Hotkeys hold a document in a round.
async fn hold(store: &Arc<dyn Store>, round: Block, keys: &[u8], pointer: &GistPointer, document: &[u8]) {
    let holder = |key: &u8| GistHolder { hotkey: hotkey(*key), pointer: pointer.clone(), committed_at: 7 };
    let holders: Vec<GistHolder> = keys.iter().map(holder).collect();
    store.record_gists(round, &[fetched(pointer, document)], &holders).await.expect("stored");
}

async fn unclaimed(store: &Arc<dyn Store>) -> Vec<Holding> {
    store.unclaimed_holdings(MANY).await.expect("read")
}

fn rounds(holdings: &[Holding]) -> Vec<Block> {
    holdings.iter().map(|holding| holding.round).collect()
}

pub async fn a_hotkey_holds_a_content_from_its_first_sight(fresh: Fresh<'_>) {
    let store = fresh().await;
    let (open, pin) = (pointer("alice", 1), pinned("alice", 1, 2));
    for round in [25, 50] {
        hold(&store, round, &[1], &open, b"a").await;
    }
    let held = unclaimed(&store).await;
    let [holding] = &held[..] else { panic!("one holding: {held:?}") };
    let expected = Holding {
        id: holding.id,
        hotkey: hotkey(1),
        pointer: open.clone(),
        digest: digest_of(b"a"),
        round: 25,
        committed_at: 7,
        pinned_at: None,
    };
    assert_eq!(*holding, expected);
    hold(&store, 75, &[1], &open, b"b").await;
    hold(&store, 100, &[1], &open, b"a").await;
    assert_eq!(rounds(&unclaimed(&store).await), [25, 75], "a version that comes back is not new");
    hold(&store, 125, &[1, 2], &pin, b"a").await;
    let held = unclaimed(&store).await;
    assert_eq!(rounds(&held), [25, 75, 125, 125], "through another pointer, and by another hotkey, it is");
    assert_eq!(held.iter().map(|one| one.pinned_at).collect::<Vec<_>>(), [None, None, Some(7), Some(7)]);
    assert!(held.is_sorted_by_key(|one| one.id), "numbers ascend in the order of rounds");
}

pub async fn only_what_was_read_in_its_round_is_held(fresh: Fresh<'_>) {
    let store = fresh().await;
    let pointer = pointer("alice", 1);
    let holders = [GistHolder { hotkey: hotkey(1), pointer: pointer.clone(), committed_at: 7 }];
    store.record_gists(25, &[], &holders).await.expect("stored");
    store.record_gists(25, &[failed(&pointer)], &holders).await.expect("stored");
    let unchanged = GistAnswer { pointer: pointer.clone(), outcome: GistOutcome::Unchanged };
    store.record_gists(25, std::slice::from_ref(&unchanged), &holders).await.expect("stored");
    assert_eq!(unclaimed(&store).await, []);
    store.record_gists(50, &[fetched(&pointer, b"a")], &[]).await.expect("stored");
    store.record_gists(75, &[failed(&pointer)], &holders).await.expect("stored");
    assert_eq!(unclaimed(&store).await, []);
    store.record_gists(100, &[unchanged], &holders).await.expect("stored");
    assert_eq!(rounds(&unclaimed(&store).await), [100]);
}

pub async fn holdings_without_claims_come_oldest_round_first(fresh: Fresh<'_>) {
    let store = fresh().await;
    for (round, number) in [(75, 1), (25, 2), (50, 3)] {
        hold(&store, round, &[1], &pointer("alice", number), b"a").await;
    }
    assert_eq!(rounds(&unclaimed(&store).await), [25, 50, 75]);
    let oldest = store.unclaimed_holdings(2).await.expect("read");
    assert_eq!(rounds(&oldest), [25, 50]);
    store.record_claims(&[], &claimed(&oldest, rule(1))).await.expect("stored");
    assert_eq!(rounds(&unclaimed(&store).await), [75]);
    assert_eq!(store.unclaimed_holdings(0).await, Ok(vec![]));
}

pub async fn holdings_under_another_rule_come_oldest_round_first_while_their_gist_holds_them(fresh: Fresh<'_>) {
    let store = fresh().await;
    for (round, number) in [(75, 1), (25, 2), (50, 3)] {
        hold(&store, round, &[1], &pointer("alice", number), b"a").await;
    }
    let otherwise = async |number| store.holdings_claimed_otherwise(&rule(number), 100).await.expect("read");
    assert_eq!(otherwise(2).await, [], "nothing is claimed at all");
    store.record_claims(&[], &claimed(&unclaimed(&store).await, rule(1))).await.expect("stored");
    assert_eq!(otherwise(1).await, []);
    assert_eq!(rounds(&otherwise(2).await), [25, 50, 75]);
    assert_eq!(rounds(&store.holdings_claimed_otherwise(&rule(2), 0).await.expect("read")), [25, 50, 75]);
    let far = store.holdings_claimed_otherwise(&rule(2), 100 + ROOM_AGAIN_BLOCKS).await.expect("read");
    assert_eq!(rounds(&far), [25, 50, 75]);
    hold(&store, 100, &[1], &pointer("alice", 3), b"b").await;
    assert_eq!(rounds(&otherwise(2).await), [25, 75], "its gist holds something else now");
    store.record_gists(125, &[failed(&pointer("alice", 2))], &[]).await.expect("stored");
    let again = otherwise(2).await;
    assert_eq!(rounds(&again), [25, 75], "what cannot be read now is still held");
    store.record_claims(&[], &claimed(&again[..1], rule(2))).await.expect("stored");
    assert_eq!((rounds(&otherwise(2).await), rounds(&otherwise(1).await)), (vec![75], vec![25]));
}
