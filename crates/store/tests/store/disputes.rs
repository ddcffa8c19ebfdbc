//! Disputes: which hotkeys are in one, which gists are queued for dating, and the times of blocks.

use crate::gists::{fetched, holder, pointer};
use crate::samples::{claim, hotkey, stamp, subnet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::{DateAnswer, Dating, GistDate, Undatable};
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Block;
use tensorflix_domain::rounds::{MOST_UNWATCHED_RANGES, UnwatchedBlocks};
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

async fn dates(store: &Store, of: &[(u8, Block)]) -> Vec<GistDate> {
    let of = of.iter().map(|(key, round)| (hotkey(*key), *round)).collect();
    store.gist_dates_of(&of).await.expect("read")
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
    assert_eq!(dates(&store, &[(1, 125), (1, 100), (1, 150), (2, 100)]).await, [date, other.clone()]);
    assert_eq!(dates(&store, &[(1, 125)]).await, std::slice::from_ref(&other));
    assert_eq!(store.gists_to_date().await.expect("read"), [other]);
    assert_eq!(store.gists_dated_since(124).await.expect("read"), [pointer(9).gist_id().to_owned()].into());
    assert!(store.gists_dated_since(125).await.expect("read").is_empty());
}

#[tokio::test]
async fn every_reason_that_prevents_dating_comes_back() {
    let store = memory().await;
    for (round, why) in (100..).zip(Undatable::ALL) {
        let mut date = waiting(1, round, 9);
        date.answered(round, DateAnswer::Undatable(why));
        store.record_gist_dates(&[date.clone()]).await.expect("saved");
        assert_eq!(dates(&store, &[(1, round)]).await, [date], "{why:?}");
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
    assert_eq!(dates(&store, &[(1, 25), (7, 25)]).await, [waiting(1, 25, 1)]);
    let left: Vec<Block> = store.block_times().await.expect("read").into_keys().collect();
    assert_eq!(left, [20, 25, 600]);
}

/// The same claim by a gist.
fn by(claim: Claim, number: u8) -> Claim {
    Claim { gist: Some(GistName::from(&pointer(number))), ..claim }
}

#[tokio::test]
async fn a_pin_of_a_missed_round_is_in_dispute_with_claims_seen_in_the_next_one() {
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
    assert_eq!(dates(&store, &[(1, 100)]).await, [waiting(1, 100, 8), waiting(1, 100, 9)]);
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

#[tokio::test]
async fn a_range_that_begins_where_the_one_before_the_first_round_ends_goes_on_with_it() {
    let store = memory().await;
    for (from, until) in [(0, 50), (50, 100)] {
        store.record_unwatched_blocks(&UnwatchedBlocks { from, until }).await.expect("saved");
    }
    // By a pin of the first range, which counts from the end of the second; and by one of the second.
    for (content, pinned_at) in [(1, 3), (2, 60)] {
        let claims = [seen("t", content, 1, 100), pinned(content, 2, pinned_at, 900)];
        store.record_claims(&claims, &[]).await.expect("saved");
        assert_eq!(in_dispute(&store, 100).await, [1], "{pinned_at}");
        store.record_claims(&[seen("t", content, 3, 25)], &[]).await.expect("saved");
        assert!(in_dispute(&store, 100).await.is_empty(), "{pinned_at}: somebody was there before");
    }
}

#[tokio::test]
async fn the_range_before_the_first_round_is_never_forgotten() {
    let store = memory().await;
    let first = UnwatchedBlocks { from: 0, until: 100 };
    store.record_unwatched_blocks(&first).await.expect("saved");
    for number in 0..=MOST_UNWATCHED_RANGES {
        let from = 150 + number * 75;
        store.record_unwatched_blocks(&UnwatchedBlocks { from, until: from + 25 }).await.expect("saved");
    }
    assert_eq!(store.unwatched_blocks(MOST_UNWATCHED_RANGES).await.expect("read").first(), Some(&first));
    store.save_head(&Head { stamp: stamp(900_000), hash: [0; 32] }).await.expect("saved");
    store.prune(stamp(800_000).time.unix_ms()).await.expect("pruned");
    let kept = store.unwatched_blocks(2 * MOST_UNWATCHED_RANGES).await.expect("read");
    assert_eq!(kept.first(), Some(&first));
    assert_eq!(kept.len(), 1 + MOST_UNWATCHED_RANGES as usize);
}

/// A date that was requested in a round.
fn known(key: u8, round: Block, number: u8, asked_round: Block) -> GistDate {
    let mut date = waiting(key, round, number);
    date.answered(asked_round, DateAnswer::Dated(Moment::from_unix_ms(5)));
    date
}

#[tokio::test]
async fn the_first_date_since_a_round_is_found_however_its_user_is_written() {
    let store = memory().await;
    let mut undatable = waiting(4, 25, 9);
    undatable.answered(110, DateAnswer::Undatable(Undatable::Refused));
    let records = [known(1, 25, 9, 100), known(2, 25, 9, 150), known(3, 25, 8, 120), waiting(5, 25, 9), undatable];
    store.record_gist_dates(&records).await.expect("saved");
    let GistName { username, gist_id } = GistName::from(&pointer(9));
    let spelt = GistName { username: username.to_uppercase(), gist_id: gist_id.clone() };
    let found = async |gist: &GistName, round| store.date_of_gist(gist, round).await.expect("read");
    assert_eq!(found(&spelt, 100).await, Some(records[0].clone()));
    assert_eq!(found(&spelt, 101).await, Some(records[1].clone()));
    assert_eq!(found(&spelt, 151).await, None);
    let of_another = GistName { username: "another".to_owned(), gist_id };
    assert_eq!(found(&of_another, 0).await, None, "GitHub said nothing of a gist of that user");
}

#[tokio::test]
async fn a_gist_dated_lately_rivals_those_that_were_not_only_by_the_same_pair_and_round() {
    let store = memory().await;
    // 1 was dated in round 75; 2 never, 3 too long ago.
    store.record_gist_dates(&[known(1, 25, 11, 75), known(3, 25, 13, 50)]).await.expect("saved");
    let is_rival = async |own: Claim, other: Claim, in_line: &[GistDate]| {
        let store = store.clone();
        store.record_gist_dates(in_line).await.expect("saved");
        store.record_claims(&[own, other], &[]).await.expect("saved");
        let rivals = store.rivals_of_undated(50, ROUND_BLOCKS).await.expect("read");
        for date in in_line {
            let mut asked = date.clone();
            asked.answered(9_000, DateAnswer::Undatable(Undatable::Gone));
            store.record_gist_dates(&[asked]).await.expect("saved");
        }
        assert!(rivals.len() <= 1 && rivals.iter().all(|gist| *gist == GistName::from(&pointer(11))), "{rivals:?}");
        !rivals.is_empty()
    };
    let own = |content, round| by(seen("t", content, 1, round), 11);
    for (content, (own_round, other, other_number), expected) in [
        (1, (100, by(seen("t", 1, 2, 100), 12), 12), true),
        (2, (200, by(seen("t", 2, 3, 225), 13), 13), true),
        (3, (300, seen("t", 3, 2, 275), 12), true),
        (4, (400, by(seen("t", 4, 2, 450), 12), 12), false),
        (5, (500, by(seen("t", 6, 2, 500), 12), 12), false),
        (7, (600, by(seen("u", 7, 2, 600), 12), 12), false),
        // By another gist than the one in line.
        (8, (700, by(seen("t", 8, 2, 700), 14), 12), false),
        // By another spelling, it is the same gist: dated lately as well.
        (9, (800, by(seen("t", 9, 2, 800), 11), 11), false),
    ] {
        let in_line = [waiting(1, own_round, 11), waiting(other.hotkey.public_key()[0], other.round, other_number)];
        assert_eq!(is_rival(own(content, own_round), other, &in_line).await, expected, "{content}");
    }
}

#[tokio::test]
async fn old_dates_go_with_the_claims_that_they_date() {
    let store = memory().await;
    let claims = [by(seen("t", 1, 1, 25), 8), seen("t", 2, 1, 50), by(seen("t", 3, 1, 75), 8)];
    store.record_claims(&claims, &[]).await.expect("saved");
    let records = [
        known(1, 25, 8, 100),
        known(1, 25, 9, 100),
        known(1, 50, 9, 100),
        waiting(1, 60, 8),
        known(2, 25, 8, 100),
        known(1, 500, 9, 500),
    ];
    store.record_gist_dates(&records).await.expect("saved");
    store.save_head(&Head { stamp: stamp(510), hash: [0; 32] }).await.expect("saved");
    store.save_subnet(&subnet(500, 3)).await.expect("saved");
    store.prune(stamp(411).time.unix_ms()).await.expect("pruned");
    let left = dates(&store, &[(1, 25), (1, 50), (1, 60), (2, 25), (1, 500)]).await;
    assert_eq!(left, [&records[0], &records[2], &records[5]].map(Clone::clone));
}
