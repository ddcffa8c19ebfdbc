//! Claims: to whom a content belongs when several hotkeys list it.
//!
//! A claim says that this validator saw a hotkey list a content for a task, and when. Claims are only ever added.
//! The holder is found by narrowing the claimants, one criterion after another, to those that are best in it; the
//! order in which claims arrived plays no part.

use crate::chain_time::{BLOCKS_PER_HOUR, Moment, grid_start};
use crate::ids::{Block, Hotkey, Uid};
use crate::submission::MAX_PAIRS;
use serde::{Deserialize, Serialize};

/// Claims that one hotkey may hold; further ones are not made while none of its own is old enough to give way. The bound
/// counts the hotkey's own claims alone, so nobody else is touched by it.
pub const MAX_CLAIMS: usize = 4 * MAX_PAIRS;

/// Blocks after which a claim of a hotkey with [`MAX_CLAIMS`] gives way to a new one of the same hotkey, if its gist does not
/// place the pair any more: 90 days.
pub const CLAIM_REST_BLOCKS: u32 = 90 * 24 * BLOCKS_PER_HOUR;

/// One hotkey's claim on one content for one task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// The task it was listed for, as written. A claim is made whether or not we know the task yet, so that a task
    /// which becomes known later finds its claims in the order in which they were seen.
    pub task_id: String,
    /// The content's id, as written; on which platform, the task says.
    pub content_id: String,
    /// Who listed it.
    pub hotkey: Hotkey,
    /// The block of the earliest commitment that pinned a gist revision with this pair.
    pub pinned_at: Option<Block>,
    /// The block of the earliest polling round in which the pair was seen.
    pub round: Block,
    /// GitHub's own `updated_at` of the gist, asked for only when claims tie on the round.
    pub gist_updated_at: Option<Moment>,
    /// The block of the commitment that led to the gist.
    pub committed_at: Block,
}

impl Claim {
    /// Adds what another record of the same claim knows: each field keeps its earliest value. In whatever order and
    /// however often records are joined, the result is the same, so a claim only ever gains.
    pub fn join(&mut self, other: &Self) {
        self.pinned_at = earliest(self.pinned_at, other.pinned_at);
        self.round = self.round.min(other.round);
        self.gist_updated_at = earliest(self.gist_updated_at, other.gist_updated_at);
        self.committed_at = self.committed_at.min(other.committed_at);
    }
}

impl Claim {
    /// The claim as it binds for a hotkey that was registered at block `registered_at`, where rounds last
    /// `round_blocks`: what it claimed before that has lapsed with its earlier registration, and counts as claimed anew
    /// when it came back.
    #[must_use]
    pub fn since_registration(mut self, registered_at: Block, round_blocks: u32) -> Self {
        let first_round = grid_start(registered_at, round_blocks);
        if self.round < first_round {
            self.round = first_round;
            self.gist_updated_at = None;
        }
        self.pinned_at = self.pinned_at.map(|block| block.max(registered_at));
        self.committed_at = self.committed_at.max(registered_at);
        self
    }
}

/// The earlier of two times, where one that is known is earlier than one that is not.
fn earliest<T: Ord>(left: Option<T>, right: Option<T>) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

/// A claim of a hotkey that is registered at the block of judgement.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// Its claim.
    pub claim: &'a Claim,
    /// Its UID at that block.
    pub uid: Uid,
}

/// The criterion that settled a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// Nobody else claimed it.
    NoDispute,
    /// The content's text names the hotkey.
    OwnershipTag,
    /// An earlier commitment pinned a revision with the pair.
    PinnedRevision,
    /// It was seen in an earlier polling round.
    PollingRound,
    /// GitHub dates the gist's last change earlier.
    GistUpdate,
    /// The commitment is older: no proof of who was first.
    CommitmentBlock,
    /// The lower UID: a tie in everything else.
    Uid,
}

/// The claim that holds a content, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    /// The claim that may score.
    pub claim: &'a Claim,
    /// The criterion that settled it.
    pub settled_by: SettledBy,
}

/// Finds the holder among the claims on one content. `named` is the hotkey that the content's text names, if the
/// ownership rule is on and the text is known. `None` only if there are no claimants.
pub fn holder<'a>(claimants: &[Claimant<'a>], named: Option<&Hotkey>) -> Option<Holder<'a>> {
    let mut left: Vec<Claimant<'a>> = claimants.to_vec();
    if let [only] = left[..] {
        return Some(Holder { claim: only.claim, settled_by: SettledBy::NoDispute });
    }
    for criterion in CRITERIA {
        narrow(&mut left, criterion, named);
        if let [only] = left[..] {
            return Some(Holder { claim: only.claim, settled_by: criterion });
        }
    }
    // One hotkey may claim a content for several tasks; the first task id stands for it.
    left.iter()
        .min_by_key(|claimant| &claimant.claim.task_id)
        .map(|only| Holder { claim: only.claim, settled_by: SettledBy::Uid })
}

const CRITERIA: [SettledBy; 6] = [
    SettledBy::OwnershipTag,
    SettledBy::PinnedRevision,
    SettledBy::PollingRound,
    SettledBy::GistUpdate,
    SettledBy::CommitmentBlock,
    SettledBy::Uid,
];

