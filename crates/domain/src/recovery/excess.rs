//! What a cycle paid too much, as far as is known now.

use super::{Belief, Debt, PaidCycle};
use crate::chain_time::Moment;
use crate::decision::{earned_by_miner, normalized_again};
use crate::ids::{ContentId, Hotkey};
use crate::judge::Judged;
use crate::weights::ScoreVector;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Excesses below this share of a cycle are none: less than what a weight of 16 bits can express.
const LEAST_EXCESS: f64 = 1e-5;

/// What is owed at a moment: for each cycle of the last `hours` that paid too much, with what was taken for it before.
///
/// `beliefs` are about cycles in `paid`; cycles that are not among `paid` keep the debts of `before`. `kept` are those debts
/// that no later finding may lower, since the observations that showed them are not kept any more: by hotkey and cycle.
pub fn debts(
    paid: &[PaidCycle],
    beliefs: &[Belief],
    before: &[Debt],
    kept: &BTreeSet<(Hotkey, u32)>,
    now: Moment,
    hours: f64,
) -> Vec<Debt> {
    let mut debts: BTreeMap<(Hotkey, u32), Debt> = BTreeMap::new();
    let examined: BTreeSet<u32> = paid.iter().map(|paid| paid.cycle).collect();
    for debt in before {
        let is_kept = !examined.contains(&debt.cycle) || kept.contains(&(debt.hotkey, debt.cycle));
        let excess = if is_kept { debt.excess } else { 0.0 };
        debts.insert((debt.hotkey, debt.cycle), Debt { excess, ..debt.clone() });
    }
    let mut by_cycle: BTreeMap<u32, Vec<&Belief>> = BTreeMap::new();
    for belief in beliefs {
        by_cycle.entry(belief.cycle).or_default().push(belief);
    }
    for paid in paid {
        let Some(beliefs) = by_cycle.get(&paid.cycle) else { continue };
        for (hotkey, earned, excess) in excesses(paid, beliefs) {
            let new = Debt { hotkey, cycle: paid.cycle, at: paid.at, earned, excess, taken: 0.0 };
            let debt = debts.entry((hotkey, paid.cycle)).or_insert(new);
            debt.excess = debt.excess.max(excess);
        }
    }
    debts.retain(|_, debt| now.hours_since(debt.at) <= hours && (debt.excess > 0.0 || debt.taken > 0.0));
    debts.into_values().collect()
}

/// For each hotkey that a cycle paid too much: the share that it earned, and the excess in it.
fn excesses(paid: &PaidCycle, beliefs: &[&Belief]) -> Vec<(Hotkey, f64, f64)> {
    let believed: HashMap<(Hotkey, &str, &ContentId), &Belief> =
        beliefs.iter().map(|belief| ((belief.hotkey, belief.task_id.as_str(), &belief.content), *belief)).collect();
    let belief_of = |judged: &Judged| {
        let content = judged.content()?;
        believed.get(&(judged.hotkey, judged.task_id.as_str(), &content)).copied()
    };
    let lowered: Vec<Option<f64>> = paid
        .submissions
        .iter()
        .map(|judged| counted_by_belief(judged, belief_of(judged)?).filter(|now| Some(*now) < judged.counted_score()))
        .collect();
    let concerned: BTreeSet<Hotkey> =
        paid.submissions.iter().zip(&lowered).filter_map(|(judged, lowered)| lowered.map(|_| judged.hotkey)).collect();
    if concerned.is_empty() {
        return Vec::new();
    }
    let (aggregate, tasks) = (paid.policy.aggregate, &paid.tasks);
    let earned = earned_by_miner(&paid.submissions, tasks, aggregate);
    let again = normalized_again(&paid.submissions, &lowered, &paid.policy);
    let again = earned_by_miner(&again, tasks, aggregate);
    let alone = earned_by_miner(&by_old_divisors(&paid.submissions, &lowered), tasks, aggregate);
    let excess = |hotkey: &Hotkey| {
        let (before, now) = (share(&earned, hotkey), share(&again, hotkey));
        let lost_part = 1.0 - of(&alone, hotkey) / of(&earned, hotkey).max(f64::MIN_POSITIVE);
        let excess = (before - now).min(before * lost_part);
        (excess >= LEAST_EXCESS).then_some((*hotkey, before, excess))
    };
    concerned.iter().filter_map(excess).collect()
}

fn of(scores: &ScoreVector, hotkey: &Hotkey) -> f64 {
    scores.get(hotkey).copied().unwrap_or(0.0)
}

fn share(scores: &ScoreVector, hotkey: &Hotkey) -> f64 {
    let total: f64 = scores.values().sum();
    if total > 0.0 { of(scores, hotkey) / total } else { 0.0 }
}

/// What counts of a score if only the believed views do.
fn counted_by_belief(judged: &Judged, belief: &Belief) -> Option<f64> {
    let arithmetic = judged.arithmetic.as_deref()?;
    #[expect(clippy::cast_precision_loss, reason = "views are far below 2^53")]
    let views = belief.believed.saturating_sub(arithmetic.first_sight_views) as f64;
    Some(views / arithmetic.hours)
}

/// The submissions with the lowered scores, each divided by what its score was divided by: what the items lose by themselves.
fn by_old_divisors(submissions: &[Judged], lowered: &[Option<f64>]) -> Vec<Judged> {
    let alone = |(judged, lowered): (&Judged, &Option<f64>)| {
        let Some((now, before)) = lowered.zip(judged.counted_score()) else { return judged.clone() };
        let exponent = judged.arithmetic.as_deref().map_or(1.0, |arithmetic| arithmetic.exponent);
        let part = if before > 0.0 { libm::pow(now / before, exponent) } else { 0.0 };
        Judged { normalized_score: judged.normalized_score.map(|score| score * part), ..judged.clone() }
    };
    submissions.iter().zip(lowered).map(alone).collect()
}
