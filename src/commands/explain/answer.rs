//! The question and the answer of `explain`.

use super::miner::MinerStory;
use super::submission::Story;
use crate::text::json::one_line;
use serde::Serialize;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::{Block, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::profile::Profile;

/// What is asked for; at least one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The id of an item, as listed.
    pub content_id: Option<String>,
    /// A miner.
    pub uid: Option<Uid>,
}

impl Question {
    pub(super) fn asks_for(&self, judged: &Judged) -> bool {
        self.uid.is_none_or(|uid| judged.uid == uid)
            && self.content_id.as_ref().is_none_or(|content_id| judged.content_id == *content_id)
    }
}

/// The stories of one cycle that were asked for, grouped by miner, in the order of the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The cycle.
    pub cycle: u32,
    /// Its block.
    pub block: Block,
    /// The chain's time of it.
    pub block_time: Moment,
    /// The release that decided it.
    pub release: String,
    /// The policy that it was decided under, by its hash.
    pub policy_sha256: String,
    /// The profile that the policy names; `None` in cycles of releases without profiles.
    pub profile: Option<Profile>,
    /// The same in words, and whether single settings override it.
    #[serde(skip)]
    pub profile_words: String,
    /// The submissions.
    pub submissions: Vec<Story>,
    /// The miners that they belong to, or the one that was asked for.
    pub miners: Vec<MinerStory>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The stories.
    Answer(Box<Answer>),
    /// There is no such submission in this cycle: what is known about it, and what to do.
    Unknown(Vec<String>),
}

/// An answer as one JSON object on one line, without its end.
pub fn to_json(answer: &Answer) -> String {
    one_line(answer)
}
