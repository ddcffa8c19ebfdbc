//! Gists, who holds them, and the claims made of that.

use crate::samples::{claim, claimed, hotkey, rule};
use tensorflix_domain::claim::{CLAIM_REST_BLOCKS, Claim, MAX_CLAIMS, ROOM_AGAIN_BLOCKS};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerRecord, OwnerRefusal};
use tensorflix_domain::gist_record::{
    ClaimedHolding, ContentDigest, FailureScope, GistAnswer, GistHolder, GistOutcome, Holding,
};
use tensorflix_domain::ids::Block;
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_store::Store;

async fn memory() -> Store {
    Store::open("sqlite::memory:").await.expect("a database")
}

pub fn pointer(number: u8) -> GistPointer {
    format!("alice:{number:02x}").parse().expect("a pointer")
}

/// Gist `number` answers with the document `[body]`, represented by its digest.
pub fn fetched(number: u8, body: u8) -> GistAnswer {
    let outcome = GistOutcome::Fetched {
        etag: Some(format!("W/\"{body}\"")),
        digest: ContentDigest([body; 32]),
        document: vec![body],
    };
    GistAnswer { pointer: pointer(number), outcome }
}

pub fn unchanged(number: u8) -> GistAnswer {
    GistAnswer { pointer: pointer(number), outcome: GistOutcome::Unchanged }
}

fn failed(number: u8) -> GistAnswer {
    let outcome = GistOutcome::Failed { error: "status 500".to_owned(), scope: FailureScope::Elsewhere };
    GistAnswer { pointer: pointer(number), outcome }
}

pub fn holder(key: u8, number: u8) -> GistHolder {
    GistHolder { hotkey: hotkey(key), pointer: pointer(number), committed_at: 5 }
}

/// Holdings as (hotkey, gist's content, round).
async fn holdings(store: &Store) -> Vec<(u8, u8, Block)> {
    let short = |holding: &Holding| (holding.hotkey.public_key()[0], holding.digest.0[0], holding.round);
    store.unclaimed_holdings(100).await.expect("read").iter().map(short).collect()
}

#[tokio::test]
async fn a_failure_keeps_the_last_good_content_and_a_success_ends_the_failures() {
    let store = memory().await;
    store.record_gists(25, &[fetched(1, 10)], &[]).await.expect("saved");
    store.record_gists(50, &[failed(1)], &[]).await.expect("saved");
    store.record_gists(75, &[failed(1)], &[]).await.expect("saved");
    let state = store.gist_state(&pointer(1)).await.expect("read").expect("a state");
    assert_eq!((state.failures, state.error.as_deref()), (2, Some("status 500")));
    assert_eq!((state.digest, state.fetched_round), (Some(ContentDigest([10; 32])), Some(25)));
    assert_eq!(state.etag.as_deref(), Some("W/\"10\""));
    assert_eq!(store.gist_document(&ContentDigest([10; 32])).await.expect("read"), Some(vec![10]));

    store.record_gists(100, &[unchanged(1)], &[]).await.expect("saved");
    let state = store.gist_state(&pointer(1)).await.expect("read").expect("a state");
    assert_eq!((state.failures, state.error, state.fetched_round), (0, None, Some(100)));
    assert_eq!(state.digest, Some(ContentDigest([10; 32])));
}

#[tokio::test]
async fn a_gist_that_never_answered_has_failures_and_no_content() {
    let store = memory().await;
    store.record_gists(25, &[failed(1)], &[holder(1, 1)]).await.expect("saved");
    let states = store.gist_states().await.expect("read");
    assert_eq!(states.len(), 1);
    assert_eq!((states[0].failures, states[0].digest, states[0].fetched_round), (1, None, None));
    assert_eq!(holdings(&store).await, []);
    assert_eq!(store.gist_state(&pointer(2)).await.expect("read"), None);
    assert_eq!(store.gist_document(&ContentDigest([1; 32])).await.expect("read"), None);
}

