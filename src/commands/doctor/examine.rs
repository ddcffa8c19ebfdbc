//! `doctor`: what a validator needs, looked at one after another. Nothing is changed, nothing is signed, and no quota is spent.
//!
//! What is [`State::Wrong`](super::finding::State::Wrong) keeps weights from being right or from being set; what is [`State::Doubtful`](super::finding::State::Doubtful) costs something, or will.

use super::finding::Finding;
use super::{chain, here};
use crate::config::Config;
use std::sync::Arc;
use tensorflix_actors::ports::{Clock, Http};

/// Looks at everything, each thing within the deadline of its section.
pub async fn examine(config: &Config, http: Arc<dyn Http>, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = here::settings(config);
    findings.extend(here::keys(config));
    findings.extend(chain::examine(config, http, clock).await);
    findings.extend(here::disk(config));
    findings
}
