//! Gists: rounds, answers, documents, and what hotkeys' gists were when they were last read.

use super::Fresh;
use crate::gists::{digest_of, failed, fetched, pinned, pointer};
use crate::subnets::hotkey;
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::{FailureScope, GistAnswer, GistHolder, GistOutcome, GistState, GoodPointer};
use tensorflix_domain::ids::Block;

async fn record(store: &Arc<dyn Store>, round: Block, answer: GistAnswer) -> Option<GistState> {
    store.record_gists(round, std::slice::from_ref(&answer), &[]).await.expect("stored");
    store.gist_state(&answer.pointer).await.expect("read")
}

fn answer(outcome: GistOutcome) -> GistAnswer {
    GistAnswer { pointer: pointer("alice", 1), outcome }
}

fn failure(error: &str, scope: FailureScope) -> GistAnswer {
    answer(GistOutcome::Failed { error: error.to_owned(), scope })
}

/// The state after a good answer.
fn good(document: &[u8], etag: Option<&str>, round: Block) -> GistState {
    GistState {
        pointer: pointer("alice", 1),
        etag: etag.map(str::to_owned),
        digest: Some(digest_of(document)),
        fetched_round: Some(round),
        asked_round: round,
        failures: 0,
        refusals: 0,
        error: None,
    }
}

fn with_etag(document: &[u8], etag: &str) -> GistAnswer {
    let digest = digest_of(document);
    answer(GistOutcome::Fetched { etag: Some(etag.to_owned()), digest, document: document.to_vec() })
}

pub async fn the_newest_finished_round_stays(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.latest_gist_round().await, Ok(None));
    for (finished, newest) in [(0, 0), (50, 50), (25, 50), (u32::MAX, u32::MAX)] {
        store.finish_gist_round(finished).await.expect("stored");
        assert_eq!(store.latest_gist_round().await, Ok(Some(newest)));
    }
}

pub async fn an_answer_renews_a_gist(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.gist_state(&pointer("alice", 1)).await, Ok(None));
    let etag = Some("W/\"ü'\"");
    assert_eq!(record(&store, 25, with_etag(b"a", "W/\"ü'\"")).await, Some(good(b"a", etag, 25)));
    assert_eq!(record(&store, 50, answer(GistOutcome::Unchanged)).await, Some(good(b"a", etag, 50)));
    record(&store, 75, failure("no answer", FailureScope::Gist)).await;
    assert_eq!(record(&store, 100, answer(GistOutcome::Unchanged)).await, Some(good(b"a", etag, 100)));
    let renewed = fetched(&pointer("alice", 1), b"b");
    assert_eq!(record(&store, 125, renewed.clone()).await, Some(good(b"b", None, 125)));
    assert_eq!(record(&store, 125, renewed).await, Some(good(b"b", None, 125)), "the same answer again");
    let unknown = GistAnswer { pointer: pointer("bob", 2), outcome: GistOutcome::Unchanged };
    let expected =
        GistState { pointer: pointer("bob", 2), etag: None, digest: None, error: None, ..good(b"", None, 125) };
    assert_eq!(record(&store, 125, unknown).await, Some(expected));
}

pub async fn a_failure_leaves_the_last_good_content(fresh: Fresh<'_>) {
    let store = fresh().await;
    record(&store, 25, with_etag(b"a", "e")).await;
    for (round, scope, failures, refusals) in
        [(50, FailureScope::Elsewhere, 1, 0), (75, FailureScope::Gist, 2, 1), (75, FailureScope::Gist, 3, 2)]
    {
        let error = Some(format!("it's {round}"));
        let expected = GistState { asked_round: round, failures, refusals, error, ..good(b"a", Some("e"), 25) };
        assert_eq!(record(&store, round, failure(&format!("it's {round}"), scope)).await, Some(expected));
    }
    let never = failed(&pointer("bob", 2));
    let state = record(&store, 50, never).await.expect("known");
    assert_eq!((state.fetched_round, state.asked_round, state.failures, state.digest), (None, 50, 1, None));
}

