//! Cycles and their decisions.

use crate::samples::{Place, decided, hotkey, raw, stamp, subnet};
use proptest::prelude::*;
use tensorflix_store::{Store, StoreError};

async fn memory() -> Store {
    Store::open("sqlite::memory:").await.expect("a database")
}

#[tokio::test]
async fn cycles_are_numbered_from_one_and_keep_their_subnet() {
    let place = Place::new();
    let store = place.open().await;
    let first = store.open_cycle(stamp(100), &subnet(100, 2)).await.expect("opened");
    assert_eq!((first.cycle, first.at, first.decided), (1, stamp(100), false));
    store.close().await;
    let store = place.open().await;
    let second = store.open_cycle(stamp(90), &subnet(90, 3)).await.expect("opened");
    assert_eq!(second.cycle, 2);
    assert_eq!(store.latest_cycle().await.expect("read"), Some(second));
    assert_eq!(store.cycle_subnet(1).await.expect("read"), Some(subnet(100, 2)));
    assert_eq!(store.cycle_subnet(2).await.expect("read"), Some(subnet(90, 3)));
    assert_eq!(store.cycle_subnet(3).await.expect("read"), None);
}

#[tokio::test]
async fn a_decision_comes_back_whole_and_the_first_stays() {
    let store = memory().await;
    store.open_cycle(stamp(100), &subnet(100, 2)).await.expect("opened");
    assert_eq!(store.decided_cycle(1).await.expect("read"), None);
    let first = decided(1, 100, 0.1);
    store.save_decision(&first).await.expect("saved");
    store.save_decision(&decided(1, 101, 0.2)).await.expect("it is decided already");
    assert_eq!(store.decided_cycle(1).await.expect("read"), Some(first));
    assert!(store.latest_cycle().await.expect("read").is_some_and(|head| head.decided));
}

#[tokio::test]
async fn decided_cycles_are_listed_and_open_ones_are_not() {
    let store = memory().await;
    assert!(store.decided_cycles().await.expect("read").is_empty());
    for cycle in 1..=4 {
        store.open_cycle(stamp(cycle * 100), &subnet(1, 1)).await.expect("opened");
    }
    for cycle in [3, 1] {
        store.save_decision(&decided(cycle, cycle * 100, 0.1)).await.expect("saved");
    }
    assert_eq!(store.decided_cycles().await.expect("read"), [1, 3]);
}

#[tokio::test]
async fn a_cycle_that_was_never_opened_cannot_be_decided() {
    let store = memory().await;
    let error = store.save_decision(&decided(7, 100, 0.1)).await.expect_err("refused");
    assert!(matches!(error, StoreError::UnknownCycle(7)), "{error}");
    assert_eq!(store.decided_cycle(7).await.expect("read"), None);
}

#[tokio::test]
async fn the_scores_in_force_are_those_of_the_newest_cycle_in_which_anything_qualified() {
    let store = memory().await;
    for cycle in 1..=4 {
        store.open_cycle(stamp(cycle * 100), &subnet(1, 1)).await.expect("opened");
    }
    let mut empty = decided(3, 300, 0.3);
    empty.scores.clear();
    store.save_decision(&empty).await.expect("saved");
    assert_eq!(store.scores_in_force().await.expect("read"), None);
    store.save_decision(&decided(2, 200, 0.2)).await.expect("saved");
    store.save_decision(&decided(1, 100, 0.1)).await.expect("saved");
    let in_force = store.scores_in_force().await.expect("read").expect("scores");
    assert_eq!((in_force.cycle, in_force.at), (2, stamp(200)));
    assert_eq!(in_force.scores, decided(2, 200, 0.2).scores);
}

#[tokio::test]
async fn smoothed_scores_are_of_the_newest_cycle_that_has_any_and_go_with_their_cycle() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.smoothed_scores().await.expect("read"), None);
    for cycle in 1..=4 {
        store.open_cycle(stamp(cycle * 100), &subnet(1, 1)).await.expect("opened");
    }
    store.save_decision(&decided(1, 100, 0.1)).await.expect("saved");
    store.save_decision(&decided(2, 200, 0.2)).await.expect("saved");
    // A cycle of a development build has none, and nothing is smoothed with its scores.
    let mut unnamed = decided(3, 300, 0.3);
    unnamed.smoothed.clear();
    unnamed.policy.rules = 0;
    store.save_decision(&unnamed).await.expect("saved");
    store.close().await;
    let store = place.open().await;
    let smoothed = store.smoothed_scores().await.expect("read").expect("scores");
    assert_eq!((smoothed.at, smoothed.scores), (stamp(200), decided(2, 200, 0.2).smoothed));
    assert_eq!(store.decided_cycle(3).await.expect("read"), Some(unnamed));
}

#[tokio::test]
async fn scores_are_read_without_the_evidence_they_came_from() {
    let place = Place::new();
    let store = place.open().await;
    store.open_cycle(stamp(100), &subnet(100, 2)).await.expect("opened");
    store.save_decision(&decided(1, 100, 0.1)).await.expect("saved");
    let pool = raw(&place.file()).await;
    sqlx::query("UPDATE cycle_decisions SET evidence_json_gz = x'00'").execute(&pool).await.expect("damaged");
    assert!(store.scores_in_force().await.expect("read").is_some());
    let error = store.decided_cycle(1).await.expect_err("damaged");
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

#[tokio::test]
async fn a_number_that_json_cannot_hold_is_refused_before_anything_is_written() {
    let store = memory().await;
    store.open_cycle(stamp(100), &subnet(100, 2)).await.expect("opened");
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut one_score = decided(1, 100, 0.5);
        one_score.submissions[0].score = Some(number);
        for wrong in [decided(1, 100, number), one_score] {
            let error = store.save_decision(&wrong).await.expect_err("refused");
            assert!(matches!(error, StoreError::Unstorable(_)), "{error}");
        }
    }
    assert!(store.latest_cycle().await.expect("read").is_some_and(|head| !head.decided));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn floats_come_back_bit_for_bit(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (back, in_force) = runtime.block_on(async {
            let store = memory().await;
            store.open_cycle(stamp(100), &subnet(100, 2)).await.expect("opened");
            store.save_decision(&decided(1, 100, number)).await.expect("saved");
            let back = store.decided_cycle(1).await.expect("read").expect("decided");
            (back, store.scores_in_force().await.expect("read").expect("scores"))
        });
        let numbers = [
            back.scores[&hotkey(1)],
            in_force.scores[&hotkey(1)],
            back.evidence.tasks[0].weight,
            back.policy.burn_share,
            back.submissions[0].score.expect("a score"),
            back.evidence.previous.expect("scores").scores[&hotkey(4)],
        ];
        prop_assert_eq!(numbers.map(f64::to_bits), [bits; 6]);
        prop_assert_eq!(back.scores[&hotkey(2)].to_bits(), (number / 2.0).to_bits());
    }
}
