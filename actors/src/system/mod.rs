//! The actors of a validator, wired once: the process, the tests' validator and the simulation differ in their ports and
//! settings, never in who sends what to whom.
//!
//! Actors are made from the last to the first of the flow, so that each gets the addresses that it sends to. All of them
//! run on the thread that starts them.

mod ports;

pub use ports::{ChainPorts, Need, Ports, Service};

use crate::chain_watcher::{ChainWatcher, ChainWatcherParts, CommitmentsChanged, Grids, HeadFinalized};
use crate::gist_fetcher::github::{GitHub, GitHubSettings};
use crate::gist_fetcher::owner_checks::CHECKS_PER_ROUND;
use crate::gist_fetcher::{GistFetcher, GistFetcherParts, SubmissionsRecorded};
use crate::platforms::{ObserveContents, PlatformActor, PlatformApi, PlatformParts, PollContents};
use crate::scorer::{CycleSettings, Opening, Scorer, ScorerMemory, ScorerParts, ScoresDecided};
use crate::stats::ActorStats;
use crate::supervision::Reserved;
use crate::supervision::quarantine::Rules;
use crate::verifier::{Detector, Verifier, VerifierParts};
use crate::weight_setter::{
    HeldAtStart, SendingSettings, WeightSetter, WeightSetterParts, WeightsConfirmed, WeightsWithheld,
};
use actix::{Addr, Recipient};
use std::collections::BTreeMap;
use std::sync::Arc;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::platform::Platform;

/// The settings of the actors that read chain and gists.
#[derive(Clone, Debug)]
pub struct ReadingSettings {
    /// When the subnet is read.
    pub grids: Grids,
    /// Where gists are read.
    pub github: GitHubSettings,
    /// Gists that are read at one time.
    pub max_in_flight: usize,
    /// A task gist that is read beside the committed ones.
    pub task_gist: Option<GistPointer>,
}

/// The settings of all actors.
pub struct Settings {
    /// Of ChainWatcher and GistFetcher.
    pub reading: ReadingSettings,
    /// Of Scorer.
    pub cycles: CycleSettings,
    /// Of WeightSetter.
    pub sending: SendingSettings,
    /// Of Verifier: the detectors that are asked.
    pub detectors: Vec<Arc<dyn Detector>>,
    /// Who is informed beside the actors.
    pub listeners: Listeners,
}

/// Who is informed of results, beside the actors themselves.
#[derive(Clone, Default)]
pub struct Listeners {
    /// Receives each decision, before WeightSetter does.
    pub decided: Vec<Recipient<ScoresDecided>>,
    /// Receives weights that are on chain.
    pub confirmed: Vec<Recipient<WeightsConfirmed>>,
    /// Receives weights that were not sent.
    pub withheld: Vec<Recipient<WeightsWithheld>>,
}

/// The running actors.
pub struct System {
    /// Follows the chain.
    pub chain_watcher: Addr<ChainWatcher>,
    /// Reads gists.
    pub gist_fetcher: Addr<GistFetcher>,
    /// Each observes the items of its platform.
    pub platforms: BTreeMap<Platform, Addr<PlatformActor>>,
    /// Has items examined.
    pub verifier: Addr<Verifier>,
    /// Decides cycles.
    pub scorer: Addr<Scorer>,
    /// Sends weights.
    pub weight_setter: Addr<WeightSetter>,
    /// The counters of every actor, in the order of the flow.
    pub stats: Vec<Arc<ActorStats>>,
}

/// The actors that read chain and gists, without those that decide and send.
pub struct Readers {
    /// Follows the chain. All of them end with its last address.
    pub chain_watcher: Addr<ChainWatcher>,
    /// The counters of both, in the order of the flow.
    pub stats: Vec<Arc<ActorStats>>,
}

/// The actors that observe items, without those that ask for it.
pub struct Observers {
    /// The actor of each platform.
    pub platforms: BTreeMap<Platform, Addr<PlatformActor>>,
    /// Their counters, in the order of the platforms.
    pub stats: Vec<Arc<ActorStats>>,
}

