//! Requests to a platform's actor, and its answer.

use actix::Message;
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::places::Turn;
use tensorflix_domain::verdict::Reason;

/// Request: observe contents of this platform. Those that have an observation at block `since` or later are skipped.
#[derive(Clone, Debug, Message)]
#[rtype(result = "ContentsObserved")]
pub struct ObserveContents {
    /// Which contents, in a list of any length; it is cut into batches. Where a budget does not suffice, those that
    /// come first are observed.
    pub contents: Vec<ContentId>,
    /// The block since which an observation is fresh enough.
    pub since: Block,
    /// The newest finalized block, by which observations are dated.
    pub as_of: BlockStamp,
    /// Time for all of it.
    pub deadline: Duration,
}

/// Request: observe those of these contents that are due for another observation.
#[derive(Clone, Debug, Message)]
#[rtype(result = "ContentsObserved")]
pub struct PollContents {
    /// All contents that the next cycle will request, as far as they are known, each with the hotkey that it is polled for.
    pub turns: Vec<Turn>,
    /// Of these, the contents that earned something in the newest cycle, the one that earned most first.
    pub earners: Vec<ContentId>,
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
    /// Contents that were observed by this request.
    pub observed_count: usize,
    /// Contents that could not be observed, and why.
    pub shortfalls: BTreeMap<ContentId, Reason>,
    /// Of these, the contents that an answer did not show, with what the platform said instead: the platform itself is
    /// healthy.
    pub passed_over: BTreeMap<ContentId, String>,
    /// When the budget resets for lack of which contents fell short.
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