#[tokio::test]
async fn a_hotkey_holds_a_content_once_from_the_first_round_on() {
    let store = memory().await;
    let holders = [holder(1, 1), holder(2, 1)];
    store.record_gists(25, &[fetched(1, 10)], &holders).await.expect("saved");
    store.record_gists(25, &[fetched(1, 10)], &holders).await.expect("the same again");
    store.record_gists(50, &[unchanged(1)], &holders).await.expect("saved");
    assert_eq!(holdings(&store).await, [(1, 10, 25), (2, 10, 25)]);
    store.record_gists(75, &[fetched(1, 11)], &[holder(1, 1)]).await.expect("saved");
    store.record_gists(100, &[fetched(1, 10)], &[holder(1, 1)]).await.expect("it comes back");
    assert_eq!(holdings(&store).await, [(1, 10, 25), (2, 10, 25), (1, 11, 75)]);
}

#[tokio::test]
async fn a_hotkey_that_points_to_a_known_gist_holds_it_from_that_round_on() {
    let store = memory().await;
    store.record_gists(25, &[fetched(1, 10)], &[holder(1, 1)]).await.expect("saved");
    store.record_gists(50, &[unchanged(1)], &[holder(1, 1), holder(2, 1)]).await.expect("saved");
    assert_eq!(holdings(&store).await, [(1, 10, 25), (2, 10, 50)]);
}

