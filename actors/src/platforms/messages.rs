//! What a platform's actor is asked, and what it answers.

use actix::Message;
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::places::Turn;
use tensorflix_domain::verdict::Reason;

/// Request: observe contents of this platform. Those that have an observation at block `since` or later are left as
/// they are.
#[derive(Clone, Debug, Message)]
#[rtype(result = "ContentsObserved")]
pub struct ObserveContents {
    /// Which; at any length, it is cut into batches. Where a budget does not last, those that come first are observed.
    pub contents: Vec<ContentId>,
    /// The block since which an observation is fresh enough.
    pub since: Block,
    /// The newest finalized block, by which observations are dated.
    pub as_of: BlockStamp,
    /// Time for all of it.
    pub deadline: Duration,
}

/// Request: observe those of these contents that are due for another look.
#[derive(Clone, Debug, Message)]
#[rtype(result = "ContentsObserved")]
pub struct PollContents {
    /// All contents that the next cycle will ask for, as far as they are known, and whose turn each of them is.
    pub turns: Vec<Turn>,
    /// The newest finalized block, by which observations are dated.
    pub as_of: BlockStamp,
    /// Blocks from one cycle to the next.
    pub cycle_blocks: u32,
    /// Time for all of it.
    pub deadline: Duration,
}

/// Answer to [`ObserveContents`] and [`PollContents`]: everything observed is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct ContentsObserved {
    /// Contents that were observed now.
    pub observed_count: usize,
    /// Contents that could not be observed, and why.
    pub shortfalls: BTreeMap<ContentId, Reason>,
    /// Of these, the contents that an answer passed over, with what the platform said instead: it is in no trouble.
    pub passed_over: BTreeMap<ContentId, String>,
    /// When the budget is renewed for whose sake contents fell short.
    pub budget_renewed_at: Option<Moment>,
    /// What went wrong, each text once, for the report.
    pub errors: Vec<String>,
}

impl ContentsObserved {
    pub(super) fn fall_short(&mut self, contents: &[ContentId], reason: Reason, error: String) {
        self.shortfalls.extend(contents.iter().map(|content| (content.clone(), reason)));
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}
