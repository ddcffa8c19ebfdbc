//! Moving the chain from the outside: blocks, neurons, hyperparameters, other validators; and looking at what came in.

use std::collections::BTreeMap;
use std::sync::Arc;

use parity_scale_codec::Encode;

use crate::node::blocks::records::SubmissionRecord;
use crate::node::calls::commitments;
use crate::node::calls::events::{DispatchError, Phase};
use crate::node::calls::origin::Origin;
use crate::node::calls::weights::{self, WeightsSubmission};
use crate::node::error::NodeError;
use crate::node::header::Hash;
use crate::node::runtime::entries;
use crate::node::runtime::loaded::Runtime;
use crate::node::runtime::releases::Release;
use crate::node::seeding;
use crate::node::serving::endpoints::NodeEndpoint;
use crate::node::serving::fault_handle::NodeFaults;
use crate::node::shared::Shared;
use crate::node::state::genesis::{AccountId, GenesisNeuron, Hyperparameters};
use crate::node::state::history::ReadStorage;
use crate::node::state::subnet::ReadSubnet;

/// A block's number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockId {
    /// The height.
    pub number: u32,
    /// The blake2-256 hash of the header.
    pub hash: Hash,
}

/// A commitment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCommitment {
    /// The block at which it was last set.
    pub block: u32,
    /// The bytes of its first field that holds any.
    pub text: Vec<u8>,
}

/// Controls a running node. Cheap to clone; everything takes effect before the call returns.
#[derive(Clone)]
pub struct NodeHandle {
    shared: Arc<Shared>,
}

