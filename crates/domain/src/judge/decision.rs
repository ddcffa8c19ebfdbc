//! Deciding a cycle: from evidence to one vector of scores.
//!
//! A pure function, and the only way to scores: a running validator, a replay and a test all call [`decide`]. Sums
//! run in a fixed order (tasks as listed, miners by UID, submissions as listed), and only + − × ÷ and libm are used,
//! so every machine gets the same bits.

use super::caps::cap;
use super::floors::task_floors;
use super::{owners, untagged};
use crate::evidence::{Evidence, PreviousScores, WeightedTask};
use crate::ids::{ContentId, Hotkey, Uid};
use crate::judge::{Judged, judge_all};
use crate::policy::{Aggregate, Policy};
use crate::recovery::{Settled, settle};
use crate::verdict::Status;
use crate::weights::ScoreVector;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a cycle decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Every submission, by UID and then in the order of the gists.
    pub submissions: Vec<Judged>,
    /// What each hotkey earned, smoothed over time, before anything is cut or burnt: the next cycle is smoothed with it.
    pub smoothed: ScoreVector,
    /// Scores of the hotkeys that are paid, with the burnt share. Empty if nothing qualifies.
    pub scores: ScoreVector,
}

/// Judges and scores all submissions.
pub fn decide(evidence: &Evidence, policy: &Policy) -> Decision {
    let mut submissions = judge_all(evidence, policy);
    cap(&mut submissions, evidence, &policy.defences);
    untagged::release(&mut submissions, evidence);
    owners::mark_tasks_with_few(&mut submissions, evidence, policy.defences.fewest_owners_per_task);
    normalize(&mut submissions, policy);
    let earned = earned_by_miner(&submissions, &evidence.tasks, policy.aggregate);
    let Settled { paid, .. } = settle(earned, evidence, policy);
    let smoothed = smooth(paid, evidence, policy.ema_half_life_hours);
    let uids: BTreeMap<Hotkey, Uid> = evidence.miners.iter().map(|miner| (miner.hotkey, miner.uid)).collect();
    let paid = keep_highest(smoothed.clone(), policy.top_n, &uids);
    let scores = burn(paid, policy.burn_share, evidence.owner_hotkey);
    Decision { submissions, smoothed, scores }
}

/// The items of submissions that are not rejected under a policy.
pub fn contents_not_rejected(evidence: &Evidence, policy: &Policy) -> BTreeSet<ContentId> {
    let mut submissions = judge_all(evidence, policy);
    cap(&mut submissions, evidence, &policy.defences);
    let counting = submissions.iter().filter(|judged| judged.status != Status::Rejected);
    counting.filter_map(Judged::content).collect()
}

/// Divides what counts of each score by the most that counts in its task: [0, 1]; all 0 if that is 0. Discounts apply
/// here and not before, so that bought views do not make those of others look small, and raw scores depend only on each
/// miner's own data. The limits of untagged videos are set first: see [`untagged`](super::untagged), also for dividing
/// the submissions of a recorded cycle again.
///
/// With `defences.task_floor_share` the divisor is at least the task's floor; `defences.score_exponent` is the exponent
/// on the quotient. In a task with too few owners, all are 0: see [`owners`](super::owners).
pub(crate) fn normalize(submissions: &mut [Judged], policy: &Policy) {
    untagged::limit(submissions, policy.untagged_share);
    let defences = &policy.defences;
    let mut highest: HashMap<String, f64> = HashMap::new();
    for judged in submissions.iter() {
        if let Some(score) = judged.counted_score() {
            match highest.get_mut(&judged.task_id) {
                Some(highest) => *highest = highest.max(score),
                None => {
                    highest.insert(judged.task_id.clone(), score);
                }
            }
        }
    }
    let floors = match defences.task_floor_share > 0.0 {
        true => task_floors(submissions, defences.task_floor_share),
        false => HashMap::new(),
    };
    let curved = |share: f64| {
        let is_straight = defences.score_exponent.to_bits() == 1.0_f64.to_bits();
        if is_straight { share } else { libm::pow(share, defences.score_exponent) }
    };
    for judged in submissions {
        let best = highest.get(&judged.task_id).copied().unwrap_or(0.0);
        let divisor = floors.get(&judged.task_id).map_or(best, |floor| best.max(*floor));
        let pays = divisor > 0.0 && !judged.lacks_owners();
        judged.normalized_score = judged.counted_score().map(|score| if pays { curved(score / divisor) } else { 0.0 });
        if let Some(arithmetic) = &mut judged.arithmetic {
            arithmetic.divisor = divisor;
            arithmetic.is_floor = divisor > best;
            arithmetic.exponent = defences.score_exponent;
        }
    }
}

