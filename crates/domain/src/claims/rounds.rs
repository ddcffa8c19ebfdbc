//! Polling rounds: the grid that they open on, those that were missed, and the times of their blocks.

use crate::chain_time::{BlockStamp, Moment};
use crate::ids::Block;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds between blocks that the chain aims at.
const BLOCK_MS: i64 = 12_000;

/// Ranges of blocks without a round that are remembered, the newest ones: one a day for 27 years.
pub const MOST_UNWATCHED_RANGES: u32 = 10_000;

/// Blocks between two polling rounds in which no round was held: this validator was not running, or was offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnwatchedBlocks {
    /// The first block of the first round that was missed.
    pub from: Block,
    /// The block of the next round, which is watched again, or is missed as well and begins the next range.
    pub until: Block,
}

/// The grid of polling rounds, and when those of its blocks were that date claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// Blocks in a round.
    pub blocks: u32,
    /// The times of blocks, as far as they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<Block, Moment>,
    /// Ranges of blocks in which no round was held, as far as they date a claim, in the order of their beginnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<UnwatchedBlocks>,
}

impl Default for Rounds {
    /// The default of `validator.gist_poll_blocks`, which records that name no grid were made with.
    fn default() -> Self {
        Self { blocks: 25, times: BTreeMap::new(), missed: Vec::new() }
    }
}

impl Rounds {
    /// The first round that was held at or after a block.
    #[must_use]
    pub fn first_at(&self, block: Block) -> Block {
        self.held_from(self.grid_at(block))
    }

    /// The first round that was held from this round of the grid on.
    #[must_use]
    pub fn held_from(&self, round: Block) -> Block {
        let is_in = |range: &UnwatchedBlocks, round| range.from <= round && round < range.until;
        self.missed.iter().fold(round, |round, range| if is_in(range, round) { range.until } else { round })
    }

    /// Keeps of the ranges without a round only those by which a pin at one of these blocks counts later.
    pub fn keep_missed_of(&mut self, pinned_at: &BTreeSet<Block>) {
        let waits: Vec<(Block, Block)> =
            pinned_at.iter().map(|block| (self.grid_at(*block), self.first_at(*block))).collect();
        self.missed.retain(|range| waits.iter().any(|(from, until)| range.from < *until && *from < range.until));
    }

    /// The first round of the grid at or after a block, whether it was held or not.
    #[must_use]
    pub const fn grid_at(&self, block: Block) -> Block {
        let step = if self.blocks == 0 { 1 } else { self.blocks };
        match block % step {
            0 => block,
            past => block.saturating_add(step - past),
        }
    }

    /// The time of a block: as recorded, else counted from the nearest block with a known time, `at` among them, at the
    /// chain's intended block time.
    #[must_use]
    pub fn time_of(&self, block: Block, at: BlockStamp) -> Moment {
        let before = self.times.range(..=block).next_back();
        let after = self.times.range(block..).next();
        let recorded = before.into_iter().chain(after).map(|(block, time)| BlockStamp { block: *block, time: *time });
        let nearest = recorded.chain([at]).min_by_key(|anchor| (anchor.block.abs_diff(block), anchor.block));
        let anchor = nearest.unwrap_or(at);
        let distance_ms = (i64::from(block) - i64::from(anchor.block)).saturating_mul(BLOCK_MS);
        Moment::from_unix_ms(anchor.time.unix_ms().saturating_add(distance_ms))
    }
}

/// What turns the blocks of claims into times: the grid, and the block of judgement.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    /// The grid.
    pub rounds: &'a Rounds,
    /// The block of judgement.
    pub at: BlockStamp,
}

impl Timeline<'_> {
    /// The time of a block.
    #[must_use]
    pub fn time_of(&self, block: Block) -> Moment {
        self.rounds.time_of(block, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(ms: i64) -> Moment {
        Moment::from_unix_ms(ms)
    }

    #[test]
    fn rounds_open_on_the_grid_at_or_after_a_block() {
        let rounds = Rounds { blocks: 25, ..Rounds::default() };
        assert_eq!([0, 1, 24, 25, 26].map(|block| rounds.first_at(block)), [0, 25, 25, 25, 50]);
        assert_eq!(Rounds { blocks: 0, ..Rounds::default() }.first_at(7), 7);
        assert_eq!(rounds.first_at(Block::MAX), Block::MAX);
    }

    #[test]
    fn a_round_that_was_not_held_counts_for_nothing() {
        let missed =
            [(0, 100), (150, 200), (200, 225), (400, 475)].map(|(from, until)| UnwatchedBlocks { from, until });
        let rounds = Rounds { blocks: 25, missed: missed.into(), ..Rounds::default() };
        for (block, held) in [
            (0, 100),
            (75, 100),
            (76, 100),
            (101, 125),
            (125, 125),
            // The first range that is missed, and the next one right after it.
            (126, 225),
            (150, 225),
            (199, 225),
            (226, 250),
            (375, 375),
            (376, 475),
            (475, 475),
            (476, 500),
        ] {
            assert_eq!(rounds.first_at(block), held, "{block}");
        }
    }

    #[test]
    fn a_block_whose_time_is_not_recorded_is_dated_from_the_nearest_that_is() {
        let at = BlockStamp { block: 1_000, time: moment(12_000_000) };
        let rounds =
            Rounds { blocks: 25, times: [(100, moment(5_000)), (200, moment(1_300_000))].into(), ..Rounds::default() };
        for (block, expected) in [
            (100, 5_000),
            (200, 1_300_000),
            (101, 17_000),
            (150, 605_000),
            (199, 1_288_000),
            (990, 11_880_000),
            (1_001, 12_012_000),
            (99, -7_000),
        ] {
            assert_eq!(rounds.time_of(block, at), moment(expected), "{block}");
        }
        assert_eq!(Rounds::default().time_of(0, at), moment(0));
    }
}
