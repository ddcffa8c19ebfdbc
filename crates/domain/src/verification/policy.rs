//! The operator's choices: which checks are on, how certain a breach must be, and what a missing verdict does.

use super::record::Verdict;
use super::words::{CERTAIN, Check, Provider};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// `verifier.ai`, `verifier.illicit`, `verifier.topic`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckMode {
    /// Not asked.
    #[default]
    Off,
    /// Asked and shown; decides nothing.
    Observe,
    /// A broken check rejects.
    Enforce,
}

/// `verifier.on_unknown`: what happens to a submission without a verdict after `grace_hours`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// It counts, and is marked as without a verdict: a detector's outage does not cost a miner its reward for long.
    #[default]
    Accept,
    /// It waits for as long as there is no verdict.
    Hold,
}

/// The choices that decide what verdicts do. As a default everything is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerificationPolicy {
    /// Is it made by AI?
    pub ai: CheckMode,
    /// Is it fit to be shown?
    pub illicit: CheckMode,
    /// Is it about the task?
    pub topic: CheckMode,
    /// How certain a provider must be that an item is not AI-generated: 0 to 1.
    pub ai_threshold: f64,
    /// How certain a provider must be that an item is illicit: 0 to 1.
    pub illicit_threshold: f64,
    /// How certain a provider must be that an item is not about the task: 0 to 1.
    pub topic_threshold: f64,
    /// Hours that a missing verdict is awaited.
    pub grace_hours: f64,
    /// What happens after that.
    pub on_unknown: OnUnknown,
    /// Hours after which a verdict is requested again.
    pub verdict_hours: f64,
    /// The share of items that is checked, 0 to 1.
    pub sample_share: f64,
    /// The providers that are set up, by check. The platform's own signals count without being named here.
    pub asked: BTreeMap<Check, BTreeSet<Provider>>,
}

impl Default for VerificationPolicy {
    fn default() -> Self {
        Self {
            ai: CheckMode::Off,
            illicit: CheckMode::Off,
            topic: CheckMode::Off,
            ai_threshold: 0.8,
            illicit_threshold: 0.8,
            topic_threshold: 0.8,
            grace_hours: 24.0,
            on_unknown: OnUnknown::Accept,
            verdict_hours: 720.0,
            sample_share: 1.0,
            asked: BTreeMap::new(),
        }
    }
}

impl VerificationPolicy {
    /// What a check does.
    pub const fn mode(&self, check: Check) -> CheckMode {
        match check {
            Check::Ai => self.ai,
            Check::Illicit => self.illicit,
            Check::Topic => self.topic,
        }
    }

    /// How certain a provider must be of a breach: 0 to 1.
    pub const fn threshold(&self, check: Check) -> f64 {
        match check {
            Check::Ai => self.ai_threshold,
            Check::Illicit => self.illicit_threshold,
            Check::Topic => self.topic_threshold,
        }
    }

    /// The checks that are not off.
    pub fn checks(&self) -> impl Iterator<Item = Check> + '_ {
        Check::ALL.into_iter().filter(|check| self.mode(*check) != CheckMode::Off)
    }

    /// Whether any detector beside the platforms is used: some provider is set up for some check.
    pub fn asks_anybody(&self) -> bool {
        self.checks().any(|check| !self.providers(check).is_empty())
    }

    /// The providers that are set up for a check.
    pub fn providers(&self, check: Check) -> &BTreeSet<Provider> {
        static NOBODY: BTreeSet<Provider> = BTreeSet::new();
        self.asked.get(&check).unwrap_or(&NOBODY)
    }

    pub(super) fn is_broken(&self, verdict: &Verdict) -> bool {
        f64::from(verdict.breach_permille) / f64::from(CERTAIN) >= self.threshold(verdict.check)
    }

    pub(super) fn counts(&self, provider: Provider, check: Check) -> bool {
        provider == Provider::Platform || self.providers(check).contains(&provider)
    }
}