pub async fn an_answer_that_comes_too_late_changes_nothing(fresh: Fresh<'_>) {
    let store = fresh().await;
    record(&store, 50, with_etag(b"a", "e")).await;
    let late = [
        with_etag(b"b", "f"),
        answer(GistOutcome::Unchanged),
        failure("no answer", FailureScope::Gist),
        failure("no time", FailureScope::NotAsked),
    ];
    for answer in late {
        assert_eq!(record(&store, 25, answer).await, Some(good(b"a", Some("e"), 50)));
    }
}

pub async fn a_gist_that_was_not_asked_for_keeps_its_place(fresh: Fresh<'_>) {
    let store = fresh().await;
    let state = record(&store, 50, failure("no time", FailureScope::NotAsked)).await.expect("known");
    assert_eq!((state.asked_round, state.failures, state.error.as_deref()), (0, 0, Some("no time")));
    record(&store, 75, with_etag(b"a", "e")).await;
    let state = record(&store, 100, failure("no time", FailureScope::NotAsked)).await;
    let error = Some("no time".to_owned());
    assert_eq!(state, Some(GistState { error, ..good(b"a", Some("e"), 75) }));
}

pub async fn documents_are_stored_as_they_are(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.gist_document(&digest_of(b"a")).await, Ok(None));
    for document in [&b""[..], b"a\0\n", &[0xff, 0xfe, 0x00], "日本".as_bytes()] {
        record(&store, 25, fetched(&pointer("alice", 1), document)).await;
        assert_eq!(store.gist_document(&digest_of(document)).await, Ok(Some(document.to_vec())));
    }
}

pub async fn states_are_in_the_order_of_their_pointers(fresh: Fresh<'_>) {
    let store = fresh().await;
    // As text: a hyphen comes before the colon that ends a name, capitals come before small letters.
    let ordered = [pointer("Bob", 1), pointer("a-b", 1), pointer("a", 1), pinned("a", 1, 2), pointer("a1", 1)];
    let mut ordered = ordered.map(|pointer| pointer.to_string());
    ordered.sort_unstable();
    let pointers: Vec<GistPointer> = ordered.iter().map(|text| text.parse().expect("a pointer")).collect();
    let answers: Vec<GistAnswer> = pointers.iter().rev().map(|pointer| fetched(pointer, b"a")).collect();
    store.record_gists(25, &answers, &[]).await.expect("stored");
    let states = store.gist_states().await.expect("read");
    assert_eq!(states.into_iter().map(|state| state.pointer.to_string()).collect::<Vec<_>>(), ordered);
}

pub async fn the_last_good_pointer_of_a_hotkey_is_kept(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.good_pointers().await, Ok(vec![]));
    let hold = async |round: Block, pointer: &GistPointer, document: &[u8], committed_at: Block| {
        let holder = |key| GistHolder { hotkey: hotkey(key), pointer: pointer.clone(), committed_at };
        let holders = [holder(2), holder(1)];
        store.record_gists(round, &[fetched(pointer, document)], &holders).await.expect("stored");
        let known = store.good_pointers().await.expect("read");
        assert_eq!(known.iter().map(|good| good.hotkey).collect::<Vec<_>>(), [hotkey(1), hotkey(2)]);
        known[0].clone()
    };
    let expected = |pointer: &GistPointer, document: &[u8], round, committed_at| GoodPointer {
        hotkey: hotkey(1),
        pointer: pointer.clone(),
        digest: digest_of(document),
        round,
        committed_at,
    };
    let (first, second) = (pinned("alice", 1, 1), pinned("alice", 1, 2));
    assert_eq!(hold(50, &first, b"a", 40).await, expected(&first, b"a", 50, 40));
    assert_eq!(hold(75, &first, b"a", 40).await, expected(&first, b"a", 50, 40), "since it was first seen so");
    assert_eq!(hold(100, &second, b"b", 90).await, expected(&second, b"b", 100, 40), "another revision");
    let other = pointer("alice", 2);
    assert_eq!(hold(125, &other, b"b", 110).await, expected(&other, b"b", 125, 110), "another gist");
    assert_eq!(hold(110, &pointer("alice", 3), b"c", 105).await, expected(&other, b"b", 125, 110), "too late");
    store.record_gists(150, &[failed(&other)], &[]).await.expect("stored");
    assert_eq!(store.good_pointers().await.expect("read")[0], expected(&other, b"b", 125, 110));
}