#[tokio::test]
async fn nobody_holds_what_was_not_read_in_the_round() {
    let store = memory().await;
    store.record_gists(25, &[fetched(1, 10)], &[]).await.expect("saved");
    store.record_gists(50, &[failed(1)], &[holder(1, 1)]).await.expect("saved");
    store.record_gists(50, &[], &[holder(2, 1)]).await.expect("saved");
    assert_eq!(holdings(&store).await, []);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_does_not_bring_old_content_back() {
    let store = memory().await;
    store.record_gists(50, &[fetched(1, 11)], &[]).await.expect("saved");
    store.record_gists(25, &[fetched(1, 10)], &[]).await.expect("saved");
    store.record_gists(25, &[failed(1)], &[]).await.expect("saved");
    let state = store.gist_state(&pointer(1)).await.expect("read").expect("a state");
    assert_eq!((state.digest, state.fetched_round), (Some(ContentDigest([11; 32])), Some(50)));
    assert_eq!(state.failures, 0);
}

#[tokio::test]
async fn holdings_come_oldest_round_first_until_they_are_claimed() {
    let store = memory().await;
    store.record_gists(50, &[fetched(1, 10), fetched(2, 11)], &[holder(1, 1), holder(2, 2)]).await.expect("saved");
    store.record_gists(75, &[fetched(3, 12)], &[holder(3, 3)]).await.expect("saved");
    let first = store.unclaimed_holdings(2).await.expect("read");
    assert_eq!(first.iter().map(|one| one.digest.0[0]).collect::<Vec<_>>(), [10, 11]);
    assert_eq!((first[0].committed_at, &first[0].pointer), (5, &pointer(1)));
    let ids = claimed(&first);
    store.record_claims(&[claim("t", 2, 1, 50)], &ids).await.expect("saved");
    assert_eq!(holdings(&store).await, [(3, 12, 75)]);
    store.record_gists(100, &[unchanged(1)], &[holder(1, 1)]).await.expect("saved");
    assert_eq!(holdings(&store).await, [(3, 12, 75)], "a claimed holding is not made again");
}

#[tokio::test]
async fn what_a_gist_holds_now_is_found_again_where_another_rule_made_its_claims() {
    let store = memory().await;
    store.record_gists(50, &[fetched(1, 10), fetched(2, 11)], &[holder(1, 1), holder(2, 2)]).await.expect("saved");
    store.record_gists(75, &[fetched(2, 12)], &[holder(2, 2), holder(3, 2)]).await.expect("saved");
    let otherwise = |number| {
        let store = store.clone();
        async move {
            let found = store.holdings_claimed_otherwise(&rule(number), 0).await.expect("read");
            found.iter().map(|one| (one.hotkey.public_key()[0], one.digest.0[0], one.round)).collect::<Vec<_>>()
        }
    };
    assert_eq!(otherwise(1).await, [], "what is not claimed at all is found as such");
    let all = store.unclaimed_holdings(9).await.expect("read");
    store.record_claims(&[], &claimed(&all)).await.expect("saved");
    assert_eq!(otherwise(1).await, []);
    // 11 is not what gist 2 holds any more.
    assert_eq!(otherwise(2).await, [(1, 10, 50), (2, 12, 75), (3, 12, 75)]);
    let first = store.holdings_claimed_otherwise(&rule(2), 0).await.expect("read").remove(0);
    store.record_claims(&[], &[ClaimedHolding { id: first.id, rule: rule(2) }]).await.expect("saved");
    assert_eq!(otherwise(2).await, [(2, 12, 75), (3, 12, 75)]);
    assert_eq!(otherwise(1).await, [(1, 10, 50)]);
    store.record_gists(100, &[fetched(2, 11)], &[holder(2, 2)]).await.expect("saved");
    assert_eq!(otherwise(2).await, [(2, 11, 50)], "it came back, under an older holding");
}

#[tokio::test]
async fn claims_are_read_by_task_and_content_and_no_others_with_them() {
    let store = memory().await;
    let claims = [claim("t", 2, 1, 50), claim("t", 2, 2, 75), claim("t", 3, 1, 50), claim("u", 2, 1, 50)];
    store.record_claims(&claims, &[]).await.expect("saved");
    let id = |index: usize| claims[index].content_id.as_str();
    assert_eq!(store.claims_for("t", &[id(0)]).await.expect("read"), claims[..2]);
    assert_eq!(store.claims_for("t", &[id(2), id(0), "unknown"]).await.expect("read"), claims[..3]);
    assert_eq!(store.claims_for("u", &[id(0), id(2)]).await.expect("read"), claims[3..]);
    assert_eq!(store.claims_for("t", &[]).await.expect("read"), []);
    assert_eq!(store.claims_for("t'; --", &["%"]).await.expect("read"), []);
    let many: Vec<String> = (0..1_200).map(|number| format!("c{number}")).chain([id(0).to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(store.claims_for("t", &many).await.expect("read").len(), 2);
}

#[tokio::test]
async fn a_claim_keeps_the_earliest_of_each_of_its_times_in_whatever_order_they_come() {
    let record = |pinned_at, round, committed_at, gist| {
        let gist = Some(GistName::from(&pointer(gist)));
        Claim { pinned_at, round, committed_at, gist, ..claim("t", 2, 1, 75) }
    };
    let records = [record(None, 75, 40, 3), record(Some(120), 100, 120, 2), record(Some(90), 125, 90, 1)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let store = memory().await;
        let others = [claim("t", 2, 2, 50), claim("t", 3, 1, 50), claim("u", 2, 1, 50)];
        store.record_claims(&others, &[]).await.expect("saved");
        for index in order {
            store.record_claims(&[records[index].clone()], &[]).await.expect("saved");
        }
        let mut expected: Vec<Claim> = others.into();
        expected.push(record(Some(90), 75, 40, 3));
        expected.sort();
        assert_eq!(store.claims().await.expect("read"), expected, "{order:?}");
    }
}

#[tokio::test]
async fn ids_of_claims_come_back_as_the_miner_wrote_them() {
    let store = memory().await;
    let mut hostile = claim("t", 2, 1, 75);
    hostile.task_id = "'); DROP TABLE claims; --\0\u{202e}é".to_owned();
    hostile.content_id = String::new();
    hostile.pinned_at = None;
    store.record_claims(std::slice::from_ref(&hostile), &[]).await.expect("saved");
    assert_eq!(store.claims().await.expect("read"), [hostile]);
}

#[tokio::test]
async fn a_contents_claims_and_where_a_hotkey_listed_it_are_found() {
    let store = memory().await;
    store.record_gists(25, &[fetched(1, 10)], &[holder(1, 1), holder(2, 1)]).await.expect("saved");
    store.record_gists(50, &[fetched(1, 11)], &[holder(1, 1)]).await.expect("saved");
    let claims = [claim("t", 2, 1, 25), claim("t", 4, 1, 25), claim("t", 2, 2, 50), claim("other", 2, 3, 75)];
    store.record_claims(&claims, &[]).await.expect("saved");

    let id = claims[0].content_id.as_str();
    assert_eq!(store.claims_on(id).await.expect("read"), [claims[3].clone(), claims[0].clone(), claims[2].clone()]);
    assert!(store.claims_on("unknown").await.expect("read").is_empty());
    let digests = async |key, round| {
        let holdings = store.holdings_of(&hotkey(key), round).await.expect("read");
        holdings.iter().map(|holding| holding.digest.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(digests(1, 25).await, [10]);
    assert_eq!(digests(1, 50).await, [11]);
    assert!(digests(2, 50).await.is_empty());
}

#[tokio::test]
async fn the_account_that_was_seen_first_stays_and_an_older_check_changes_nothing() {
    let store = memory().await;
    let record = |asked_round, owner_id, refusal| OwnerRecord {
        gist: GistName::from(&pointer(1)),
        asked_round,
        owner_id,
        absences: 1,
        refusal,
    };
    let another = OwnerRefusal::AnotherAccount { pinned: u64::MAX, found: 9 };
    store.record_gist_owners(&[record(100, None, None)]).await.expect("stored");
    store.record_gist_owners(&[record(125, Some(u64::MAX), Some(another.clone()))]).await.expect("stored");
    store.record_gist_owners(&[record(100, Some(9), None)]).await.expect("stored");
    assert_eq!(store.gist_owners().await.expect("read"), [record(125, Some(u64::MAX), Some(another))]);
    store.record_gist_owners(&[record(150, Some(9), None)]).await.expect("stored");
    assert_eq!(store.gist_owners().await.expect("read"), [record(150, Some(u64::MAX), None)]);
}

#[tokio::test]
async fn unwatched_blocks_with_the_same_beginning_are_one_range() {
    let store = memory().await;
    for (from, until) in [(50, 75), (50, 100), (50, 75), (200, 225), (300, 400)] {
        store.record_unwatched_blocks(&UnwatchedBlocks { from, until }).await.expect("stored");
    }
    let ranges = |pairs: &[(Block, Block)]| -> Vec<UnwatchedBlocks> {
        pairs.iter().map(|&(from, until)| UnwatchedBlocks { from, until }).collect()
    };
    assert_eq!(store.unwatched_blocks(9).await.expect("read"), ranges(&[(50, 100), (200, 225), (300, 400)]));
    assert_eq!(store.unwatched_blocks(1).await.expect("read"), ranges(&[(300, 400)]), "the newest ones");
}

#[tokio::test]
async fn only_githubs_answers_count_against_a_gist_and_one_not_asked_for_keeps_its_place() {
    let store = memory().await;
    let failing =
        |scope| GistAnswer { pointer: pointer(1), outcome: GistOutcome::Failed { error: format!("{scope:?}"), scope } };
    let mut seen = Vec::new();
    for (round, answer) in [
        (25, failing(FailureScope::NotAsked)),
        (50, failing(FailureScope::Gist)),
        (75, failing(FailureScope::Gist)),
        (100, failing(FailureScope::Elsewhere)),
        (125, failing(FailureScope::NotAsked)),
        (150, fetched(1, 10)),
        (175, failing(FailureScope::Gist)),
        (200, unchanged(1)),
    ] {
        store.record_gists(round, &[answer], &[]).await.expect("saved");
        let state = store.gist_state(&pointer(1)).await.expect("read").expect("a state");
        assert_eq!(store.gist_states().await.expect("read"), std::slice::from_ref(&state));
        seen.push((state.asked_round, state.failures, state.refusals, state.error.is_some()));
    }
    let expected = [
        (0, 0, 0, true),
        (50, 1, 1, true),
        (75, 2, 2, true),
        (100, 3, 2, true),
        (100, 3, 2, true),
        (150, 0, 0, false),
        (175, 1, 1, true),
        (200, 0, 0, false),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_last_good_gist_of_a_hotkey_is_the_one_last_read_under_its_commitment() {
    let store = memory().await;
    let good = async |key: u8| {
        let all = store.good_pointers().await.expect("read");
        all.into_iter().find(|good| good.hotkey == hotkey(key)).map(|good| (good.pointer, good.digest.0[0], good.round))
    };
    store.record_gists(25, &[fetched(1, 10), fetched(2, 20)], &[holder(1, 1), holder(2, 2)]).await.expect("saved");
    store.record_gists(50, &[unchanged(1)], &[holder(1, 1)]).await.expect("saved");
    assert_eq!(good(1).await, Some((pointer(1), 10, 25)));
    store.record_gists(75, &[failed(3)], &[holder(1, 3)]).await.expect("saved");
    assert_eq!(good(1).await, Some((pointer(1), 10, 25)), "the new one was never read");
    store.record_gists(100, &[fetched(3, 30)], &[holder(1, 3)]).await.expect("saved");
    assert_eq!(good(1).await, Some((pointer(3), 30, 100)));
    store.record_gists(125, &[unchanged(1)], &[holder(1, 1)]).await.expect("saved");
    assert_eq!(good(1).await, Some((pointer(1), 10, 125)), "and back");
    assert_eq!(good(2).await, Some((pointer(2), 20, 25)));
}

#[tokio::test]
async fn another_revision_of_the_gist_that_a_hotkey_is_committed_to_is_no_new_commitment() {
    let store = memory().await;
    let (gist, other): (GistPointer, GistPointer) = (pointer(1), pointer(2));
    let revision =
        |number: u8| format!("Alice:{}@{number:040x}", gist.gist_id()).parse::<GistPointer>().expect("a pointer");
    let commits = [
        (25, gist.clone(), 5),
        (50, revision(1), 40),
        (75, revision(2), 60),
        // It leaves the gist and comes back.
        (100, other, 90),
        (125, revision(3), 110),
    ];
    for (body, (round, pointer, committed_at)) in (10..).zip(commits) {
        let answer = GistAnswer { pointer: pointer.clone(), ..fetched(1, body) };
        let holder = GistHolder { hotkey: hotkey(1), pointer, committed_at };
        store.record_gists(round, &[answer], &[holder]).await.expect("stored");
    }
    let held = store.unclaimed_holdings(9).await.expect("read");
    let blocks: Vec<_> = held.iter().map(|holding| (holding.committed_at, holding.pinned_at)).collect();
    assert_eq!(blocks, [(5, None), (5, Some(40)), (5, Some(60)), (90, None), (110, Some(110))]);
}

#[tokio::test]
async fn what_has_no_room_among_a_hotkeys_claims_is_claimed_when_there_is_room() {
    let store = memory().await;
    let rule = rule(7);
    store.record_gists(25, &[fetched(1, 10)], &[holder(1, 1), holder(2, 1)]).await.expect("stored");
    let held = store.unclaimed_holdings(9).await.expect("read");
    let claimed: Vec<ClaimedHolding> = held.iter().map(|holding| ClaimedHolding { id: holding.id, rule }).collect();
    let numbered = |key: u8, number: usize, round| Claim {
        content_id: format!("v{number:010}"),
        pinned_at: None,
        ..claim("t", 1, key, round)
    };
    let old: Vec<Claim> = (0..MAX_CLAIMS).map(|number| numbered(1, number, 25)).collect();
    store.record_claims(&old, &[]).await.expect("stored");
    let listed =
        |round| -> Vec<Claim> { (MAX_CLAIMS..MAX_CLAIMS + 3).map(|number| numbered(1, number, round)).collect() };
    let all = [listed(50), vec![numbered(2, 1, 50)]].concat();
    store.record_claims(&all, &claimed).await.expect("stored");
    assert!(store.unclaimed_holdings(9).await.expect("read").is_empty());
    let waiting = async |round| store.holdings_claimed_otherwise(&rule, round).await.expect("read");
    for round in [50, 75, 49 + ROOM_AGAIN_BLOCKS] {
        assert_eq!(waiting(round).await, [], "it is not checked in every round: {round}");
    }
    let keys: Vec<_> = waiting(50 + ROOM_AGAIN_BLOCKS).await.iter().map(|holding| holding.hotkey).collect();
    assert_eq!(keys, [hotkey(1)], "what was left out is checked again, and no other hotkey's");
    store.record_claims(&listed(50 + ROOM_AGAIN_BLOCKS), &claimed[..1]).await.expect("stored");
    assert_eq!(waiting(50 + ROOM_AGAIN_BLOCKS).await, [], "there was still no room");
    assert_eq!(waiting(50 + 2 * ROOM_AGAIN_BLOCKS).await.len(), 1);

    let later = 50 + CLAIM_REST_BLOCKS;
    store.record_claims(&listed(later), &claimed).await.expect("stored");
    assert_eq!(waiting(later + ROOM_AGAIN_BLOCKS).await, []);
    let known = store.claims_on(&format!("v{:010}", MAX_CLAIMS + 2)).await.expect("read");
    assert_eq!(known.iter().map(|claim| claim.round).collect::<Vec<_>>(), [later]);
}
