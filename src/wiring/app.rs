//! The running validator: the only file that names every actor and every adapter.
//!
//! Actors are made from the last to the first of the flow, so that each gets the addresses it tells. All of them run
//! on the thread that calls [`App::start`]. Services are put together in `serving.rs`, and those that run alone in `alone.rs`.

use super::connections;
use super::tuning::{RateOf, Tuning};
use crate::adapters::chain::{ChainSettings, SubtensorChain};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::adapters::store::Database;
use crate::config::{Config, PlatformSettings};
use crate::console::reporter::{Event, Reporter, recipient};
use actix::{Addr, Recipient};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::{ChainWatcher, ChainWatcherParts, CommitmentsChanged, Grids, HeadFinalized};
use tensorflix_actors::gist_fetcher::owner_checks::CHECKS_PER_ROUND;
use tensorflix_actors::gist_fetcher::{GistFetcher, GistFetcherParts, SubmissionsRecorded};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::{ObserveContents, PlatformActor, PlatformParts, PollContents};
use tensorflix_actors::ports::{Chain, Clock, Http, Store};
use tensorflix_actors::scorer::{CycleSettings, Opening, Scorer, ScorerMemory, ScorerParts};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::quarantine::Rules;
use tensorflix_actors::supervision::{Importance, Jitter, Reserved, RestartLimits, Supervision, supervise};
use tensorflix_actors::verifier::{Verifier, VerifierParts};
use tensorflix_actors::weight_setter::SendingSettings;
use tensorflix_actors::weight_setter::{HeldAtStart, WeightSetter, WeightSetterParts};
use tensorflix_chain::{HotkeyWallet, UnknownNetwork, WalletError};
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::platform::Platform;
use tensorflix_store::StoreError;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How the process is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// When cycles open.
    pub opening: Opening,
    /// Whether nothing is signed and sent. A wallet is then not needed.
    pub dry_run: bool,
}

/// Why the process could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The wallet cannot be used.
    #[error("the wallet cannot be used: {0}")]
    Wallet(#[from] WalletError),
    /// The network's name says nothing.
    #[error(transparent)]
    Network(#[from] UnknownNetwork),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// HTTP cannot be set up.
    #[error("HTTP cannot be set up: {0}")]
    Http(String),
}

/// The running validator.
pub struct App {
    /// Everything that was stored.
    pub store: Arc<dyn Store>,
    /// The chain.
    pub chain: Arc<SubtensorChain>,
    /// Counters of every actor, in the order of the flow.
    pub stats: Vec<Arc<ActorStats>>,
    /// What the actors tell.
    pub events: Receiver<Event>,
    /// Names of core actors that failed too often; the process must end.
    pub escalations: UnboundedReceiver<&'static str>,
    /// The actors.
    pub actors: Actors,
    /// The database behind the store.
    pub database: tensorflix_store::Store,
    pub(super) clock: Arc<dyn Clock>,
    /// What can be changed while it runs.
    pub tuning: Arc<Tuning>,
    /// No other validator can use the store meanwhile.
    _lock: tensorflix_store::ValidatorLock,
}

/// Addresses of the actors.
pub struct Actors {
    /// Follows the chain.
    pub chain_watcher: Addr<ChainWatcher>,
    /// Reads gists.
    pub gist_fetcher: Addr<GistFetcher>,
    /// Each observes the videos or reels of its platform.
    pub platforms: BTreeMap<Platform, Addr<PlatformActor>>,
    /// Has contents examined.
    pub verifier: Addr<Verifier>,
    /// Decides cycles.
    pub scorer: Addr<Scorer>,
    /// Sends weights.
    pub weight_setter: Addr<WeightSetter>,
}

/// What every actor is made with.
pub(super) struct Workshop<'a> {
    pub(super) config: &'a Config,
    pub(super) store: Arc<dyn Store>,
    pub(super) http: Arc<dyn Http>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) escalations: UnboundedSender<&'static str>,
    pub(super) stats: Vec<Arc<ActorStats>>,
    pub(super) tuning: Arc<Tuning>,
    pub(super) jitter: Jitter,
}

