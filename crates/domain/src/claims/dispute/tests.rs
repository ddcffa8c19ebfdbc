//! Which hotkey holds what several claim, criterion by criterion.

use super::*;
use crate::chain_time::BlockStamp;
use crate::dating::Undatable;
use crate::gist_owner::GistName;
use crate::rounds::UnwatchedBlocks;

/// Rounds of 25 blocks; block `n` was at `n` × 12 s.
fn rounds() -> Rounds {
    Rounds::default()
}

const NOW: BlockStamp = BlockStamp { block: 10_000, time: Moment::from_unix_ms(120_000_000) };

fn at_block(block: i64) -> Moment {
    Moment::from_unix_ms(block * 12_000)
}

#[derive(Clone)]
struct Case(Claim, Dating);

fn claim(key: u8, pinned_at: Option<Block>, round: Block, committed_at: Block) -> Claim {
    Claim {
        task_id: "t".to_owned(),
        content_id: "aaaaaaaaaaa".to_owned(),
        hotkey: Hotkey::new([key; 32]),
        pinned_at,
        round,
        committed_at,
        gist: None,
    }
}

fn undated(key: u8, pinned_at: Option<Block>, round: Block, committed_at: Block) -> Case {
    Case(claim(key, pinned_at, round, committed_at), Dating::NotAsked)
}

/// `updated` is a block.
fn dated(key: u8, updated: i64, round: Block, committed_at: Block) -> Case {
    Case(claim(key, None, round, committed_at), Dating::Dated(at_block(updated)))
}

fn undatable(key: u8, round: Block, committed_at: Block) -> Case {
    Case(claim(key, None, round, committed_at), Dating::Undatable(Undatable::TooLarge))
}

/// A claimant's key is its UID. Gives winner, criterion and whether it is provisional, the same for every order.
#[track_caller]
fn settle(cases: &[Case], named: Option<u8>) -> (u8, SettledBy, bool) {
    settle_in(cases, named, &rounds())
}

#[track_caller]
fn settle_in(cases: &[Case], named: Option<u8>, rounds: &Rounds) -> (u8, SettledBy, bool) {
    let (named, timeline) = (named.map(|key| Hotkey::new([key; 32])), Timeline { rounds, at: NOW });
    let uid = |claim: &Claim| Uid::from(claim.hotkey.public_key()[0]);
    let mut claimants: Vec<_> =
        cases.iter().map(|Case(claim, dating)| Claimant { claim, uid: uid(claim), dating: *dating }).collect();
    let mut outcomes = Vec::new();
    for _ in 0..claimants.len().max(1) {
        let held = holder(&claimants, named.as_ref(), timeline).expect("a holder");
        outcomes.push((held.claim.hotkey.public_key()[0], held.settled_by, held.is_provisional));
        claimants.rotate_left(1);
    }
    assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{outcomes:?}");
    outcomes[0]
}

#[track_caller]
fn check(cases: &[Case], named: Option<u8>, winner: u8, settled_by: SettledBy) {
    assert_eq!(settle(cases, named), (winner, settled_by, false));
}

#[test]
fn each_criterion_settles_what_those_before_it_leave_open() {
    use SettledBy::*;
    let tie = |key| dated(key, 5, 100, 50);
    check(&[tie(3)], None, 3, NoDispute);
    check(&[tie(3), tie(2)], Some(3), 3, OwnershipTag);
    check(&[undated(1, Some(10), 100, 50), tie(2)], Some(2), 2, OwnershipTag);
    check(&[tie(3), tie(2)], Some(9), 2, Uid);
    check(&[dated(1, 1, 126, 1), dated(2, 5, 100, 60)], None, 2, PollingRound);
    check(&[dated(1, 6, 100, 1), dated(2, 5, 100, 60)], None, 2, GistUpdate);
    check(&[dated(1, 5, 100, 61), dated(2, 5, 100, 60)], None, 2, CommitmentBlock);
    check(&[tie(2), tie(1), tie(3)], None, 1, Uid);
}

