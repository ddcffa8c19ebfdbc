//! What another policy would have left behind in earlier cycles: smoothed scores, what it paid, and what is owed for that. Cycles
//! that are replayed in order begin where the one before ended.

use crate::commands::stored::recorded::RecordedCycle;
use std::collections::BTreeSet;
use tensorflix_domain::decision::{Decision, earned_by_miner};
use tensorflix_domain::evidence::{Evidence, PreviousScores};
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::recovery::{Debt, PaidCycle, Recovery, debts, recover_hours, settle};
use tensorflix_domain::verdict::Status;

/// What the cycles replayed so far left behind under another policy.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    /// Whether any cycle was replayed: the first one begins as it was recorded.
    has_begun: bool,
    previous: Option<PreviousScores>,
    paid: Vec<PaidCycle>,
    debts: Vec<Debt>,
}

impl Carried {
    /// The evidence of a cycle as it would have been if all cycles before it had been decided under this policy.
    pub fn evidence(&self, recorded: &RecordedCycle, policy: &Policy) -> Evidence {
        let mut evidence = recorded.decided.evidence.clone();
        if self.has_begun {
            evidence.previous = self.previous.clone().map(|mut previous| {
                previous.scores.retain(|hotkey, _| recorded.subnet.neuron(hotkey).is_some());
                previous
            });
        }
        let recorded = evidence.recovery.take().map(|recovery| *recovery).unwrap_or_default();
        let known: BTreeSet<(Hotkey, u32)> =
            recorded.beliefs.iter().map(|belief| (belief.hotkey, belief.cycle)).collect();
        // Debts of the record that no belief shows any more were kept, since the observations no longer reached back.
        let kept = recorded.debts.iter().filter(|debt| debt.excess > 0.0);
        let kept = kept.map(|debt| (debt.hotkey, debt.cycle)).filter(|debt| !known.contains(debt)).collect();
        let hours = recover_hours(policy);
        let debts = debts(&self.paid, &recorded.beliefs, &self.debts, &kept, evidence.at.time, hours);
        if !(recorded.beliefs.is_empty() && debts.is_empty()) {
            evidence.recovery = Some(Box::new(Recovery { beliefs: recorded.beliefs, debts }));
        }
        evidence
    }

    /// Takes in what the policy decided from that evidence.
    pub fn take_in(&mut self, cycle: u32, evidence: &Evidence, policy: &Policy, decision: &Decision) {
        self.has_begun = true;
        if !decision.smoothed.is_empty() {
            self.previous = Some(PreviousScores { at: evidence.at, scores: decision.smoothed.clone() });
        }
        let earned = earned_by_miner(&decision.submissions, &evidence.tasks, policy.aggregate);
        self.debts = settle(earned, evidence, policy).debts;
        let hours = recover_hours(policy);
        self.paid.retain(|paid| evidence.at.time.hours_since(paid.at) <= hours);
        if hours > 0.0 {
            let accepted = decision.submissions.iter().filter(|judged| judged.status == Status::Accepted);
            self.paid.push(PaidCycle {
                cycle,
                at: evidence.at.time,
                policy: policy.clone(),
                tasks: evidence.tasks.clone(),
                submissions: accepted.cloned().collect(),
            });
        }
    }
}
