//! Verdicts of providers about contents.

use super::tables::Tables;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::{Verdict, VerificationRecord, Wait};

impl Tables {
    /// The newest verdict per provider and question is kept; contents that were never observed have none.
    pub fn record_verdicts(&mut self, verdicts: &[(ContentId, Verdict)]) {
        for (content, verdict) in verdicts.iter().filter(|(content, _)| self.observations.contains_key(content)) {
            let known = self.verdicts.entry(content.clone()).or_default();
            let question = |one: &Verdict| (one.check, one.task_id.clone(), one.provider);
            match known.iter_mut().find(|one| question(one) == question(verdict)) {
                Some(one) if one.at.block > verdict.at.block => {}
                Some(one) => *one = verdict.clone(),
                None => known.push(verdict.clone()),
            }
            known.sort_unstable();
        }
    }

    /// What was never observed lacks nothing.
    pub fn record_waits(&mut self, waits: &[(ContentId, Vec<Wait>)]) {
        let observed = waits.iter().filter(|(content, _)| self.observations.contains_key(content));
        self.waits.extend(observed.cloned());
    }

    pub fn verification(&self, content: &ContentId) -> VerificationRecord {
        let verdicts = self.verdicts.get(content).cloned().unwrap_or_default();
        let mut waits = self.waits.get(content).cloned().unwrap_or_default();
        waits.sort_unstable();
        VerificationRecord { verdicts, waits }
    }
}
