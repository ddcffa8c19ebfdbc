//! The runtimes met so far, and which block has which. Both memories are bounded.

use crate::head::BlockRef;
use crate::reading::runtime::Runtime;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use subxt::utils::H256;

/// Runtimes remembered: an upgrade needs two at a time.
const MAX_RUNTIMES: usize = 4;
/// Most blocks with a cached runtime version, so that several reads of one block ask once.
const MAX_BLOCKS: usize = 32;

/// The runtimes met so far, and which block has which.
#[derive(Default)]
pub(crate) struct Runtimes {
    pub(super) by_version: BTreeMap<u32, Arc<Runtime>>,
    by_block: VecDeque<(BlockRef, u32)>,
    /// Blocks at which another version was met than before: each may be the one of an upgrade.
    pub(super) doubtful: VecDeque<H256>,
    /// Which runtime wrote the state of such blocks, once it is known.
    pub(super) written_by: VecDeque<(H256, u32)>,
    /// The version met last.
    pub(super) newest_met: Option<u32>,
}

impl Runtimes {
    /// The runtime of `block`, if it was met.
    pub(super) fn at(&self, block: BlockRef) -> Option<Arc<Runtime>> {
        let (_, version) = self.by_block.iter().find(|(hash, _)| *hash == block)?;
        self.by_version.get(version).cloned()
    }

    /// The version that `block` cannot be below.
    pub(super) fn lowest_at(&self, block: BlockRef) -> u32 {
        let earlier = self.by_block.iter().filter(|(earlier, _)| earlier.number <= block.number);
        earlier.map(|(_, version)| *version).max().unwrap_or_default()
    }

    /// Remembers that `block` has `runtime`.
    pub(super) fn remember(&mut self, block: BlockRef, runtime: &Arc<Runtime>) {
        push_bounded(&mut self.by_block, (block, runtime.spec_version));
        if self.by_version.insert(runtime.spec_version, runtime.clone()).is_none()
            && self.by_version.len() > MAX_RUNTIMES
        {
            self.by_version.pop_first();
        }
    }
}

/// Remembers `item`, at the cost of the oldest.
pub(super) fn push_bounded<T>(memory: &mut VecDeque<T>, item: T) {
    if memory.len() == MAX_BLOCKS {
        memory.pop_front();
    }
    memory.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;

    fn block(index: u8) -> BlockRef {
        BlockRef { number: index.into(), hash: H256([index; 32]) }
    }

    #[test]
    fn memories_of_runtimes_and_blocks_are_bounded() {
        let runtime = finney();
        let mut runtimes = Runtimes::default();
        for index in 0..100_u8 {
            let version = Runtime { spec_version: u32::from(index), codec: runtime.codec.clone() };
            runtimes.remember(block(index), &Arc::new(version));
        }
        assert_eq!((runtimes.by_version.len(), runtimes.by_block.len()), (MAX_RUNTIMES, MAX_BLOCKS));
        assert!(runtimes.at(block(99)).is_some_and(|runtime| runtime.spec_version == 99));
        assert!(runtimes.at(block(0)).is_none());
        assert_eq!((runtimes.lowest_at(block(80)), runtimes.lowest_at(block(20))), (80, 0));
    }
}
