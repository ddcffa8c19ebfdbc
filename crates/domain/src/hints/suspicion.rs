//! What an operator should check: hints that prove nothing and change no score.

use crate::evidence::Evidence;
use crate::ids::{ContentId, Uid};
use crate::judge::Judged;
use crate::verdict::Status;
use std::collections::BTreeMap;

/// Hints of one kind that are reported for one cycle.
const MOST_TOLD: usize = 20;
/// From this part of what counts in a task on, one miner dominates the task.
const CONCENTRATED: f64 = 0.9;

/// A task in which one miner has nearly all that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Concentration {
    /// The task.
    pub task_id: String,
    /// The miner.
    pub uid: Uid,
    /// Its part of the sum of normalised scores, 0 to 1.
    pub share: f64,
    /// How many miners have anything that counts there.
    pub miners: usize,
}

/// The tasks in which one miner has nine tenths or more of the normalised scores, by id.
pub fn concentrated_tasks(submissions: &[Judged]) -> Vec<Concentration> {
    let mut tasks: BTreeMap<&str, BTreeMap<Uid, f64>> = BTreeMap::new();
    for judged in submissions {
        if let Some(score) = judged.normalized_score.filter(|score| *score > 0.0) {
            *tasks.entry(&judged.task_id).or_default().entry(judged.uid).or_insert(0.0) += score;
        }
    }
    let concentration = |(task_id, miners): (&str, BTreeMap<Uid, f64>)| {
        let total: f64 = miners.values().sum();
        let (uid, most) = miners.iter().max_by(|left, right| left.1.total_cmp(right.1))?;
        let share = most / total;
        let found = Concentration { task_id: task_id.to_owned(), uid: *uid, share, miners: miners.len() };
        (share >= CONCENTRATED).then_some(found)
    };
    tasks.into_iter().filter_map(concentration).take(MOST_TOLD).collect()
}

/// Items of different channels and hotkeys with the same title and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reupload {
    /// The item that was published first, and the miner that lists it.
    pub original: (ContentId, Uid),
    /// The one that was published later, and the miner that lists it.
    pub copy: (ContentId, Uid),
}

/// Accepted items that look like copies of an earlier published one of another hotkey in another channel. Title and
/// length prove nothing: a person has to check.
pub fn reuploads(evidence: &Evidence, submissions: &[Judged]) -> Vec<Reupload> {
    let mut alike: BTreeMap<u64, Vec<(&Judged, ContentId, u64)>> = BTreeMap::new();
    for judged in submissions.iter().filter(|judged| judged.status == Status::Accepted) {
        let content = judged.content();
        let Some(content) = content else { continue };
        let origin = evidence.contents.get(&content).and_then(|known| known.origin.as_deref());
        if let Some((fingerprint, channel)) = origin.and_then(|origin| origin.fingerprint.zip(origin.channel)) {
            alike.entry(fingerprint).or_default().push((judged, content, channel));
        }
    }
    let mut found = Vec::new();
    for mut group in alike.into_values() {
        group.sort_by_key(|(judged, content, _)| (judged.published_at, content.clone()));
        let Some(((first, original, channel), later)) = group.split_first() else { continue };
        let is_others = |(judged, _, its): &&(&Judged, ContentId, u64)| judged.hotkey != first.hotkey && its != channel;
        found.extend(later.iter().filter(is_others).map(|(judged, content, _)| Reupload {
            original: (original.clone(), first.uid),
            copy: (content.clone(), judged.uid),
        }));
    }
    found.truncate(MOST_TOLD);
    found
}