#[test]
fn a_pin_made_after_everybody_saw_the_pair_gains_nothing() {
    use SettledBy::*;
    for pinned_at in [126, 200, 900_000] {
        check(&[undated(1, Some(pinned_at), 1_000_000, 1), undated(2, None, 100, 60)], None, 2, PollingRound);
    }
    // Its own sighting counts, not the later pin.
    check(&[undated(1, Some(300), 125, 1), dated(2, 60, 75, 60)], None, 2, PollingRound);
}

#[test]
fn a_pin_counts_from_the_first_round_at_or_after_its_block() {
    use SettledBy::*;
    check(&[undated(1, Some(90), 500, 90), undated(2, None, 150, 1)], None, 1, PinnedRevision);
    check(&[undated(1, Some(100), 500, 90), undated(2, None, 150, 1)], None, 1, PinnedRevision);
    // Block 101 belongs to round 125, one round before 150: equal, and the pin dates by its own block.
    check(&[undated(1, Some(101), 500, 90), dated(2, 102, 150, 1)], None, 1, PinnedRevision);
    check(&[undated(1, Some(101), 500, 90), dated(2, 100, 150, 1)], None, 2, GistUpdate);
    check(&[undated(1, Some(91), 500, 1), undated(2, Some(90), 400, 60)], None, 2, PinnedRevision);
    check(&[undated(1, Some(90), 100, 2), undated(2, Some(90), 100, 1)], None, 2, CommitmentBlock);
}

/// The same claim by a gist of this number.
fn by_gist(Case(claim, dating): Case, gist: u8) -> Case {
    // The same user, as GitHub takes it.
    let username = if claim.hotkey.public_key()[0] == 1 { "SomeOne" } else { "someone" };
    let gist = GistName { username: username.to_owned(), gist_id: gist.to_string() };
    Case(Claim { gist: Some(gist), ..claim }, dating)
}

#[test]
fn a_pin_made_while_no_round_was_held_takes_nothing_from_who_was_listed_before_it() {
    use SettledBy::*;
    let missed = |from, until| Rounds { missed: vec![UnwatchedBlocks { from, until }], ..Rounds::default() };
    // The author is seen in the first round after an outage, or the first one ever.
    for rounds in [missed(125, 500), missed(0, 500)] {
        let cases = [undated(1, Some(130), 500, 130), dated(2, 120, 500, 400)];
        assert_eq!(settle_in(&cases, None, &rounds), (2, GistUpdate, false), "{rounds:?}");
        let cases = [undated(1, Some(119), 500, 130), dated(2, 120, 500, 1)];
        assert_eq!(settle_in(&cases, None, &rounds), (1, PinnedRevision, false), "{rounds:?}");
    }
    // Not in a round in which the author would have been seen.
    let cases = [undated(1, Some(90), 500, 90), dated(2, 80, 500, 60)];
    assert_eq!(settle_in(&cases, None, &missed(125, 500)), (1, PinnedRevision, false));
}

#[test]
fn a_round_in_which_a_claimant_was_seen_was_held_for_pins_too() {
    use SettledBy::*;
    // Round 150 was begun, saw the copier and did not end; the author had pinned before it.
    let rounds = Rounds { missed: vec![UnwatchedBlocks { from: 150, until: 300 }], ..Rounds::default() };
    let cases = [undated(1, None, 150, 1), undated(2, Some(140), 300, 140)];
    let (winner, settled_by, _) = settle_in(&[cases[0].clone(), cases[1].clone()], None, &rounds);
    assert_eq!((winner, settled_by), (1, CommitmentBlock), "equal until the copier's gist is dated");
    let cases = [dated(1, 149, 150, 1), undated(2, Some(140), 300, 140)];
    assert_eq!(settle_in(&cases, None, &rounds), (2, PinnedRevision, false));
}

