//! The Chain port by rules: blocks are made one after another, a pool waits for them, and setting weights obeys the
//! chain's nonce, era and rate limit. Its record does not depend on what the validator believes.

use crate::subnets::{head, stamp};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensorflix_actors::ports::{Chain, ChainError};
use tensorflix_domain::extrinsic::{Broadcast, Failure, Fate, Inclusion, Remedy, SignedExtrinsic, SignedWeights};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::intent::{CommitOpening, RevealPlan, WeightIntent};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::WeightEntry;
use tokio::sync::watch;

/// Blocks for which a signature holds.
const ERA_BLOCKS: u32 = 64;

/// Blocks in an epoch; epochs begin at its multiples, and a commit is revealed at the beginning of the next.
const EPOCH_BLOCKS: u32 = 361;

/// Number of blocks with state that a node keeps, as nodes do by default.
const KEPT_BLOCKS: u32 = 256;

/// The error of weights that come too early.
pub const TOO_FAST: &str = "SettingWeightsTooFast";

/// A setting of weights that was included in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The block that holds it.
    pub block: Block,
    /// The extrinsic.
    pub bytes: Vec<u8>,
    /// Why its call failed, if it did.
    pub failure: Option<String>,
}

/// The chain.
pub struct ModelChain {
    hotkey: Hotkey,
    newest: watch::Sender<Block>,
    state: Mutex<State>,
}

struct State {
    subnet: Subnet,
    signed: BTreeMap<Vec<u8>, (SignedWeights, Vec<WeightEntry>)>,
    pool: Vec<Vec<u8>>,
    records: Vec<Record>,
    nonce: u64,
    last_update: Block,
    weights: Vec<WeightEntry>,
    /// Whether weights are taken only as commits.
    commit_reveal: bool,
    /// Whether commits are hashed ones, which their sender reveals.
    hashed: bool,
    /// Timelocked commits with the block of their reveal.
    commits: Vec<(Block, Vec<WeightEntry>)>,
    /// Hashed commits by their bytes, with the first block of the epoch in which they can be revealed.
    hashed_commits: BTreeMap<Vec<u8>, (Block, Vec<WeightEntry>)>,
    /// Signed reveals by their bytes.
    signed_reveals: BTreeMap<Vec<u8>, Reveal>,
    /// Reveals that were included in a block.
    reveals: Vec<Record>,
    /// Whether reveals fail silently.
    reveals_fail: bool,
    /// Whether the node rejects all requests.
    is_down: bool,
    /// Whether the node's answers about earlier blocks cannot be read.
    finds_fail: bool,
    /// Whether the validator's row cannot be read.
    rows_fail: bool,
}

/// A signed reveal of a hashed commit.
struct Reveal {
    nonce: u64,
    valid_until: Block,
    commit: Vec<u8>,
}

impl ModelChain {
    /// A chain at the block of `subnet`, on which `hotkey` sets weights.
    pub fn new(subnet: Subnet, hotkey: Hotkey) -> Self {
        let newest = watch::Sender::new(subnet.at.block);
        let last_update = subnet.neuron(&hotkey).map_or(0, |neuron| neuron.last_update);
        let state = State {
            subnet,
            signed: BTreeMap::new(),
            pool: Vec::new(),
            records: Vec::new(),
            nonce: 0,
            last_update,
            weights: Vec::new(),
            commit_reveal: false,
            hashed: false,
            commits: Vec::new(),
            hashed_commits: BTreeMap::new(),
            signed_reveals: BTreeMap::new(),
            reveals: Vec::new(),
            reveals_fail: false,
            is_down: false,
            finds_fail: false,
            rows_fail: false,
        };
        Self { hotkey, newest, state: Mutex::new(state) }
    }

    /// Makes blocks up to `block`, the first of them with what waits in the pool, and finalizes them.
    pub fn advance_to(&self, block: Block) -> Head {
        let next = *self.newest.borrow() + 1;
        self.state().include_pool(next);
        self.state().reveal(block);
        self.newest.send_replace(block);
        head(block)
    }

