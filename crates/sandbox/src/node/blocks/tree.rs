//! The tree of blocks: one finalized line, and branches above it.
//!
//! Invariants: the finalized line never changes; the best block descends from the finalized head; every block above
//! the finalized head has its whole ancestry down to it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::node::header::{Hash, Header};
use crate::node::runtime::loaded::Runtime;
use crate::node::state::history::{ComputedKeys, Delta, History, StateView};

/// Number of blocks below the finalized head with readable state, as on a pruned node.
pub const STATE_RETENTION_BLOCKS: u32 = 10_000;

/// Finalized headers that are kept; older ones are unknown to the node.
pub const HEADER_RETENTION_BLOCKS: usize = 400_000;

/// Most blocks between the finalized head and the best block; beyond it the oldest is finalized.
pub const MAX_UNFINALIZED_BLOCKS: u32 = 512;

/// What a block holds besides its header.
#[derive(Clone, Default)]
pub(crate) struct Body {
    /// Signed extrinsics, in order; the timestamp inherent comes before them.
    pub extrinsics: Vec<Arc<[u8]>>,
    /// `System.Events`, SCALE-encoded; none means only the inherent's success.
    pub events: Option<Vec<u8>>,
}

/// A block above the finalized head.
pub(crate) struct Block {
    pub header: Arc<Header>,
    pub body: Body,
    pub delta: Delta,
}

/// Why a block's state cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateMissing {
    UnknownBlock,
    Discarded,
}

pub(crate) struct Chain {
    /// From which block on the code is which runtime's, oldest first. Never empty.
    runtimes: Vec<(u32, Arc<Runtime>)>,
    computed: ComputedKeys,
    inherent_events: Vec<u8>,
    genesis: Arc<Header>,
    /// The finalized line from the first served block on.
    finalized: VecDeque<Arc<Header>>,
    finalized_numbers: HashMap<Hash, u32>,
    finalized_bodies: BTreeMap<u32, Body>,
    history: History,
    pending: HashMap<Hash, Block>,
    best: Arc<Header>,
}

impl Chain {
    /// A chain with genesis state `delta` and first block `first` after genesis, already finalized.
    pub fn new(
        runtime: Arc<Runtime>,
        netuid: u16,
        inherent_events: Vec<u8>,
        genesis: Header,
        first: Header,
        delta: Delta,
    ) -> Self {
        let computed = ComputedKeys::new(&runtime, netuid);
        let mut history = History::default();
        history.commit(0, delta, 0);
        let first = Arc::new(first);
        Self {
            runtimes: vec![(0, runtime)],
            computed,
            inherent_events,
            genesis: Arc::new(genesis),
            finalized: VecDeque::from([first.clone()]),
            finalized_numbers: HashMap::from([(first.hash, first.number)]),
            finalized_bodies: BTreeMap::new(),
            history,
            pending: HashMap::new(),
            best: first,
        }
    }

    /// The runtime in the state of block `number`: it builds the next block.
    pub fn runtime_at(&self, number: u32) -> &Arc<Runtime> {
        let later = self.runtimes.partition_point(|(from, _)| *from <= number);
        &self.runtimes[later.saturating_sub(1)].1
    }

    /// The runtime that builds the next block.
    pub fn runtime(&self) -> &Arc<Runtime> {
        self.runtime_at(self.best.number)
    }

    /// The runtime of the code from block `number` on, which is not made yet.
    pub fn plan_runtime(&mut self, number: u32, runtime: Arc<Runtime>) {
        self.runtimes.retain(|(from, _)| *from < number);
        self.runtimes.push((number, runtime));
    }

    pub fn genesis(&self) -> &Arc<Header> {
        &self.genesis
    }

    pub fn best(&self) -> &Arc<Header> {
        &self.best
    }

    #[expect(clippy::expect_used, reason = "the line starts with one block and trimming leaves the newest")]
    pub fn finalized(&self) -> &Arc<Header> {
        self.finalized.back().expect("the finalized line is never empty")
    }

    /// Blocks from the finalized head to the best block.
    pub fn unfinalized_count(&self) -> u32 {
        self.best.number - self.finalized().number
    }

    pub fn header(&self, hash: &Hash) -> Option<Arc<Header>> {
        if let Some(block) = self.pending.get(hash) {
            return Some(block.header.clone());
        }
        if *hash == self.genesis.hash {
            return Some(self.genesis.clone());
        }
        self.finalized_header(*self.finalized_numbers.get(hash)?)
    }

    /// The hash of block `number` on the best branch.
    pub fn hash_of(&self, number: u32) -> Option<Hash> {
        self.hash_on_branch(&self.best, number)
    }

