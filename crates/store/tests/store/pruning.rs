//! What pruning deletes and, above all, what it keeps.

use crate::gists::{fetched, holder, pointer, unchanged};
use crate::samples::{Place, absent, claim, content, count, decided, seen, stamp, subnet};
use crate::weights::intent;
use tensorflix_domain::record::{ContentDigest, Head};
use tensorflix_store::Pruned;

/// The time of a block, as pruning is asked with it.
fn time_of(block: u32) -> i64 {
    stamp(block).time.unix_ms()
}

#[tokio::test]
async fn old_history_goes_and_what_is_known_of_contents_stays() {
    let place = Place::new();
    let store = place.open().await;
    let history = [
        seen(2, 10, Some(1), Some(1)),
        seen(2, 20, Some(2), None),
        seen(2, 30, None, None),
        seen(2, 40, None, None),
        absent(2, 50),
        seen(3, 10, Some(1), None),
        seen(3, 60, Some(2), None),
    ];
    store.record_observations(&history).await.expect("saved");
    let contents = [content(2), content(3)];
    let before = store.observed_contents(&contents).await.expect("read");
    let pruned = store.prune(time_of(55)).await.expect("pruned");
    // Kept of content 2: the newest plays (10), views (20), details (40) and sighting (50); of content 3: 60.
    assert_eq!(pruned, Pruned { observations: 2, ..Pruned::default() });
    assert_eq!(count(&place.file(), "observations").await, 5);
    assert_eq!(store.observed_contents(&contents).await.expect("read"), before);
}

#[tokio::test]
async fn documents_stay_while_a_gist_or_an_unclaimed_holding_refers_to_them() {
    let place = Place::new();
    let store = place.open().await;
    store.record_gists(25, &[fetched(1, 10), fetched(2, 20)], &[holder(1, 1)]).await.expect("saved");
    store.record_gists(50, &[fetched(1, 11), fetched(2, 21)], &[holder(1, 1)]).await.expect("saved");
    let pruned = store.prune(0).await.expect("pruned");
    assert_eq!(pruned, Pruned { documents: 1, ..Pruned::default() }, "only 20: nobody was ever seen with it");
    let ids: Vec<i64> = store.unclaimed_holdings(9).await.expect("read").iter().map(|holding| holding.id).collect();
    store.record_claims(&[claim("t", 2, 1, 25)], &ids).await.expect("saved");
    assert_eq!(store.prune(0).await.expect("pruned").documents, 1, "10: its claims are made");
    for (body, is_kept) in [(10, false), (11, true), (20, false), (21, true)] {
        let document = store.gist_document(&ContentDigest([body; 32])).await.expect("read");
        assert_eq!(document.is_some(), is_kept, "{body}");
    }
}

#[tokio::test]
async fn gists_that_nobody_points_to_any_more_go_and_claims_stay() {
    let place = Place::new();
    let store = place.open().await;
    store.record_gists(25, &[fetched(1, 10), fetched(2, 20)], &[holder(1, 1), holder(2, 2)]).await.expect("saved");
    let ids: Vec<i64> = store.unclaimed_holdings(9).await.expect("read").iter().map(|holding| holding.id).collect();
    store.record_claims(&[claim("t", 2, 1, 25)], &ids).await.expect("saved");
    store.record_gists(500, &[unchanged(1)], &[holder(1, 1)]).await.expect("saved");
    store.save_head(&Head { stamp: stamp(510), hash: [0; 32] }).await.expect("saved");
    let pruned = store.prune(time_of(400)).await.expect("pruned");
    assert_eq!((pruned.gists_and_holdings, pruned.documents), (2, 1));
    assert!(store.gist_state(&pointer(1)).await.expect("read").is_some());
    assert_eq!(store.gist_state(&pointer(2)).await.expect("read"), None);
    assert_eq!(store.claims().await.expect("read"), [claim("t", 2, 1, 25)]);
}

#[tokio::test]
async fn old_cycles_go_but_not_the_newest_nor_the_scores_in_force_nor_any_number() {
    let place = Place::new();
    let store = place.open().await;
    for cycle in 1..=4 {
        store.open_cycle(stamp(cycle * 100), &subnet(1, 1)).await.expect("opened");
    }
    store.save_decision(&decided(1, 100, 0.1)).await.expect("saved");
    store.save_decision(&decided(2, 200, 0.2)).await.expect("saved");
    let mut empty = decided(3, 300, 0.3);
    empty.scores.clear();
    store.save_decision(&empty).await.expect("saved");
    let pruned = store.prune(time_of(10_000)).await.expect("pruned");
    assert_eq!(pruned.cycles, 2);
    assert_eq!(store.decided_cycle(2).await.expect("read"), Some(decided(2, 200, 0.2)));
    assert_eq!(store.scores_in_force().await.expect("read").map(|scores| scores.cycle), Some(2));
    assert_eq!(store.latest_cycle().await.expect("read").map(|head| head.cycle), Some(4));
    assert_eq!(store.cycle_subnet(1).await.expect("read"), None);
    assert_eq!(store.open_cycle(stamp(900), &subnet(1, 1)).await.expect("opened").cycle, 5);
}

#[tokio::test]
async fn the_newest_intent_stays_however_old() {
    let place = Place::new();
    let store = place.open().await;
    for window in [100, 200, 300] {
        assert!(store.save_intent(&intent(window, 1)).await.expect("asked"));
    }
    let pruned = store.prune(time_of(10_000)).await.expect("pruned");
    assert_eq!(pruned, Pruned { intents: 2, ..Pruned::default() });
    assert_eq!(store.latest_intent().await.expect("read"), Some(intent(300, 1)));
}

#[tokio::test]
async fn pruning_an_empty_database_deletes_nothing() {
    let place = Place::new();
    assert_eq!(place.open().await.prune(i64::MAX).await.expect("pruned"), Pruned::default());
}
