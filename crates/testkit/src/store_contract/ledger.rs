//! The quota ledger.

use super::Fresh;
use super::samples::ODD;
use std::collections::BTreeMap;
use std::sync::Arc;
use tensorflix_actors::ports::Store;

const DAY: &str = "2026-08-21";

/// The most units that are counted: a larger number of units is as many. Databases have no larger number.
const MOST_UNITS: u64 = i64::MAX as u64;

async fn spent(store: &Arc<dyn Store>, bucket: &str) -> Option<u64> {
    store.spent(bucket, DAY).await.expect("read").get(bucket).copied()
}

pub async fn a_budget_is_never_exceeded(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(spent(&store, "b").await, None);
    for (units, budget, debited, after) in [
        (11, 10, false, None),
        (4, 10, true, Some(4)),
        (7, 10, false, Some(4)),
        (6, 10, true, Some(10)),
        (0, 10, true, Some(10)),
        (1, 10, false, Some(10)),
        (0, 9, false, Some(10)),
        (2, 12, true, Some(12)),
    ] {
        assert_eq!(store.debit("b", DAY, units, budget).await, Ok(debited), "{units} of {budget}");
        assert_eq!(spent(&store, "b").await, after, "{units} of {budget}");
    }
    let attempts = (0..50).map(|_| store.debit("together", DAY, 3, 20));
    let debited = futures::future::join_all(attempts).await;
    assert_eq!(debited.into_iter().filter(|debited| *debited == Ok(true)).count(), 6);
    assert_eq!(spent(&store, "together").await, Some(18));
}

pub async fn what_is_credited_can_be_spent_again(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.credit("b", DAY, 5).await.expect("stored");
    assert_eq!(spent(&store, "b").await, None, "nothing was debited");
    assert_eq!(store.debit("b", DAY, 10, 10).await, Ok(true));
    for (units, after) in [(3, 7), (0, 7), (100, 0), (u64::MAX, 0)] {
        store.credit("b", DAY, units).await.expect("stored");
        assert_eq!(spent(&store, "b").await, Some(after), "{units}");
    }
    assert_eq!(store.debit("b", DAY, 10, 10).await, Ok(true));
}

pub async fn a_used_up_bucket_pays_for_nothing(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.exhaust("b", DAY, 10).await.expect("stored");
    assert_eq!(store.debit("b", DAY, 1, 10).await, Ok(false));
    store.exhaust("b", DAY, 5).await.expect("stored");
    assert_eq!(spent(&store, "b").await, Some(10), "never fewer than before");
    assert_eq!(store.debit("b", DAY, 1, 11).await, Ok(true));
    assert_eq!(store.debit("b", "2026-08-22", 10, 10).await, Ok(true), "the next day");
}

pub async fn buckets_are_found_by_their_beginning_and_date(fresh: Fresh<'_>) {
    let store = fresh().await;
    let buckets = ["a", "a%b", "a_b", "aXb", "A", "ä", ODD];
    for (units, bucket) in (1..).zip(buckets) {
        assert_eq!(store.debit(bucket, DAY, units, 100).await, Ok(true));
    }
    assert_eq!(store.debit("a", "2026-08-22", 50, 100).await, Ok(true));
    let of = |names: &[&str]| -> BTreeMap<String, u64> {
        let place = |name: &str| buckets.iter().position(|bucket| *bucket == name).expect("a bucket") as u64 + 1;
        names.iter().map(|name| ((*name).to_owned(), place(name))).collect()
    };
    for (prefix, names) in [
        ("", &buckets[..]),
        ("a", &["a", "a%b", "a_b", "aXb"]),
        ("a_", &["a_b"]),
        ("a%", &["a%b"]),
        ("ä", &["ä"]),
        ("b", &[]),
    ] {
        assert_eq!(store.spent(prefix, DAY).await, Ok(of(names)), "{prefix:?}");
    }
    assert_eq!(store.spent("", "2026-08-23").await, Ok(BTreeMap::new()));
}

pub async fn no_number_of_units_is_too_large(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.debit("b", DAY, u64::MAX, u64::MAX).await, Ok(false), "more than is counted");
    assert_eq!(spent(&store, "b").await, None);
    assert_eq!(store.debit("b", DAY, MOST_UNITS, u64::MAX).await, Ok(true));
    assert_eq!(store.debit("b", DAY, 1, u64::MAX).await, Ok(false));
    assert_eq!(store.debit("b", DAY, u64::MAX, u64::MAX).await, Ok(false));
    assert_eq!(spent(&store, "b").await, Some(MOST_UNITS));
    store.credit("b", DAY, 1).await.expect("stored");
    store.exhaust("b", DAY, u64::MAX).await.expect("stored");
    assert_eq!(spent(&store, "b").await, Some(MOST_UNITS));
    assert_eq!(store.debit("b", DAY, 1, u64::MAX).await, Ok(false));
}