impl App {
    /// Keeps the store from growing for as long as the process lives: for one that runs for months.
    pub fn keep_store_bounded(&self, config: &Config) {
        actix_rt::spawn(super::upkeep::keep_bounded(self.database.clone(), config.store.keep_days));
    }

    /// Opens the store, reads the wallet, and starts every actor. The chain is connected to when it is first asked.
    ///
    /// # Errors
    /// [`AppError`] if wallet, network, store or HTTP cannot be set up: the operator must act.
    pub async fn start(config: &Config, mode: Mode) -> Result<Self, AppError> {
        let wallet = open_wallet(config, mode.dry_run)?;
        // Before the store is opened, which brings its schema up to date: not under another validator.
        let mut lock = tensorflix_store::ValidatorLock::take(&config.store.url)?;
        let database = lock.open().await?;
        // A reading of the subnet from before the start would open cycles and rounds at blocks long past.
        database.forget_subnet().await?;
        let (escalations, escalated) = unbounded_channel();
        let mut workshop = Workshop::new(config, Database::new(database.clone()), escalations)?;
        let chain_stats = workshop.stats_of("chain_watcher");
        let chain = Arc::new(workshop.chain(wallet, &chain_stats, database.clone())?);
        let (reporter, events) = Reporter::start_new();
        let actors = workshop.actors(mode, &chain, chain_stats, &reporter);
        let Workshop { store, stats, clock, tuning, .. } = workshop;
        Ok(Self { store, chain, stats, events, escalations: escalated, actors, database, clock, tuning, _lock: lock })
    }
}

