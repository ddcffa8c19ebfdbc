//! Claims: that this validator saw a hotkey list an item for a task, and when. Claims are only ever added.
//!
//! A claim's time is a polling round: the one in which the pair was first seen, or the first one held at or after the
//! block of a commitment that pinned a revision with the pair, whichever is earlier. Which of several claims holds an
//! item is decided in [`crate::dispute`].

use crate::chain_time::{BLOCKS_PER_HOUR, grid_start};
use crate::gist_owner::GistName;
use crate::ids::{Block, Hotkey};
use crate::rounds::Rounds;
use crate::submission::MAX_PAIRS;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Claims that one hotkey may hold; further ones are not made while none of its own is old enough to be replaced. The
/// limit counts the hotkey's own claims alone, so no other hotkey is affected.
pub const MAX_CLAIMS: usize = 4 * MAX_PAIRS;

/// Blocks after which a claim of a hotkey with [`MAX_CLAIMS`] is replaced by a new one of the same hotkey, if its gist
/// no longer places the pair: 90 days.
pub const CLAIM_REST_BLOCKS: u32 = 90 * 24 * BLOCKS_PER_HOUR;

/// Blocks after which pairs that did not fit within [`MAX_CLAIMS`] are checked again: an hour.
pub const ROOM_AGAIN_BLOCKS: u32 = BLOCKS_PER_HOUR;

/// One hotkey's claim on one item for one task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// The task it was listed for, as written. A claim is made whether or not we know the task yet, so that a task
    /// which becomes known later finds its claims in the order in which they were seen.
    pub task_id: String,
    /// The item's id, as written; the task names the platform.
    pub content_id: String,
    /// Who listed it.
    pub hotkey: Hotkey,
    /// The block of the earliest commitment that pinned a gist revision with this pair.
    pub pinned_at: Option<Block>,
    /// The block of the earliest polling round in which the pair was seen.
    pub round: Block,
    /// Since when the hotkey was committed to the gist by which it was seen.
    pub committed_at: Block,
    /// The gist by which it was seen first. `None` in claims that an earlier release made, and in the evidence of contents
    /// that one hotkey alone claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gist: Option<GistName>,
}

impl Claim {
    /// Merges another record of the same claim: each field keeps its earliest value, and the gist is that of the
    /// earliest round; of several in one round, the one with the `username:gist_id` that sorts first. The result does
    /// not depend on the order or the number of merges, so a claim only ever gains.
    pub fn join(&mut self, other: &Self) {
        self.pinned_at = earliest(self.pinned_at, other.pinned_at);
        let is_by_other = match other.round.cmp(&self.round) {
            Ordering::Less => true,
            // As the store compares them, which is not the order of the type.
            Ordering::Equal => other
                .gist
                .as_ref()
                .is_some_and(|other| self.gist.as_ref().is_none_or(|known| other.to_string() < known.to_string())),
            Ordering::Greater => false,
        };
        if is_by_other {
            self.gist.clone_from(&other.gist);
        }
        self.round = self.round.min(other.round);
        self.committed_at = self.committed_at.min(other.committed_at);
    }

    /// The claim as it binds for a hotkey that was registered at block `registered_at`: what it claimed before that has
    /// lapsed with its earlier registration, and counts as claimed again from the new registration.
    #[must_use]
    pub fn since_registration(mut self, registered_at: Block, rounds: &Rounds) -> Self {
        let round = grid_start(registered_at, rounds.blocks);
        if self.round < round {
            self.round = rounds.held_from(round);
        }
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
        self.pinned_at.is_some_and(|block| rounds.grid_at(block) <= self.round)
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
    use crate::rounds::UnwatchedBlocks;

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

    #[test]
    fn a_hotkey_that_comes_back_claims_anew_what_it_claimed_before() {
        for (claimed, registered_at, bound) in [
            (claim(1, Some(90), 100, 60), 10, claim(1, Some(90), 100, 60)),
            // Registered within the round in which it was seen first.
            (claim(1, None, 100, 112), 110, claim(1, None, 100, 112)),
            (claim(1, Some(90), 100, 60), 260, claim(1, Some(260), 250, 260)),
            (claim(1, None, 100, 300), 260, claim(1, None, 250, 300)),
        ] {
            assert_eq!(claimed.since_registration(registered_at, &Rounds::default()), bound, "{registered_at}");
        }
    }

    #[test]
    fn who_comes_back_while_no_round_is_held_claims_anew_in_the_next_one_that_is() {
        let missed = vec![UnwatchedBlocks { from: 250, until: 400 }];
        let rounds = Rounds { missed, ..Rounds::default() };
        assert_eq!(claim(1, None, 100, 60).since_registration(260, &rounds), claim(1, None, 400, 260));
        // It was seen in a round that was begun and did not end.
        assert_eq!(claim(1, None, 250, 60).since_registration(260, &rounds), claim(1, None, 250, 260));
    }

    #[test]
    fn the_gist_of_a_claim_is_that_of_its_first_sight_in_any_order() {
        let by = |id: &str, round| {
            let gist = Some(GistName { username: "someone".to_owned(), gist_id: id.to_owned() });
            Claim { gist, ..claim(1, None, round, 40) }
        };
        let records = [by("c", 125), by("b", 100), by("a", 150), claim(1, None, 175, 40)];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]] {
            let mut joined = records[order[0]].clone();
            for record in order {
                joined.join(&records[record]);
            }
            assert_eq!(joined, by("b", 100), "{order:?}");
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