    /// The newest block.
    pub fn newest(&self) -> Block {
        *self.newest.borrow()
    }

    /// Every setting of weights in a block, in order.
    pub fn records(&self) -> Vec<Record> {
        self.state().records.clone()
    }

    /// Settings of weights that were signed.
    pub fn signature_count(&self) -> usize {
        self.state().signed.len()
    }

    /// The block at which the chain last saw the validator's weights.
    pub fn last_update(&self) -> Block {
        self.state().last_update
    }

    /// Somebody else sets weights with the same key, now.
    pub fn set_weights_from_elsewhere(&self) {
        let newest = self.newest();
        self.state().last_update = newest;
    }

    /// Another extrinsic of the same signer takes the next nonce.
    pub fn spend_nonce(&self) {
        self.state().nonce += 1;
    }

    /// From now on weights are taken only as commits, or only plain.
    pub fn set_commit_reveal(&self, commit_reveal: bool) {
        self.state().commit_reveal = commit_reveal;
    }

    /// From now on commits are hashed.
    pub fn hash_commits(&self) {
        self.state().hashed = true;
    }

    /// Every reveal of a hashed commit in a block, in order.
    pub fn reveals(&self) -> Vec<Record> {
        self.state().reveals.clone()
    }

    /// From now on reveals change nothing, or do again.
    pub fn set_reveals_fail(&self, reveals_fail: bool) {
        self.state().reveals_fail = reveals_fail;
    }

    /// The validator's weights on chain.
    pub fn weights(&self) -> Vec<WeightEntry> {
        self.state().weights.clone()
    }

    /// Settings of weights on chain that were commits.
    pub fn commit_count(&self) -> usize {
        let state = self.state();
        state.records.iter().filter(|record| state.signed[&record.bytes].0.reveal.is_some()).count()
    }

    /// From now on requests fail, or are answered again.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// From now on the node's answers about earlier blocks cannot be read, or can be read again.
    pub fn set_finds_fail(&self, finds_fail: bool) {
        self.state().finds_fail = finds_fail;
    }

    /// From now on the validator's row cannot be read, or can again.
    pub fn set_rows_fail(&self, rows_fail: bool) {
        self.state().rows_fail = rows_fail;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reachable(&self) -> Result<MutexGuard<'_, State>, ChainError> {
        let state = self.state();
        if state.is_down { Err(ChainError::Unreachable("the node is down".to_owned())) } else { Ok(state) }
    }
}

impl State {
    fn include_pool(&mut self, block: Block) {
        for bytes in std::mem::take(&mut self.pool) {
            if self.signed_reveals.contains_key(&bytes) {
                self.include_reveal(block, bytes);
                continue;
            }
            let (SignedWeights { extrinsic: signed, reveal }, entries) = self.signed[&bytes].clone();
            if signed.nonce != self.nonce || block > signed.valid_until {
                continue;
            }
            self.nonce += 1;
            let next = self.last_update + self.subnet.hyperparameters.weights_rate_limit;
            let failure = match (self.commit_reveal, &reveal) {
                (true, None) => Some("CommitRevealEnabled".to_owned()),
                (false, Some(_)) => Some("CommitRevealDisabled".to_owned()),
                _ => (self.last_update > 0 && block < next).then(|| TOO_FAST.to_owned()),
            };
            if failure.is_none() {
                self.last_update = block;
                let next_epoch = (block / EPOCH_BLOCKS + 1) * EPOCH_BLOCKS;
                match reveal {
                    Some(RevealPlan { opening: Some(_), .. }) => {
                        self.hashed_commits.insert(bytes.clone(), (next_epoch, entries));
                    }
                    Some(_) => self.commits.push((next_epoch, entries)),
                    None => self.weights = entries,
                }
            }
            self.records.push(Record { block, bytes, failure });
        }
    }