/// The wallet, which a dry run can do without.
fn open_wallet(config: &Config, dry_run: bool) -> Result<Option<HotkeyWallet>, AppError> {
    match connections::open_wallet(&config.wallet) {
        Ok(wallet) => Ok(Some(wallet)),
        Err(error) if dry_run => {
            tracing::warn!(%error, "running without a wallet: dry run");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Who observes, by platform.
pub(super) fn observers(
    platforms: &BTreeMap<Platform, Addr<PlatformActor>>,
) -> BTreeMap<Platform, Recipient<ObserveContents>> {
    platforms.iter().map(|(platform, actor)| (*platform, actor.clone().recipient())).collect()
}

/// Who polls, by platform.
fn pollers(platforms: &BTreeMap<Platform, Addr<PlatformActor>>) -> BTreeMap<Platform, Recipient<PollContents>> {
    platforms.iter().map(|(platform, actor)| (*platform, actor.clone().recipient())).collect()
}

/// Blocks in a cycle's slot.
pub fn slot_blocks(config: &Config) -> u32 {
    let blocks = config.validator.update_interval_hours * f64::from(BLOCKS_PER_HOUR);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32")]
    let blocks = blocks.clamp(1.0, f64::from(u32::MAX)) as u32;
    blocks
}

impl<'a> Workshop<'a> {
    pub(super) fn new(
        config: &'a Config,
        database: Database,
        escalations: UnboundedSender<&'static str>,
    ) -> Result<Self, AppError> {
        let http = HttpClient::new().map_err(|error| AppError::Http(error.to_string()))?;
        let (store, clock) = (Arc::new(database), Arc::new(SystemClock::new()));
        Ok(Self {
            config,
            store,
            http: Arc::new(http),
            clock,
            escalations,
            stats: Vec::new(),
            tuning: Arc::default(),
            jitter: Jitter::random(),
        })
    }

    pub(super) fn stats_of(&mut self, name: &'static str) -> Arc<ActorStats> {
        let stats = ActorStats::new(name);
        self.stats.push(Arc::clone(&stats));
        stats
    }

    pub(super) fn supervision(&self, stats: &Arc<ActorStats>, importance: Importance) -> Supervision {
        let settings = self.config.supervision_of(stats.name());
        let limits = RestartLimits {
            max_restarts: settings.max_restarts,
            within: Duration::from_secs(settings.within_secs),
            backoff_min: Duration::from_millis(settings.backoff_min_ms),
            backoff_max: Duration::from_millis(settings.backoff_max_ms),
        };
        let jitter = self.jitter;
        Supervision { limits, jitter, importance, clock: Arc::clone(&self.clock), stats: Arc::clone(stats) }
    }

    pub(super) fn core(&self, stats: &Arc<ActorStats>) -> Supervision {
        self.supervision(stats, Importance::Core(self.escalations.clone()))
    }

    pub(super) fn limiter(&self, rate_of: RateOf, stats: &Arc<ActorStats>) -> Arc<Limiter> {
        self.tuning.limiter(self.config, rate_of, &self.clock, stats)
    }

    pub(super) fn chain(
        &self,
        wallet: Option<HotkeyWallet>,
        stats: &Arc<ActorStats>,
        database: tensorflix_store::Store,
    ) -> Result<SubtensorChain, AppError> {
        let client = connections::chain_client(
            &self.config.network,
            self.limiter(RateOf::Service(connections::network_rate), stats),
        )?;
        let settings =
            ChainSettings { netuid: self.config.network.netuid, version_key: self.config.weights.version_key, wallet };
        let Grids { slot_blocks, round_blocks } = self.grids();
        Ok(SubtensorChain::new(settings, client, database).passing_over_heads(vec![slot_blocks, round_blocks]))
    }

    fn actors(
        &mut self,
        mode: Mode,
        chain: &Arc<SubtensorChain>,
        chain_stats: Arc<ActorStats>,
        reporter: &Addr<Reporter>,
    ) -> Actors {
        let grids = self.grids();
        let Grids { slot_blocks, round_blocks } = grids;
        let gist_stats = self.stats_of("gist_fetcher");
        let platforms = self.platforms();
        let verifier = self.verifier();
        let scorer_stats = self.stats_of("scorer");
        let weight_setter = self.weight_setter(mode, slot_blocks, chain, reporter);
        let cycles = CycleSettings {
            policy: self.config.policy(),
            task_source: self.config.validator.task_source,
            task_gist: self.config.task_gist(),
            own_hotkey: chain.hotkey(),
            slot_blocks,
            round_blocks,
            opening: mode.opening,
            release: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let listeners = vec![recipient(reporter), weight_setter.clone().recipient()];
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        // Scorer asks GistFetcher for dates, and GistFetcher tells Scorer of rounds: the address comes before the actor.
        let scorer = Reserved::new();
        let gist_fetcher = self.gist_fetcher(gist_stats, vec![scorer.address().recipient()]);
        let supervision = self.core(&scorer_stats);
        let parts = ScorerParts {
            settings: cycles,
            observers: observers(&platforms),
            pollers: pollers(&platforms),
            dates: Some(gist_fetcher.clone().recipient()),
            verifier: Some(verifier.clone().recipient()),
            rules: Rules::default(),
            listeners,
            store,
            clock,
            stats: scorer_stats,
            memory: ScorerMemory::default(),
        };
        let scorer = scorer.supervise(supervision, move || Scorer::new(parts.clone()));
        let head_listeners = vec![weight_setter.clone().recipient()];
        let subnet_listeners = vec![gist_fetcher.clone().recipient(), scorer.clone().recipient()];
        let chain_watcher = self.chain_watcher(chain.clone(), chain_stats, head_listeners, subnet_listeners);
        Actors { chain_watcher, gist_fetcher, platforms, verifier, scorer, weight_setter }
    }

    pub(super) fn grids(&self) -> Grids {
        Grids { round_blocks: self.config.validator.gist_poll_blocks, slot_blocks: slot_blocks(self.config) }
    }

    pub(super) fn chain_watcher(
        &self,
        chain: Arc<dyn Chain>,
        stats: Arc<ActorStats>,
        head_listeners: Vec<Recipient<HeadFinalized>>,
        subnet_listeners: Vec<Recipient<CommitmentsChanged>>,
    ) -> Addr<ChainWatcher> {
        let parts = ChainWatcherParts {
            chain,
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            stats: Arc::clone(&stats),
            grids: self.grids(),
            head_listeners,
            subnet_listeners,
        };
        supervise(self.core(&stats), move || ChainWatcher::new(parts.clone()))
    }

    pub(super) fn gist_fetcher(
        &self,
        stats: Arc<ActorStats>,
        listeners: Vec<Recipient<SubmissionsRecorded>>,
    ) -> Addr<GistFetcher> {
        let github = connections::github(
            self.config,
            Arc::clone(&self.http),
            &self.clock,
            self.limiter(RateOf::Service(connections::github_rate), &stats),
        );
        let parts = GistFetcherParts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            stats: Arc::clone(&stats),
            github: Arc::new(github),
            max_in_flight: self.config.github.max_in_flight,
            round_blocks: self.grids().round_blocks,
            owner_checks_per_round: CHECKS_PER_ROUND,
            task_gist: self.config.task_gist(),
            listeners,
        };
        supervise(self.core(&stats), move || GistFetcher::new(parts.clone()))
    }

    /// Starts the actor of every platform.
    pub(super) fn platforms(&mut self) -> BTreeMap<Platform, Addr<PlatformActor>> {
        let config = self.config;
        config.platforms.iter().map(|settings| (settings.spec.platform, self.platform(settings))).collect()
    }

    fn platform(&mut self, settings: &PlatformSettings) -> Addr<PlatformActor> {
        let id = settings.spec.platform;
        let platform = connections::platform(self.config, settings, &self.clock);
        self.tuning.budget(id, platform.budget());
        let stats = self.stats_of(id.name());
        let outbound = Outbound::new(Arc::clone(&self.http), self.limiter(RateOf::Platform(id), &stats));
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let supervision = self.supervision(&stats, Importance::Optional);
        let parts = PlatformParts::new(platform, outbound, store, clock, stats);
        supervise(supervision, move || PlatformActor::new(&parts))
    }

    fn verifier(&mut self) -> Addr<Verifier> {
        let stats = self.stats_of("verifier");
        for check in connections::unchecked(self.config) {
            let decides = connections::decides_alone(check);
            tracing::warn!(%check, "this check is on, and no detector with a key answers it: {decides}");
        }
        let detectors = connections::detectors(self.config, &self.http, &self.clock, &stats);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let supervision = self.supervision(&stats, Importance::Optional);
        let parts = VerifierParts { detectors, store, clock, stats };
        supervise(supervision, move || Verifier::new(parts.clone()))
    }

    fn weight_setter(
        &mut self,
        mode: Mode,
        slot_blocks: u32,
        chain: &Arc<SubtensorChain>,
        reporter: &Addr<Reporter>,
    ) -> Addr<WeightSetter> {
        let stats = self.stats_of("weight_setter");
        let settings = SendingSettings {
            resend_blocks: self.config.weights.resend_blocks,
            slot_blocks,
            version_key: self.config.weights.version_key,
            on_foreign_update: self.config.weights.on_foreign_update,
            dry_run: mode.dry_run,
        };
        let parts = WeightSetterParts {
            settings,
            only_decisions: mode.opening == Opening::Once,
            chain: Arc::clone(chain) as Arc<dyn Chain>,
            store: Arc::clone(&self.store),
            stats: Arc::clone(&stats),
            confirmed_listeners: vec![recipient(reporter)],
            withheld_listeners: vec![recipient(reporter)],
            at_start: HeldAtStart::default(),
        };
        supervise(self.core(&stats), move || WeightSetter::new(parts.clone()))
    }
}
