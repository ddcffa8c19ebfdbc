//! One thing that was looked at, and how it stands.

use serde::Serialize;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Well,
    /// The validator works, and less well than it could.
    Doubtful,
    /// The validator cannot do its work.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in one word.
    pub subject: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found. No secret is in it.
    pub found: String,
    /// What the operator can do, unless it is well.
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

/// Whether nothing keeps the validator from its work.
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Wrong)
}
