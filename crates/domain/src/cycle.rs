//! A cycle: opened, decided, and the scores that are in force by it.

use crate::chain_time::BlockStamp;
use crate::decision::earned_by_miner;
use crate::evidence::Evidence;
use crate::judge::Judged;
use crate::policy::Policy;
use crate::recovery::{Debt, settle};
use crate::weights::ScoreVector;
use serde::{Deserialize, Serialize};

/// A cycle, open or decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleHead {
    /// Its number, from 1, never used again.
    pub cycle: u32,
    /// The block it opened at.
    pub at: BlockStamp,
    /// Whether it is decided.
    pub decided: bool,
}

/// A decided cycle, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecidedCycle {
    /// Its number.
    pub cycle: u32,
    /// Version of the program that decided it.
    pub release: String,
    /// What it decided from.
    pub evidence: Evidence,
    /// The rules it decided under.
    pub policy: Policy,
    /// Its verdicts.
    pub submissions: Vec<Judged>,
    /// What was earned, smoothed over time, before cuts; empty in cycles of development builds.
    pub smoothed: ScoreVector,
    /// The scores.
    pub scores: ScoreVector,
    /// What could not be read, for the report.
    pub errors: Vec<ReportedError>,
}

impl DecidedCycle {
    /// What is owed for earlier cycles, with what this one took or gave back.
    pub fn debts_left(&self) -> Vec<Debt> {
        if self.evidence.recovery.is_none() {
            return Vec::new();
        }
        let earned = earned_by_miner(&self.submissions, &self.evidence.tasks, self.policy.aggregate);
        settle(earned, &self.evidence, &self.policy).debts
    }
}

/// Something that could not be read, named by its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportedError {
    /// The miner it concerns, if one.
    pub uid: Option<u16>,
    /// What was read: `tasks`, `commitment`, `gist` or a platform's name.
    pub source: String,
    /// The line of the document, where one is known.
    pub line: Option<u32>,
    /// What was wrong.
    pub reason: String,
}

/// The scores that are in force: those of the newest cycle in which anything qualified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoresInForce {
    /// The cycle that decided them.
    pub cycle: u32,
    /// When it opened.
    pub at: BlockStamp,
    /// The scores.
    pub scores: ScoreVector,
}
