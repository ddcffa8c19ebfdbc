//! The limit on untagged videos (`rules.untagged_share`): in a task where most miners name their hotkeys in their videos, a
//! video that names no miner, and so may be a stranger's, counts at most a share of the task's best tagged one.
//!
//! - Tasks are limited only under `rules.ownership_tag = "prefer"`, and only where at least two thirds of the *owners* with
//!   an accepted video have a tagged one. All hotkeys of one coldkey are one owner, so it takes as many registered owners
//!   as all others together, and as many again, to limit a task in which nobody else is tagged.
//! - A video is tagged if its text names the hotkey that lists it, or names none while another video of its channel names
//!   that hotkey: only the owner of a channel writes into its texts. One that names another hotkey is not.
//! - The limit acts on what counts, as discounts do, and never on the score: a score depends on its own video alone.
//! - Where no tagged video counts anything there is nothing to compare with, and no limit.
//!
//! # Computing it again
//!
//! What a task's limit follows from is recorded with the submissions: [`Arithmetic::untagged_limit`] is present on each
//! untagged submission of a limited task and on no other. [`limit`] reads only that, so when scores of a recorded list
//! are lowered and divided again (`decision::normalize`), the limits follow from the lower scores, for the videos and tasks
//! that were limited in that cycle, without its evidence.

use super::owners::{Owner, Owners};
use crate::evidence::{ContentEvidence, Evidence};
use crate::ids::Hotkey;
use crate::judge::Judged;
use crate::policy::{OwnershipRule, Policy};
use crate::verdict::Status;
#[cfg(doc)]
use crate::views::Arithmetic;
use std::collections::{HashMap, HashSet};

/// Tagged owners that limit a task, of [`OF_OWNERS`].
const TAGGED_OWNERS: usize = 2;
/// The owners that these are a part of.
const OF_OWNERS: usize = 3;

/// The limit of a submission before [`release`] and [`limit`] have set it: it limits nothing.
const NOT_YET_KNOWN: f64 = f64::MAX;

impl Judged {
    /// Whether less of it counts because it is untagged.
    pub fn is_limited(&self) -> bool {
        let limit = self.arithmetic.as_ref().and_then(|arithmetic| arithmetic.untagged_limit);
        limit.zip(self.discounted_score()).is_some_and(|(limit, discounted)| limit < discounted)
    }

    /// What counts of the score before any limit.
    fn discounted_score(&self) -> Option<f64> {
        self.score.map(|score| self.counted_share.map_or(score, |share| score * share))
    }

    /// What counts of the score: all of it, or the discounted part, up to the limit of an untagged video. The score itself
    /// depends only on the item's own evidence, while discounts and limits result from a comparison with others.
    pub fn counted_score(&self) -> Option<f64> {
        let limit = self.arithmetic.as_ref().and_then(|arithmetic| arithmetic.untagged_limit);
        self.discounted_score().map(|discounted| limit.map_or(discounted, |limit| discounted.min(limit)))
    }

    /// Whether it may be limited, as it names no miner.
    fn is_marked(&self) -> bool {
        self.arithmetic.as_ref().is_some_and(|arithmetic| arithmetic.untagged_limit.is_some())
    }
}

/// Which hotkeys each channel names, where untagged videos are limited.
pub(super) struct NamingChannels(Option<HashSet<(Hotkey, u64)>>);

impl NamingChannels {
    pub(super) fn new(evidence: &Evidence, policy: &Policy) -> Self {
        let is_limited = policy.ownership_tag == OwnershipRule::Prefer && policy.untagged_share < 1.0;
        let named = |known: &ContentEvidence| Some((known.owner_tag?, known.origin.as_ref()?.channel?));
        Self(is_limited.then(|| evidence.contents.values().filter_map(named).collect()))
    }

    /// Marks a submission that may be limited, by [`Arithmetic::untagged_limit`]: neither its text nor another of its
    /// channel names `miner`.
    pub(super) fn mark(&self, known: &ContentEvidence, miner: Hotkey) -> Option<f64> {
        let channels = self.0.as_ref()?;
        let channel = known.origin.as_ref().and_then(|origin| origin.channel);
        let is_tagged = known.owner_tag == Some(miner)
            || known.owner_tag.is_none() && channel.is_some_and(|channel| channels.contains(&(miner, channel)));
        (!is_tagged).then_some(NOT_YET_KNOWN)
    }
}

