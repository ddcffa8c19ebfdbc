//! Disputes: who is in one, who is in line to be dated, and when blocks were.

use crate::gists::{fetched, holder, pointer};
use crate::samples::{claim, hotkey, stamp, subnet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::{DateAnswer, Dating, GistDate, Undatable};
use tensorflix_domain::evidence::UnwatchedBlocks;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::Block;
use tensorflix_domain::record::Head;
use tensorflix_store::Store;

const ROUND_BLOCKS: u32 = 25;

async fn memory() -> Store {
    Store::open("sqlite::memory:").await.expect("a database")
}

fn seen(task: &str, content: u32, key: u8, round: Block) -> Claim {
    Claim { pinned_at: None, ..claim(task, content, key, round) }
}

fn pinned(content: u32, key: u8, pinned_at: Block, round: Block) -> Claim {
    Claim { pinned_at: Some(pinned_at), ..claim("t", content, key, round) }
}

async fn in_dispute(store: &Store, round: Block) -> Vec<u8> {
    let found = store.in_dispute(round, ROUND_BLOCKS).await.expect("read");
    found.iter().map(|(hotkey, _)| hotkey.public_key()[0]).collect()
}

fn waiting(key: u8, round: Block, number: u8) -> GistDate {
    GistDate::waiting(hotkey(key), round, GistName::from(&pointer(number)), round)
}

#[tokio::test]
async fn only_claims_that_nothing_but_dates_settles_are_in_dispute() {
    for (claims, expected) in [
        (vec![seen("t", 1, 1, 100), seen("t", 1, 2, 100)], vec![1, 2]),
        // Also across two rounds, and then of either.
        (vec![seen("t", 1, 1, 100), seen("t", 1, 2, 125)], vec![1]),
        (vec![seen("t", 1, 1, 100), seen("t", 1, 2, 75)], vec![1]),
        (vec![seen("t", 1, 1, 100)], vec![]),
        (vec![seen("t", 1, 1, 100), seen("t", 1, 2, 150)], vec![]),
        (vec![seen("t", 1, 1, 100), seen("t", 1, 2, 50)], vec![]),
        (vec![seen("t", 1, 1, 100), seen("t", 1, 2, 100), seen("t", 1, 3, 50)], vec![]),
        (vec![seen("t", 1, 1, 100), seen("u", 1, 2, 100)], vec![]),
        (vec![seen("t", 1, 1, 100), seen("t", 2, 2, 100)], vec![]),
        // A pin dates by its own block, and counts from the first round at or after it.
        (vec![pinned(1, 1, 100, 100), seen("t", 1, 2, 100)], vec![2]),
        (vec![seen("t", 1, 1, 100), pinned(1, 2, 51, 900)], vec![1]),
        (vec![seen("t", 1, 1, 100), pinned(1, 2, 50, 900)], vec![]),
        (vec![seen("t", 1, 1, 100), pinned(1, 2, 125, 900)], vec![1]),
        (vec![seen("t", 1, 1, 100), pinned(1, 2, 126, 900)], vec![]),
        (vec![pinned(1, 1, 101, 100), seen("t", 1, 2, 100)], vec![1, 2]),
    ] {
        let store = memory().await;
        store.record_claims(&claims, &[]).await.expect("saved");
        assert_eq!(in_dispute(&store, 100).await, expected, "{claims:?}");
    }
}

#[tokio::test]
async fn no_number_of_other_ties_hides_a_dispute() {
    let store = memory().await;
    let junk = (10..2_010).flat_map(|content| [200, 201].map(|key| seen("junk", content, key, 100)));
    let claims: Vec<Claim> = junk.chain((1..=30).map(|key| seen("t", 1, key, 100))).collect();
    store.record_claims(&claims, &[]).await.expect("saved");
    let expected: Vec<u8> = (1..=30).chain([200, 201]).collect();
    assert_eq!(in_dispute(&store, 100).await, expected);
    store.record_gist_dates(&[waiting(200, 100, 9), waiting(201, 75, 9)]).await.expect("saved");
    assert_eq!(in_dispute(&store, 100).await.last(), Some(&201), "who is in line for this round is left out");
    assert!(!in_dispute(&store, 100).await.contains(&200));
}

#[tokio::test]
async fn a_date_waits_until_it_is_answered_and_then_stays() {
    let store = memory().await;
    let mut date = waiting(1, 100, 9);
    let other = waiting(1, 125, 9);
    store.record_gist_dates(&[date.clone(), other.clone()]).await.expect("saved");
    assert_eq!(store.gists_to_date().await.expect("read"), [date.clone(), other.clone()]);
    date.answered(100, DateAnswer::Silent);
    store.record_gist_dates(&[date.clone()]).await.expect("saved");
    let again = GistDate { waiting_since: 900, ..waiting(1, 100, 9) };
    store.record_gist_dates(&[again]).await.expect("saved");
    assert_eq!(store.gists_to_date().await.expect("read"), [date.clone(), other.clone()], "its place in line stays");
    assert!(store.gists_dated_since(0).await.expect("read").is_empty());

    date.answered(125, DateAnswer::Dated(Moment::from_unix_ms(5)));
    store.record_gist_dates(&[date.clone()]).await.expect("saved");
    let mut later = date.clone();
    later.asked_round = Some(150);
    later.dating = Dating::Undatable(Undatable::TooLarge);
    store.record_gist_dates(&[later]).await.expect("saved");
    assert_eq!(store.gist_dates().await.expect("read"), [date, other.clone()]);
    assert_eq!(store.gists_to_date().await.expect("read"), [other]);
    assert_eq!(store.gists_dated_since(124).await.expect("read"), [GistName::from(&pointer(9))].into());
    assert!(store.gists_dated_since(125).await.expect("read").is_empty());
}

#[tokio::test]
async fn every_reason_that_prevents_dating_comes_back() {
    let store = memory().await;
    for (round, why) in (100..).zip(Undatable::ALL) {
        let mut date = waiting(1, round, 9);
        date.answered(round, DateAnswer::Undatable(why));
        store.record_gist_dates(&[date.clone()]).await.expect("saved");
        assert!(store.gist_dates().await.expect("read").contains(&date), "{why:?}");
    }
}

#[tokio::test]
async fn the_time_of_a_block_never_moves() {
    let store = memory().await;
    let times = |times: &[(Block, i64)]| times.iter().map(|(block, ms)| (*block, Moment::from_unix_ms(*ms))).collect();
    store.record_block_times(&times(&[(100, 1), (125, 2)])).await.expect("saved");
    store.record_block_times(&times(&[(100, 9), (150, 3)])).await.expect("saved");
    store.record_block_times(&times(&[])).await.expect("nothing to do");
    assert_eq!(store.block_times().await.expect("read"), times(&[(100, 1), (125, 2), (150, 3)]));
}

#[tokio::test]
async fn a_dispute_is_about_the_gist_that_was_seen_and_not_about_a_later_one() {
    let store = memory().await;
    store.record_gists(25, &[fetched(1, 10)], &[holder(1, 1)]).await.expect("saved");
    store.record_gists(75, &[fetched(2, 11)], &[holder(1, 2)]).await.expect("saved");
    let seen = async |key, round| store.gist_seen_by(&hotkey(key), round).await.expect("read");
    assert_eq!(seen(1, 24).await, None);
    assert_eq!([seen(1, 25).await, seen(1, 74).await], [Some(pointer(1)), Some(pointer(1))]);
    assert_eq!(seen(1, 75).await, Some(pointer(2)));
    assert_eq!(seen(2, 75).await, None);
}

#[tokio::test]
async fn what_dates_claims_goes_with_them() {
    let store = memory().await;
    store.record_claims(&[seen("t", 1, 1, 25), seen("t", 1, 7, 25), pinned(1, 1, 20, 25)], &[]).await.expect("saved");
    store.record_gist_dates(&[waiting(1, 25, 1), waiting(7, 25, 2)]).await.expect("saved");
    let times = [(20, 1), (25, 2), (50, 3), (600, 4)].map(|(block, ms)| (block, Moment::from_unix_ms(ms)));
    store.record_block_times(&times.into()).await.expect("saved");
    store.save_head(&Head { stamp: stamp(510), hash: [0; 32] }).await.expect("saved");
    store.save_subnet(&subnet(500, 3)).await.expect("saved");
    store.open_cycle(stamp(490), &subnet(490, 3)).await.expect("opened");
    let pruned = store.prune(stamp(411).time.unix_ms()).await.expect("pruned");
    assert_eq!(pruned.claims, 1);
    assert_eq!(store.gist_dates().await.expect("read"), [waiting(1, 25, 1)]);
    let left: Vec<Block> = store.block_times().await.expect("read").into_keys().collect();
    assert_eq!(left, [20, 25, 600]);
}

/// The same claim by a gist.
fn by(claim: Claim, number: u8) -> Claim {
    Claim { gist: Some(GistName::from(&pointer(number))), ..claim }
}

#[tokio::test]
async fn a_pin_of_a_round_that_was_not_held_is_in_dispute_with_what_was_seen_in_the_next_one() {
    for (missed, claims, expected) in [
        ((25, 100), vec![seen("t", 1, 1, 100), pinned(1, 2, 30, 900)], vec![1]),
        ((0, 100), vec![seen("t", 1, 1, 100), pinned(1, 2, 3, 900)], vec![1]),
        ((25, 125), vec![seen("t", 1, 1, 100), pinned(1, 2, 30, 900)], vec![1]),
        // It was made before, and counts from a round that was held.
        ((50, 100), vec![seen("t", 1, 1, 100), pinned(1, 2, 25, 900)], vec![]),
        ((25, 75), vec![seen("t", 1, 1, 100), pinned(1, 2, 30, 900)], vec![1]),
        ((25, 50), vec![seen("t", 1, 1, 100), pinned(1, 2, 10, 900)], vec![]),
    ] {
        let store = memory().await;
        let (from, until) = missed;
        store.record_unwatched_blocks(&UnwatchedBlocks { from, until }).await.expect("saved");
        store.record_claims(&claims, &[]).await.expect("saved");
        assert_eq!(in_dispute(&store, 100).await, expected, "{missed:?} {claims:?}");
    }
}

#[tokio::test]
async fn each_gist_by_which_a_hotkey_was_seen_in_a_round_has_a_date_of_its_own() {
    let store = memory().await;
    let claims = [by(seen("t", 1, 1, 100), 8), by(seen("t", 2, 1, 100), 9), seen("t", 1, 2, 100), seen("t", 2, 2, 100)];
    store.record_claims(&claims, &[]).await.expect("saved");
    let found = async || store.in_dispute(100, ROUND_BLOCKS).await.expect("read");
    let name = |number| Some(GistName::from(&pointer(number)));
    assert_eq!(found().await, [(hotkey(1), name(8)), (hotkey(1), name(9)), (hotkey(2), None)]);
    store.record_gist_dates(&[waiting(1, 100, 9), waiting(2, 100, 7)]).await.expect("saved");
    assert_eq!(found().await, [(hotkey(1), name(8))]);
    store.record_gist_dates(&[waiting(1, 100, 8)]).await.expect("saved");
    assert_eq!(found().await, []);
    let mut of_one = store.gist_dates().await.expect("read");
    of_one.retain(|date| date.hotkey == hotkey(1));
    assert_eq!(of_one, [waiting(1, 100, 8), waiting(1, 100, 9)]);
}

#[tokio::test]
async fn blocks_without_a_round_are_known_as_long_as_a_claim_may_be_dated_by_them() {
    let store = memory().await;
    let range = UnwatchedBlocks { from: 0, until: 100 };
    store.record_unwatched_blocks(&range).await.expect("saved");
    store.save_head(&Head { stamp: stamp(900_000), hash: [0; 32] }).await.expect("saved");
    store.prune(stamp(800_000).time.unix_ms()).await.expect("pruned");
    assert_eq!(store.unwatched_blocks(9).await.expect("read"), [range]);
}
