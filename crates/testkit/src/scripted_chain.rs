//! The Chain port by script: heads and subnets come from the test, submissions are recorded and answered as scripted.
//!
//! It keeps state like a chain: included extrinsics can be found again, their weights are kept, and the validator's
//! `last_update` advances. Signatures differ each time, as real ones do.

use crate::subnets::head;
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensorflix_actors::ports::{Chain, ChainError};
use tensorflix_domain::extrinsic::{Broadcast, Failure, Fate, Inclusion, Remedy, SignedExtrinsic, SignedWeights};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::intent::WeightIntent;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::WeightEntry;
use tokio::sync::watch;

/// Blocks for which a signature holds.
pub const ERA_BLOCKS: u32 = 64;

/// The fate of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// It is included in the next block.
    Included,
    /// It is included in the next block, where the call fails.
    Failed(&'static str, Remedy),
    /// A node refuses it.
    Refused(&'static str, Remedy),
    /// It is included, but the answer is lost.
    IncludedUnheard,
    /// It never arrives, and there is no answer.
    Lost,
}

/// The chain.
pub struct ScriptedChain {
    head: watch::Sender<Option<Head>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hotkey: Option<Hotkey>,
    subnets: BTreeMap<Block, Subnet>,
    head_errors: VecDeque<ChainError>,
    subnet_errors: VecDeque<ChainError>,
    find_errors: VecDeque<ChainError>,
    refusals: VecDeque<Failure>,
    submissions: VecDeque<Submission>,
    head_requests: Vec<Option<Block>>,
    subnet_reads: Vec<Block>,
    validated: Vec<Vec<u8>>,
    signed: Vec<(SignedExtrinsic, Vec<WeightEntry>)>,
    submitted: Vec<Vec<u8>>,
    included: BTreeMap<[u8; 32], (u64, Inclusion)>,
    weights: Vec<(Block, Vec<WeightEntry>)>,
    nonce: u64,
}

impl Default for ScriptedChain {
    fn default() -> Self {
        Self { head: watch::Sender::new(None), state: Mutex::default() }
    }
}

impl ScriptedChain {
    /// Signs with this hotkey from now on.
    pub fn sign_as(&self, hotkey: Hotkey) {
        self.state().hotkey = Some(hotkey);
    }

    /// From the block of `subnet` on, this is what the chain holds.
    pub fn set_subnet(&self, subnet: Subnet) {
        self.state().subnets.insert(subnet.at.block, subnet);
    }

    /// Finalizes a block; those who wait for a head get it.
    pub fn finalize(&self, head: Head) {
        self.head.send_replace(Some(head));
    }

    /// The next requests for a head fail.
    pub fn fail_next_heads(&self, errors: impl IntoIterator<Item = ChainError>) {
        self.state().head_errors.extend(errors);
    }

    /// The next readings of the subnet fail.
    pub fn fail_next_subnets(&self, errors: impl IntoIterator<Item = ChainError>) {
        self.state().subnet_errors.extend(errors);
    }

    /// The next questions for an extrinsic fail.
    pub fn fail_next_finds(&self, errors: impl IntoIterator<Item = ChainError>) {
        self.state().find_errors.extend(errors);
    }

    /// The node would refuse the next bytes that it is asked about, for these reasons.
    pub fn refuse_next_validations(&self, failures: impl IntoIterator<Item = Failure>) {
        self.state().refusals.extend(failures);
    }

    /// Sets the fate of the next submissions; those after them are included.
    pub fn answer_submissions(&self, submissions: impl IntoIterator<Item = Submission>) {
        self.state().submissions.extend(submissions);
    }

    /// Another extrinsic of the same signer takes the next nonce.
    pub fn spend_nonce(&self) {
        let mut state = self.state();
        let (nonce, hash) = (state.nonce, [u8::try_from(state.nonce).expect("few nonces"); 32]);
        state.included.insert(hash, (nonce, Inclusion { block: 0, block_hash: [0; 32], failure: None }));
        state.nonce += 1;
    }

    /// What each request for a head named as known.
    pub fn head_requests(&self) -> Vec<Option<Block>> {
        self.state().head_requests.clone()
    }

    /// The blocks at which the subnet was read.
    pub fn subnet_reads(&self) -> Vec<Block> {
        self.state().subnet_reads.clone()
    }

    /// What was signed, with the entries.
    pub fn signed(&self) -> Vec<(SignedExtrinsic, Vec<WeightEntry>)> {
        self.state().signed.clone()
    }

    /// The bytes that the node was asked about without their being sent.
    pub fn validated(&self) -> Vec<Vec<u8>> {
        self.state().validated.clone()
    }

    /// The bytes of every submission.
    pub fn submitted(&self) -> Vec<Vec<u8>> {
        self.state().submitted.clone()
    }

    /// Includes bytes in the block after `head`, which is final when that is known.
    fn include(&self, state: &mut State, extrinsic: &[u8], head: Block, failure: Option<Failure>) -> Broadcast {
        let inclusion = state.include(extrinsic, head, failure);
        self.finalize_up_to(head + 1);
        inclusion
    }

    fn finalize_up_to(&self, block: Block) {
        if self.head.borrow().is_none_or(|head| head.stamp.block < block) {
            self.finalize(head(block));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn subnet(&self, head: &Head) -> Result<Subnet, ChainError> {
        let known = self.subnets.range(..=head.stamp.block).next_back();
        let (_, subnet) = known.ok_or_else(|| ChainError::Unusable("no subnet was scripted".to_owned()))?;
        let mut subnet = Subnet { at: head.stamp, ..subnet.clone() };
        let updated = self.weights.iter().rev().find(|(block, _)| *block <= head.stamp.block);
        let own = subnet.neurons.iter_mut().find(|neuron| Some(neuron.hotkey) == self.hotkey);
        if let (Some((block, _)), Some(own)) = (updated, own) {
            own.last_update = *block;
        }
        Ok(subnet)
    }

    /// Includes an extrinsic in the block after `head`, unless its nonce is used.
    fn include(&mut self, bytes: &[u8], head: Block, failure: Option<Failure>) -> Broadcast {
        let (signed, entries) =
            self.signed.iter().find(|(signed, _)| signed.bytes == bytes).cloned().expect("bytes that were signed here");
        if let Some((_, inclusion)) = self.included.get(&signed.hash) {
            return Broadcast::Included(inclusion.clone());
        }
        if self.included.values().any(|(nonce, _)| *nonce == signed.nonce) || head > signed.valid_until {
            return Broadcast::Refused(failure_of("Transaction is outdated", Remedy::ReadAgain));
        }
        if failure.is_none() {
            self.weights.push((head + 1, entries));
        }
        let inclusion = Inclusion { block: head + 1, block_hash: [0; 32], failure };
        self.included.insert(signed.hash, (signed.nonce, inclusion.clone()));
        self.nonce = self.nonce.max(signed.nonce + 1);
        Broadcast::Included(inclusion)
    }
}

/// A failure with its remedy.
pub fn failure_of(error: &str, remedy: Remedy) -> Failure {
    Failure { error: error.to_owned(), remedy }
}

fn unheard() -> ChainError {
    ChainError::Unreachable("the answer was lost".to_owned())
}

#[async_trait]
impl Chain for ScriptedChain {
    fn hotkey(&self) -> Option<Hotkey> {
        self.state().hotkey
    }

    async fn next_head(&self, after: Option<Block>) -> Result<Head, ChainError> {
        {
            let mut state = self.state();
            state.head_requests.push(after);
            if let Some(error) = state.head_errors.pop_front() {
                return Err(error);
            }
        }
        let mut heads = self.head.subscribe();
        let newer = heads.wait_for(|head| head.is_some_and(|head| Some(head.stamp.block) > after)).await;
        newer.map_err(|_| unheard())?.ok_or_else(unheard)
    }

    async fn subnet(&self, head: &Head) -> Result<Subnet, ChainError> {
        let mut state = self.state();
        state.subnet_reads.push(head.stamp.block);
        match state.subnet_errors.pop_front() {
            Some(error) => Err(error),
            None => state.subnet(head),
        }
    }

    async fn weights_of(&self, head: &Head, uid: Uid) -> Result<Vec<WeightEntry>, ChainError> {
        let state = self.state();
        let own = state.subnet(head)?.neurons.iter().any(|own| own.uid == uid && Some(own.hotkey) == state.hotkey);
        let held = state.weights.iter().rev().find(|(block, _)| own && *block <= head.stamp.block);
        Ok(held.map(|(_, entries)| entries.clone()).unwrap_or_default())
    }

    async fn sign_weights(&self, head: &Head, entries: &[WeightEntry]) -> Result<SignedWeights, ChainError> {
        let mut state = self.state();
        // Like a real signature, it is another one each time.
        let count = u8::try_from(state.signed.len()).expect("few signatures");
        let mut bytes = vec![0x84, count];
        bytes.extend(entries.iter().flat_map(|(uid, weight)| [uid.to_le_bytes(), weight.to_le_bytes()]).flatten());
        let mut hash = [0xEE_u8; 32];
        hash[0] = count;
        let valid_until = head.stamp.block + ERA_BLOCKS;
        let (nonce, signed_at) = (state.nonce, head.stamp.block);
        let signer = state.hotkey.expect("a hotkey that signs");
        let extrinsic = SignedExtrinsic { bytes, hash, signer, nonce, signed_at, valid_until };
        state.signed.push((extrinsic.clone(), entries.to_vec()));
        Ok(SignedWeights { extrinsic, reveal: None })
    }

    async fn validate(&self, extrinsic: &[u8]) -> Result<Option<Failure>, ChainError> {
        let mut state = self.state();
        state.validated.push(extrinsic.to_vec());
        Ok(state.refusals.pop_front())
    }

    async fn sign_reveal(&self, _: &Head, _: &WeightIntent) -> Result<SignedExtrinsic, ChainError> {
        panic!("nothing is committed by a hash here")
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<Broadcast, ChainError> {
        let mut state = self.state();
        state.submitted.push(extrinsic.to_vec());
        let head = self.head.borrow().map_or(0, |head| head.stamp.block);
        match state.submissions.pop_front().unwrap_or(Submission::Included) {
            Submission::Included => Ok(self.include(&mut state, extrinsic, head, None)),
            Submission::Failed(error, remedy) => {
                Ok(self.include(&mut state, extrinsic, head, Some(failure_of(error, remedy))))
            }
            Submission::Refused(error, remedy) => Ok(Broadcast::Refused(failure_of(error, remedy))),
            Submission::IncludedUnheard => {
                self.include(&mut state, extrinsic, head, None);
                Err(unheard())
            }
            Submission::Lost => Err(unheard()),
        }
    }

    async fn find(&self, intent: &WeightIntent, _: &Head) -> Result<Fate, ChainError> {
        let mut state = self.state();
        if let Some(error) = state.find_errors.pop_front() {
            return Err(error);
        }
        let fate = match state.included.get(&intent.extrinsic_hash) {
            Some((_, inclusion)) => Fate::Included(inclusion.clone()),
            None if state.included.values().any(|(nonce, _)| *nonce == intent.nonce) => Fate::Superseded { block: 0 },
            None => Fate::Open,
        };
        Ok(fate)
    }
}
