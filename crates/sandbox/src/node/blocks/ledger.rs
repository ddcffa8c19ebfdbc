//! The node's one mutable whole: chain, pool and records behind one lock, and the rules by which blocks are made.
//!
//! Everything here is synchronous and quick; nothing waits while the lock is held. A block without epoch, extrinsic
//! or change costs one hash, so that thousands of them are made at once.

use std::sync::Arc;

use parity_scale_codec::Encode;
use sp_crypto_hashing::blake2_256;
use tokio::sync::{Notify, broadcast, mpsc};

use crate::clock::SandboxClock;
use crate::node::blocks::inclusion::{Applied, apply_waiting, check_against_state};
use crate::node::blocks::migration;
use crate::node::blocks::pool::{ExtrinsicStatus, Pool, PoolEntry};
use crate::node::blocks::records::{Records, SubmissionRecord};
use crate::node::blocks::tree::{Block, Body, Chain, MAX_UNFINALIZED_BLOCKS};
use crate::node::calls::events::{DispatchClass, EventLog, Phase};
use crate::node::calls::extrinsic::{BLOCK_HASH_COUNT, Era, Implicit, SignedExtrinsic};
use crate::node::calls::timelock;
use crate::node::calls::validity::{InvalidTransaction, PoolRejection};
use crate::node::calls::weights;
use crate::node::epochs::consensus;
use crate::node::epochs::timing;
use crate::node::header::{Hash, Header};
use crate::node::runtime::loaded::Runtime;
use crate::node::serving::faults::FaultSwitches;
use crate::node::state::beacon::Beacon;
use crate::node::state::genesis::{Genesis, Hyperparameters, ValidatorAtWork};
use crate::node::state::history::{Delta, Overlay};
use crate::node::state::subnet::ReadSubnet;

/// Most extrinsics with watchers that a fault keeps waiting for ever.
const MAX_SILENCED_WATCHERS: usize = 1_024;

/// News about heads, for subscribers.
#[derive(Clone, Debug)]
pub(crate) enum HeadChange {
    Best(Arc<Header>),
    Finalized(Arc<Header>),
}

/// A verdict of `TaggedTransactionQueue_validate_transaction` that lets an extrinsic in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    /// Whether an earlier nonce is still missing.
    pub is_future: bool,
    /// The first block in which its era is over.
    pub expires_at: u64,
    /// Blocks for which the verdict holds.
    pub longevity: u64,
}

/// An extrinsic in a block that is not final yet.
struct Included {
    entry: PoolEntry,
    block: Hash,
}

pub(crate) struct Ledger {
    pub chain: Chain,
    pub pool: Pool,
    pub records: Records,
    pub hyperparameters: Hyperparameters,
    /// Blocks by which the finalized head lags behind the best block.
    pub finality_delay_blocks: u32,
    netuid: u16,
    /// Who signs the rounds that open commits.
    beacon: Beacon,
    /// Who sets weights by itself.
    at_work: Vec<ValidatorAtWork>,
    clock: SandboxClock,
    faults: FaultSwitches,
    heads: broadcast::Sender<HeadChange>,
    work: Arc<Notify>,
    included: Vec<Included>,
    silenced: Vec<PoolEntry>,
    /// How many branches were made, to tell their blocks apart.
    branch_count: u32,
}

impl Ledger {
    pub fn new(
        chain: Chain,
        genesis: &Genesis,
        clock: SandboxClock,
        faults: FaultSwitches,
        heads: broadcast::Sender<HeadChange>,
        work: Arc<Notify>,
    ) -> Self {
        Self {
            chain,
            pool: Pool::default(),
            records: Records::default(),
            hyperparameters: genesis.hyperparameters.clone(),
            finality_delay_blocks: 0,
            netuid: genesis.netuid,
            beacon: Beacon::new(genesis.seed),
            at_work: genesis.at_work.clone(),
            clock,
            faults,
            heads,
            work,
            included: Vec::new(),
            silenced: Vec::new(),
            branch_count: 0,
        }
    }

