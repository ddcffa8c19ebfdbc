//! Intents: one a window.

use crate::samples::{Place, hotkey, raw, stamp};
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, RevealPlan, WeightIntent};
use tensorflix_store::{Store, StoreError};

/// Who signs intents.
pub fn signer() -> Hotkey {
    hotkey(1)
}

pub fn intent(window: Block, cycle: u32) -> WeightIntent {
    WeightIntent {
        hotkey: Some(signer()),
        window,
        cycle,
        signed_at: stamp(window + 3),
        entries: vec![(0, 0), (7, 65_535)],
        extrinsic: vec![0, 255, cycle.to_le_bytes()[0]],
        extrinsic_hash: [9; 32],
        nonce: u64::MAX,
        valid_until: window + 64,
        reveal: None,
        outcome: None,
    }
}

#[tokio::test]
async fn a_second_intent_of_a_window_is_refused_also_after_a_restart() {
    let place = Place::new();
    let store = place.open().await;
    assert!(store.save_intent(&intent(100, 1)).await.expect("asked"));
    assert!(!store.save_intent(&intent(100, 2)).await.expect("asked"));
    store.close().await;
    let store = place.open().await;
    assert!(!store.save_intent(&intent(100, 2)).await.expect("asked"));
    assert_eq!(store.latest_intent(&signer()).await.expect("read"), Some(intent(100, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_a_window_at_once_one_gets_it() {
    let place = Place::new();
    let stores = [place.open().await, place.open().await];
    let saving: Vec<_> = (0..20)
        .map(|cycle| {
            let store = stores[cycle % 2].clone();
            let intent = intent(100, u32::try_from(cycle).expect("small"));
            tokio::spawn(async move { store.save_intent(&intent).await.expect("asked") })
        })
        .collect();
    let mut saved = 0;
    for one in saving {
        saved += u32::from(one.await.expect("no panic"));
    }
    assert_eq!(saved, 1);
}

#[tokio::test]
async fn the_latest_intent_is_that_of_the_newest_window_with_its_outcome() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    assert!(store.save_intent(&intent(200, 2)).await.expect("asked"));
    assert!(store.save_intent(&intent(100, 1)).await.expect("asked"));
    let outcome = IntentOutcome::Failed { block: 210, error: "NotEnoughStakeToSetWeights".to_owned() };
    store.save_outcome(&intent(200, 1), &outcome).await.expect("saved");
    let latest = store.latest_intent(&signer()).await.expect("read").expect("an intent");
    assert_eq!(latest, WeightIntent { outcome: Some(outcome), ..intent(200, 2) });
}

#[tokio::test]
async fn an_outcome_is_a_fact_and_needs_an_intent() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    assert!(store.save_intent(&intent(100, 1)).await.expect("asked"));
    store.save_outcome(&intent(100, 1), &IntentOutcome::Confirmed { block: 104 }).await.expect("saved");
    store.save_outcome(&intent(100, 1), &IntentOutcome::Expired).await.expect("the first stays");
    let latest = store.latest_intent(&signer()).await.expect("read").expect("an intent");
    assert_eq!(latest.outcome, Some(IntentOutcome::Confirmed { block: 104 }));
    let error = store.save_outcome(&intent(101, 1), &IntentOutcome::Expired).await.expect_err("refused");
    assert!(matches!(error, StoreError::UnknownWindow(101)), "{error}");
}

#[tokio::test]
async fn a_window_whose_submission_reached_no_block_may_have_another() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for (attempt, lost) in [(1, IntentOutcome::Expired), (2, IntentOutcome::Refused { error: "Payment".to_owned() })] {
        assert!(store.save_intent(&intent(100, attempt)).await.expect("asked"));
        store.save_outcome(&intent(100, 1), &lost).await.expect("saved");
    }
    assert!(store.save_intent(&intent(100, 3)).await.expect("asked"));
    assert!(!store.save_intent(&intent(100, 4)).await.expect("asked"), "the third may still arrive");
    store.save_outcome(&intent(100, 1), &IntentOutcome::Confirmed { block: 104 }).await.expect("saved");
    assert!(!store.save_intent(&intent(100, 4)).await.expect("asked"), "the third did arrive");
    let latest = store.latest_intent(&signer()).await.expect("read").expect("an intent");
    assert_eq!((latest.cycle, latest.outcome), (3, Some(IntentOutcome::Confirmed { block: 104 })));
}

#[tokio::test]
async fn a_cycles_intents_are_those_of_all_its_windows_oldest_first() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    for (window, cycle) in [(300, 1), (100, 1), (200, 2)] {
        assert!(store.save_intent(&intent(window, cycle)).await.expect("asked"));
    }
    assert_eq!(store.intents_of_cycle(1).await.expect("read"), [intent(100, 1), intent(300, 1)]);
    assert_eq!(store.intents_of_cycle(3).await.expect("read"), []);
}

