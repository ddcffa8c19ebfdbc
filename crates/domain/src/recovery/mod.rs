//! Recovery: what a hotkey was paid for views that turned out not to be an audience's, or for an item that turned out to be
//! another's, is taken from what it earns later.
//!
//! 1. [`believed`](crate::traffic::believed) says how many of the views that a cycle paid for are still believed now: a
//!    [`Belief`].
//! 2. [`debts`] computes the share of that cycle that was paid too much: a [`Debt`].
//! 3. [`settle`] takes debts from what is earned now, and gives back what was taken by mistake.
//!
//! ```text
//! earned_share  = the hotkey's part of all that was earned in the cycle
//! believed_share = the same, with every belief of that cycle applied and all scores normalised again
//! lost_part     = the part of what the hotkey earned that its own items lose by their own beliefs
//! excess        = max(0, min(earned_share − believed_share, earned_share × lost_part))
//! ```
//!
//! Example: a miner earned 0.40 of a cycle with a video of 400,000 views. Four days later the platform has removed all but 20,000
//! of them. With 20,000 views its part would have been 0.04: 0.36 of a cycle was paid too much. From the next cycle on everything
//! that it earns is taken, at most 0.36 of a cycle in all, within seven days of the cycle that was paid.
//!
//! Invariants:
//! - A hotkey without a belief about its own items has no excess: nobody is charged for what others did. The second bound
//!   (`lost_part`) holds for those with one too.
//! - Nothing is taken beyond what is earned, and nothing is given back beyond what was taken.
//! - What others earn is the same bits, whatever is taken: only shares change, in proportion.
//! - Debts lapse a fixed time after their cycle, and the newest is paid first. A validator that started later has the same newer
//!   debts, and takes the same for them, once the older ones have lapsed.

mod excess;
mod settling;

use crate::chain_time::Moment;
use crate::evidence::WeightedTask;
use crate::ids::{ContentId, Hotkey};
use crate::judge::Judged;
use crate::policy::{Policy, TrafficRule};
use serde::{Deserialize, Serialize};

pub use excess::debts;
pub use settling::{Settled, settle};

/// Hours for which beliefs about earlier cycles are recorded where nothing is recovered: a replay can ask for up to this many.
pub const RECORDED_RECOVER_HOURS: f64 = 168.0;

/// What is known now of views that earlier cycles paid for, and what is owed for that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// By cycle, hotkey, task and item. They do not depend on what is paid, so other policies can be replayed with them.
    pub beliefs: Vec<Belief>,
    /// By hotkey and cycle: what is owed, before this cycle takes anything.
    pub debts: Vec<Debt>,
}

/// What is believed now of the views that a cycle paid a hotkey for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belief {
    /// The cycle that paid.
    pub cycle: u32,
    /// The hotkey that was paid.
    pub hotkey: Hotkey,
    /// The task's id.
    pub task_id: String,
    /// The item.
    pub content: ContentId,
    /// The views that were shown to that cycle.
    pub shown: u64,
    /// The part of them that is believed now.
    pub believed: u64,
    /// Why not all of them are.
    pub cause: Cause,
}

/// Why views that were paid for are not believed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// Later the platform showed fewer.
    ViewsFell {
        /// When it did.
        at: Moment,
    },
    /// They came in a surge that stopped abruptly, without the item's usual likes.
    SurgeStoppedDead,
    /// They came without the likes that came with the item's other views.
    ViewsWithoutLikes,
    /// The item's text names a registered claimant that has another coldkey.
    NamesAnother {
        /// The hotkey that it names.
        hotkey: Hotkey,
    },
}

/// What a hotkey was paid too much in one cycle. Amounts are shares of a cycle's whole: 1 is all that a cycle pays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Debt {
    /// The hotkey.
    pub hotkey: Hotkey,
    /// The cycle that paid too much.
    pub cycle: u32,
    /// When that cycle was; the debt lapses `verifier.recover_hours` after it.
    pub at: Moment,
    /// What it earned in that cycle.
    pub earned: f64,
    /// What it was paid too much, as far as is known now. 0 if the finding was lifted.
    pub excess: f64,
    /// What was taken for it so far, less what was given back.
    pub taken: f64,
}

impl Debt {
    /// What is still owed; 0 if nothing is.
    pub fn open(&self) -> f64 {
        (self.excess - self.taken).max(0.0)
    }

    /// What was taken too much, since a finding was lifted; 0 if nothing was.
    pub fn to_give_back(&self) -> f64 {
        (self.taken - self.excess).max(0.0)
    }
}

/// What a cycle paid, as far as recovery needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct PaidCycle {
    /// Its number.
    pub cycle: u32,
    /// Its time.
    pub at: Moment,
    /// The rules that it was decided under.
    pub policy: Policy,
    /// Its tasks.
    pub tasks: Vec<WeightedTask>,
    /// Its accepted submissions, by UID and then in the order of the gists.
    pub submissions: Vec<Judged>,
}

/// The hours for which something is recovered under a policy; 0 where nothing is.
pub const fn recover_hours(policy: &Policy) -> f64 {
    match policy.traffic {
        TrafficRule::Discount | TrafficRule::Reject => policy.recover_hours,
        TrafficRule::Off | TrafficRule::Observe | TrafficRule::Hold => 0.0,
    }
}