    /// The hash of block `number` among `tip` and its ancestors.
    pub fn hash_on_branch(&self, tip: &Header, number: u32) -> Option<Hash> {
        if number == 0 {
            return Some(self.genesis.hash);
        }
        if number <= self.finalized().number {
            return self.finalized_header(number).map(|header| header.hash);
        }
        if number > tip.number {
            return None;
        }
        let mut hash = tip.hash;
        for _ in number..tip.number {
            hash = self.pending.get(&hash)?.header.parent_hash;
        }
        Some(hash)
    }

    /// The ancestor of the best block that is `depth` blocks below it.
    pub fn ancestor_of_best(&self, depth: u32) -> Option<Arc<Header>> {
        let hash = self.hash_of(self.best.number.checked_sub(depth)?)?;
        self.header(&hash)
    }

    pub fn body(&self, hash: &Hash) -> Option<Body> {
        if let Some(block) = self.pending.get(hash) {
            return Some(block.body.clone());
        }
        let header = self.header(hash)?;
        Some(self.finalized_bodies.get(&header.number).cloned().unwrap_or_default())
    }

    /// The state after a block.
    pub fn view(&self, hash: &Hash) -> Result<StateView<'_>, StateMissing> {
        let header = self.header(hash).ok_or(StateMissing::UnknownBlock)?;
        let finalized = self.finalized().number;
        let mut layers = Vec::new();
        let mut at = *hash;
        while let Some(block) = self.pending.get(&at) {
            if !block.delta.is_empty() {
                layers.push(&block.delta);
            }
            at = block.header.parent_hash;
        }
        let body = match self.pending.get(hash) {
            Some(block) => Some(&block.body),
            None => self.finalized_bodies.get(&header.number),
        };
        if finalized.saturating_sub(header.number) > STATE_RETENTION_BLOCKS {
            return Err(StateMissing::Discarded);
        }
        Ok(StateView {
            runtime: self.runtime_at(header.number),
            number: header.number,
            parent_hash: header.parent_hash,
            events: body.and_then(|body| body.events.as_deref()).unwrap_or(&self.inherent_events),
            computed: &self.computed,
            layers,
            history: &self.history,
            history_at: header.number.min(finalized),
        })
    }

    /// The state after the best block.
    #[expect(clippy::expect_used, reason = "the best block is always known and inside the retention window")]
    pub fn best_view(&self) -> StateView<'_> {
        self.view(&self.best.hash).expect("the best block's state is readable")
    }

    /// The state after a block that is known to descend from the finalized head.
    pub fn insert_best(&mut self, block: Block) {
        debug_assert!(self.header(&block.header.parent_hash).is_some());
        self.best = block.header.clone();
        self.pending.insert(block.header.hash, block);
    }

    /// Finalizes the best branch up to `number`; abandons every branch that does not descend from it. Returns the
    /// newly finalized headers, oldest first.
    pub fn finalize_to(&mut self, number: u32) -> Vec<Arc<Header>> {
        let mut line = Vec::new();
        let mut next = number.min(self.best.number);
        while next > self.finalized().number {
            match self.hash_of(next) {
                Some(hash) => line.push(hash),
                None => break,
            }
            next -= 1;
        }
        let mut newly_finalized = Vec::with_capacity(line.len());
        for hash in line.into_iter().rev() {
            let Some(block) = self.pending.remove(&hash) else { break };
            newly_finalized.push(block.header.clone());
            self.append_finalized(block);
        }
        self.drop_abandoned();
        newly_finalized
    }

    fn append_finalized(&mut self, block: Block) {
        let number = block.header.number;
        let oldest_kept = number.saturating_sub(STATE_RETENTION_BLOCKS);
        self.history.commit(number, block.delta, oldest_kept);
        self.finalized_numbers.insert(block.header.hash, number);
        self.finalized.push_back(block.header);
        if !block.body.extrinsics.is_empty() || block.body.events.is_some() {
            self.finalized_bodies.insert(number, block.body);
        }
        if self.finalized.len() > HEADER_RETENTION_BLOCKS
            && let Some(oldest) = self.finalized.pop_front()
        {
            self.finalized_numbers.remove(&oldest.hash);
            self.finalized_bodies.remove(&oldest.number);
        }
    }

    /// Drops pending blocks that can never become finalized.
    fn drop_abandoned(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let finalized = self.finalized().clone();
        let doomed: Vec<Hash> = self
            .pending
            .values()
            .filter(|block| self.hash_on_pending_branch(&block.header, finalized.number) != Some(finalized.hash))
            .map(|block| block.header.hash)
            .collect();
        for hash in doomed {
            self.pending.remove(&hash);
        }
    }

    fn hash_on_pending_branch(&self, tip: &Header, number: u32) -> Option<Hash> {
        let mut hash = tip.hash;
        let mut at = tip.number;
        while at > number {
            hash = self.pending.get(&hash)?.header.parent_hash;
            at -= 1;
        }
        Some(hash)
    }

    fn finalized_header(&self, number: u32) -> Option<Arc<Header>> {
        let first = self.finalized.front()?.number;
        self.finalized.get(number.checked_sub(first)? as usize).cloned()
    }
}
