//! `doctor`: checks everything that a validator needs, one after another. Nothing is changed, nothing is signed, and no quota is
//! used.
//!
//! [`State::Wrong`](super::finding::State::Wrong) means that weights cannot be set or would be wrong;
//! [`State::Doubtful`](super::finding::State::Doubtful) means a smaller loss, now or later.

use super::finding::Finding;
use super::{chain, here};
use crate::config::Config;
use std::sync::Arc;
use tensorflix_actors::ports::{Clock, Http};

/// Checks everything, each check within the deadline of its section.
pub async fn examine(config: &Config, http: Arc<dyn Http>, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = here::settings(config);
    findings.extend(here::keys(config));
    findings.extend(chain::examine(config, http, clock).await);
    findings.extend(here::disk(config));
    findings
}
