//! A complete decided cycle as the store keeps it: to be exported, read back, replayed and explained.
//!
//! Invariants: what is written as JSON reads back as the same cycle, bit for bit; both formats are written piece by piece, so
//! that memory holds the cycle and not its text; nothing here decides or changes anything.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::{Block, Hotkey, Uid};
use tensorflix_domain::intent::{IntentOutcome, WeightIntent};
use tensorflix_domain::policy::Policy;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::WeightEntry;
use tensorflix_store::{Store, StoreError};

/// Everything that is stored about one decided cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCycle {
    /// What it decided, and the evidence.
    pub decided: DecidedCycle,
    /// The subnet that it was opened with.
    pub subnet: Subnet,
    /// What was signed for its scores, oldest first.
    pub sent: Vec<SentWeights>,
}

/// Weights that were signed for a cycle's scores, in one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentWeights {
    /// The window: its first block.
    pub window: Block,
    /// The block that they were built and signed at. UIDs are those of this block.
    pub signed_at: BlockStamp,
    /// The entries, by UID.
    pub entries: Vec<WeightEntry>,
    /// Hash of the extrinsic, `0x` and hexadecimal.
    pub extrinsic: String,
    /// The outcome; `None` while it is not known.
    pub outcome: Option<IntentOutcome>,
}

impl SentWeights {
    /// The block that holds them, if they are on chain.
    pub const fn confirmed_in(&self) -> Option<Block> {
        match self.outcome {
            Some(IntentOutcome::Confirmed { block }) => Some(block),
            _ => None,
        }
    }

    /// What was sent for a UID; 0 if it has no entry.
    pub fn weight_of(&self, uid: Uid) -> u16 {
        self.entries.iter().find(|(entry, _)| *entry == uid).map_or(0, |(_, weight)| *weight)
    }
}

impl From<WeightIntent> for SentWeights {
    fn from(intent: WeightIntent) -> Self {
        Self {
            window: intent.window,
            signed_at: intent.signed_at,
            entries: intent.entries,
            extrinsic: format!("0x{}", hex::encode(intent.extrinsic_hash)),
            outcome: intent.outcome,
        }
    }
}

impl RecordedCycle {
    /// Reads a cycle from the store; `None` if it is not decided, was never opened, or was pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn load(store: &Store, cycle: u32) -> Result<Option<Self>, StoreError> {
        let (Some(decided), Some(subnet)) = (store.decided_cycle(cycle).await?, store.cycle_subnet(cycle).await?)
        else {
            return Ok(None);
        };
        let sent = store.intents_of_cycle(cycle).await?.into_iter().map(SentWeights::from).collect();
        Ok(Some(Self { decided, subnet, sent }))
    }

    /// The weights of this cycle that are on chain, the first that got there.
    pub fn first_confirmed(&self) -> Option<&SentWeights> {
        self.sent.iter().find(|sent| sent.confirmed_in().is_some())
    }

    /// The hotkey of a UID at the cycle's block.
    pub fn holder_of(&self, uid: Uid) -> Option<Hotkey> {
        self.subnet.neurons.iter().find(|neuron| neuron.uid == uid).map(|neuron| neuron.hotkey)
    }
}

/// SHA-256 of a policy, in hexadecimal: of its compact JSON with the fields in their order. Two cycles with the same were
/// decided under the same rules.
pub fn policy_sha256(policy: &Policy) -> String {
    // A policy is texts and finite numbers, so this cannot fail.
    hex::encode(Sha256::digest(serde_json::to_vec(policy).unwrap_or_default()))
}