/// Keeps the claimants that are best in one criterion.
fn narrow(left: &mut Vec<Claimant<'_>>, criterion: SettledBy, named: Option<&Hotkey>) {
    match criterion {
        SettledBy::NoDispute => {}
        SettledBy::OwnershipTag => {
            if left.iter().any(|claimant| Some(&claimant.claim.hotkey) == named) {
                left.retain(|claimant| Some(&claimant.claim.hotkey) == named);
            }
        }
        // A pinned revision is better than none, hence the maximum for those without.
        SettledBy::PinnedRevision => keep_lowest(left, |claimant| claimant.claim.pinned_at.unwrap_or(Block::MAX)),
        SettledBy::PollingRound => keep_lowest(left, |claimant| claimant.claim.round),
        SettledBy::GistUpdate => {
            // Not knowing one of the times must not decide for or against anybody.
            if left.iter().all(|claimant| claimant.claim.gist_updated_at.is_some()) {
                keep_lowest(left, |claimant| claimant.claim.gist_updated_at);
            }
        }
        SettledBy::CommitmentBlock => keep_lowest(left, |claimant| claimant.claim.committed_at),
        SettledBy::Uid => keep_lowest(left, |claimant| claimant.uid),
    }
}

fn keep_lowest<'a, K: Ord>(left: &mut Vec<Claimant<'a>>, key: impl Fn(&Claimant<'a>) -> K) {
    if let Some(lowest) = left.iter().map(&key).min() {
        left.retain(|claimant| key(claimant) == lowest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(key: u8, pinned_at: Option<Block>, round: Block, updated: Option<i64>, committed_at: Block) -> Claim {
        Claim {
            task_id: "t".to_owned(),
            content_id: "aaaaaaaaaaa".to_owned(),
            hotkey: Hotkey::new([key; 32]),
            pinned_at,
            round,
            gist_updated_at: updated.map(Moment::from_unix_ms),
            committed_at,
        }
    }

    /// Claims are given as (key = uid, pinned, round, updated, committed).
    #[track_caller]
    fn check(claims: &[Claim], named: Option<u8>, winner: u8, settled_by: SettledBy) {
        let mut claimants: Vec<_> =
            claims.iter().map(|claim| Claimant { claim, uid: Uid::from(claim.hotkey.public_key()[0]) }).collect();
        let named = named.map(|key| Hotkey::new([key; 32]));
        for _ in 0..claimants.len().max(1) {
            let held = holder(&claimants, named.as_ref()).expect("a holder");
            assert_eq!((held.claim.hotkey, held.settled_by), (Hotkey::new([winner; 32]), settled_by));
            claimants.rotate_left(1);
        }
    }

    #[test]
    fn a_hotkey_that_comes_back_claims_anew_what_it_claimed_before() {
        for (claimed, registered_at, bound) in [
            (claim(1, Some(90), 100, Some(5), 60), 10, claim(1, Some(90), 100, Some(5), 60)),
            // Registered within the round in which it was seen first.
            (claim(1, None, 100, Some(5), 112), 110, claim(1, None, 100, Some(5), 112)),
            (claim(1, Some(90), 100, Some(5), 60), 260, claim(1, Some(260), 250, None, 260)),
            (claim(1, None, 100, Some(5), 300), 260, claim(1, None, 250, None, 300)),
        ] {
            assert_eq!(claimed.since_registration(registered_at, 25), bound, "{registered_at}");
        }
    }

    #[test]
    fn each_criterion_settles_what_those_before_it_leave_open() {
        use SettledBy::*;
        let tie = |key| claim(key, None, 100, Some(5), 50);
        check(&[tie(3)], None, 3, NoDispute);
        check(&[tie(3), tie(2)], Some(3), 3, OwnershipTag);
        check(&[claim(1, Some(10), 100, Some(5), 50), tie(2)], Some(2), 2, OwnershipTag);
        check(&[tie(3), tie(2)], Some(9), 2, Uid);
        check(&[claim(1, None, 1, Some(1), 1), claim(2, Some(90), 100, Some(5), 60)], None, 2, PinnedRevision);
        check(&[claim(1, Some(91), 1, Some(1), 1), claim(2, Some(90), 100, Some(5), 60)], None, 2, PinnedRevision);
        check(&[claim(1, None, 101, Some(1), 1), claim(2, None, 100, Some(5), 60)], None, 2, PollingRound);
        check(&[claim(1, None, 100, Some(6), 1), claim(2, None, 100, Some(5), 60)], None, 2, GistUpdate);
        check(&[claim(1, None, 100, None, 61), claim(2, None, 100, Some(5), 60)], None, 2, CommitmentBlock);
        check(&[claim(1, None, 100, Some(5), 61), claim(2, None, 100, Some(5), 60)], None, 2, CommitmentBlock);
        check(&[tie(2), tie(1), tie(3)], None, 1, Uid);
    }

    #[test]
    fn the_lowest_uid_does_not_win_against_an_earlier_claim() {
        // Pitfall: "first" once meant the order of UIDs.
        check(&[claim(1, None, 200, None, 1), claim(200, None, 175, None, 900)], None, 200, SettledBy::PollingRound);
    }

    #[test]
    fn records_of_one_claim_join_to_the_earliest_of_each_in_any_order() {
        let records = [
            claim(1, None, 100, Some(9), 40),
            claim(1, Some(120), 125, None, 120),
            claim(1, Some(90), 150, Some(7), 90),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 1, 2]] {
            let mut joined = records[order[0]].clone();
            for record in order {
                joined.join(&records[record]);
            }
            let expected = if order.contains(&0) {
                claim(1, Some(90), 100, Some(7), 40)
            } else {
                claim(1, Some(90), 125, Some(7), 90)
            };
            assert_eq!(joined, expected, "{order:?}");
        }
    }

    #[test]
    fn nobody_holds_what_nobody_claims() {
        assert_eq!(holder(&[], None), None);
    }
}
