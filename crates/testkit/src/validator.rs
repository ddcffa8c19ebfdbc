//! All actors of a validator over faked ports, as the process wires them: a subnet with one validator and two miners.

use crate::crashing::{Mortal, Tripwire};
use crate::gists::{pointer, reel, submissions, task_line, video};
use crate::memory_store::MemoryStore;
use crate::model_chain::ModelChain;
use crate::subnets::{committed, hotkey, neuron, subnet, validator};
use crate::time::TestClock;
use crate::world::{SLOT_BLOCKS, UNLIMITED};
use crate::{living, settings};
use actix::{Actor, Addr, Context, Handler, Recipient, Supervised};
use async_trait::async_trait;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tensorflix_actors::chain_watcher::ChainWatcher;
use tensorflix_actors::gist_fetcher::GistFetcher;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::{PlatformActor, PlatformApi};
use tensorflix_actors::ports::{Chain, Clock, Http, HttpError, HttpRequest, HttpResponse, Store};
use tensorflix_actors::scorer::{CycleSettings, Scorer};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::{Heartbeat, Importance, Jitter, Reserved, RestartLimits, Supervision};
use tensorflix_actors::system::{self, ChainPorts, Listeners, Need, Ports, Service, Settings, System};
use tensorflix_actors::verifier::Verifier;
use tensorflix_actors::weight_setter::{WeightSetter, WeightsConfirmed};
use tensorflix_domain::ids::Block;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verification::{Check, CheckMode, Provider, VerificationPolicy};

/// The first block: the beginning of a slot.
pub const BEGIN: Block = SLOT_BLOCKS * 100;

/// GitHub, YouTube, Apify and a detector, or nothing at all.
#[derive(Default)]
pub struct Internet {
    /// Whether nothing answers.
    pub is_down: AtomicBool,
}

#[async_trait]
impl Http for Internet {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(HttpError::Connection("no route".to_owned()));
        }
        let body = match request.url.path() {
            path if path.starts_with("/validator/") => {
                let tasks = task_line("t", Platform::YOUTUBE, 0.0) + &task_line("r", Platform::INSTAGRAM, 0.0);
                tasks.into_bytes()
            }
            path if path.starts_with("/miner-1/") => submissions(&[("t", &video(1))]),
            path if path.starts_with("/miner-2/") => submissions(&[("t", &video(2)), ("r", &reel(1))]),
            path if path.starts_with("/v2/acts/") => {
                json!({"data": {"id": "run", "status": "SUCCEEDED", "defaultDatasetId": "items", "usageTotalUsd": 0.1}})
                    .to_string()
                    .into_bytes()
            }
            "/v2/datasets/items/items" => {
                let item = json!({
                    "shortCode": reel(1).as_str(), "timestamp": "2026-08-21T00:00:00Z", "videoViewCount": 500,
                });
                json!([item]).to_string().into_bytes()
            }
            "/hook" => json!({"verdict": "pass", "confidence": 0.9}).to_string().into_bytes(),
            "/youtube/v3/videos" => {
                let item = |number: u32| {
                    json!({
                        "id": video(number).as_str(),
                        "snippet": {"publishedAt": "2026-08-21T00:00:00Z"},
                        "statistics": {"viewCount": (number * 1_000).to_string()},
                    })
                };
                json!({"items": [item(1), item(2)]}).to_string().into_bytes()
            }
            // GitHub's API does not answer: owners stay unknown, and nothing depends on them.
            path if path.starts_with("/gists/") => return Err(HttpError::Connection("reset".to_owned())),
            path => panic!("nobody serves {path}"),
        };
        Ok(HttpResponse { status: 200, headers: BTreeMap::new(), body })
    }
}

