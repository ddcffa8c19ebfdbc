//! What another policy would have paid for the same evidence.
//!
//! Shares are parts of the sum of all scores, as on chain. Evidence was gathered under the policy of its time, so it cannot answer
//! every question about another policy; the result then carries a caveat.

use super::carried::Carried;
use crate::commands::stored::recorded::RecordedCycle;
use crate::text::profiles::profile_words;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::again::decide_again;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::judge::Judged;
use tensorflix_domain::policy::{OwnershipRule, Policy};
use tensorflix_domain::recovery::recover_hours;
use tensorflix_domain::weights::ScoreVector;

/// What two policies pay for the evidence of one cycle, or of several together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payout {
    /// Cycles that these are the means of.
    pub cycle_count: u32,
    /// The policies that decided them, by their profiles.
    pub old_profiles: BTreeSet<String>,
    /// The other policies, by their profiles.
    pub new_profiles: BTreeSet<String>,
    /// Every miner that either policy pays, by UID.
    pub miners: Vec<MinerShares>,
    /// Submissions with a different status or reason: from, to, and how many.
    pub judged_otherwise: BTreeMap<(String, String), usize>,
    /// Caveats: questions that the evidence cannot answer.
    pub caveats: BTreeSet<&'static str>,
}

/// One miner's shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinerShares {
    /// Its UID at the (newest) cycle's block; `None` if it was not registered then.
    pub uid: Option<Uid>,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// Its share under the policy of the cycle, 0 to 1.
    pub old_share: f64,
    /// Its share under the other policy, 0 to 1.
    pub new_share: f64,
}

impl Payout {
    /// What `policy` pays for the evidence of a cycle under the cycle's own version of the rules, beside what the cycle's own
    /// policy paid. Empty if that version is not known. With `carried` the cycle begins with what the policy left behind in the
    /// cycles before; without it, as it was recorded.
    pub fn compare(recorded: &RecordedCycle, policy: &Policy, carried: Option<&mut Carried>) -> Self {
        let stored = &recorded.decided;
        let policy = &Policy { rules: stored.policy.rules, ..policy.clone() };
        let is_carried = carried.is_some();
        let decision = match carried {
            None => decide_again(&stored.evidence, policy),
            Some(carried) => {
                let evidence = carried.evidence(recorded, policy);
                let decision = decide_again(&evidence, policy);
                if let Ok(decision) = &decision {
                    carried.take_in(stored.cycle, &evidence, policy, decision);
                }
                decision
            }
        };
        let Ok(decision) = decision else { return Self::default() };
        let mut judged_otherwise = BTreeMap::new();
        for (before, now) in stored.submissions.iter().zip(&decision.submissions) {
            let change = (outcome(before), outcome(now));
            if change.0 != change.1 {
                *judged_otherwise.entry(change).or_insert(0) += 1;
            }
        }
        let (old, new) = (shares(&stored.scores), shares(&decision.scores));
        let hotkeys: BTreeSet<Hotkey> = old.keys().chain(new.keys()).copied().collect();
        let share = |shares: &BTreeMap<Hotkey, f64>, hotkey| shares.get(hotkey).copied().unwrap_or(0.0);
        let mut miners: Vec<MinerShares> = hotkeys
            .iter()
            .map(|hotkey| MinerShares {
                uid: recorded.subnet.neuron(hotkey).map(|neuron| neuron.uid),
                hotkey: *hotkey,
                old_share: share(&old, hotkey),
                new_share: share(&new, hotkey),
            })
            .collect();
        sort(&mut miners);
        Self {
            cycle_count: 1,
            old_profiles: BTreeSet::from([profile_words(&stored.policy)]),
            new_profiles: BTreeSet::from([profile_words(policy)]),
            miners,
            judged_otherwise,
            caveats: caveats(&stored.policy, policy, is_carried),
        }
    }

    /// Adds a later cycle: shares become the mean of all.
    pub fn take_in(&mut self, later: Self) {
        let (known, added) = (f64::from(self.cycle_count), f64::from(later.cycle_count));
        let mean = |old: f64, new: f64| (old * known + new * added) / (known + added);
        let mut miners: BTreeMap<Hotkey, MinerShares> =
            std::mem::take(&mut self.miners).into_iter().map(|miner| (miner.hotkey, miner)).collect();
        let newer: BTreeMap<Hotkey, MinerShares> =
            later.miners.into_iter().map(|miner| (miner.hotkey, miner)).collect();
        for hotkey in newer.keys() {
            miners.entry(*hotkey).or_insert(MinerShares { uid: None, hotkey: *hotkey, old_share: 0.0, new_share: 0.0 });
        }
        for (hotkey, miner) in &mut miners {
            let now = newer.get(hotkey);
            miner.uid = now.and_then(|now| now.uid).or(miner.uid);
            miner.old_share = mean(miner.old_share, now.map_or(0.0, |now| now.old_share));
            miner.new_share = mean(miner.new_share, now.map_or(0.0, |now| now.new_share));
        }
        self.miners = miners.into_values().collect();
        sort(&mut self.miners);
        for (change, count) in later.judged_otherwise {
            *self.judged_otherwise.entry(change).or_insert(0) += count;
        }
        self.old_profiles.extend(later.old_profiles);
        self.new_profiles.extend(later.new_profiles);
        self.caveats.extend(later.caveats);
        self.cycle_count += later.cycle_count;
    }
}

/// By UID, those without one last.
fn sort(miners: &mut [MinerShares]) {
    miners.sort_by_key(|miner| (miner.uid.is_none(), miner.uid, miner.hotkey));
}

/// Scores as parts of their sum.
fn shares(scores: &ScoreVector) -> BTreeMap<Hotkey, f64> {
    let total: f64 = scores.values().sum();
    scores.iter().map(|(hotkey, score)| (*hotkey, if total > 0.0 { score / total } else { 0.0 })).collect()
}

/// The reason, or the status where there is none.
fn outcome(judged: &Judged) -> String {
    match judged.reason {
        Some(reason) if reason.status() == judged.status => reason.to_string(),
        Some(_) | None => judged.status.to_string(),
    }
}

fn caveats(old: &Policy, new: &Policy, is_carried: bool) -> BTreeSet<&'static str> {
    let mut caveats = BTreeSet::new();
    if new.ownership_tag != OwnershipRule::Off {
        if old.ownership_tag == OwnershipRule::Off {
            caveats.insert(
                "The cycle was decided with rules.ownership_tag = \"off\", so its evidence does not contain the hotkeys in the \
                 descriptions: this comparison assumes that there are none.",
            );
        } else if old.ownership_template != new.ownership_template {
            caveats.insert(
                "The evidence contains the hotkeys that were found with the old rules.ownership_template, but not the \
                 descriptions, so this comparison does not apply the other template.",
            );
        }
    }
    if recover_hours(new) > 0.0 && old.traffic.is_off() {
        caveats.insert(
            "The cycle was decided with verifier.traffic = \"off\", so its evidence does not contain what recovery needs: this \
             comparison takes nothing back for it.",
        );
    } else if recover_hours(new) > 0.0 && recover_hours(old) <= 0.0 && !is_carried {
        caveats.insert("What earlier cycles paid too much under the other policy is known only to replay --all.");
    }
    if new.ema_half_life_hours > 0.0 && !is_carried {
        caveats.insert("Smoothing starts from the scores of the previous cycle, as the old policy smoothed them.");
    }
    caveats
}