#[test]
fn who_pins_the_gist_of_an_older_claimant_pins_it_for_that_one_too() {
    use SettledBy::*;
    let author = |case| by_gist(case, 1);
    // In the round of first sight; the author edits its gist before that is dated.
    check(&[author(undated(1, Some(95), 100, 95)), author(dated(2, 120, 100, 10))], None, 2, CommitmentBlock);
    // The author's gist could not be read for some rounds.
    check(&[author(undated(1, Some(40), 50, 40)), author(dated(2, 190, 200, 10))], None, 2, CommitmentBlock);
    // It cannot be dated at all.
    check(&[author(undated(1, Some(95), 100, 95)), author(undatable(2, 100, 10))], None, 2, CommitmentBlock);
    // The author pins as well, and later than who copies its commitment.
    check(&[author(undated(1, Some(80), 100, 80)), author(undated(2, Some(85), 100, 10))], None, 2, CommitmentBlock);
    // Who points at the gist is dated by an edit that the author's later pin proves too.
    check(&[author(dated(1, 80, 100, 50)), author(undated(2, Some(90), 100, 10))], None, 2, CommitmentBlock);
    // While nobody could be asked, the author is ahead too.
    let cases = [author(undated(1, Some(95), 100, 95)), author(undated(2, None, 100, 10))];
    assert_eq!(settle(&cases, None), (2, CommitmentBlock, true));
}

#[test]
fn what_is_known_of_a_gist_counts_against_another_gist_whoever_pinned_it() {
    use SettledBy::*;
    let (author, copier) = (|case| by_gist(case, 1), |case| by_gist(case, 2));
    // A third party's pin of the author's gist hides no earlier date of it.
    let pin = || author(undated(3, Some(99), 100, 99));
    check(&[pin(), author(dated(2, 90, 100, 60)), copier(dated(1, 95, 100, 1))], None, 2, GistUpdate);
    let cases = [pin(), author(undated(2, None, 100, 60)), copier(dated(1, 95, 100, 70))];
    assert_eq!(settle(&cases, None), (2, CommitmentBlock, true), "it is still to be asked");
    // Nor does the author's own.
    let cases = [author(undated(2, Some(99), 100, 10)), author(dated(3, 90, 100, 60)), copier(dated(1, 95, 100, 1))];
    check(&cases, None, 2, CommitmentBlock);
}

#[test]
fn who_came_to_a_gist_later_gains_nothing_by_what_was_known_of_it_before() {
    use SettledBy::*;
    let shared = |case| by_gist(case, 1);
    // It points at the author's gist when everybody has seen the pair.
    check(&[shared(undated(1, None, 500, 490)), shared(undated(2, Some(60), 75, 10))], None, 2, PollingRound);
    check(&[shared(undated(1, None, 500, 490)), shared(undated(2, None, 75, 10))], None, 2, PollingRound);
    // The pair was pinned for another task.
    let Case(claim, dating) = shared(undated(1, Some(40), 150, 40));
    let elsewhere = Case(Claim { task_id: "u".to_owned(), ..claim }, dating);
    check(&[elsewhere, shared(dated(2, 190, 200, 10))], None, 1, PinnedRevision);
}

#[test]
fn times_within_one_round_of_the_earliest_are_equal() {
    use SettledBy::*;
    check(&[dated(1, 95, 100, 9), dated(2, 90, 125, 60)], None, 2, GistUpdate);
    check(&[dated(1, 95, 100, 9), dated(2, 90, 150, 60)], None, 1, PollingRound);
    // Within a round of the earliest, not of each other's neighbour.
    check(&[dated(1, 99, 100, 9), dated(2, 98, 125, 9), dated(3, 1, 150, 1)], None, 2, GistUpdate);
}

#[test]
fn a_gist_that_was_changed_since_counts_as_of_the_round_of_its_first_sight() {
    use SettledBy::*;
    check(&[dated(1, 5_000, 100, 9), dated(2, 110, 125, 1)], None, 1, GistUpdate);
    check(&[dated(1, 5_000, 100, 9), dated(2, 99, 125, 10)], None, 2, GistUpdate);
    check(&[dated(1, 5_000, 100, 9), dated(2, 4_000, 100, 10)], None, 1, CommitmentBlock);
}

