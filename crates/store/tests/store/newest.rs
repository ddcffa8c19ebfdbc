//! The newest observation of an item, and items that are deleted.

use crate::samples::{Place, absent, claim, content, seen, stamp};
use tensorflix_domain::observation::Observation;
use tensorflix_store::Store;

async fn with(observations: &[Observation]) -> Store {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for observation in observations {
        store.record_observations(std::slice::from_ref(observation)).await.expect("saved");
    }
    store
}

#[tokio::test]
async fn the_newest_observation_comes_back_as_it_was_recorded_whatever_the_order() {
    let newest = seen(2, 20, Some(u64::MAX), None);
    for history in [
        [seen(2, 10, Some(5), Some(6)), newest.clone()],
        [newest.clone(), seen(2, 10, Some(5), Some(6))],
        [absent(2, 10), newest.clone()],
        [newest.clone(), absent(2, 15)],
    ] {
        let found = with(&history).await.newest_observation(&content(2)).await.expect("read");
        assert_eq!(found.as_ref(), Some(&newest), "a count that is not given is not filled from before: {history:?}");
    }
}

#[tokio::test]
async fn absence_is_an_answer_also_for_items_seen_before_and_not_for_those_never_asked() {
    let store = with(&[seen(2, 10, Some(5), None), absent(2, 20)]).await;
    assert_eq!(store.newest_observation(&content(2)).await.expect("read"), Some(absent(2, 20)));
    assert_eq!(store.newest_observation(&content(4)).await.expect("read"), None);
}

#[tokio::test]
async fn of_two_observations_at_one_block_the_later_one_stands() {
    let store = with(&[seen(2, 20, Some(5), None), absent(2, 20), seen(2, 20, Some(7), None)]).await;
    assert_eq!(store.newest_observation(&content(2)).await.expect("read"), Some(seen(2, 20, Some(7), None)));
}

#[tokio::test]
async fn the_newest_observation_survives_pruning() {
    let store = with(&[seen(2, 10, Some(5), None), seen(2, 20, None, None)]).await;
    store.prune(stamp(90).time.unix_ms()).await.expect("pruned");
    assert_eq!(store.newest_observation(&content(2)).await.expect("read"), Some(seen(2, 20, None, None)));
}

#[tokio::test]
async fn only_the_newest_contents_are_kept_in_a_database_of_latest_answers() {
    let store = with(&[seen(2, 10, Some(1), None), absent(4, 30), seen(6, 20, Some(1), None), absent(8, 5)]).await;
    assert_eq!(store.keep_newest_contents(2).await.expect("done"), 2);
    assert_eq!(store.keep_newest_contents(2).await.expect("done"), 0);
    for (number, is_kept) in [(2, false), (4, true), (6, true), (8, false)] {
        let found = store.newest_observation(&content(number)).await.expect("read");
        assert_eq!(found.is_some(), is_kept, "{number}");
    }
    store.record_observations(&[seen(2, 40, Some(3), None)]).await.expect("what was forgotten can come again");
}

#[tokio::test]
async fn old_contents_are_forgotten_only_if_nobody_ever_claimed_them() {
    let place = Place::new();
    let store = place.open().await;
    store
        .record_observations(&[seen(2, 10, Some(1), None), absent(4, 10), seen(6, 90, None, None)])
        .await
        .expect("saved");
    store.record_claims(&[claim("t", 2, 1, 25)], &[]).await.expect("saved");
    assert_eq!(store.forget_unclaimed_contents(stamp(50).time.unix_ms()).await.expect("done"), 1);
    for (number, is_kept) in [(2, true), (4, false), (6, true)] {
        let found = store.newest_observation(&content(number)).await.expect("read");
        assert_eq!(found.is_some(), is_kept, "{number}");
    }
}
