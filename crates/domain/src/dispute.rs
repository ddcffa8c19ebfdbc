//! Disputes: whose a content is when several hotkeys claim it.
//!
//! The holder is found by narrowing the claimants, one criterion after another, to those that are best in it; the
//! order in which claims arrived plays no part.
//!
//! - Who is one round later than the earliest is not later beyond doubt, and counts as equal.
//! - Equals are told apart by the dates of their gists ([`crate::dating`]). While GitHub could not be asked for one of them,
//!   the criteria after that decide, provisionally. Who prevents dating comes last.

use crate::chain_time::Moment;
use crate::claim::{Claim, earliest};
use crate::dating::{Dating, Rounds, Timeline};
use crate::ids::{Hotkey, Uid};
use serde::{Deserialize, Serialize};

/// A claim of a hotkey that is registered at the block of judgement.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// Its claim.
    pub claim: &'a Claim,
    /// Its UID at that block.
    pub uid: Uid,
    /// What is known of the date of its gist.
    pub dating: Dating,
}

/// When a claimant's gist listed the content, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ListedBy {
    /// At this time at the latest.
    Known(Moment),
    /// GitHub is still to be asked.
    Open,
    /// Nobody can tell.
    Unknowable,
}

impl Claimant<'_> {
    /// Whether GitHub is still to be asked for the date of its gist. A pin dates by its own block.
    #[must_use]
    pub fn awaits_date(&self, rounds: &Rounds) -> bool {
        self.dating.is_open() && !self.claim.is_pinned_first(rounds)
    }

    fn listed_by(&self, timeline: Timeline<'_>) -> ListedBy {
        let pinned_at = self.claim.pinned_at.map(|block| timeline.time_of(block));
        if self.claim.is_pinned_first(timeline.rounds) {
            return pinned_at.map_or(ListedBy::Open, ListedBy::Known);
        }
        let changed_at = match self.dating {
            Dating::NotAsked => return ListedBy::Open,
            // The gist was changed again since it was seen with the content.
            Dating::Dated(updated_at) => Some(updated_at.min(timeline.time_of(self.claim.round))),
            Dating::Undatable(_) => None,
        };
        earliest(changed_at, pinned_at).map_or(ListedBy::Unknowable, ListedBy::Known)
    }
}

/// The criterion that settled a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// Nobody else claimed it.
    NoDispute,
    /// The content's text names the hotkey.
    OwnershipTag,
    /// The earliest claim is by a commitment that pinned a revision with the pair.
    PinnedRevision,
    /// It was seen in an earlier polling round.
    PollingRound,
    /// GitHub dates the gist's last change earlier than that of any other, or can date no other.
    GistUpdate,
    /// The commitment is older: no proof of who was first.
    CommitmentBlock,
    /// The lower UID: a tie in everything else.
    Uid,
}

impl SettledBy {
    /// Its code in records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoDispute => "no_dispute",
            Self::OwnershipTag => "ownership_tag",
            Self::PinnedRevision => "pinned_revision",
            Self::PollingRound => "polling_round",
            Self::GistUpdate => "gist_update",
            Self::CommitmentBlock => "commitment_block",
            Self::Uid => "uid",
        }
    }
}

/// The claim that holds a content, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    /// The claim that may score.
    pub claim: &'a Claim,
    /// The criterion that settled it.
    pub settled_by: SettledBy,
    /// Whether the date of a gist that GitHub could not be asked for yet may still settle it otherwise.
    pub is_provisional: bool,
}