/// Removes the marks in all tasks in which too few owners have a tagged video.
pub(super) fn release(submissions: &mut [Judged], evidence: &Evidence) {
    if !submissions.iter().any(Judged::is_marked) {
        return;
    }
    let owners = Owners::new(evidence);
    let mut tasks: HashMap<&str, HashMap<Owner, bool>> = HashMap::new();
    for judged in submissions.iter().filter(|judged| judged.status == Status::Accepted) {
        let owner = owners.of(judged.hotkey);
        *tasks.entry(&judged.task_id).or_default().entry(owner).or_insert(false) |= !judged.is_marked();
    }
    let is_limited = |owners: &HashMap<Owner, bool>| {
        let tagged = owners.values().filter(|is_tagged| **is_tagged).count();
        tagged * OF_OWNERS >= owners.len() * TAGGED_OWNERS
    };
    let limited = tasks.into_iter().filter(|(_, owners)| is_limited(owners));
    let limited: HashSet<String> = limited.map(|(task_id, _)| task_id.to_owned()).collect();
    for judged in submissions.iter_mut().filter(|judged| !limited.contains(&judged.task_id)) {
        if let Some(arithmetic) = &mut judged.arithmetic {
            arithmetic.untagged_limit = None;
        }
    }
}

/// Sets the limit of each marked submission: `share` of the most that a tagged one counts in its task.
pub(super) fn limit(submissions: &mut [Judged], share: f64) {
    let marked = submissions.iter().filter(|judged| judged.is_marked());
    let mut best: HashMap<String, f64> = marked.map(|judged| (judged.task_id.clone(), 0.0)).collect();
    if best.is_empty() {
        return;
    }
    for judged in submissions.iter().filter(|judged| !judged.is_marked()) {
        if let (Some(best), Some(score)) = (best.get_mut(&judged.task_id), judged.counted_score()) {
            *best = best.max(score);
        }
    }
    for judged in submissions.iter_mut().filter(|judged| judged.is_marked()) {
        let best = best.get(&judged.task_id).copied().filter(|best| *best > 0.0);
        if let Some(arithmetic) = &mut judged.arithmetic {
            arithmetic.untagged_limit = best.map(|best| best * share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::normalize;
    use crate::ids::Uid;

    const POLICY_SHARE: f64 = 0.25;

    /// A recorded submission of task `a` with so many views in an hour; limited if it was marked.
    fn recorded(uid: Uid, score: f64, untagged_limit: Option<f64>) -> Judged {
        let json = serde_json::json!({
            "uid": uid, "hotkey": Hotkey::new([uid.to_be_bytes()[1]; 32]), "task_id": "a", "content_id": "x",
            "platform": "youtube", "status": "accepted", "reason": null, "view_count": 1, "published_at": null,
            "score": score, "normalized_score": null, "settled_by": null,
            "arithmetic": {
                "shown_views": 1, "passed_hours": 1.0, "hours": 1.0, "untagged_limit": untagged_limit,
            },
        });
        serde_json::from_value(json).expect("a submission")
    }

    fn divided(submissions: &mut [Judged]) -> Vec<Option<f64>> {
        normalize(submissions, &Policy { untagged_share: POLICY_SHARE, ..Policy::default() });
        submissions.iter().map(|judged| judged.normalized_score).collect()
    }

    #[test]
    fn a_recorded_list_with_lower_scores_gets_lower_limits_from_the_list_alone() {
        let mut list = [recorded(1, 40.0, None), recorded(2, 10.0, None), recorded(3, 900.0, Some(10.0))];
        assert_eq!(divided(&mut list), [Some(1.0), Some(0.25), Some(POLICY_SHARE)]);
        // The best tagged one turns out to have half the views, and then none.
        list[0].score = Some(20.0);
        assert_eq!(divided(&mut list), [Some(1.0), Some(0.5), Some(POLICY_SHARE)]);
        assert_eq!(list[2].arithmetic.as_ref().and_then(|arithmetic| arithmetic.untagged_limit), Some(5.0));
        list[0].score = None;
        assert_eq!(divided(&mut list), [None, Some(1.0), Some(POLICY_SHARE)]);
        // An untagged one that counts less than its limit counts what it has.
        list[2].score = Some(1.0);
        assert_eq!(divided(&mut list), [None, Some(1.0), Some(0.1)]);
        // Without any tagged one there is nothing to compare with.
        list[1].score = None;
        assert_eq!(divided(&mut list), [None, None, Some(1.0)]);
    }

    #[test]
    fn tasks_without_marks_are_divided_as_ever() {
        let mut list = [recorded(1, 40.0, None), recorded(2, 10.0, None)];
        assert_eq!(divided(&mut list), [Some(1.0), Some(0.25)]);
    }
}
