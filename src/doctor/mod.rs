//! `doctor`: what a validator needs, looked at one after another. Nothing is changed, nothing is signed, and no quota is spent.
//!
//! What is [`State::Wrong`] keeps weights from being right or from being set; what is [`State::Doubtful`] costs something, or will.

mod chain;
mod here;
mod text;

pub use text::to_text;

use crate::config::Config;
use crate::text::json::one_line;
use serde::Serialize;
use std::sync::Arc;
use tensorflix_actors::ports::{Clock, Http};

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
    fn well(subject: &'static str, found: impl Into<String>) -> Self {
        Self { subject, state: State::Well, found: found.into(), advice: None }
    }

    fn doubtful(subject: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject, state: State::Doubtful, found: found.into(), advice: Some(advice.into()) }
    }

    fn wrong(subject: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject, state: State::Wrong, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Looks at everything, each thing within the deadline of its section.
pub async fn examine(config: &Config, http: Arc<dyn Http>, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = here::settings(config);
    findings.extend(here::keys(config));
    findings.extend(chain::examine(config, http, clock).await);
    findings.extend(here::disk(config));
    findings
}

/// One JSON object on one line.
pub fn to_json(findings: &[Finding]) -> String {
    #[derive(Serialize)]
    struct Report<'a> {
        well: bool,
        findings: &'a [Finding],
    }
    one_line(&Report { well: is_well(findings), findings })
}

/// Whether nothing keeps the validator from its work.
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.state != State::Wrong)
}