/// Starts every actor of a validator.
pub fn start(ports: &impl ChainPorts, settings: Settings, platforms: Vec<Arc<dyn PlatformApi>>) -> System {
    let Settings { reading, cycles, sending, detectors, listeners } = settings;
    let [watcher_stats, fetcher_stats] = reader_stats(ports);
    let Observers { platforms, stats: platform_stats } = start_observers(ports, platforms);
    let [verifier_stats, scorer_stats, setter_stats] =
        ["verifier", "scorer", "weight_setter"].map(|of| ports.stats(of));
    let stats = [Arc::clone(&watcher_stats), Arc::clone(&fetcher_stats)].into_iter().chain(platform_stats);
    let stats = stats.chain([&verifier_stats, &scorer_stats, &setter_stats].map(Arc::clone)).collect();
    let verifier = verifier(ports, detectors, verifier_stats);
    let Listeners { decided, confirmed, withheld } = listeners;
    let only_decisions = cycles.opening == Opening::Once;
    let weight_setter = weight_setter(ports, sending, only_decisions, (confirmed, withheld), setter_stats);
    // Scorer asks GistFetcher for dates, and GistFetcher sends its rounds to Scorer: the address comes before the actor.
    let scorer = Reserved::new();
    let rounds = vec![ports.between(scorer.address().recipient())];
    let gist_fetcher = gist_fetcher(ports, &reading, rounds, fetcher_stats);
    let parts = ScorerParts {
        settings: cycles,
        observers: observers(&platforms),
        pollers: pollers(&platforms),
        dates: Some(gist_fetcher.clone().recipient()),
        verifier: Some(verifier.clone().recipient()),
        rules: Rules::default(),
        listeners: decided.into_iter().chain([ports.between(weight_setter.clone().recipient())]).collect(),
        store: ports.store("scorer"),
        clock: ports.clock(),
        stats: Arc::clone(&scorer_stats),
        memory: ScorerMemory::default(),
    };
    let supervision = ports.supervision(&scorer_stats, Need::Core);
    let scorer = ports.supervise(scorer, supervision, move || Scorer::new(parts.clone()));
    let heads = vec![ports.between(weight_setter.clone().recipient())];
    let subnets = vec![ports.between(gist_fetcher.clone().recipient()), ports.between(scorer.clone().recipient())];
    let chain_watcher = chain_watcher(ports, reading.grids, (heads, subnets), watcher_stats);
    System { chain_watcher, gist_fetcher, platforms, verifier, scorer, weight_setter, stats }
}

/// Starts the actors that read chain and gists alone.
pub fn start_readers(ports: &impl ChainPorts, settings: &ReadingSettings) -> Readers {
    let [watcher_stats, fetcher_stats] = reader_stats(ports);
    let stats = vec![Arc::clone(&watcher_stats), Arc::clone(&fetcher_stats)];
    let gist_fetcher = gist_fetcher(ports, settings, Vec::new(), fetcher_stats);
    let subnets = vec![ports.between(gist_fetcher.recipient())];
    Readers { chain_watcher: chain_watcher(ports, settings.grids, (Vec::new(), subnets), watcher_stats), stats }
}

/// Starts the actor of each platform alone.
pub fn start_observers(ports: &impl Ports, platforms: Vec<Arc<dyn PlatformApi>>) -> Observers {
    let (mut actors, mut all_stats) = (BTreeMap::new(), Vec::new());
    for platform in platforms {
        let id = platform.id();
        let stats = ports.stats(id.name());
        let outbound = ports.outbound(Service::Platform(id), &stats);
        let parts = PlatformParts::new(platform, outbound, ports.store(id.name()), ports.clock(), Arc::clone(&stats));
        let supervision = ports.supervision(&stats, Need::Optional);
        actors.insert(id, ports.supervise(Reserved::new(), supervision, move || PlatformActor::new(&parts)));
        all_stats.push(stats);
    }
    Observers { platforms: actors, stats: all_stats }
}

