//! What an operator should check after a cycle: hints that prove nothing and change no score.
//!
//! Each kind of hint is a question that only a person can answer: an untagged item may be somebody else's, a tie may
//! have been settled for the wrong miner, several hotkeys may be one person. At most [`MOST_OF_A_KIND`] of each kind
//! are reported, those with the most weight first, and how many more there were.

use crate::cycle::DecidedCycle;
use crate::dispute::SettledBy;
use crate::evidence::Evidence;
use crate::gist_owner::GistName;
use crate::ids::{ContentId, Uid};
use crate::judge::Judged;
use crate::policy::OwnershipRule;
use crate::subnet::{CommitmentRecord, Subnet};
use crate::suspicion::{concentrated_tasks, reuploads};
use crate::verdict::Status;
use crate::weights::ScoreVector;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Hints of one kind that are reported for one cycle.
pub const MOST_OF_A_KIND: usize = 20;
/// An item earns enough to be checked from this part of its task's normalised scores on.
const WINNING_SHARE: f64 = 0.1;
/// A gain is sudden from this part of the whole subnet's scores on …
const GAINED_SHARE: f64 = 0.1;
/// … if the miner's part is this many times what it was.
const GAINED_TIMES: f64 = 2.0;

/// One hint.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hint {
    /// An item that earns much in its task, with a text that names no hotkey: it may be somebody else's.
    UntaggedWinner {
        /// The miner.
        uid: Uid,
        /// The task.
        task_id: String,
        /// The item as listed.
        content_id: String,
        /// Its part of what counts in the task, 0 to 1.
        share: f64,
    },
    /// Several hotkeys commit the same gist.
    SharedGist {
        /// `username:gist_id`.
        gist: String,
        /// The hotkeys' UIDs.
        uids: Vec<Uid>,
    },
    /// A dispute that was settled without proof of who was first.
    Tie {
        /// The miner that holds the item.
        uid: Uid,
        /// The task.
        task_id: String,
        /// The item as listed.
        content_id: String,
        /// Others that list it for the same task.
        others: Vec<Uid>,
        /// What settled it.
        settled_by: SettledBy,
    },
    /// A miner has far more of the whole than in the cycle before.
    SuddenGain {
        /// The miner.
        uid: Uid,
        /// Its part of all scores in the cycle before, 0 to 1.
        before: f64,
        /// Its part now.
        now: f64,
    },
    /// Items of one channel earn under several hotkeys.
    SharedChannel {
        /// The hotkeys' UIDs.
        uids: Vec<Uid>,
        /// An item of each, in the same order.
        content_ids: Vec<String>,
    },
    /// One miner has nearly all that counts in a task.
    ConcentratedTask {
        /// The miner.
        uid: Uid,
        /// The task.
        task_id: String,
        /// Its part of what counts in the task, 0 to 1.
        share: f64,
    },
    /// An item has the title and length of one that was published earlier in another channel.
    Reupload {
        /// The miner that lists the later one.
        uid: Uid,
        /// The later one.
        content_id: String,
        /// The miner that lists the earlier one.
        original_uid: Uid,
        /// The earlier one.
        original_content_id: String,
    },
}

/// The hints of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audit {
    /// The hints, kind by kind.
    pub hints: Vec<Hint>,
    /// How many more there were of kinds with too many.
    pub untold: usize,
}

/// Searches a decided cycle for hints. `before` are the scores of an earlier cycle, if there is one.
pub fn audit(cycle: &DecidedCycle, subnet: &Subnet, before: Option<&ScoreVector>) -> Audit {
    let mut audit = Audit::default();
    let (evidence, submissions) = (&cycle.evidence, cycle.submissions.as_slice());
    if cycle.policy.ownership_tag != OwnershipRule::Off {
        audit.tell(untagged_winners(evidence, submissions));
    }
    audit.tell(shared_gists(subnet));
    audit.tell(ties(submissions));
    audit.tell(sudden_gains(subnet, &cycle.scores, before));
    audit.tell(shared_channels(evidence, submissions));
    audit.tell(
        concentrated_tasks(submissions)
            .into_iter()
            .filter(|found| found.miners > 1)
            .map(|found| Hint::ConcentratedTask { uid: found.uid, task_id: found.task_id, share: found.share })
            .collect(),
    );
    audit.tell(
        reuploads(evidence, submissions)
            .into_iter()
            .map(|found| Hint::Reupload {
                uid: found.copy.1,
                content_id: found.copy.0.as_str().to_owned(),
                original_uid: found.original.1,
                original_content_id: found.original.0.as_str().to_owned(),
            })
            .collect(),
    );
    audit
}

impl Audit {
    fn tell(&mut self, mut hints: Vec<Hint>) {
        self.untold += hints.len().saturating_sub(MOST_OF_A_KIND);
        hints.truncate(MOST_OF_A_KIND);
        self.hints.append(&mut hints);
    }
}

