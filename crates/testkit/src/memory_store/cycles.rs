//! Cycles, their decisions and the current scores.

use super::tables::{Cycle, Tables};
use tensorflix_actors::ports::StoreError;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::evidence::PreviousScores;
use tensorflix_domain::recovery::{Debt, PaidCycle};
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::verdict::Status;
use tensorflix_domain::weights::ScoreVector;

impl Tables {
    pub fn open_cycle(&mut self, at: BlockStamp, subnet: &Subnet) -> CycleHead {
        let number = self.cycles.last().map_or(0, |cycle| cycle.number) + 1;
        let cycle = Cycle { number, at, subnet: subnet.clone(), decided: None };
        let head = cycle.head();
        self.cycles.push(cycle);
        head
    }

    pub fn cycle(&self, number: u32) -> Option<&Cycle> {
        self.cycles.iter().find(|cycle| cycle.number == number)
    }

    /// The first decision of a cycle is kept. A decision with a number that is not finite is rejected: JSON cannot
    /// represent it, so its record would not read back unchanged.
    pub fn save_decision(&mut self, decided: &DecidedCycle) -> Result<(), StoreError> {
        if !reads_back(decided) {
            return Err(StoreError(format!("cycle {} holds what cannot be stored", decided.cycle)));
        }
        let cycle = self.cycles.iter_mut().find(|cycle| cycle.number == decided.cycle);
        let cycle = cycle.ok_or_else(|| StoreError(format!("cycle {} was never opened", decided.cycle)))?;
        cycle.decided.get_or_insert_with(|| decided.clone());
        Ok(())
    }

    pub fn decided_since(&self, since: Moment) -> Vec<CycleHead> {
        let decided = self.cycles.iter().filter(|cycle| cycle.decided.is_some() && cycle.at.time >= since);
        decided.map(Cycle::head).collect()
    }

    pub fn paid_cycle(&self, number: u32) -> Option<PaidCycle> {
        let decided = self.cycle(number)?.decided.as_ref()?;
        Some(PaidCycle {
            cycle: number,
            at: decided.evidence.at.time,
            policy: decided.policy.clone(),
            tasks: decided.evidence.tasks.clone(),
            submissions: decided
                .submissions
                .iter()
                .filter(|judged| judged.status == Status::Accepted)
                .cloned()
                .collect(),
        })
    }

    pub fn debts(&self) -> Vec<Debt> {
        let newest = self.cycles.iter().rev().find_map(|cycle| cycle.decided.as_ref());
        newest.map(DecidedCycle::debts_left).unwrap_or_default()
    }

    pub fn smoothed_scores(&self) -> Option<PreviousScores> {
        self.cycles.iter().rev().find_map(|cycle| {
            let decided = cycle.decided.as_ref().filter(|decided| !decided.smoothed.is_empty())?;
            Some(PreviousScores { at: cycle.at, scores: decided.smoothed.clone() })
        })
    }

    pub fn scores_before(&self, cycle: u32) -> Option<ScoreVector> {
        let before = self.cycles.iter().rev().filter(|before| before.number < cycle);
        let mut scores = before.filter_map(|before| before.decided.as_ref()).map(|decided| &decided.scores);
        scores.find(|scores| !scores.is_empty()).cloned()
    }

    pub fn scores_in_force(&self) -> Option<ScoresInForce> {
        self.cycles.iter().rev().find_map(|cycle| {
            let decided = cycle.decided.as_ref().filter(|decided| !decided.scores.is_empty())?;
            Some(ScoresInForce { cycle: cycle.number, at: cycle.at, scores: decided.scores.clone() })
        })
    }
}

fn reads_back(decided: &DecidedCycle) -> bool {
    let json = serde_json::to_string(decided).ok();
    json.and_then(|json| serde_json::from_str::<DecidedCycle>(&json).ok()).is_some_and(|read| read == *decided)
}
