//! The services, put together: beside the validator's actors, or with what they need when they run alone.

use super::app::App;
use super::connections;
use super::tuning::Tuning;
use super::workshop::supervision;
use crate::api::front::Front;
use crate::api::guard::clients::Clients;
use crate::api::server::{ServeError, Server};
use crate::api::service::Service;
use crate::api::syncer::chain_syncer;
use crate::api::tracker::desk::{Ages, Desk};
use crate::api::tracker::document;
use crate::api::tracker::observing::{BatchCollector, Collecting};
use crate::api::tracker::platform_tracker;
use crate::api::tracker::platform_tracker::Desks;
use crate::api::tracker::source::Source;
use crate::api::watch::vitals::{Dating, FollowedSubnet, Vitals};
use crate::config::{Config, HttpSettings, PlatformSettings};
use actix::Recipient;
use actix_web::web::Data;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::platforms::ObserveContents;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::{Importance, Jitter, supervise};
use tensorflix_actors::system;
use tensorflix_domain::platform::Platform;
use tensorflix_store::Store;
use utoipa::OpenApi;

/// Of the budget that a validator lives on, its tracker's clients get one part in so many.
const SHARE_BESIDE_VALIDATOR: u64 = 2;
/// Alone, a tracker has all of it.
const SHARE_ALONE: u64 = 1;

/// Time beyond a platform's own deadline for one batch, in which its actor may try again.
const FOR_RETRIES: Duration = Duration::from_secs(30);

/// The servers of a process.
#[derive(Debug, Default)]
pub struct Services {
    servers: Vec<Server>,
}

/// What a tracker works with.
pub(super) struct Tracking {
    /// Where observations are.
    pub contents: Store,
    /// The actor of each platform.
    pub observers: BTreeMap<Platform, Recipient<ObserveContents>>,
    /// Its platforms.
    pub sources: Vec<Arc<Source>>,
    /// Counters of its collectors, in the order of the platforms.
    pub stats: Vec<Arc<ActorStats>>,
}

impl Services {
    /// Starts the services that the configuration switches on, beside the validator's actors. One that cannot be started is
    /// left out, and the log says which setting to change: weights depend on nothing that only watches.
    pub async fn start(app: &App, config: &Config) -> Self {
        let mut services = Self::default();
        let HttpSettings { chain_syncer: syncer, platform_tracker: tracker, .. } = config.http;
        if syncer.is_none() && tracker.is_none() {
            return services;
        }
        let tracking = Tracking {
            contents: app.database.clone(),
            observers: system::observers(&app.actors.platforms),
            sources: sources(config, &app.clock, &app.tuning, SHARE_BESIDE_VALIDATOR),
            stats: collector_stats(config),
        };
        let stats = [app.actors.stats.as_slice(), &tracking.stats].concat();
        let (store, clock) = (app.database.clone(), Arc::clone(&app.clock));
        let (sources, round_blocks) = (tracking.sources.clone(), config.validator.gist_poll_blocks);
        let vitals = Vitals::start(store, clock, Dating::Chain, stats, sources, round_blocks).await;
        if let Some(address) = syncer {
            let served = services.serve_peers(address, config, &app.database, &vitals, &app.clock).await;
            log_unserved(Service::ChainSyncer, served);
        }
        if let Some(address) = tracker {
            let served = services.serve_contents(address, config, tracking, &vitals, &app.clock);
            log_unserved(Service::PlatformTracker, served);
        }
        services
    }

    /// Starts the chain syncer.
    pub(super) async fn serve_peers(
        &mut self,
        address: SocketAddr,
        config: &Config,
        store: &Store,
        vitals: &Arc<Vitals>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), ServeError> {
        vitals.follow(FollowedSubnet {
            network: connections::shown_network(&config.network.network),
            netuid: config.network.netuid,
        });
        let document = chain_syncer::Document::openapi();
        let front = Front::new(Service::ChainSyncer, clients(config), Arc::clone(vitals), &document);
        let peers = chain_syncer::Peers::start(store.clone(), Arc::clone(vitals), Arc::clone(clock)).await;
        self.servers.push(Server::start(address, front, chain_syncer::configure(&peers))?);
        Ok(())
    }

    /// Starts the platform tracker with its collectors.
    pub(super) fn serve_contents(
        &mut self,
        address: SocketAddr,
        config: &Config,
        tracking: Tracking,
        vitals: &Arc<Vitals>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), ServeError> {
        let document = document::of_platforms(config.platforms.iter().map(|settings| settings.spec));
        let front = Front::new(Service::PlatformTracker, clients(config), Arc::clone(vitals), &document);
        let ages = Ages {
            max_age: Duration::from_secs(config.http.max_age_secs),
            max_evidence_age_hours: config.validator.max_evidence_age_hours,
        };
        let Tracking { contents, mut observers, sources, stats } = tracking;
        let mut desks = BTreeMap::new();
        for (source, stats) in sources.into_iter().zip(stats) {
            let Some(observer) = observers.remove(&source.id()) else { continue };
            let supervision = supervision(config, Jitter::random(), Importance::Optional, clock, &stats);
            let collecting = Collecting {
                source: Arc::clone(&source),
                observer,
                deadline: deadline(config, source.id()) + FOR_RETRIES,
                vitals: Arc::clone(vitals),
                clock: Arc::clone(clock),
                stats,
            };
            let collector = supervise(supervision, move || BatchCollector::new(collecting.clone()));
            let desk = Desk::new(Arc::clone(&source), contents.clone(), collector, Arc::clone(vitals), ages);
            desks.insert(source.id(), desk);
        }
        let desks = Data::new(Desks(desks, config.http.compatibility));
        self.servers.push(Server::start(address, front, platform_tracker::configure(&desks))?);
        Ok(())
    }

    /// Where the services listen, in the order of their start.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    /// Stops all of them, letting requests under way end.
    pub async fn stop(self) {
        futures::future::join_all(self.servers.into_iter().map(Server::stop)).await;
    }
}

/// Logs that a service is not available.
fn log_unserved(service: Service, served: Result<(), ServeError>) {
    if let Err(error) = served {
        tracing::error!(service = service.name(), %error, "this service is not available until the next start; the validator continues");
    }
}

/// The platforms of the configuration, alone.
pub(super) fn sources_alone(config: &Config, clock: &Arc<dyn Clock>, tuning: &Tuning) -> Vec<Arc<Source>> {
    sources(config, clock, tuning, SHARE_ALONE)
}

fn sources(config: &Config, clock: &Arc<dyn Clock>, tuning: &Tuning, clients_share: u64) -> Vec<Arc<Source>> {
    let source = |settings: &PlatformSettings| {
        let platform = connections::platform(config, settings, clock);
        tuning.budget(platform.id(), platform.budget());
        Source::new(platform, clients_share)
    };
    config.platforms.iter().map(source).collect()
}

/// Counters of the collectors, in the order of [`sources`].
pub(super) fn collector_stats(config: &Config) -> Vec<Arc<ActorStats>> {
    config.platforms.iter().map(|settings| ActorStats::new(settings.spec.tracker.collector)).collect()
}

fn deadline(config: &Config, platform: Platform) -> Duration {
    config.platforms.of(platform).map(PlatformSettings::timeout).unwrap_or_default()
}

fn clients(config: &Config) -> Clients {
    Clients::new(config.http.requests_per_second, config.http.burst).calling_it(config.http.allowed_hosts.clone())
}
