//! Weight settings: what was signed, and the outcome.

use super::Fresh;
use super::samples::{ODD, commit, intent};
use crate::subnets::hotkey;
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::{CommitOpening, IntentOutcome, RevealOutcome, RevealPlan, WeightIntent};

async fn latest(store: &Arc<dyn Store>, key: u8) -> Option<WeightIntent> {
    store.latest_intent(&hotkey(key)).await.expect("read")
}

async fn settle(store: &Arc<dyn Store>, intent: &WeightIntent, outcome: IntentOutcome) {
    store.save_outcome(intent, &outcome).await.expect("stored");
}

fn failed() -> IntentOutcome {
    IntentOutcome::Failed { block: 7, error: ODD.to_owned() }
}

pub async fn a_window_of_a_hotkey_has_one_submission(fresh: Fresh<'_>) {
    for (outcome, is_taken) in [
        (None, true),
        (Some(IntentOutcome::Confirmed { block: 7 }), true),
        (Some(failed()), true),
        (Some(IntentOutcome::Refused { error: ODD.to_owned() }), false),
        (Some(IntentOutcome::Expired), false),
    ] {
        let store = fresh().await;
        let (first, second) = (intent(1, 100, 1), intent(1, 100, 2));
        assert_eq!(store.save_intent(&first).await, Ok(true));
        if let Some(outcome) = &outcome {
            settle(&store, &first, outcome.clone()).await;
        }
        assert_eq!(store.save_intent(&second).await, Ok(!is_taken), "{outcome:?}");
        let expected = if is_taken { WeightIntent { outcome: outcome.clone(), ..first } } else { second };
        assert_eq!(latest(&store, 1).await, Some(expected), "{outcome:?}");
        assert_eq!(store.save_intent(&intent(1, 100, 3)).await, Ok(false), "{outcome:?}");
        assert_eq!(store.save_intent(&intent(1, 200, 3)).await, Ok(true), "another window");
    }
    let store = fresh().await;
    let attempts = (0..20).map(|number| intent(1, 100, number)).collect::<Vec<_>>();
    let saved = futures::future::join_all(attempts.iter().map(|intent| store.save_intent(intent))).await;
    assert_eq!(saved.into_iter().filter(|saved| *saved == Ok(true)).count(), 1);
}

pub async fn another_hotkey_has_windows_of_its_own(fresh: Fresh<'_>) {
    let store = fresh().await;
    let [one, two] = [intent(1, 100, 1), intent(2, 100, 2)];
    assert_eq!((store.save_intent(&one).await, store.save_intent(&two).await), (Ok(true), Ok(true)));
    assert_eq!((latest(&store, 1).await, latest(&store, 2).await), (Some(one), Some(two.clone())));
    assert_eq!(latest(&store, 3).await, None);
    // An intent without a hotkey belongs to every hotkey, and has windows of its own.
    let nobodys = WeightIntent { hotkey: None, ..intent(1, 100, 3) };
    assert_eq!(store.save_intent(&nobodys).await, Ok(true));
    assert_eq!(store.save_intent(&WeightIntent { extrinsic_hash: [4; 32], ..nobodys.clone() }).await, Ok(false));
    assert_eq!(latest(&store, 3).await, Some(nobodys.clone()));
    assert_eq!(latest(&store, 1).await, Some(nobodys.clone()), "of one window the later record");
    settle(&store, &nobodys, IntentOutcome::Expired).await;
    settle(&store, &two, failed()).await;
    let expired = WeightIntent { outcome: Some(IntentOutcome::Expired), ..nobodys };
    assert_eq!(latest(&store, 1).await, Some(expired));
}

pub async fn an_outcome_that_is_stored_stays(fresh: Fresh<'_>) {
    let store = fresh().await;
    let first = intent(1, 100, 1);
    assert!(store.save_outcome(&first, &IntentOutcome::Expired).await.is_err(), "there is no such window");
    assert_eq!(store.save_intent(&first).await, Ok(true));
    assert!(store.save_outcome(&intent(2, 100, 1), &IntentOutcome::Expired).await.is_err(), "not of this hotkey");
    settle(&store, &first, failed()).await;
    settle(&store, &first, IntentOutcome::Expired).await;
    assert_eq!(latest(&store, 1).await, Some(WeightIntent { outcome: Some(failed()), ..first }));
    // Of several in one window it is the newest that an outcome is of.
    let [refused, newest] = [intent(1, 200, 2), intent(1, 200, 3)];
    assert_eq!(store.save_intent(&refused).await, Ok(true));
    settle(&store, &refused, IntentOutcome::Expired).await;
    assert_eq!(store.save_intent(&newest).await, Ok(true));
    settle(&store, &newest, failed()).await;
    assert_eq!(latest(&store, 1).await, Some(WeightIntent { outcome: Some(failed()), ..newest }));
}

pub async fn the_newest_intent_is_that_of_the_newest_window(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(latest(&store, 1).await, None);
    for (window, newest) in [(200, 200), (100, 200), (u32::MAX - 64, u32::MAX - 64), (300, u32::MAX - 64)] {
        assert_eq!(store.save_intent(&intent(1, window, 1)).await, Ok(true));
        assert_eq!(latest(&store, 1).await, Some(intent(1, newest, 1)));
    }
    let opening = CommitOpening { salt: [u16::MAX; 8], version_key: u64::MAX };
    let hashed = commit(2, 100, 2);
    let reveal = hashed.reveal.map(|plan| RevealPlan { opening: Some(opening), ..plan });
    let hashed = WeightIntent { reveal, entries: Vec::new(), extrinsic: Vec::new(), ..hashed };
    assert_eq!(store.save_intent(&hashed).await, Ok(true));
    assert_eq!(latest(&store, 2).await, Some(hashed));
}

pub async fn a_commit_is_watched_until_its_reveal_is_known(fresh: Fresh<'_>) {
    let store = fresh().await;
    let watched = async |limit| {
        let commits = store.watched_reveals(&hotkey(1), limit).await.expect("read");
        commits.into_iter().map(|commit| commit.window).collect::<Vec<Block>>()
    };
    // An outcome of an intent that is not stored is dropped.
    store.save_reveal_outcome(&[2; 32], &RevealOutcome::Revealed { block: 7 }).await.expect("no error");
    let confirmed = || IntentOutcome::Confirmed { block: 7 };
    for (intent, outcome) in [
        (commit(1, 300, 1), Some(confirmed())),
        (commit(1, 200, 2), Some(confirmed())),
        (commit(1, 250, 3), Some(failed())),
        (commit(1, 400, 4), None),
        (commit(1, 500, 5), Some(IntentOutcome::Expired)),
        (intent(1, 600, 6), Some(confirmed())),
        (commit(2, 100, 7), Some(confirmed())),
        (WeightIntent { hotkey: None, ..commit(1, 700, 8) }, Some(confirmed())),
    ] {
        assert_eq!(store.save_intent(&intent).await, Ok(true));
        if let Some(outcome) = outcome {
            settle(&store, &intent, outcome).await;
        }
    }
    assert_eq!(watched(9).await, [200, 250, 300, 700]);
    assert_eq!((watched(2).await, watched(0).await), (vec![200, 250], vec![]));
    store.save_reveal_outcome(&[2; 32], &RevealOutcome::Missing { block: 9 }).await.expect("stored");
    store.save_reveal_outcome(&[99; 32], &RevealOutcome::Missing { block: 9 }).await.expect("no error");
    assert_eq!(watched(9).await, [250, 300, 700]);
}