/// Submissions that earn: accepted, with a score above zero.
fn earning(submissions: &[Judged]) -> impl Iterator<Item = (&Judged, f64)> {
    submissions
        .iter()
        .filter(|judged| judged.status == Status::Accepted)
        .filter_map(|judged| judged.normalized_score.filter(|score| *score > 0.0).map(|score| (judged, score)))
}

fn content_of(judged: &Judged) -> Option<ContentId> {
    judged.content()
}

fn untagged_winners(evidence: &Evidence, submissions: &[Judged]) -> Vec<Hint> {
    let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
    for (judged, score) in earning(submissions) {
        *totals.entry(&judged.task_id).or_insert(0.0) += score;
    }
    let mut found: Vec<(f64, &Judged)> = earning(submissions)
        .map(|(judged, score)| (score / totals[judged.task_id.as_str()], judged))
        .filter(|(share, judged)| {
            let is_tagged = content_of(judged)
                .and_then(|content| evidence.contents.get(&content))
                .is_some_and(|known| known.owner_tag.is_some());
            *share >= WINNING_SHARE && !is_tagged
        })
        .collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    let hint = |(share, judged): (f64, &Judged)| Hint::UntaggedWinner {
        uid: judged.uid,
        task_id: judged.task_id.clone(),
        content_id: judged.content_id.clone(),
        share,
    };
    found.into_iter().map(hint).collect()
}

fn shared_gists(subnet: &Subnet) -> Vec<Hint> {
    let mut holders: BTreeMap<GistName, Vec<Uid>> = BTreeMap::new();
    for neuron in &subnet.neurons {
        if let Some(pointer) = neuron.commitment.as_ref().and_then(CommitmentRecord::pointer) {
            holders.entry(GistName::from(&pointer)).or_default().push(neuron.uid);
        }
    }
    let shared = holders.into_iter().filter(|(_, uids)| uids.len() > 1);
    shared.map(|(gist, uids)| Hint::SharedGist { gist: gist.to_string(), uids }).collect()
}

fn ties(submissions: &[Judged]) -> Vec<Hint> {
    let mut listed: BTreeMap<(&str, &str), BTreeSet<Uid>> = BTreeMap::new();
    for judged in submissions {
        listed.entry((&judged.task_id, &judged.content_id)).or_default().insert(judged.uid);
    }
    let is_without_proof =
        |settled: SettledBy| matches!(settled, SettledBy::GistUpdate | SettledBy::CommitmentBlock | SettledBy::Uid);
    let mut found: Vec<(f64, Hint)> = earning(submissions)
        .filter_map(|(judged, score)| {
            let settled_by = judged.settled_by.filter(|settled| is_without_proof(*settled))?;
            let uids = listed.get(&(judged.task_id.as_str(), judged.content_id.as_str()))?;
            let hint = Hint::Tie {
                uid: judged.uid,
                task_id: judged.task_id.clone(),
                content_id: judged.content_id.clone(),
                others: uids.iter().copied().filter(|uid| *uid != judged.uid).collect(),
                settled_by,
            };
            Some((score, hint))
        })
        .collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    found.into_iter().map(|(_, hint)| hint).collect()
}

fn sudden_gains(subnet: &Subnet, now: &ScoreVector, before: Option<&ScoreVector>) -> Vec<Hint> {
    let Some(before) = before else { return Vec::new() };
    let (sum_now, sum_before): (f64, f64) = (now.values().sum(), before.values().sum());
    if sum_now <= 0.0 || sum_before <= 0.0 {
        return Vec::new();
    }
    let mut found: Vec<(f64, Hint)> = now
        .iter()
        .filter(|(hotkey, _)| subnet.owner_hotkey != Some(**hotkey))
        .filter_map(|(hotkey, score)| {
            let had = before.get(hotkey).copied().unwrap_or(0.0) / sum_before;
            let has = score / sum_now;
            let is_sudden = has - had >= GAINED_SHARE && has >= had * GAINED_TIMES;
            let uid = subnet.neuron(hotkey).filter(|_| is_sudden)?.uid;
            Some((has - had, Hint::SuddenGain { uid, before: had, now: has }))
        })
        .collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    found.into_iter().map(|(_, hint)| hint).collect()
}

fn shared_channels(evidence: &Evidence, submissions: &[Judged]) -> Vec<Hint> {
    let mut channels: BTreeMap<u64, BTreeMap<Uid, &str>> = BTreeMap::new();
    for (judged, _) in earning(submissions) {
        let known = content_of(judged).and_then(|content| evidence.contents.get(&content));
        if let Some(channel) = known.and_then(|known| known.origin.as_ref()?.channel) {
            channels.entry(channel).or_default().entry(judged.uid).or_insert(&judged.content_id);
        }
    }
    let mut shared: Vec<BTreeMap<Uid, &str>> = channels.into_values().filter(|miners| miners.len() > 1).collect();
    shared.sort_by_key(|miners| std::cmp::Reverse(miners.len()));
    let hint = |miners: BTreeMap<Uid, &str>| Hint::SharedChannel {
        uids: miners.keys().copied().collect(),
        content_ids: miners.into_values().map(str::to_owned).collect(),
    };
    shared.into_iter().map(hint).collect()
}