    /// What the runtime says about an extrinsic on top of the best block.
    pub fn validate(&self, extrinsic: &SignedExtrinsic) -> Result<Validity, InvalidTransaction> {
        let best = self.chain.best();
        let current = u64::from(best.number) + 1;
        let genesis_hash = self.chain.genesis().hash;
        let birth_hash = match extrinsic.era {
            Era::Immortal => genesis_hash,
            Era::Mortal { .. } => {
                let birth = u32::try_from(extrinsic.era.birth(current)).unwrap_or(u32::MAX);
                if u64::from(birth) + u64::from(BLOCK_HASH_COUNT) < current {
                    return Err(InvalidTransaction::AncientBirthBlock);
                }
                self.chain.hash_on_branch(best, birth).ok_or(InvalidTransaction::AncientBirthBlock)?
            }
        };
        extrinsic.verify(self.chain.runtime(), &Implicit { genesis_hash, birth_hash })?;
        let nonce = check_against_state(&self.chain.best_view(), best.number.saturating_add(1), extrinsic)?;
        let expires_at = extrinsic.era.death(current);
        let longevity = expires_at.saturating_sub(current);
        Ok(Validity { is_future: extrinsic.nonce > nonce, expires_at, longevity })
    }

    /// Takes an extrinsic into the pool, as `author_submitExtrinsic` does.
    pub fn submit(
        &mut self,
        bytes: &[u8],
        watcher: Option<mpsc::Sender<ExtrinsicStatus>>,
    ) -> Result<Hash, PoolRejection> {
        let extrinsic = SignedExtrinsic::decode(self.chain.runtime(), bytes)?;
        if let Some(rejection) = self.faults.take_rejection() {
            return Err(rejection);
        }
        let hash = extrinsic.hash;
        self.pool.check_known(&hash, self.chain.best().number)?;
        let validity = self.validate(&extrinsic)?;
        self.pool.check_room(&extrinsic, validity.is_future)?;
        let entry = PoolEntry { extrinsic: Arc::new(extrinsic), expires_at: validity.expires_at, watcher };
        entry.tell(if validity.is_future { ExtrinsicStatus::Future } else { ExtrinsicStatus::Ready });
        if self.faults.take_dropped_extrinsic() {
            if self.silenced.len() < MAX_SILENCED_WATCHERS {
                self.silenced.push(entry);
            }
            return Ok(hash);
        }
        self.pool.push(entry);
        if !validity.is_future {
            self.work.notify_one();
        }
        Ok(hash)
    }

    /// Whether a block made now would hold an extrinsic.
    pub fn has_ready_extrinsics(&self) -> bool {
        let view = self.chain.best_view();
        self.pool.iter().any(|entry| entry.extrinsic.nonce <= view.account(&entry.extrinsic.signer).nonce)
    }

    /// Makes the next block, with everything that waits.
    pub fn produce(&mut self) {
        self.extend_best(|_, _| ());
        self.finalize();
        self.announce_heads();
    }

