//! Claims: joined in any order, found by their task and content, bounded for each hotkey.

use super::Fresh;
use super::samples::{ODD, claim, claimed, gist, rule};
use crate::gists::{fetched, pointer, video};
use crate::subnets::hotkey;
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::claim::{CLAIM_REST_BLOCKS, Claim, MAX_CLAIMS, ROOM_AGAIN_BLOCKS};
use tensorflix_domain::gist_record::{GistHolder, Holding};
use tensorflix_domain::ids::Block;

async fn record(store: &Arc<dyn Store>, claims: &[Claim]) {
    store.record_claims(claims, &[]).await.expect("stored");
}

async fn on(store: &Arc<dyn Store>, number: u32) -> Vec<Claim> {
    store.claims_for("t", &[video(number).as_str()]).await.expect("read")
}

pub async fn a_claim_keeps_the_earliest_of_each_time_in_any_order(fresh: Fresh<'_>) {
    let with = |pinned_at, round, committed_at, gist| Claim { pinned_at, committed_at, gist, ..claim(1, 1, round) };
    let records = [
        with(None, 100, 50, None),
        with(Some(90), 100, 40, Some(gist("a", "bb"))),
        with(Some(95), 100, 60, Some(gist("a-b", "aa"))),
        with(Some(0), 125, 10, Some(gist("A", "00"))),
        with(None, 75, 70, Some(gist("a", "bb"))),
        with(Some(u32::MAX), 75, 70, None),
    ];
    for first in &records {
        for second in &records {
            let mut joined = first.clone();
            joined.join(second);
            let store = fresh().await;
            // Repeatedly, as after crashes.
            for record in [first, second, first, second] {
                store.record_claims(std::slice::from_ref(record), &[]).await.expect("stored");
            }
            assert_eq!(on(&store, 1).await, [joined], "{first:?} {second:?}");
        }
    }
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]] {
        let store = fresh().await;
        for place in order {
            record(&store, std::slice::from_ref(&records[place])).await;
        }
        assert_eq!(on(&store, 1).await, [with(Some(0), 75, 10, Some(gist("a", "bb")))], "{order:?}");
    }
}

pub async fn claims_are_found_by_task_and_content(fresh: Fresh<'_>) {
    let store = fresh().await;
    let of_task = |task_id: &str, claim: Claim| Claim { task_id: task_id.to_owned(), ..claim };
    let odd = Claim { content_id: ODD.to_owned(), ..of_task(ODD, claim(1, 1, 25)) };
    let of_t = [claim(1, 2, 25), claim(1, 1, 50), claim(2, 1, 25), claim(3, 1, 25)];
    let others = [of_task("T", claim(1, 1, 25)), of_task("u", claim(1, 1, 25)), odd.clone()];
    record(&store, &[&of_t[..], &others].concat()).await;
    let mut expected = of_t[..3].to_vec();
    expected.sort_unstable();
    let ids = [video(2), video(1), video(9)];
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    assert_eq!(store.claims_for("t", &ids).await, Ok(expected));
    assert_eq!(store.claims_for(ODD, &[ODD]).await, Ok(vec![odd]));
    assert_eq!(store.claims_for("t", &[]).await, Ok(vec![]));
    assert_eq!(store.claims_for("nobody's", &ids).await, Ok(vec![]));
}

/// Claims of a hotkey on contents with these numbers.
fn many(key: u8, numbers: std::ops::Range<usize>, round: Block) -> Vec<Claim> {
    numbers.map(|number| claim(u32::try_from(number).expect("few"), key, round)).collect()
}

pub async fn a_full_hotkey_makes_room_by_its_oldest_claims(fresh: Fresh<'_>) {
    let store = fresh().await;
    record(&store, &many(2, 0..5, 25)).await;
    record(&store, &many(1, 0..MAX_CLAIMS - 3, 25)).await;
    record(&store, &many(1, MAX_CLAIMS - 3..MAX_CLAIMS, 26)).await;
    let rounds = async |number: usize| {
        let claims = on(&store, u32::try_from(number).expect("few")).await;
        let of_one = claims.iter().filter(|claim| claim.hotkey == hotkey(1));
        of_one.map(|claim| claim.round).collect::<Vec<_>>()
    };
    // Too early for any of them to give way; what is claimed already gains.
    record(&store, &many(1, MAX_CLAIMS..MAX_CLAIMS + 2, 50)).await;
    record(&store, &many(1, 1..2, 20)).await;
    assert_eq!((rounds(MAX_CLAIMS).await, rounds(0).await, rounds(1).await), (vec![], vec![25], vec![20]));
    // The first is still listed, and two are new: the oldest of the others give way.
    let later = 26 + CLAIM_REST_BLOCKS;
    let listed = [many(1, 0..1, later), many(1, MAX_CLAIMS..MAX_CLAIMS + 2, later)].concat();
    record(&store, &listed).await;
    assert_eq!((rounds(0).await, rounds(MAX_CLAIMS - 1).await), (vec![25], vec![26]));
    assert_eq!((rounds(MAX_CLAIMS).await, rounds(MAX_CLAIMS + 1).await), (vec![later], vec![later]));
    let mut gone = Vec::new();
    for number in 0..5 {
        gone.push(rounds(number).await.is_empty());
    }
    assert_eq!(gone, [false, true, true, false, false]);
    assert_eq!(on(&store, 1).await.len(), 1, "nobody else is touched");
}

pub async fn what_has_no_room_is_claimed_otherwise_once_an_hour(fresh: Fresh<'_>) {
    let store = fresh().await;
    record(&store, &many(1, 0..MAX_CLAIMS, 25)).await;
    for key in [1, 2] {
        let pointer = pointer("alice", key.into());
        let holder = GistHolder { hotkey: hotkey(key), pointer: pointer.clone(), committed_at: 7 };
        store.record_gists(50, &[fetched(&pointer, &[key])], &[holder]).await.expect("stored");
    }
    let held = store.unclaimed_holdings(9).await.expect("read");
    let new = [many(1, MAX_CLAIMS..MAX_CLAIMS + 1, 50), many(2, 0..1, 50)].concat();
    store.record_claims(&new, &claimed(&held, rule(1))).await.expect("stored");
    assert_eq!(store.unclaimed_holdings(9).await, Ok(vec![]));
    let otherwise = async |number, round| {
        let holdings: Vec<Holding> = store.holdings_claimed_otherwise(&rule(number), round).await.expect("read");
        holdings.iter().map(|holding| holding.hotkey).collect::<Vec<_>>()
    };
    let again = 50 + ROOM_AGAIN_BLOCKS;
    assert_eq!(otherwise(1, again - 1).await, []);
    assert_eq!(otherwise(1, again).await, [hotkey(1)]);
    assert_eq!(otherwise(0, again).await, [hotkey(1), hotkey(2)]);
    // The next attempt, which has room, ends that.
    let later = 26 + CLAIM_REST_BLOCKS;
    let new = many(1, MAX_CLAIMS..MAX_CLAIMS + 1, later);
    store.record_claims(&new, &claimed(&held, rule(1))).await.expect("stored");
    assert_eq!(otherwise(1, later + ROOM_AGAIN_BLOCKS).await, []);
}
