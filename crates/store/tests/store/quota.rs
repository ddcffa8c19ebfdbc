//! The ledger never gives out more than the budget.

use crate::samples::Place;
use tensorflix_store::Store;

const DATE: &str = "2026-01-01";

/// Debits in order; each with whether it is granted.
async fn check(debits: &[(u64, u64, bool)], spent: u64) {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for (units, budget, granted) in debits {
        let debited = store.debit("youtube", DATE, *units, *budget).await.expect("asked");
        assert_eq!(debited, *granted, "{units} of {budget}");
    }
    assert_eq!(store.units_spent("youtube", DATE).await.expect("read"), spent);
}

#[tokio::test]
async fn units_are_granted_up_to_the_budget_and_not_one_more() {
    check(&[(10, 10, true), (1, 10, false), (0, 10, true)], 10).await;
    check(&[(11, 10, false), (7, 10, true), (4, 10, false), (3, 10, true)], 10).await;
    check(&[(1, 0, false), (0, 0, true)], 0).await;
    // The budget was lowered during the day.
    check(&[(8, 10, true), (1, 5, false), (0, 5, false)], 8).await;
    check(&[(u64::MAX, u64::MAX, false), (5, u64::MAX, true), (i64::MAX as u64, u64::MAX, false)], 5).await;
}

#[tokio::test]
async fn buckets_and_dates_are_apart() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for (bucket, date) in [("youtube", DATE), ("apify", DATE), ("youtube", "2026-01-02")] {
        assert!(store.debit(bucket, date, 10, 10).await.expect("asked"), "{bucket} {date}");
    }
}

#[tokio::test]
async fn a_credit_makes_room_again_but_never_more_than_the_budget() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    store.credit("youtube", DATE, 5).await.expect("nothing was spent");
    assert_eq!(store.units_spent("youtube", DATE).await.expect("read"), 0);
    assert!(store.debit("youtube", DATE, 8, 10).await.expect("asked"));
    store.credit("youtube", DATE, 3).await.expect("credited");
    assert_eq!(store.units_spent("youtube", DATE).await.expect("read"), 5);
    store.credit("youtube", DATE, u64::MAX).await.expect("credited");
    assert_eq!(store.units_spent("youtube", DATE).await.expect("read"), 0);
    assert!(!store.debit("youtube", DATE, 11, 10).await.expect("asked"));
}

#[tokio::test]
async fn a_bucket_that_is_used_up_grants_nothing_until_the_next_date() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    assert!(store.debit("youtube/a", DATE, 3, 10).await.expect("asked"));
    for bucket in ["youtube/a", "youtube/b"] {
        store.exhaust(bucket, DATE, 10).await.expect("marked");
        assert!(!store.debit(bucket, DATE, 1, 10).await.expect("asked"));
        assert!(store.debit(bucket, "2026-01-02", 1, 10).await.expect("asked"));
    }
    store.exhaust("youtube/a", DATE, 5).await.expect("marked");
    assert_eq!(store.units_spent("youtube/a", DATE).await.expect("read"), 10, "what is spent stays spent");
}

#[tokio::test]
async fn what_is_spent_is_told_for_all_buckets_of_a_beginning() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for (bucket, date, units) in [
        ("youtube/list/a", DATE, 3),
        ("youtube/list/b", DATE, 4),
        ("youtube/list/a", "2026-01-02", 5),
        ("you%", DATE, 6),
        ("apify", DATE, 7),
    ] {
        assert!(store.debit(bucket, date, units, 10).await.expect("asked"));
    }
    let spent = async |prefix: &str| store.spent(prefix, DATE).await.expect("read");
    assert_eq!(spent("youtube/").await, [("youtube/list/a".to_owned(), 3), ("youtube/list/b".to_owned(), 4)].into());
    assert_eq!(spent("you%").await, [("you%".to_owned(), 6)].into(), "it is no pattern");
    assert_eq!(spent("").await.len(), 4);
    assert_eq!(spent("nothing").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_debits_at_once_by_two_stores_on_one_file_spend_exactly_the_budget() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    let debits: Vec<_> = (0..100)
        .map(|turn| {
            let store = stores[turn % 2].clone();
            tokio::spawn(async move { store.debit("youtube", DATE, 3, 100).await.expect("asked") })
        })
        .collect();
    let mut granted = 0;
    for debit in debits {
        granted += u64::from(debit.await.expect("no panic"));
    }
    assert_eq!(granted, 33);
    assert_eq!(stores[0].units_spent("youtube", DATE).await.expect("read"), 99);
}