#[tokio::test]
async fn the_last_weights_are_those_that_were_last_confirmed() {
    let store = Store::open("sqlite::memory:").await.expect("a database");
    assert_eq!(store.last_weights_block().await.expect("read"), None);
    for (window, outcome, last) in [
        (100, IntentOutcome::Confirmed { block: 105 }, 105),
        (200, IntentOutcome::Failed { block: 210, error: "x".to_owned() }, 105),
        (300, IntentOutcome::Expired, 105),
        (400, IntentOutcome::Confirmed { block: 405 }, 405),
    ] {
        assert!(store.save_intent(&intent(window, 1)).await.expect("asked"));
        store.save_outcome(&intent(window, 1), &outcome).await.expect("saved");
        assert_eq!(store.last_weights_block().await.expect("read"), Some(last), "{window}");
    }
}

#[tokio::test]
async fn a_reveal_is_watched_from_inclusion_until_it_has_an_outcome_also_after_a_restart() {
    let place = Place::new();
    let store = place.open().await;
    let plan = RevealPlan { round: 9, reveal_at: 361, commit_until: 360, epoch_blocks: 361, opening: None };
    let committed = |window: Block, reveal| WeightIntent {
        extrinsic_hash: [u8::try_from(window / 100).expect("small"); 32],
        reveal,
        ..intent(window, 1)
    };
    for (window, reveal) in [(100, Some(plan)), (200, None), (300, Some(plan)), (400, Some(plan))] {
        assert!(store.save_intent(&committed(window, reveal)).await.expect("asked"));
    }
    assert_eq!(store.watched_reveals(&signer(), 9).await.expect("read"), [], "nothing is on chain yet");
    for window in [100, 200, 300] {
        store.save_outcome(&intent(window, 1), &IntentOutcome::Confirmed { block: window + 1 }).await.expect("stored");
    }
    store.save_outcome(&intent(400, 1), &IntentOutcome::Expired).await.expect("stored");
    store.close().await;
    let store = place.open().await;
    let windows = async |store: &Store| -> Vec<Block> {
        store.watched_reveals(&signer(), 9).await.expect("read").iter().map(|intent| intent.window).collect()
    };
    assert_eq!(windows(&store).await, [100, 300]);
    assert_eq!(store.watched_reveals(&signer(), 1).await.expect("read")[0].reveal, Some(plan));
    let outcome = RevealOutcome::Missing { block: 390 };
    store.save_reveal_outcome(&[1; 32], &outcome).await.expect("stored");
    assert_eq!(windows(&store).await, [300]);
}

#[tokio::test]
async fn each_hotkey_has_windows_of_its_own() {
    let place = Place::new();
    let store = place.open().await;
    let of = |key: u8, window| WeightIntent { hotkey: Some(hotkey(key)), ..intent(window, u32::from(key)) };
    for key in [1, 2] {
        assert!(store.save_intent(&of(key, 100)).await.expect("asked"), "{key}");
        assert!(!store.save_intent(&of(key, 100)).await.expect("asked"), "{key}: one a window");
    }
    store.save_outcome(&of(1, 100), &IntentOutcome::Confirmed { block: 104 }).await.expect("saved");
    assert_eq!(store.latest_intent(&hotkey(2)).await.expect("read"), Some(of(2, 100)), "still open");
    assert!(store.save_intent(&of(1, 200)).await.expect("asked"));
    assert_eq!(store.latest_intent(&hotkey(2)).await.expect("read"), Some(of(2, 100)));
    assert_eq!(store.latest_intent(&hotkey(3)).await.expect("read"), None);
    // The newest of each stays, however old.
    store.prune(i64::MAX).await.expect("pruned");
    assert_eq!(store.latest_intent(&hotkey(1)).await.expect("read"), Some(of(1, 200)));
    assert_eq!(store.latest_intent(&hotkey(2)).await.expect("read"), Some(of(2, 100)));
}

#[tokio::test]
async fn an_intent_that_names_nobody_is_everybodys() {
    let place = Place::new();
    let store = place.open().await;
    assert!(store.save_intent(&intent(100, 1)).await.expect("asked"));
    let pool = raw(&place.file()).await;
    sqlx::query("UPDATE intents SET hotkey = NULL").execute(&pool).await.expect("written");
    pool.close().await;
    let anybodys = WeightIntent { hotkey: None, ..intent(100, 1) };
    assert_eq!(store.latest_intent(&hotkey(7)).await.expect("read"), Some(anybodys.clone()));
    store.save_outcome(&anybodys, &IntentOutcome::Expired).await.expect("saved");
    let latest = store.latest_intent(&hotkey(7)).await.expect("read").expect("an intent");
    assert_eq!(latest.outcome, Some(IntentOutcome::Expired));
}