    /// Makes the next block, in which `operation` happens before any extrinsic.
    pub fn produce_with<T>(&mut self, operation: impl FnOnce(&mut Overlay<'_>, &mut EventLog) -> T) -> T {
        let result = self.extend_best(operation);
        self.finalize();
        self.announce_heads();
        result
    }

    /// Makes blocks up to `number`; only the last is announced.
    pub fn advance_to(&mut self, number: u32) {
        if number <= self.chain.best().number {
            return;
        }
        while self.chain.best().number < number {
            if self.pool.is_empty() && !self.is_epoch_next() && !self.is_upgraded() && !self.is_reveal_next() {
                let header = self.seal(&self.chain.best().clone(), 0, &Delta::new(), &Body::default());
                self.append(Block { header: Arc::new(header), body: Body::default(), delta: Delta::new() });
            } else {
                self.extend_best(|_, _| ());
            }
            self.finalize();
        }
        self.announce_heads();
    }

    /// Replaces the newest `depth` blocks by a longer branch. Blocks that are missing above the finalized head are
    /// made first. What the replaced blocks held is in the new branch again.
    pub fn fork(&mut self, depth: u32) {
        let depth = depth.clamp(1, MAX_UNFINALIZED_BLOCKS / 2);
        while self.chain.unfinalized_count() < depth {
            self.extend_best(|_, _| ());
            self.announce_best();
        }
        let Some(ancestor) = self.chain.ancestor_of_best(depth) else { return };
        let replaced_number = self.chain.best().number;
        let retracted: Vec<Hash> =
            (ancestor.number + 1..=self.chain.best().number).filter_map(|number| self.chain.hash_of(number)).collect();
        self.retract(&retracted);
        self.branch_count += 1;
        let mut parent = ancestor;
        for _ in 0..=depth {
            parent = self.build_on(&parent, self.branch_count, |_, _| ());
            // A shorter branch never becomes the best.
            if parent.number >= replaced_number {
                self.announce_best();
            }
        }
        self.finalize();
        self.announce_finalized();
    }

    /// Finalizes what the delay no longer holds back, and tells subscribers.
    pub fn set_finality_delay(&mut self, blocks: u32) {
        self.finality_delay_blocks = blocks.min(MAX_UNFINALIZED_BLOCKS);
        let before = self.chain.finalized().number;
        self.finalize();
        if self.chain.finalized().number > before {
            self.announce_finalized();
        }
    }

    fn is_epoch_next(&self) -> bool {
        let (tempo, next) = (self.hyperparameters.tempo, self.chain.best().number + 1);
        timing::is_due(&self.chain.best_view(), self.netuid, tempo, next)
    }

    /// Whether the next block is the first of a new runtime.
    fn is_upgraded(&self) -> bool {
        let best = self.chain.best().number;
        !Arc::ptr_eq(self.chain.runtime_at(best), self.chain.runtime_at(best.saturating_sub(1)))
    }

    fn is_reveal_next(&self) -> bool {
        timelock::is_due(&self.chain.best_view(), self.netuid, self.chain.best().number + 1)
    }

    fn extend_best<T>(&mut self, operation: impl FnOnce(&mut Overlay<'_>, &mut EventLog) -> T) -> T {
        let parent = self.chain.best().clone();
        let mut result = None;
        self.build_on(&parent, 0, |state, events| result = Some(operation(state, events)));
        #[expect(clippy::expect_used, reason = "build_on runs its operation exactly once")]
        result.expect("the operation ran")
    }

    /// Builds a block on `parent` with all that is ready, and makes it the best.
    fn build_on(
        &mut self,
        parent: &Arc<Header>,
        branch: u32,
        operation: impl FnOnce(&mut Overlay<'_>, &mut EventLog),
    ) -> Arc<Header> {
        let number = parent.number + 1;
        let runtime = self.chain.runtime_at(parent.number).clone();
        let before = self.chain.runtime_at(parent.number.saturating_sub(1)).clone();
        #[expect(clippy::expect_used, reason = "blocks are only built on the best branch, and its state is kept")]
        let view = self.chain.view(&parent.hash).expect("the parent's state is readable");
        let mut state = Overlay::new(view);
        let mut events = EventLog::default();
        if !Arc::ptr_eq(&before, &runtime) {
            migration::migrate(&mut state, &before, self.netuid, self.hyperparameters.tempo);
        }
        if timelock::is_due(&state, self.netuid, number) {
            timelock::reveal(&mut state, &mut events, &self.beacon, &self.faults, self.netuid);
        }
        if timing::is_due(&state, self.netuid, self.hyperparameters.tempo, number) {
            timing::count(&mut state, self.netuid);
            consensus::run(&mut state, self.netuid);
            self.at_work.iter().for_each(|validator| weights::renew(&mut state, self.netuid, validator));
        }
        operation(&mut state, &mut events);
        events.extrinsic_success(&runtime, Phase::ApplyExtrinsic(0), DispatchClass::Mandatory);
        let applied = apply_waiting(&mut self.pool, &self.faults, &mut state, &mut events);
        let delta = state.into_delta();
        let extrinsics: Vec<Arc<[u8]>> = applied.iter().map(|applied| applied.entry.extrinsic.bytes.clone()).collect();
        let events = (events.len() > 1 || !extrinsics.is_empty()).then(|| events.encode());
        let body = Body { extrinsics, events };
        let header = Arc::new(self.seal(parent, branch, &delta, &body));
        self.append(Block { header: header.clone(), body, delta });
        self.settle(applied, &runtime, &header);
        header
    }

    /// Bans, records and tells what a new block holds.
    fn settle(&mut self, applied: Vec<Applied>, runtime: &Runtime, header: &Header) {
        for Applied { entry, outcome } in applied {
            self.pool.ban(entry.extrinsic.hash, header.number);
            self.records.push(SubmissionRecord::new(runtime, &entry.extrinsic, header.number, header.hash, outcome));
            entry.tell(ExtrinsicStatus::InBlock(header.hash));
            self.included.push(Included { entry, block: header.hash });
        }
    }

    fn append(&mut self, block: Block) {
        self.clock.advance_to(block.header.number);
        self.chain.insert_best(block);
    }

    /// Roots are digests of what the block holds; a block that changes nothing keeps its parent's state root.
    fn seal(&self, parent: &Header, branch: u32, delta: &Delta, body: &Body) -> Header {
        let number = parent.number + 1;
        let state_root = if delta.is_empty() {
            parent.state_root
        } else {
            let changes: Vec<(&Vec<u8>, Option<&[u8]>)> =
                delta.iter().map(|(key, value)| (key, value.as_deref())).collect();
            blake2_256(&(parent.state_root, changes).encode())
        };
        let mut extrinsics_root = [0; 32];
        if body.extrinsics.is_empty() {
            // The inherent differs from block to block by its time alone.
            extrinsics_root[..4].copy_from_slice(&number.to_be_bytes());
            extrinsics_root[28..].copy_from_slice(&branch.to_be_bytes());
        } else {
            let extrinsics: Vec<&[u8]> = body.extrinsics.iter().map(AsRef::as_ref).collect();
            extrinsics_root = blake2_256(&(number, branch, extrinsics).encode());
        }
        Header::new(parent.hash, number, state_root, extrinsics_root)
    }

    /// Takes back what the given blocks held.
    fn retract(&mut self, blocks: &[Hash]) {
        let mut back = Vec::new();
        for included in std::mem::take(&mut self.included) {
            if blocks.contains(&included.block) {
                included.entry.tell(ExtrinsicStatus::Retracted(included.block));
                back.push(included.entry);
            } else {
                self.included.push(included);
            }
        }
        self.pool.push_retracted(back);
        blocks.iter().for_each(|block| self.records.retract(block));
    }

    /// Moves the finalized head as far as the delay allows.
    fn finalize(&mut self) {
        let target = self.chain.best().number.saturating_sub(self.finality_delay_blocks);
        if target <= self.chain.finalized().number {
            return;
        }
        let newly_finalized = self.chain.finalize_to(target);
        if self.included.is_empty() {
            return;
        }
        for header in newly_finalized {
            self.included.retain(|included| {
                let is_final = included.block == header.hash;
                if is_final {
                    included.entry.tell(ExtrinsicStatus::Finalized(header.hash));
                }
                !is_final
            });
        }
    }

    fn announce_heads(&self) {
        self.announce_best();
        self.announce_finalized();
    }

    // Sending fails only without listeners.
    fn announce_best(&self) {
        let _ = self.heads.send(HeadChange::Best(self.chain.best().clone()));
    }

    fn announce_finalized(&self) {
        let _ = self.heads.send(HeadChange::Finalized(self.chain.finalized().clone()));
    }
}
