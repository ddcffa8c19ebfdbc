//! The settings of sending.

use serde::{Deserialize, Serialize};

/// Blocks of a slot during which a resend waits for the slot's own decision: five minutes, and at most half of the slot.
pub const DECISION_PATIENCE_BLOCKS: u32 = 25;

/// The settings of sending.
#[derive(Clone, Copy, Debug)]
pub struct SendingSettings {
    /// `weights.resend_blocks`; 0 means automatic.
    pub resend_blocks: u32,
    /// Blocks in a cycle's slot.
    pub slot_blocks: u32,
    /// `weights.version_key`.
    pub version_key: u64,
    /// `weights.on_foreign_update`.
    pub on_foreign_update: OnForeignUpdate,
    /// Whether nothing is signed and sent.
    pub dry_run: bool,
}

/// What to do when somebody else set our weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnForeignUpdate {
    /// Report it, wait for the rate limit, continue.
    Continue,
    /// Report it, and send nothing more until the process is restarted.
    Stop,
}
