//! A decided cycle and what became of its weights, as it is reported.

use std::collections::BTreeMap;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::standing::Standing;
use tensorflix_domain::weights::WeightEntry;

/// A decided cycle and what became of its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleReport {
    /// The cycle.
    pub decided: DecidedCycle,
    /// What was sent, or would have been, by UID.
    pub entries: Vec<WeightEntry>,
    /// What became of it.
    pub sending: Sending,
    /// How these weights compare with the consensus; `None` if we have no neuron.
    pub standing: Option<Standing>,
    /// The hotkey of each UID at the cycle's block.
    pub hotkeys: BTreeMap<Uid, Hotkey>,
}

/// What became of a cycle's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// They are on chain.
    Confirmed {
        /// The block that includes them.
        block: u32,
        /// Hash of the extrinsic.
        extrinsic_hash: [u8; 32],
    },
    /// They were not sent, or not accepted.
    Withheld {
        /// Why.
        reason: String,
        /// Whether something failed.
        is_failure: bool,
    },
}