/// Accepted submissions with other scores, normalised again as their own cycle did it. `counted` has what counts of a score now,
/// where that has changed.
pub(crate) fn normalized_again(submissions: &[Judged], counted: &[Option<f64>], policy: &Policy) -> Vec<Judged> {
    let changed = |(judged, counted): (&Judged, &Option<f64>)| match counted {
        Some(counted) => Judged { score: Some(*counted), counted_share: None, ..judged.clone() },
        None => judged.clone(),
    };
    let mut again: Vec<Judged> = submissions.iter().zip(counted).map(changed).collect();
    normalize(&mut again, policy);
    again
}

/// What each miner earned in this cycle, before smoothing and cuts: over the tasks, the task's weight times the sum (or
/// the best) of its normalised scores there. Miners that earned nothing are left out.
pub fn earned_by_miner(submissions: &[Judged], tasks: &[WeightedTask], aggregate: Aggregate) -> ScoreVector {
    let places: HashMap<&str, usize> =
        tasks.iter().enumerate().map(|(place, weighted)| (weighted.task.id.as_str(), place)).collect();
    // The key is the task's place in the list, so that sums run in the order of the tasks.
    let mut by_task: BTreeMap<(Hotkey, usize), f64> = BTreeMap::new();
    for judged in submissions {
        if let (Some(score), Some(place)) = (judged.normalized_score, places.get(judged.task_id.as_str())) {
            let total = by_task.entry((judged.hotkey, *place)).or_insert(0.0);
            *total = match aggregate {
                Aggregate::Sum => *total + score,
                Aggregate::Best => total.max(score),
            };
        }
    }
    let mut totals = ScoreVector::new();
    for ((hotkey, place), score) in by_task {
        *totals.entry(hotkey).or_insert(0.0) += tasks[place].weight * score;
    }
    totals.retain(|_, score| *score > 0.0);
    totals
}

/// Exponential smoothing by time: `old × k + new × (1 − k)` with `k = 2^(−hours / half-life)`, hours from the cycle
/// before. A half-life of 0 disables it. Input and output are scores before cuts: if cuts were part of what is kept, a
/// burnt share would be burnt again in each cycle, and a miner that missed the top once would start from nothing.
fn smooth(mut earned: ScoreVector, evidence: &Evidence, half_life_hours: f64) -> ScoreVector {
    let Some(PreviousScores { at, scores }) = evidence.previous.as_ref().filter(|_| half_life_hours > 0.0) else {
        return earned;
    };
    let hours = evidence.at.time.hours_since(at.time).max(0.0);
    let kept = libm::exp2(-hours / half_life_hours);
    for score in earned.values_mut() {
        *score *= 1.0 - kept;
    }
    for (hotkey, old) in scores {
        *earned.entry(*hotkey).or_insert(0.0) += old * kept;
    }
    earned.retain(|_, score| *score > 0.0);
    earned
}

/// Keeps the `top_n` highest scores, of equal ones those with the lower UID; 0 keeps all.
fn keep_highest(scores: ScoreVector, top_n: u32, uids: &BTreeMap<Hotkey, Uid>) -> ScoreVector {
    let top_n = usize::try_from(top_n).unwrap_or(usize::MAX);
    if top_n == 0 || scores.len() <= top_n {
        return scores;
    }
    let mut ranked: Vec<(Hotkey, f64)> = scores.into_iter().collect();
    let uid = |hotkey: &Hotkey| uids.get(hotkey).copied().unwrap_or(Uid::MAX);
    ranked.sort_by(|(left, left_score), (right, right_score)| {
        right_score.total_cmp(left_score).then(uid(left).cmp(&uid(right)))
    });
    ranked.truncate(top_n);
    ranked.into_iter().collect()
}

/// Gives the owner's hotkey `burn_share` of the whole: `total × share / (1 − share)` beside the miners' scores. With a
/// share of 1 only the owner is left. Nothing is burnt where nothing was earned, or where the owner is not known.
fn burn(mut scores: ScoreVector, burn_share: f64, owner: Option<Hotkey>) -> ScoreVector {
    let (Some(owner), true, false) = (owner, burn_share > 0.0, scores.is_empty()) else {
        return scores;
    };
    if burn_share >= 1.0 {
        return ScoreVector::from([(owner, 1.0)]);
    }
    let total: f64 = scores.values().sum();
    *scores.entry(owner).or_insert(0.0) += total * burn_share / (1.0 - burn_share);
    scores
}