#[test]
fn who_prevents_dating_comes_after_everybody_who_is_dated_or_may_be() {
    use SettledBy::*;
    check(&[undatable(1, 100, 1), dated(2, 5_000, 125, 90)], None, 2, GistUpdate);
    check(&[undatable(1, 100, 1), undated(2, Some(110), 125, 90)], None, 2, PinnedRevision);
    check(&[undatable(1, 100, 2), undatable(2, 100, 1)], None, 2, CommitmentBlock);
    assert_eq!(settle(&[undatable(1, 100, 1), undated(2, None, 125, 90)], None), (2, GistUpdate, true));
    // Junk beside them changes nothing.
    let mut crowd: Vec<Case> = (3..250).map(|key| undatable(key, 100, 1)).collect();
    crowd.extend([dated(1, 90, 100, 80), dated(2, 91, 100, 1)]);
    check(&crowd, None, 1, GistUpdate);
}

#[test]
fn who_could_not_be_asked_yet_is_judged_by_the_next_criterion_for_now() {
    use SettledBy::*;
    let open = |key, committed_at| undated(key, None, 100, committed_at);
    assert_eq!(settle(&[open(1, 60), open(2, 50)], None), (2, CommitmentBlock, true));
    assert_eq!(settle(&[open(2, 50), open(1, 50)], None), (1, Uid, true));
    assert_eq!(settle(&[dated(1, 90, 100, 60), open(2, 50)], None), (2, CommitmentBlock, true));
    assert_eq!(settle(&[dated(1, 90, 100, 40), open(2, 50)], None), (1, CommitmentBlock, true));
    // Of those that are dated only the earliest may still win.
    let cases = [dated(1, 90, 100, 60), dated(2, 91, 100, 1), open(3, 70)];
    assert_eq!(settle(&cases, None), (1, CommitmentBlock, true));
    // What earlier criteria settle is settled for good.
    assert_eq!(settle(&[open(1, 60), undated(2, None, 150, 1)], None), (1, PollingRound, false));
    assert_eq!(settle(&[open(1, 60), open(2, 1)], Some(1)), (1, OwnershipTag, false));
}

#[test]
fn only_those_whom_a_date_may_still_settle_are_dated() {
    let rounds = rounds();
    let timeline = Timeline { rounds: &rounds, at: NOW };
    let keys = |cases: &[Case], named: Option<u8>| -> Vec<(u8, bool)> {
        let claimants: Vec<_> =
            cases.iter().map(|Case(claim, dating)| Claimant { claim, uid: 1, dating: *dating }).collect();
        let named = named.map(|key| Hotkey::new([key; 32]));
        let found = contenders(&claimants, named.as_ref(), timeline);
        found.iter().map(|one| (one.claim.hotkey.public_key()[0], one.awaits_date(&rounds))).collect()
    };
    let open = |key, round| undated(key, None, round, 1);
    assert_eq!(keys(&[open(1, 100), open(2, 125), open(3, 150)], None), [(1, true), (2, true)]);
    assert_eq!(keys(&[open(1, 100), open(2, 150)], None), []);
    assert_eq!(keys(&[open(1, 100), open(2, 100)], Some(2)), []);
    assert_eq!(keys(&[open(1, 100), open(1, 100)], None), [], "its own repetition is no dispute");
    assert_eq!(keys(&[undated(1, Some(90), 100, 1), open(2, 100)], None), [(1, false), (2, true)]);
    assert_eq!(keys(&[undated(1, Some(101), 100, 1), dated(2, 1, 100, 1)], None), [(1, true), (2, false)]);
}

#[test]
fn the_lowest_uid_does_not_win_against_an_earlier_claim() {
    // Pitfall: "first" once meant the order of UIDs.
    check(&[undated(1, None, 225, 1), undated(200, None, 175, 900)], None, 200, SettledBy::PollingRound);
}

#[test]
fn nobody_holds_what_nobody_claims() {
    assert_eq!(holder(&[], None, Timeline { rounds: &rounds(), at: NOW }), None);
}
