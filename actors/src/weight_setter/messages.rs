//! The messages that WeightSetter sends.

use actix::Message;
use tensorflix_domain::ids::Block;
use tensorflix_domain::standing::Standing;
use tensorflix_domain::weights::WeightEntry;

/// Weights are on chain, in a finalized block.
#[derive(Clone, Debug, Message, PartialEq)]
#[rtype(result = "()")]
pub struct WeightsConfirmed {
    /// The cycle that the weights belong to.
    pub cycle: u32,
    /// The block that includes them.
    pub block: Block,
    /// Hash of the extrinsic.
    pub extrinsic_hash: [u8; 32],
    /// What was sent, by UID.
    pub entries: Vec<WeightEntry>,
    /// The block from which the chain is to reveal them, if they are committed.
    pub reveal_at: Option<Block>,
    /// How they compare with the consensus; `None` if we were deregistered since.
    pub standing: Option<Standing>,
    /// Whether this settles a submission of an earlier pass, or of an earlier process, with an outcome that was not known.
    pub settles_earlier: bool,
}

/// Weights of a decided cycle were not sent, or not accepted.
#[derive(Clone, Debug, Message, PartialEq)]
#[rtype(result = "()")]
pub struct WeightsWithheld {
    /// The cycle that the weights belong to.
    pub cycle: u32,
    /// What would have been sent, by UID; empty if it was not determined.
    pub entries: Vec<WeightEntry>,
    /// How they would compare with the consensus.
    pub standing: Option<Standing>,
    /// Why, and what to do about it.
    pub reason: String,
    /// Whether something failed or operator action is required; otherwise this is normal.
    pub is_failure: bool,
}
