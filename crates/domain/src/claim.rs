//! Claims: that this validator saw a hotkey list a content for a task, and when. Claims are only ever added.
//!
//! A claim's time is a polling round: the one of its first sight, or the first one at or after the block of a commitment
//! that pinned a revision with the pair, whichever is earlier. Which of several claims holds a content is told in
//! [`crate::dispute`].

use crate::chain_time::{BLOCKS_PER_HOUR, grid_start};
use crate::dating::Rounds;
use crate::ids::{Block, Hotkey};
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
    /// The block of the commitment that led to the gist.
    pub committed_at: Block,
}

impl Claim {
    /// Adds what another record of the same claim knows: each field keeps its earliest value. In whatever order and
    /// however often records are joined, the result is the same, so a claim only ever gains.
    pub fn join(&mut self, other: &Self) {
        self.pinned_at = earliest(self.pinned_at, other.pinned_at);
        self.round = self.round.min(other.round);
        self.committed_at = self.committed_at.min(other.committed_at);
    }

    /// The claim as it binds for a hotkey that was registered at block `registered_at`, where rounds last
    /// `round_blocks`: what it claimed before that has lapsed with its earlier registration, and counts as claimed anew
    /// when it came back.
    #[must_use]
    pub fn since_registration(mut self, registered_at: Block, round_blocks: u32) -> Self {
        self.round = self.round.max(grid_start(registered_at, round_blocks));
        self.pinned_at = self.pinned_at.map(|block| block.max(registered_at));
        self.committed_at = self.committed_at.max(registered_at);
        self
    }

    /// The round that the claim is dated by.
    #[must_use]
    pub fn time(&self, rounds: &Rounds) -> Block {
        self.pinned_at.map_or(self.round, |block| rounds.first_at(block).min(self.round))
    }

    /// Whether it was pinned before this validator saw it, so that the pin alone dates it.
    #[must_use]
    pub fn is_pinned_first(&self, rounds: &Rounds) -> bool {
        self.pinned_at.is_some_and(|block| rounds.first_at(block) <= self.round)
    }
}

/// The earlier of two times, where one that is known is earlier than one that is not.
pub(crate) fn earliest<T: Ord>(left: Option<T>, right: Option<T>) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_hotkey_that_comes_back_claims_anew_what_it_claimed_before() {
        for (claimed, registered_at, bound) in [
            (claim(1, Some(90), 100, 60), 10, claim(1, Some(90), 100, 60)),
            // Registered within the round in which it was seen first.
            (claim(1, None, 100, 112), 110, claim(1, None, 100, 112)),
            (claim(1, Some(90), 100, 60), 260, claim(1, Some(260), 250, 260)),
            (claim(1, None, 100, 300), 260, claim(1, None, 250, 300)),
        ] {
            assert_eq!(claimed.since_registration(registered_at, 25), bound, "{registered_at}");
        }
    }

    #[test]
    fn records_of_one_claim_join_to_the_earliest_of_each_in_any_order() {
        let records = [claim(1, None, 100, 40), claim(1, Some(120), 125, 120), claim(1, Some(90), 150, 90)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 1, 2]] {
            let mut joined = records[order[0]].clone();
            for record in order {
                joined.join(&records[record]);
            }
            let expected = if order.contains(&0) { claim(1, Some(90), 100, 40) } else { claim(1, Some(90), 125, 90) };
            assert_eq!(joined, expected, "{order:?}");
        }
    }
}
