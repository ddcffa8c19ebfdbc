//! Everything that Scorer needs from outside.

use crate::gist_fetcher::DateGists;
use crate::platforms::{ObserveContents, PollContents};
use crate::ports::{Clock, Store};
use crate::scorer::memory::ScorerMemory;
use crate::scorer::messages::ScoresDecided;
use crate::scorer::settings::CycleSettings;
use crate::stats::ActorStats;
use crate::supervision::quarantine::Rules;
use crate::verifier::VerifyContents;
use actix::Recipient;
use std::collections::BTreeMap;
use std::sync::Arc;
use tensorflix_domain::platform::Platform;

/// Everything that Scorer needs.
#[derive(Clone)]
pub struct ScorerParts {
    /// How cycles open and decide.
    pub settings: CycleSettings,
    /// Observe items for a cycle.
    pub observers: BTreeMap<Platform, Recipient<ObserveContents>>,
    /// Polls items between cycles; without it, items are observed only for cycles.
    pub pollers: BTreeMap<Platform, Recipient<PollContents>>,
    /// Dates gists in disputes; without it such disputes are settled by the next criterion.
    pub dates: Option<Recipient<DateGists>>,
    /// Has items examined; without it only stored verdicts are used.
    pub verifier: Option<Recipient<VerifyContents>>,
    /// The functions that read and judge.
    pub rules: Rules,
    /// Receives decisions.
    pub listeners: Vec<Recipient<ScoresDecided>>,
    /// Its records.
    pub store: Arc<dyn Store>,
    /// For deadlines and ticks.
    pub clock: Arc<dyn Clock>,
    /// Its counters.
    pub stats: Arc<ActorStats>,
    /// What a restart of the actor must not forget.
    pub memory: ScorerMemory,
}
