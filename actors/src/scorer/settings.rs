//! The settings of cycles.

use std::time::Duration;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;

/// Time for all observations of one cycle on one platform.
pub const OBSERVATION_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// Time for all verdicts of one cycle. The cycle is decided without verdicts that take longer.
pub const VERIFICATION_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// Most items with their texts in memory at one time.
pub(crate) const CONTENTS_PER_READ: usize = 2_000;

/// When cycles open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// One in each slot of the block grid.
    Grid,
    /// One, at the first block at which the subnet is read, whatever the grid.
    Once,
}

/// The settings of cycles.
#[derive(Clone, Debug)]
pub struct CycleSettings {
    /// The rules that decide.
    pub policy: Policy,
    /// Which tasks count.
    pub task_source: TaskSource,
    /// The configured task gist; `None` means the gist of our own commitment.
    pub task_gist: Option<GistPointer>,
    /// Our own hotkey, which is never scored.
    pub own_hotkey: Option<Hotkey>,
    /// Blocks in a slot.
    pub slot_blocks: u32,
    /// Blocks in a polling round.
    pub round_blocks: u32,
    /// When cycles open.
    pub opening: Opening,
    /// Version of the program, which is stored with each decision.
    pub release: String,
}