    fn include_reveal(&mut self, block: Block, bytes: Vec<u8>) {
        let Reveal { nonce, valid_until, commit } = &self.signed_reveals[&bytes];
        if *nonce != self.nonce || block > *valid_until {
            return;
        }
        self.nonce += 1;
        let failure = match self.hashed_commits.get(commit) {
            None => Some("NoWeightsCommitFound"),
            Some((from, _)) if block < *from => Some("RevealTooEarly"),
            Some((from, _)) if block >= *from + EPOCH_BLOCKS => Some("ExpiredWeightCommit"),
            Some(_) if self.reveals_fail => Some("NeuronNoValidatorPermit"),
            Some((_, entries)) => {
                self.weights = entries.clone();
                self.hashed_commits.remove(&commit.clone());
                None
            }
        };
        self.reveals.push(Record { block, bytes, failure: failure.map(str::to_owned) });
    }

    /// Does what the blocks up to `block` reveal.
    fn reveal(&mut self, block: Block) {
        let (due, waiting) = std::mem::take(&mut self.commits).into_iter().partition(|(at, _)| *at <= block);
        self.commits = waiting;
        let due: Vec<(Block, Vec<WeightEntry>)> = due;
        if let Some((_, entries)) = due.into_iter().next_back().filter(|_| !self.reveals_fail) {
            self.weights = entries;
        }
    }

    fn inclusion(&self, bytes: &[u8], newest: Block) -> Option<Inclusion> {
        let record =
            self.records.iter().chain(&self.reveals).find(|record| record.bytes == bytes && record.block <= newest)?;
        let failure = record.failure.clone().map(|error| {
            let remedy = if error == TOO_FAST { Remedy::Wait } else { Remedy::ReadAgain };
            Failure { error, remedy }
        });
        Some(Inclusion { block: record.block, block_hash: [0; 32], failure })
    }

    fn refusal(&self, bytes: &[u8], newest: Block) -> Option<Failure> {
        let (nonce, valid_until) = match (self.signed.get(bytes), self.signed_reveals.get(bytes)) {
            (Some((signed, _)), _) => (signed.extrinsic.nonce, signed.extrinsic.valid_until),
            (None, reveal) => reveal.map(|reveal| (reveal.nonce, reveal.valid_until))?,
        };
        let is_stale = nonce < self.nonce || newest >= valid_until;
        is_stale.then(|| Failure { error: "Transaction is outdated".to_owned(), remedy: Remedy::ReadAgain })
    }
}

#[async_trait]
impl Chain for ModelChain {
    fn hotkey(&self) -> Option<Hotkey> {
        Some(self.hotkey)
    }

    async fn next_head(&self, after: Option<Block>) -> Result<Head, ChainError> {
        drop(self.reachable()?);
        let mut heads = self.newest.subscribe();
        let newest = heads.wait_for(|newest| Some(*newest) > after).await;
        newest.map(|newest| head(*newest)).map_err(|_| ChainError::Unreachable("the chain ended".to_owned()))
    }

    async fn subnet(&self, head: &Head) -> Result<Subnet, ChainError> {
        let state = self.reachable()?;
        let mut subnet = Subnet { at: stamp(head.stamp.block), ..state.subnet.clone() };
        if let Some(own) = subnet.neurons.iter_mut().find(|neuron| neuron.hotkey == self.hotkey) {
            own.last_update = state.last_update;
        }
        Ok(subnet)
    }

    async fn weights_of(&self, _: &Head, _: Uid) -> Result<Vec<WeightEntry>, ChainError> {
        let state = self.reachable()?;
        if state.rows_fail {
            return Err(ChainError::Unusable("the row cannot be decoded".to_owned()));
        }
        Ok(state.weights.clone())
    }