/// Who observes, by platform.
pub fn observers(
    platforms: &BTreeMap<Platform, Addr<PlatformActor>>,
) -> BTreeMap<Platform, Recipient<ObserveContents>> {
    platforms.iter().map(|(platform, actor)| (*platform, actor.clone().recipient())).collect()
}

/// Who polls, by platform.
fn pollers(platforms: &BTreeMap<Platform, Addr<PlatformActor>>) -> BTreeMap<Platform, Recipient<PollContents>> {
    platforms.iter().map(|(platform, actor)| (*platform, actor.clone().recipient())).collect()
}

fn reader_stats(ports: &impl Ports) -> [Arc<ActorStats>; 2] {
    ["chain_watcher", "gist_fetcher"].map(|actor| ports.stats(actor))
}

fn chain_watcher(
    ports: &impl ChainPorts,
    grids: Grids,
    (head_listeners, subnet_listeners): (Vec<Recipient<HeadFinalized>>, Vec<Recipient<CommitmentsChanged>>),
    stats: Arc<ActorStats>,
) -> Addr<ChainWatcher> {
    let supervision = ports.supervision(&stats, Need::Core);
    let parts = ChainWatcherParts {
        chain: ports.chain(stats.name()),
        store: ports.store(stats.name()),
        clock: ports.clock(),
        stats,
        grids,
        head_listeners,
        subnet_listeners,
    };
    ports.supervise(Reserved::new(), supervision, move || ChainWatcher::new(parts.clone()))
}

fn gist_fetcher(
    ports: &impl Ports,
    settings: &ReadingSettings,
    listeners: Vec<Recipient<SubmissionsRecorded>>,
    stats: Arc<ActorStats>,
) -> Addr<GistFetcher> {
    let supervision = ports.supervision(&stats, Need::Core);
    let github = GitHub::new(settings.github.clone(), ports.outbound(Service::GitHub, &stats), ports.clock());
    let parts = GistFetcherParts {
        store: ports.store(stats.name()),
        clock: ports.clock(),
        stats,
        github: Arc::new(github),
        max_in_flight: settings.max_in_flight,
        round_blocks: settings.grids.round_blocks,
        owner_checks_per_round: CHECKS_PER_ROUND,
        task_gist: settings.task_gist.clone(),
        listeners,
    };
    ports.supervise(Reserved::new(), supervision, move || GistFetcher::new(parts.clone()))
}

fn verifier(ports: &impl Ports, detectors: Vec<Arc<dyn Detector>>, stats: Arc<ActorStats>) -> Addr<Verifier> {
    let supervision = ports.supervision(&stats, Need::Optional);
    let behind_limiter = |detector: Arc<dyn Detector>| {
        let outbound = ports.outbound(Service::Detector(detector.id()), &stats);
        (detector, outbound)
    };
    let detectors = detectors.into_iter().map(behind_limiter).collect();
    let parts = VerifierParts::new(detectors, ports.store(stats.name()), ports.clock(), stats);
    ports.supervise(Reserved::new(), supervision, move || Verifier::new(parts.clone()))
}

fn weight_setter(
    ports: &impl ChainPorts,
    settings: SendingSettings,
    only_decisions: bool,
    (confirmed_listeners, withheld_listeners): (Vec<Recipient<WeightsConfirmed>>, Vec<Recipient<WeightsWithheld>>),
    stats: Arc<ActorStats>,
) -> Addr<WeightSetter> {
    let supervision = ports.supervision(&stats, Need::Core);
    let parts = WeightSetterParts {
        settings,
        only_decisions,
        chain: ports.chain(stats.name()),
        store: ports.store(stats.name()),
        stats,
        confirmed_listeners,
        withheld_listeners,
        at_start: HeldAtStart::default(),
    };
    ports.supervise(Reserved::new(), supervision, move || WeightSetter::new(parts.clone()))
}