impl NodeHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes blocks up to this number, with what waits in the pool in the first; subscribers hear of the last alone.
    pub fn advance_to(&self, block: u32) {
        self.shared.ledger().advance_to(block);
    }

    /// The best block.
    pub fn head(&self) -> BlockId {
        let ledger = self.shared.ledger();
        let header = ledger.chain.best();
        BlockId { number: header.number, hash: header.hash }
    }

    /// The finalized head.
    pub fn finalized_head(&self) -> BlockId {
        let ledger = self.shared.ledger();
        let header = ledger.chain.finalized();
        BlockId { number: header.number, hash: header.hash }
    }

    /// The hash of block 0.
    pub fn genesis_hash(&self) -> Hash {
        self.shared.ledger().chain.genesis().hash
    }

    /// The stored row of weights of a neuron; empty if it has none.
    pub fn weights(&self, netuid: u16, uid: u16) -> Vec<(u16, u16)> {
        self.shared.ledger().chain.best_view().value(entries::WEIGHTS, [&netuid.encode(), &uid.encode()])
    }

    /// `LastUpdate` of all neurons, by UID.
    pub fn last_updates(&self) -> Vec<u64> {
        self.shared.ledger().chain.best_view().value(entries::LAST_UPDATE, [&self.shared.netuid.encode()])
    }

    /// `Consensus` of all neurons, by UID.
    pub fn consensus(&self) -> Vec<u16> {
        self.shared.ledger().chain.best_view().value(entries::CONSENSUS, [&self.shared.netuid.encode()])
    }

    /// The commitment of a hotkey.
    pub fn commitment(&self, hotkey: &AccountId) -> Option<StoredCommitment> {
        let ledger = self.shared.ledger();
        let key = ledger.chain.runtime().key(entries::COMMITMENT_OF, [&self.shared.netuid.encode(), hotkey]);
        let registration = ledger.chain.best_view().stored(&key)?;
        commitments::first_text(ledger.chain.runtime(), &registration)
            .map(|(block, text)| StoredCommitment { block, text })
    }

    /// The UID of a hotkey, if it is registered.
    pub fn uid_of(&self, hotkey: &AccountId) -> Option<u16> {
        self.shared.ledger().chain.best_view().uid_of(self.shared.netuid, hotkey)
    }

    /// The nonce of an account: how many of its extrinsics were included.
    pub fn nonce(&self, account: &AccountId) -> u32 {
        self.shared.ledger().chain.best_view().account(account).nonce
    }

    /// Everything that came into blocks of the best branch through the RPC, oldest first.
    pub fn submissions(&self) -> Vec<SubmissionRecord> {
        self.shared.ledger().records.to_vec()
    }

    /// How often each RPC method was called since the start or the last reset, also inside batches.
    pub fn rpc_counts(&self) -> BTreeMap<String, u64> {
        self.shared.traffic.counts()
    }

    /// Resets the counts to zero.
    pub fn reset_rpc_counts(&self) {
        self.shared.traffic.reset_counts();
    }

    /// How many connections are open.
    pub fn connection_count(&self) -> usize {
        self.shared.connections().count()
    }

    /// The present hyperparameters.
    pub fn hyperparameters(&self) -> Hyperparameters {
        self.shared.ledger().hyperparameters.clone()
    }

    /// Changes hyperparameters in a new block.
    pub fn change_hyperparameters(&self, change: impl FnOnce(&mut Hyperparameters)) {
        let mut ledger = self.shared.ledger();
        change(&mut ledger.hyperparameters);
        let values = ledger.hyperparameters.clone();
        ledger.produce_with(|state, _| state.put_hyperparameters(self.shared.netuid, &values));
    }

    /// Opens one more endpoint of the same chain, on a free port of 127.0.0.1, with faults of its own.
    ///
    /// # Errors
    /// [`NodeError::Listen`] if there is no port.
    pub async fn open_endpoint(&self) -> Result<NodeEndpoint, NodeError> {
        NodeEndpoint::open(self.shared.clone()).await
    }

    /// The release that builds the next block.
    pub fn release(&self) -> Release {
        self.shared.ledger().chain.runtime().release
    }

    /// Upgrades the runtime in a new block. That block's events and state are still of the old runtime, as on the real
    /// chain; the block after it begins with the migrations.
    ///
    /// # Errors
    /// [`NodeError::Metadata`] if the release cannot be derived.
    pub fn upgrade(&self, release: Release) -> Result<(), NodeError> {
        let runtime = Runtime::of(release)?;
        self.shared.ledger().upgrade(runtime);
        Ok(())
    }

    /// Asks for an epoch at `block`, in a new block. Only runtimes that count their epochs know of it.
    pub fn schedule_epoch(&self, block: u32) {
        let key = self.shared.netuid.encode();
        self.shared.ledger().produce_with(|state, _| state.put(entries::PENDING_EPOCH_AT, [&key], &u64::from(block)));
    }

    /// The subnet's index of epochs, as of the best block.
    pub fn epoch_index(&self) -> u64 {
        let ledger = self.shared.ledger();
        ledger.chain.best_view().epoch_index(self.shared.netuid, ledger.chain.best().number)
    }

    /// Stores `fields` as the commitment of a hotkey in a new block, whatever they are: variants of `Data` by name, each
    /// with what follows its index.
    pub fn store_commitment_fields(&self, hotkey: &AccountId, fields: &[(&str, Vec<u8>)]) {
        let netuid = self.shared.netuid;
        self.shared.ledger().produce_with(|state, _| {
            let info = commitments::info_of(state.runtime(), fields);
            commitments::put_commitment(state, netuid, hotkey, state.number, &info);
        });
    }

    /// Registers a neuron at its UID in a new block, in place of the one registered there. `registered_at_block` is
    /// set to the new block, whatever the given value.
    pub fn register_neuron(&self, neuron: GenesisNeuron) {
        let netuid = self.shared.netuid;
        self.shared.ledger().produce_with(|state, events| {
            let neuron = GenesisNeuron { registered_at_block: state.number, ..neuron };
            seeding::put_neuron(state, netuid, &neuron);
            let fields = (netuid, neuron.uid, neuron.hotkey).encode();
            let runtime = state.runtime();
            events.deposit(runtime, Phase::Initialization, "SubtensorModule", "NeuronRegistered", &fields);
        });
    }

    /// Removes the hotkey at a UID from the subnet in a new block. The UID stays empty until it is registered again.
    pub fn deregister_neuron(&self, uid: u16) {
        let netuid = self.shared.netuid;
        self.shared.ledger().produce_with(|state, _| seeding::remove_neuron_key(state, netuid, uid));
    }

    /// Gives or takes a permit in a new block.
    pub fn set_validator_permit(&self, uid: u16, permitted: bool) {
        let netuid = self.shared.netuid;
        self.shared
            .ledger()
            .produce_with(|state, _| state.put_element(entries::VALIDATOR_PERMIT, netuid, uid, permitted));
    }

    /// Sets the stake of a registered hotkey in a new block.
    pub fn set_stake(&self, hotkey: &AccountId, stake_rao: u64) {
        let netuid = self.shared.netuid;
        self.shared.ledger().produce_with(|state, _| seeding::put_stake(state, netuid, hotkey, stake_rao));
    }

    /// Gives an account what it needs to sign, in a new block, without registering it.
    pub fn endow(&self, account: &AccountId) {
        self.shared.ledger().produce_with(|state, _| seeding::endow(state, account));
    }

    /// Commits for another member of the subnet in a new block, under the chain's own rules.
    pub fn set_commitment_directly(&self, hotkey: &AccountId, text: &[u8]) -> Result<(), DispatchError> {
        let netuid = self.shared.netuid;
        self.shared.ledger().produce_with(|state, events| {
            let info = commitments::raw_info(state.runtime(), text);
            let origin = Origin { signer: hotkey, phase: Phase::Initialization };
            commitments::apply(state, events, &origin, netuid, &info)
        })
    }

    /// Sets weights for another validator in a new block, under the chain's own rules.
    pub fn set_weights_directly(&self, hotkey: &AccountId, weights: &[(u16, u16)]) -> Result<(), DispatchError> {
        let (uids, values) = weights.iter().copied().unzip();
        let submission = WeightsSubmission { netuid: self.shared.netuid, uids, values, version_key: u64::MAX };
        self.shared.ledger().produce_with(|state, events| {
            let origin = Origin { signer: hotkey, phase: Phase::Initialization };
            weights::apply_plain(state, events, &origin, &submission)
        })
    }

    /// What can go wrong.
    pub fn faults(&self) -> NodeFaults {
        NodeFaults::new(self.shared.clone())
    }
}