/// Finds the holder among the claims on one content. `named` is the hotkey that the content's text names, if the
/// ownership rule is on and the text is known. `None` only if there are no claimants.
#[must_use]
pub fn holder<'a>(claimants: &[Claimant<'a>], named: Option<&Hotkey>, timeline: Timeline<'_>) -> Option<Holder<'a>> {
    let mut left: Vec<Claimant<'a>> = claimants.to_vec();
    let (mut settled_by, mut is_provisional) = (SettledBy::NoDispute, false);
    for criterion in CRITERIA {
        if left.len() <= 1 {
            break;
        }
        settled_by = criterion;
        is_provisional |= criterion == SettledBy::GistUpdate
            && is_dispute(&left)
            && left.iter().any(|claimant| claimant.awaits_date(timeline.rounds));
        narrow(&mut left, criterion, named, timeline);
    }
    // One hotkey may claim a content for several tasks; the first task id stands for it.
    let claim = left.iter().min_by_key(|claimant| &claimant.claim.task_id)?.claim;
    let is_by_pin = match settled_by {
        SettledBy::PollingRound => claim.time(timeline.rounds) < claim.round,
        SettledBy::GistUpdate => claim.is_pinned_first(timeline.rounds),
        _ => false,
    };
    Some(Holder { claim, settled_by: if is_by_pin { SettledBy::PinnedRevision } else { settled_by }, is_provisional })
}

/// The claimants between whom the dates of their gists decide: those that the criteria before that leave, if they are
/// several hotkeys, else none.
#[must_use]
pub fn contenders<'a>(claimants: &[Claimant<'a>], named: Option<&Hotkey>, timeline: Timeline<'_>) -> Vec<Claimant<'a>> {
    let mut left: Vec<Claimant<'a>> = claimants.to_vec();
    for criterion in CRITERIA.into_iter().take_while(|criterion| *criterion != SettledBy::GistUpdate) {
        narrow(&mut left, criterion, named, timeline);
    }
    if is_dispute(&left) { left } else { Vec::new() }
}

fn is_dispute(claimants: &[Claimant<'_>]) -> bool {
    claimants.first().is_some_and(|first| claimants.iter().any(|other| other.claim.hotkey != first.claim.hotkey))
}

const CRITERIA: [SettledBy; 5] = [
    SettledBy::OwnershipTag,
    SettledBy::PollingRound,
    SettledBy::GistUpdate,
    SettledBy::CommitmentBlock,
    SettledBy::Uid,
];

/// Keeps the claimants that are best in one criterion.
fn narrow(left: &mut Vec<Claimant<'_>>, criterion: SettledBy, named: Option<&Hotkey>, timeline: Timeline<'_>) {
    match criterion {
        SettledBy::NoDispute | SettledBy::PinnedRevision => {}
        SettledBy::OwnershipTag => {
            if left.iter().any(|claimant| Some(&claimant.claim.hotkey) == named) {
                left.retain(|claimant| Some(&claimant.claim.hotkey) == named);
            }
        }
        SettledBy::PollingRound => {
            let time = |claimant: &Claimant<'_>| claimant.claim.time(timeline.rounds);
            if let Some(earliest) = left.iter().map(time).min() {
                let latest = earliest.saturating_add(timeline.rounds.blocks);
                left.retain(|claimant| time(claimant) <= latest);
            }
        }
        SettledBy::GistUpdate => keep_first_listed(left, timeline),
        SettledBy::CommitmentBlock => keep_lowest(left, |claimant| claimant.claim.committed_at),
        SettledBy::Uid => keep_lowest(left, |claimant| claimant.uid),
    }
}

/// Keeps the earliest of those that are dated, and those that are still to be dated, which may turn out to be earlier.
/// Who cannot be dated comes after all of them.
fn keep_first_listed(left: &mut Vec<Claimant<'_>>, timeline: Timeline<'_>) {
    let listed_by: Vec<ListedBy> = left.iter().map(|claimant| claimant.listed_by(timeline)).collect();
    let Some(first) = listed_by.iter().min().copied() else { return };
    let mut listed_by = listed_by.into_iter();
    left.retain(|_| listed_by.next().is_some_and(|listed| listed == first || listed == ListedBy::Open));
}

fn keep_lowest<'a, K: Ord>(left: &mut Vec<Claimant<'a>>, key: impl Fn(&Claimant<'a>) -> K) {
    if let Some(lowest) = left.iter().map(&key).min() {
        left.retain(|claimant| key(claimant) == lowest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_time::BlockStamp;
    use crate::dating::Undatable;
    use crate::ids::Block;

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
        let (rounds, named) = (rounds(), named.map(|key| Hotkey::new([key; 32])));
        let timeline = Timeline { rounds: &rounds, at: NOW };
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
}
