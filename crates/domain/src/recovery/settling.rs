//! Taking debts from what is earned.

use super::{Debt, recover_hours};
use crate::evidence::Evidence;
use crate::ids::Hotkey;
use crate::policy::Policy;
use crate::weights::ScoreVector;
use std::collections::BTreeMap;

/// Most that one cycle gives back in all, as a part of what all other hotkeys earned in it.
const MOST_GIVEN_BACK: f64 = 0.5;

/// What is left of what was earned, and of the debts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// What each hotkey is paid, before smoothing and cuts.
    pub paid: ScoreVector,
    /// The debts with what this cycle took or gave back.
    pub debts: Vec<Debt>,
}

/// Takes the debts that a cycle's evidence names from what the hotkeys earned in it.
///
/// Of a hotkey with debts the target is a share, `earned_share − taken + given_back`; the scores of all others stay as they are,
/// and its own becomes `target × (sum of the others) ÷ (1 − sum of the targets)`. If there are no others, what is taken goes to
/// the subnet owner's hotkey, so that it is really taken.
pub fn settle(earned: ScoreVector, evidence: &Evidence, policy: &Policy) -> Settled {
    let known = evidence.recovery.as_deref().map(|recovery| recovery.debts.as_slice()).unwrap_or_default();
    let total: f64 = earned.values().sum();
    if known.is_empty() || recover_hours(policy) <= 0.0 || total <= 0.0 {
        return Settled { paid: earned, debts: known.to_vec() };
    }
    let mut debts = known.to_vec();
    let mut by_hotkey: BTreeMap<Hotkey, Vec<&mut Debt>> = BTreeMap::new();
    for debt in &mut debts {
        by_hotkey.entry(debt.hotkey).or_default().push(debt);
    }
    let others: f64 =
        earned.iter().filter(|(hotkey, _)| !by_hotkey.contains_key(*hotkey)).map(|(_, score)| score).sum();
    let to_give_back: f64 = by_hotkey.values().flatten().map(|debt| debt.to_give_back()).sum();
    let room = MOST_GIVEN_BACK * others / total;
    let part = if to_give_back > room { room / to_give_back } else { 1.0 };
    let mut targets: BTreeMap<Hotkey, f64> = BTreeMap::new();
    for (hotkey, debts) in &mut by_hotkey {
        let share = earned.get(hotkey).copied().unwrap_or(0.0) / total;
        let target = share - take(debts, share) + give_back(debts, part);
        if target.to_bits() != share.to_bits() {
            targets.insert(*hotkey, target.max(0.0));
        }
    }
    drop(by_hotkey);
    Settled { paid: pay(earned, &targets, total, evidence.owner_hotkey), debts }
}

/// Takes what is owed, the newest first, at most the share that was earned. Returns what was taken.
fn take(debts: &mut [&mut Debt], share: f64) -> f64 {
    debts.sort_by_key(|debt| std::cmp::Reverse(debt.cycle));
    let mut left = share;
    for debt in debts {
        let amount = debt.open().min(left);
        debt.taken += amount;
        left -= amount;
    }
    share - left
}

/// Gives back this part of what was taken too much. Returns how much that is.
fn give_back(debts: &mut [&mut Debt], part: f64) -> f64 {
    let mut given = 0.0;
    for debt in debts {
        let amount = debt.to_give_back() * part;
        debt.taken -= amount;
        given += amount;
    }
    given
}

/// Scores by which the hotkeys with targets have these shares, and all others what they earned.
fn pay(mut earned: ScoreVector, targets: &BTreeMap<Hotkey, f64>, total: f64, owner: Option<Hotkey>) -> ScoreVector {
    if targets.is_empty() {
        return earned;
    }
    earned.retain(|hotkey, _| !targets.contains_key(hotkey));
    let others: f64 = earned.values().sum();
    let targeted: f64 = targets.values().sum();
    let whole = if others > 0.0 { others / (1.0 - targeted) } else { total };
    for (hotkey, share) in targets {
        earned.insert(*hotkey, share * whole);
    }
    if let (true, Some(owner)) = (others <= 0.0, owner) {
        *earned.entry(owner).or_insert(0.0) += (1.0 - targeted).max(0.0) * total;
    }
    earned.retain(|_, score| *score > 0.0);
    earned
}
