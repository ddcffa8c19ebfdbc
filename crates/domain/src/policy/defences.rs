//! Defences against attacks that the rules of the subnet leave open: the settings `[defences]`. [`Defences::default`] has
//! all of them off, as in cycles of releases without them; which ones a validator has by default is up to its profile. What each
//! is worth against which attack is measured by the attack lab (`tests/hostile/attacks`).
//!
//! - Each takes only from the miners that it is aimed at; no raw score of another miner depends on it.
//! - What is not known (no coldkey, no channel, no first sight) never counts against a miner.
//! - Arithmetic is + − × ÷ and libm: every machine gets the same bits.

use serde::{Deserialize, Serialize};

/// `[defences]`. Cycles of releases without it are read as with all of them off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defences {
    /// Accepted submissions that count in one task for all hotkeys of one coldkey; 0: any number.
    pub max_per_coldkey_and_task: u32,
    /// The same for all gists of one GitHub account, where GitHub confirmed it.
    pub max_per_github_owner_and_task: u32,
    /// The same for all items of one channel: first those that name their miner, then by their claims.
    pub max_per_channel_and_task: u32,
    /// What happens to an item that names another registered hotkey than the one that lists it.
    pub foreign_tag: ForeignTag,
    /// A score is the lower of the present one and the one from this many hours ago or longer, and waits for that; 0:
    /// the present one.
    pub settling_hours: f64,
    /// Of an item that had at least this many views when it was first seen, only later views count; 0: all count.
    pub first_sight_views: u64,
    /// The share that counts of a score with hidden likes, once its traffic is judged and discounted: 0 to 1.
    pub hidden_engagement_share: f64,
    /// Exponent on normalised scores, above 0: below 1 it brings them closer together.
    pub score_exponent: f64,
    /// A task's best counts 1 only if it reaches this share of the other tasks' level; 0: it always does.
    pub task_floor_share: f64,
    /// A task in which fewer owners have an accepted submission pays nothing; 0: every task pays. Policies of releases without it
    /// keep their bytes.
    #[serde(skip_serializing_if = "is_off")]
    pub fewest_owners_per_task: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_off(fewest: &u32) -> bool {
    *fewest == 0
}

impl Default for Defences {
    fn default() -> Self {
        Self {
            max_per_coldkey_and_task: 0,
            max_per_github_owner_and_task: 0,
            max_per_channel_and_task: 0,
            foreign_tag: ForeignTag::Accept,
            settling_hours: 0.0,
            first_sight_views: 0,
            hidden_engagement_share: 1.0,
            score_exponent: 1.0,
            task_floor_share: 0.0,
            fewest_owners_per_task: 0,
        }
    }
}

impl Defences {
    /// Whether all of them are off.
    pub fn are_off(&self) -> bool {
        *self == Self::default()
    }
}

/// `defences.foreign_tag`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignTag {
    /// It counts unless the hotkey that it names claims it too.
    #[default]
    Accept,
    /// It is rejected: it belongs to the hotkey that it names, whether that claims it or not.
    Reject,
}

/// Hours of the older views that every cycle records: a replay can request up to this many.
pub const RECORDED_SETTLING_HOURS: f64 = 72.0;
