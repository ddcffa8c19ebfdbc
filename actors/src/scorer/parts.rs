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
    /// Who observes contents for a cycle.
    pub observers: BTreeMap<Platform, Recipient<ObserveContents>>,
    /// Who looks at contents between cycles; where there is nobody, they are looked at for cycles alone.
    pub pollers: BTreeMap<Platform, Recipient<PollContents>>,
    /// Who dates gists in dispute; without it such disputes are settled by the next criterion.
    pub dates: Option<Recipient<DateGists>>,
    /// Who examines contents; without it what is stored of verdicts is all there is.
    pub verifier: Option<Recipient<VerifyContents>>,
    /// The functions that read and judge.
    pub rules: Rules,
    /// Who hears of decisions.
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
