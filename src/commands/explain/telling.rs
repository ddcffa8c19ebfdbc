//! How a submission got its score: its story in a decided cycle, built only from the store.
//!
//! Invariants: every number is the stored one, and every reason of the rules has its words
//! ([`words_of`](crate::text::reasons::words_of)); what is not known is reported as unknown, never guessed. Nothing is judged
//! again, and nothing is changed.

use super::answer::{Answer, Question, Told};
use super::{miner, submission, unknown};
use crate::commands::stored::recorded::{RecordedCycle, policy_sha256};
use crate::text::profiles::profile_words;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::decision::earned_by_miner;
use tensorflix_domain::evidence::BoundClaim;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::judge::Judged;
use tensorflix_store::{Store, StoreError};

/// Answers a question.
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
        profile: decided.policy.profile,
        profile_words: profile_words(&decided.policy),
        submissions,
        miners,
    })))
}
