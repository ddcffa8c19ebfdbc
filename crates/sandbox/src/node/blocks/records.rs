//! What was submitted through the node's RPC and came into a block: the sandbox's own account, for tests.

use std::collections::VecDeque;

use crate::node::calls::commitments;
use crate::node::calls::events::DispatchError;
use crate::node::calls::extrinsic::SignedExtrinsic;
use crate::node::calls::timelock::TimelockedCall;
use crate::node::header::Hash;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::genesis::AccountId;

/// Most records that are kept; the oldest go first.
pub const MAX_SUBMISSION_RECORDS: usize = 100_000;

/// An extrinsic that was included in a block of the best branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionRecord {
    /// The block's number.
    pub block: u32,
    /// The block's hash.
    pub block_hash: Hash,
    /// The blake2-256 hash of the extrinsic's bytes.
    pub extrinsic_hash: Hash,
    /// Who signed it.
    pub signer: AccountId,
    /// The signer's nonce.
    pub nonce: u32,
    /// Pallet and call, such as `SubtensorModule.set_weights`.
    pub call: String,
    /// What it asked for.
    pub arguments: SubmittedArguments,
    /// Whether the dispatch succeeded.
    pub outcome: Result<(), DispatchError>,
}

/// The arguments of the calls that matter to a validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmittedArguments {
    /// Plain weights, as they were sent.
    Weights {
        /// The subnet.
        netuid: u16,
        /// Whom they are for.
        uids: Vec<u16>,
        /// How much, in the same order.
        values: Vec<u16>,
        /// The version key.
        version_key: u64,
    },
    /// Weights that nobody can read yet.
    TimelockedWeights {
        /// The subnet.
        netuid: u16,
        /// The ciphertext.
        commit: Vec<u8>,
        /// The beacon's round that opens it.
        reveal_round: u64,
        /// The version of commit–reveal.
        version: u16,
    },
    /// A commitment.
    Commitment {
        /// The subnet.
        netuid: u16,
        /// The bytes of its first field that holds any.
        text: Vec<u8>,
    },
    /// Any other call.
    Other,
}

impl SubmittedArguments {
    fn of(runtime: &Runtime, extrinsic: &SignedExtrinsic) -> Self {
        let call = &extrinsic.call;
        let netuid = call.argument("netuid").unwrap_or_default();
        if call.is("SubtensorModule", "set_weights") {
            return Self::Weights {
                netuid,
                uids: call.argument("dests").unwrap_or_default(),
                values: call.argument("weights").unwrap_or_default(),
                version_key: call.argument("version_key").unwrap_or_default(),
            };
        }
        if call.is("SubtensorModule", "commit_timelocked_weights")
            && let Some(TimelockedCall { netuid, commit, reveal_round, version }) = TimelockedCall::of(call)
        {
            return Self::TimelockedWeights { netuid, commit, reveal_round, version };
        }
        if call.is("Commitments", "set_commitment") {
            let info = call.arguments.get("info").map(Vec::as_slice).unwrap_or_default();
            return Self::Commitment { netuid, text: commitments::text_of_info(runtime, info).unwrap_or_default() };
        }
        Self::Other
    }
}

impl SubmissionRecord {
    pub(crate) fn new(
        runtime: &Runtime,
        extrinsic: &SignedExtrinsic,
        block: u32,
        block_hash: Hash,
        outcome: Result<(), DispatchError>,
    ) -> Self {
        Self {
            block,
            block_hash,
            extrinsic_hash: extrinsic.hash,
            signer: extrinsic.signer,
            nonce: extrinsic.nonce,
            call: format!("{}.{}", extrinsic.call.pallet, extrinsic.call.name),
            arguments: SubmittedArguments::of(runtime, extrinsic),
            outcome,
        }
    }
}

/// The records, oldest first.
#[derive(Default)]
pub(crate) struct Records {
    records: VecDeque<SubmissionRecord>,
}

impl Records {
    pub fn push(&mut self, record: SubmissionRecord) {
        if self.records.len() == MAX_SUBMISSION_RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Forgets what was included in a block that is no longer on the best branch.
    pub fn retract(&mut self, block_hash: &Hash) {
        self.records.retain(|record| record.block_hash != *block_hash);
    }

    pub fn to_vec(&self) -> Vec<SubmissionRecord> {
        self.records.iter().cloned().collect()
    }
}
