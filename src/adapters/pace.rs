//! Which finalized heads are worth reading. A head costs requests (its runtime and its time); a header costs none. Between the
//! blocks at which something begins, every [`STEP_BLOCKS`]th head is enough, as long as blocks keep coming: if a head takes longer
//! than usual, the wait ends, and then every head is read for a while.
//!
//! Nothing here reads a clock: times come from the caller.

use std::collections::VecDeque;
use std::time::Duration;
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::ids::Block;

/// Blocks from one head to the next where nothing begins in between: 36 s on the real chain.
pub const STEP_BLOCKS: u32 = 3;

/// Heads from which the block time is measured; before that many are known, none is skipped.
const KNOWN_HEADS: usize = 8;

/// How many times longer than usual a head may take.
const PATIENCE: u32 = 3;

/// If blocks take longer than this, every head is read.
const SLOW_BLOCK: Duration = Duration::from_secs(15);

/// How fast blocks come, and where something begins.
#[derive(Debug)]
pub struct Pace {
    /// Lengths of the grids on which something begins.
    grids: Vec<u32>,
    /// The last heads, with the time at which they came.
    heads: VecDeque<(Block, Duration)>,
}

/// A wait for a head that is worth reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Only a head after this block ends the wait.
    pub after: Block,
    /// How long it may last; then any newer head will do.
    pub at_most: Duration,
}

impl Pace {
    /// Something begins at the multiples of each of `grids`.
    pub const fn new(grids: Vec<u32>) -> Self {
        Self { grids, heads: VecDeque::new() }
    }

    /// A head came.
    pub fn note(&mut self, block: Block, at: Duration) {
        if self.heads.len() == KNOWN_HEADS {
            self.heads.pop_front();
        }
        self.heads.push_back((block, at));
    }

    /// A wait ended without a head: the measured pace is no longer valid.
    pub fn forget(&mut self) {
        self.heads.clear();
    }

    /// What to wait for after block `after`; `None` if the next head is worth reading.
    pub fn wait(&self, after: Block) -> Option<Wait> {
        let begins_at = self.grids.iter().map(|grid| grid_start(after, *grid).saturating_add((*grid).max(1))).min();
        let wanted = begins_at.unwrap_or(Block::MAX).min(after.saturating_add(STEP_BLOCKS));
        let skipped = wanted.saturating_sub(after).saturating_sub(1);
        let block_time = self.block_time().filter(|time| *time <= SLOW_BLOCK)?;
        (skipped > 0).then(|| Wait { after: after + skipped, at_most: block_time * (skipped + 1) * PATIENCE })
    }

    /// Mean time from one block to the next, once enough heads are known.
    fn block_time(&self) -> Option<Duration> {
        let ((first, since), (last, until)) = (self.heads.front()?, self.heads.back()?);
        let blocks = last.checked_sub(*first).filter(|_| self.heads.len() == KNOWN_HEADS)?;
        until.saturating_sub(*since).checked_div(blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: u32 = 25;
    const SLOT: u32 = 7_200;

    /// The heads that are read when blocks come at these times, in seconds.
    fn looked_at(pace: &mut Pace, mut after: Block, blocks: impl Iterator<Item = (Block, f64)>) -> Vec<Block> {
        let (mut seen, mut asked_at) = (Vec::new(), 0.0);
        for (block, at) in blocks {
            let wait = pace.wait(after);
            let is_in_vain = wait.is_some_and(|wait| asked_at + wait.at_most.as_secs_f64() < at);
            if is_in_vain {
                pace.forget();
            }
            if block > after && (is_in_vain || wait.is_none_or(|wait| block > wait.after)) {
                pace.note(block, Duration::from_secs_f64(at));
                seen.push(block);
                (after, asked_at) = (block, at);
            }
        }
        seen
    }

    #[test]
    fn every_beginning_is_seen_at_once_and_in_between_every_third_block() {
        for block_secs in [0.01, 0.25, 12.0] {
            let mut pace = Pace::new(vec![ROUND, SLOT]);
            let blocks = (7_101..8_101).map(|block| (block, f64::from(block) * block_secs));
            let seen = looked_at(&mut pace, 7_100, blocks);
            for begins in (7_125..8_101).step_by(ROUND as usize) {
                assert!(seen.contains(&begins), "{begins} at {block_secs} s a block");
            }
            assert!(seen.len() < 1_000 / 3 + 1_000 / 25 + 10, "{} heads at {block_secs} s a block", seen.len());
            assert!(seen.windows(2).all(|pair| pair[1] - pair[0] <= STEP_BLOCKS), "{seen:?}");
        }
    }

    #[test]
    fn grids_of_a_block_and_of_odd_lengths_are_kept() {
        for (grids, begins) in [(vec![1], 1), (vec![2, 7_200], 2), (vec![7, 5], 5), (vec![0], 1)] {
            let mut pace = Pace::new(grids.clone());
            let seen = looked_at(&mut pace, 100, (101..200).map(|block| (block, f64::from(block))));
            for block in (101..200).filter(|block| block % begins == 0) {
                assert!(seen.contains(&block), "{block} of {grids:?}");
            }
        }
    }

    #[test]
    fn a_missing_head_is_waited_for_a_few_blocks_time_and_then_any_is_read() {
        let mut pace = Pace::new(vec![7_200]);
        let steady = looked_at(&mut pace, 0, (1..31).map(|block| (block, f64::from(block))));
        let last = *steady.last().expect("heads");
        let wait = pace.wait(last).expect("blocks come as usual");
        assert_eq!((wait.after, wait.at_most), (last + 2, Duration::from_secs(9)));
        // The chain makes no block for a minute, like a sandbox that waits: after that, every block is read again.
        let late = looked_at(&mut pace, last, (last + 1..last + 5).map(|block| (block, f64::from(block) + 60.0)));
        assert_eq!(late, [last + 1, last + 2, last + 3, last + 4]);
    }

    #[test]
    fn slow_blocks_and_the_first_ones_are_looked_at_each() {
        let mut slow = Pace::new(vec![7_200]);
        assert_eq!(looked_at(&mut slow, 0, (1..31).map(|block| (block, f64::from(block) * 20.0))).len(), 30);
        let mut first = Pace::new(vec![7_200]);
        let seen = looked_at(&mut first, 0, (1..31).map(|block| (block, f64::from(block))));
        assert_eq!(seen[..KNOWN_HEADS], [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
