//! The ports of the process's actors: one store, one HTTP client, one clock, and a limiter for each service.

use super::connections;
use super::tuning::{RateOf, SLOWEST, Tuning};
use crate::adapters::chain::{ChainSettings, SubtensorChain};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::adapters::store::Database;
use crate::config::{Config, PlatformSettings};
use crate::wiring::errors::AppError;
use std::sync::Arc;
use tensorflix_actors::chain_watcher::Grids;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::PlatformApi;
use tensorflix_actors::ports::{Chain, Clock, Http, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::{Importance, Jitter, RestartLimits, Supervision};
use tensorflix_actors::system::{ChainPorts, Need, Ports, ReadingSettings, Service};
use tensorflix_chain::HotkeyWallet;
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tokio::sync::mpsc::UnboundedSender;

/// What every actor is made with. `C` is the chain, for actors that need one.
pub(super) struct Workshop<'a, C = ()> {
    config: &'a Config,
    pub(super) store: Arc<dyn Store>,
    http: Arc<dyn Http>,
    pub(super) clock: Arc<dyn Clock>,
    escalations: UnboundedSender<&'static str>,
    pub(super) tuning: Arc<Tuning>,
    jitter: Jitter,
    /// Counted by the chain's limiter before ChainWatcher is there.
    chain_stats: Arc<ActorStats>,
    chain: C,
}

impl<'a> Workshop<'a> {
    /// A workshop without a chain.
    ///
    /// # Errors
    /// [`AppError::Http`] if there can be no HTTP client.
    pub(super) fn new(
        config: &'a Config,
        database: Database,
        escalations: UnboundedSender<&'static str>,
    ) -> Result<Self, AppError> {
        let http = HttpClient::new().map_err(|error| AppError::Http(error.to_string()))?;
        Ok(Self {
            config,
            store: Arc::new(database),
            http: Arc::new(http),
            clock: Arc::new(SystemClock::new()),
            escalations,
            tuning: Arc::default(),
            jitter: Jitter::random(),
            chain_stats: ActorStats::new("chain_watcher"),
            chain: (),
        })
    }

    /// The configured chain, behind its limiter.
    ///
    /// # Errors
    /// [`AppError::Network`] if the configuration names no network that is known.
    pub(super) fn chain(
        &self,
        wallet: Option<HotkeyWallet>,
        database: tensorflix_store::Store,
    ) -> Result<SubtensorChain, AppError> {
        let limiter = self.limiter(RateOf::Service(connections::network_rate), &self.chain_stats);
        let client = connections::chain_client(&self.config.network, limiter)?;
        let settings =
            ChainSettings { netuid: self.config.network.netuid, version_key: self.config.weights.version_key, wallet };
        let Grids { slot_blocks, round_blocks } = grids(self.config);
        Ok(SubtensorChain::new(settings, client, database).passing_over_heads(vec![slot_blocks, round_blocks]))
    }

    /// The same with a chain.
    pub(super) fn with_chain(self, chain: Arc<dyn Chain>) -> Workshop<'a, Arc<dyn Chain>> {
        let Self { config, store, http, clock, escalations, tuning, jitter, chain_stats, chain: () } = self;
        Workshop { config, store, http, clock, escalations, tuning, jitter, chain_stats, chain }
    }
}

impl<C> Workshop<'_, C> {
    /// The configured platforms. Their budgets follow the configuration.
    pub(super) fn platforms(&self) -> Vec<Arc<dyn PlatformApi>> {
        let platform = |settings: &PlatformSettings| {
            let platform = connections::platform(self.config, settings, &self.clock);
            self.tuning.budget(platform.id(), platform.budget());
            platform
        };
        self.config.platforms.iter().map(platform).collect()
    }

    fn limiter(&self, rate_of: RateOf, stats: &Arc<ActorStats>) -> Arc<Limiter> {
        self.tuning.limiter(self.config, rate_of, &self.clock, stats)
    }
}

impl<C> Ports for Workshop<'_, C> {
    fn store(&self, _: &'static str) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn outbound(&self, service: Service, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = match service {
            Service::GitHub => self.limiter(RateOf::Service(connections::github_rate), stats),
            Service::Platform(platform) => self.limiter(RateOf::Platform(platform), stats),
            // Rates of detectors are read once, at the start: they are not registered for reloading.
            Service::Detector(provider) => {
                let rate = connections::detector_rate(self.config, provider).unwrap_or(SLOWEST);
                connections::limiter(rate, &self.clock, stats)
            }
        };
        Outbound::new(Arc::clone(&self.http), limiter)
    }

    fn supervision(&self, stats: &Arc<ActorStats>, need: Need) -> Supervision {
        let importance = match need {
            Need::Core => Importance::Core(self.escalations.clone()),
            Need::Optional => Importance::Optional,
        };
        supervision(self.config, self.jitter, importance, &self.clock, stats)
    }

    fn stats(&self, actor: &'static str) -> Arc<ActorStats> {
        if actor == self.chain_stats.name() { Arc::clone(&self.chain_stats) } else { ActorStats::new(actor) }
    }
}

impl ChainPorts for Workshop<'_, Arc<dyn Chain>> {
    fn chain(&self, _: &'static str) -> Arc<dyn Chain> {
        Arc::clone(&self.chain)
    }
}

/// The configured supervision of an actor.
pub(super) fn supervision(
    config: &Config,
    jitter: Jitter,
    importance: Importance,
    clock: &Arc<dyn Clock>,
    stats: &Arc<ActorStats>,
) -> Supervision {
    let settings = config.supervision_of(stats.name());
    let limits = RestartLimits {
        max_restarts: settings.max_restarts,
        within: settings.within(),
        backoff_min: settings.backoff_min(),
        backoff_max: settings.backoff_max(),
    };
    Supervision { limits, jitter, importance, clock: Arc::clone(clock), stats: Arc::clone(stats) }
}

/// The settings of the actors that read chain and gists.
pub(super) fn reading(config: &Config) -> ReadingSettings {
    ReadingSettings {
        grids: grids(config),
        github: connections::github_settings(config),
        max_in_flight: config.github.max_in_flight,
        task_gist: config.task_gist(),
    }
}

fn grids(config: &Config) -> Grids {
    Grids { round_blocks: config.validator.gist_poll_blocks, slot_blocks: slot_blocks(config) }
}

/// Blocks in a cycle's slot.
pub fn slot_blocks(config: &Config) -> u32 {
    let blocks = config.validator.update_interval_hours * f64::from(BLOCKS_PER_HOUR);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32")]
    let blocks = blocks.clamp(1.0, f64::from(u32::MAX)) as u32;
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::platform::Platform;
    use tensorflix_domain::verification::Provider;

    /// What the README says: rates of detectors need a restart.
    #[tokio::test]
    async fn a_reload_changes_the_rates_of_github_and_platforms_and_not_those_of_detectors() {
        let store = tensorflix_store::Store::open("sqlite::memory:").await.expect("a store");
        let (escalations, _) = tokio::sync::mpsc::unbounded_channel();
        let config = Config::default();
        let workshop = Workshop::new(&config, Database::new(store), escalations).expect("a workshop");
        let stats = ActorStats::new("an actor");
        for (service, followers) in [
            (Service::Detector(Provider::Webhook), 0),
            (Service::GitHub, 1),
            (Service::Platform(Platform::YOUTUBE), 2),
            (Service::Detector(Provider::Openai), 2),
        ] {
            workshop.outbound(service, &stats);
            assert_eq!(workshop.tuning.followers(), followers, "{service:?}");
        }
    }
}