    async fn sign_weights(&self, head: &Head, entries: &[WeightEntry]) -> Result<SignedWeights, ChainError> {
        let mut state = self.reachable()?;
        // Signatures are random: no two are the same bytes.
        let count = u32::try_from(state.signed.len()).expect("few signatures");
        let bytes = count.to_be_bytes().to_vec();
        let mut hash = [0_u8; 32];
        hash[..4].copy_from_slice(&bytes);
        let valid_until = head.stamp.block + ERA_BLOCKS;
        let epoch = (head.stamp.block + 1) / EPOCH_BLOCKS;
        let reveal_at = (epoch + 1) * EPOCH_BLOCKS;
        let opening = state.hashed.then_some(CommitOpening { salt: [7; 8], version_key: 0 });
        let (round, commit_until) = (u64::from(!state.hashed), reveal_at - 1);
        let plan = RevealPlan { round, reveal_at, commit_until, epoch_blocks: EPOCH_BLOCKS, opening };
        let reveal = state.commit_reveal.then_some(plan);
        let (signer, signed_at, nonce) = (self.hotkey, head.stamp.block, state.nonce);
        let extrinsic = SignedExtrinsic { bytes: bytes.clone(), hash, signer, nonce, signed_at, valid_until };
        let signed = SignedWeights { extrinsic, reveal };
        state.signed.insert(bytes, (signed.clone(), entries.to_vec()));
        Ok(signed)
    }

    async fn sign_reveal(&self, head: &Head, intent: &WeightIntent) -> Result<SignedExtrinsic, ChainError> {
        let mut state = self.reachable()?;
        assert!(
            intent.reveal.is_some_and(|plan| plan.opening.is_some()),
            "only what was hashed is revealed by its sender"
        );
        let count = u32::try_from(state.signed_reveals.len()).expect("few signatures");
        let bytes = [b"reveal".to_vec(), count.to_be_bytes().to_vec()].concat();
        let (nonce, valid_until) = (state.nonce, head.stamp.block + ERA_BLOCKS);
        let reveal = Reveal { nonce, valid_until, commit: intent.extrinsic.clone() };
        state.signed_reveals.insert(bytes.clone(), reveal);
        let (signer, signed_at) = (self.hotkey, head.stamp.block);
        Ok(SignedExtrinsic { bytes, hash: [9; 32], signer, nonce, signed_at, valid_until })
    }

    async fn validate(&self, extrinsic: &[u8]) -> Result<Option<Failure>, ChainError> {
        Ok(self.reachable()?.refusal(extrinsic, self.newest()))
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<Broadcast, ChainError> {
        {
            let mut state = self.reachable()?;
            if let Some(refusal) = state.refusal(extrinsic, self.newest()) {
                return Ok(Broadcast::Refused(refusal));
            }
            if !state.pool.iter().any(|waiting| waiting == extrinsic) {
                state.pool.push(extrinsic.to_vec());
            }
        }
        let mut heads = self.newest.subscribe();
        let included = heads.wait_for(|newest| {
            let state = self.state();
            state.inclusion(extrinsic, *newest).is_some() || state.refusal(extrinsic, *newest).is_some()
        });
        let included = included.await;
        drop(included.map_err(|_| ChainError::Unreachable("the chain ended".to_owned()))?);
        let newest = self.newest();
        let inclusion = self.state().inclusion(extrinsic, newest);
        inclusion.map(Broadcast::Included).ok_or_else(|| ChainError::Unreachable("lost".to_owned()))
    }

    async fn find(&self, intent: &WeightIntent, head: &Head) -> Result<Fate, ChainError> {
        let state = self.reachable()?;
        let until = head.stamp.block.min(intent.valid_until);
        let is_pruned = until.saturating_add(KEPT_BLOCKS) < self.newest();
        if state.finds_fail || (is_pruned && state.nonce > intent.nonce) {
            return Err(ChainError::Unreachable("the node does not have the state of that block".to_owned()));
        }
        Ok(match state.inclusion(&intent.extrinsic, head.stamp.block) {
            Some(inclusion) => Fate::Included(inclusion),
            None if state.nonce > intent.nonce && self.newest() <= head.stamp.block => {
                Fate::Superseded { block: head.stamp.block }
            }
            None => Fate::Open,
        })
    }
}
