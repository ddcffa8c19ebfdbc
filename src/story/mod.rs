//! Why a submission scored what it scored: its story in a decided cycle, put together from the store alone.
//!
//! Invariants: every number is the stored one, and every reason that the rules know has its words ([`words_of`](crate::text::reasons::words_of)); what
//! cannot be told is said instead of guessed. Nothing is judged anew, and nothing is changed.

mod miner;
mod score;
mod submission;
mod text;
mod unknown;

pub use miner::{MinerStory, SentWeight};
pub use submission::{Best, Listed, Rival, Settled, Story};
pub use text::to_text;

use crate::export::{RecordedCycle, policy_sha256};
use crate::text::json::one_line;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::decision::earned_by_miner;
use tensorflix_domain::evidence::BoundClaim;
use tensorflix_domain::ids::{Block, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_store::{Store, StoreError};

/// What is asked for; at least one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// A content's id, as listed.
    pub content_id: Option<String>,
    /// A miner.
    pub uid: Option<Uid>,
}

impl Question {
    fn asks_for(&self, judged: &Judged) -> bool {
        self.uid.is_none_or(|uid| judged.uid == uid)
            && self.content_id.as_ref().is_none_or(|content_id| judged.content_id == *content_id)
    }
}

/// The stories of one cycle that were asked for, each miner's together, in the order of the report.
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
    /// The submissions.
    pub submissions: Vec<Story>,
    /// The miners that they belong to, or the one that was asked for.
    pub miners: Vec<MinerStory>,
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The stories.
    Answer(Box<Answer>),
    /// There is no such submission in this cycle: what is known of it, and what to do.
    Unknown(Vec<String>),
}

/// Tells what was asked for.
///
/// # Errors
/// If the database cannot be read.
pub async fn tell(store: &Store, recorded: &RecordedCycle, question: &Question) -> Result<Told, StoreError> {
    let decided = &recorded.decided;
    let asked: Vec<&Judged> = decided.submissions.iter().filter(|judged| question.asks_for(judged)).collect();
    let miner_alone = question.uid.filter(|_| question.content_id.is_none());
    if asked.is_empty() && miner_alone.and_then(|uid| recorded.holder_of(uid)).is_none() {
        return Ok(Told::Unknown(unknown::words(store, recorded, question).await?));
    }
    let contents: BTreeSet<&str> = asked.iter().map(|judged| judged.content_id.as_str()).collect();
    let mut claims: BTreeMap<&str, Vec<&BoundClaim>> = BTreeMap::new();
    for bound in decided.evidence.claims.iter().filter(|bound| contents.contains(bound.claim.content_id.as_str())) {
        claims.entry(&bound.claim.content_id).or_default().push(bound);
    }
    let teller = submission::Teller::new(store, recorded, claims);
    let mut submissions = Vec::with_capacity(asked.len());
    for judged in &asked {
        submissions.push(teller.tell(judged).await?);
    }
    let uids: BTreeSet<Uid> = asked.iter().map(|judged| judged.uid).chain(miner_alone).collect();
    let earned = earned_by_miner(&decided.submissions, &decided.evidence.tasks, decided.policy.aggregate);
    let miners = uids.into_iter().filter_map(|uid| miner::tell(recorded, &earned, uid)).collect();
    Ok(Told::Answer(Box::new(Answer {
        cycle: decided.cycle,
        block: decided.evidence.at.block,
        block_time: decided.evidence.at.time,
        release: decided.release.clone(),
        policy_sha256: policy_sha256(&decided.policy),
        submissions,
        miners,
    })))
}

/// An answer as one JSON object on one line, without its end.
pub fn to_json(answer: &Answer) -> String {
    one_line(answer)
}