/// Every port of a validator.
pub struct Validator {
    /// Its store.
    pub store: Arc<MemoryStore>,
    /// Its chain.
    pub chain: Arc<ModelChain>,
    /// What it fetches from.
    pub internet: Arc<Internet>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Recipients of confirmations that weights are on chain.
    pub listeners: Vec<Recipient<WeightsConfirmed>>,
    /// What follows when an actor exceeds its limits.
    pub importance: Importance,
    /// One actor with ports that can fail, and where they do.
    pub failing: Option<(&'static str, Arc<Tripwire>)>,
}

/// All actors of a validator at work, each under supervision.
pub struct Running {
    /// It follows the chain.
    pub watcher: Addr<ChainWatcher>,
    /// It reads gists.
    pub fetcher: Addr<GistFetcher>,
    /// It observes videos.
    pub youtube: Addr<PlatformActor>,
    /// It observes reels.
    pub instagram: Addr<PlatformActor>,
    /// It asks detectors.
    pub verifier: Addr<Verifier>,
    /// It decides cycles.
    pub scorer: Addr<Scorer>,
    /// It sends weights.
    pub setter: Addr<WeightSetter>,
    /// Their counters.
    pub stats: BTreeMap<&'static str, Arc<ActorStats>>,
}

impl Default for Validator {
    fn default() -> Self {
        Self::new()
    }
}

impl Validator {
    /// Two miners with a video each, and nothing decided yet.
    pub fn new() -> Self {
        let subnet = subnet(
            BEGIN,
            [
                validator(0, 1),
                committed(neuron(1, 2), &pointer("miner-1", 1), BEGIN - 10),
                committed(neuron(2, 3), &pointer("miner-2", 2), BEGIN - 10),
            ],
        );
        Self {
            store: Arc::new(MemoryStore::default()),
            chain: Arc::new(ModelChain::new(subnet, hotkey(1))),
            internet: Arc::default(),
            clock: Arc::new(TestClock::new()),
            listeners: Vec::new(),
            importance: Importance::Optional,
            failing: None,
        }
    }

    fn tripwire(&self, actor: &str) -> Option<Arc<Tripwire>> {
        self.failing.as_ref().filter(|(failing, _)| *failing == actor).map(|(_, tripwire)| Arc::clone(tripwire))
    }

    /// Starts every actor.
    pub fn start(&self) -> Running {
        // Everything is examined again in each cycle.
        let verification = VerificationPolicy {
            ai: CheckMode::Observe,
            verdict_hours: 1.0,
            asked: BTreeMap::from([(Check::Ai, [Provider::Webhook].into())]),
            ..VerificationPolicy::default()
        };
        let policy = Policy { verification, ..Policy::default() };
        let settings = Settings {
            reading: settings::reading(),
            cycles: CycleSettings { policy, ..settings::cycles() },
            sending: settings::sending(),
            detectors: vec![Arc::new(settings::detector())],
            listeners: Listeners { confirmed: self.listeners.clone(), ..Listeners::default() },
        };
        let platforms: Vec<Arc<dyn PlatformApi>> =
            vec![Arc::new(settings::youtube()), Arc::new(settings::instagram(self.clock()))];
        let System { chain_watcher, gist_fetcher, mut platforms, verifier, scorer, weight_setter, stats } =
            system::start(self, settings, platforms);
        Running {
            watcher: chain_watcher,
            fetcher: gist_fetcher,
            youtube: platforms.remove(&Platform::YOUTUBE).expect("the actor of YouTube"),
            instagram: platforms.remove(&Platform::INSTAGRAM).expect("the actor of Instagram"),
            verifier,
            scorer,
            setter: weight_setter,
            stats: stats.into_iter().map(|stats| (stats.name(), stats)).collect(),
        }
    }
}

impl Ports for Validator {
    fn store(&self, actor: &'static str) -> Arc<dyn Store> {
        let port = Arc::clone(&self.store);
        match self.tripwire(actor) {
            Some(tripwire) => Arc::new(Mortal { port, tripwire }),
            None => port,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn outbound(&self, _: Service, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = Limiter::new(UNLIMITED, self.clock(), Arc::clone(stats));
        let port = Arc::clone(&self.internet);
        let http: Arc<dyn Http> = match self.tripwire(stats.name()) {
            Some(tripwire) => Arc::new(Mortal { port, tripwire }),
            None => port,
        };
        Outbound::new(http, Arc::new(limiter))
    }

    fn supervision(&self, stats: &Arc<ActorStats>, _: Need) -> Supervision {
        let (limits, importance) = (RestartLimits::default(), self.importance.clone());
        Supervision { limits, jitter: Jitter::NONE, importance, clock: self.clock(), stats: Arc::clone(stats) }
    }

    fn supervise<A, F>(&self, reserved: Reserved<A>, supervision: Supervision, make: F) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
        F: Fn() -> A + 'static,
    {
        let make = living::noted(supervision.stats.name(), make);
        reserved.supervise(supervision, make)
    }
}

impl ChainPorts for Validator {
    fn chain(&self, actor: &'static str) -> Arc<dyn Chain> {
        let port = Arc::clone(&self.chain);
        match self.tripwire(actor) {
            Some(tripwire) => Arc::new(Mortal { port, tripwire }),
            None => port,
        }
    }
}
