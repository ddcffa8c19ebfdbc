//! One thing that was checked, and its state.

use serde::Serialize;

/// The state of something that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Well,
    /// The validator works, but less well than it could.
    Doubtful,
    /// The validator cannot do its work.
    Wrong,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked, in one word.
    pub subject: &'static str,
    /// Its state.
    pub state: State,
    /// What was found. No secret is in it.
    pub found: String,
    /// What the operator can do, unless it is as it should be.
    pub advice: Option<String>,
}

impl Finding {
    pub(super) fn well(subject: &'static str, found: impl Into<String>) -> Self {
        Self { subject, state: State::Well, found: found.into(), advice: None }
    }

    pub(super) fn doubtful(subject: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject, state: State::Doubtful, found: found.into(), advice: Some(advice.into()) }
    }

    pub(super) fn wrong(subject: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject, state: State::Wrong, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Whether the validator can work.
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Wrong)
}
