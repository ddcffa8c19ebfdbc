//! All actors of a validator over faked ports, as the process wires them: a subnet with one validator and two miners.

use crate::crashing::{Mortal, Tripwire};
use crate::gists::{pointer, reel, submissions, task_line, video};
use crate::living;
use crate::memory_store::MemoryStore;
use crate::model_chain::ModelChain;
use crate::subnets::{committed, hotkey, neuron, subnet, validator};
use crate::time::TestClock;
use crate::world::{ROUND_BLOCKS, SLOT_BLOCKS, UNLIMITED};
use actix::{Actor, Addr, Context, Handler, Recipient, Supervised};
use async_trait::async_trait;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tensorflix_actors::chain_watcher::{ChainWatcher, ChainWatcherParts, Grids};
use tensorflix_actors::gist_fetcher::github::{GitHub, Standing};
use tensorflix_actors::gist_fetcher::owner_checks::CHECKS_PER_ROUND;
use tensorflix_actors::gist_fetcher::{GistFetcher, GistFetcherParts};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::platforms::{DailyBudget, ObserveContents, PlatformActor, PlatformParts};
use tensorflix_actors::ports::{Chain, Clock, Http, HttpError, HttpRequest, HttpResponse, Store};
use tensorflix_actors::scorer::{CycleSettings, Opening, Scorer, ScorerMemory, ScorerParts};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::quarantine::Rules;
use tensorflix_actors::supervision::{Heartbeat, Importance, Jitter, RestartLimits, Supervision, supervise};
use tensorflix_actors::verifier::{Detector, Terms, Verifier, VerifierParts, Webhook, detector_bucket};
use tensorflix_actors::weight_setter::{
    HeldAtStart, OnForeignUpdate, SendingSettings, WeightSetter, WeightSetterParts, WeightsConfirmed,
};
use tensorflix_domain::ids::Block;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;
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
    /// Who hears of weights that are on chain.
    pub listeners: Vec<Recipient<WeightsConfirmed>>,
    /// What follows when an actor exceeds its limits.
    pub importance: Importance,
    /// One actor whose ports can fail it, and where they do.
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

    fn store(&self, actor: &str) -> Arc<dyn Store> {
        let port = Arc::clone(&self.store);
        match self.tripwire(actor) {
            Some(tripwire) => Arc::new(Mortal { port, tripwire }),
            None => port,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn chain(&self, actor: &str) -> Arc<dyn Chain> {
        let port = Arc::clone(&self.chain);
        match self.tripwire(actor) {
            Some(tripwire) => Arc::new(Mortal { port, tripwire }),
            None => port,
        }
    }

    fn outbound(&self, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = Limiter::new(UNLIMITED, self.clock(), Arc::clone(stats));
        let port = Arc::clone(&self.internet);
        let http: Arc<dyn Http> = match self.tripwire(stats.name()) {
            Some(tripwire) => Arc::new(Mortal { port, tripwire }),
            None => port,
        };
        Outbound::new(http, Arc::new(limiter))
    }

    /// Starts every actor.
    pub fn start(&self) -> Running {
        let stats: BTreeMap<&'static str, Arc<ActorStats>> =
            ["chain_watcher", "gist_fetcher", "youtube", "instagram", "verifier", "scorer", "weight_setter"]
                .map(|name| (name, ActorStats::new(name)))
                .into();
        let of = |name: &str| Arc::clone(&stats[name]);
        let parts = self.weight_setter(of("weight_setter"));
        let setter = self.supervise(&of("weight_setter"), move || WeightSetter::new(parts.clone()));
        let parts = self.youtube(of("youtube"));
        let youtube = self.supervise(&of("youtube"), move || PlatformActor::new(&parts));
        let parts = self.instagram(of("instagram"));
        let instagram = self.supervise(&of("instagram"), move || PlatformActor::new(&parts));
        let parts = self.verifier(of("verifier"));
        let verifier = self.supervise(&of("verifier"), move || Verifier::new(parts.clone()));
        let platforms = BTreeMap::from([
            (Platform::YOUTUBE, youtube.clone().recipient()),
            (Platform::INSTAGRAM, instagram.clone().recipient()),
        ]);
        let verdicts = Some(verifier.clone().recipient());
        let parts = ScorerParts { verifier: verdicts, ..self.scorer(platforms, &setter, of("scorer")) };
        let scorer = self.supervise(&of("scorer"), move || Scorer::new(parts.clone()));
        let parts = self.gist_fetcher(&scorer, of("gist_fetcher"));
        let fetcher = self.supervise(&of("gist_fetcher"), move || GistFetcher::new(parts.clone()));
        let watcher = ChainWatcherParts {
            chain: self.chain("chain_watcher"),
            store: self.store("chain_watcher"),
            clock: self.clock(),
            stats: of("chain_watcher"),
            grids: Grids { round_blocks: ROUND_BLOCKS, slot_blocks: SLOT_BLOCKS },
            head_listeners: vec![setter.clone().recipient()],
            subnet_listeners: vec![fetcher.clone().recipient(), scorer.clone().recipient()],
        };
        let watcher = self.supervise(&of("chain_watcher"), move || ChainWatcher::new(watcher.clone()));
        Running { watcher, fetcher, youtube, instagram, verifier, scorer, setter, stats }
    }

    fn supervise<A>(&self, stats: &Arc<ActorStats>, make: impl Fn() -> A + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
    {
        let (limits, importance) = (RestartLimits::default(), self.importance.clone());
        let supervision =
            Supervision { limits, jitter: Jitter::NONE, importance, clock: self.clock(), stats: Arc::clone(stats) };
        supervise(supervision, living::noted(stats.name(), make))
    }

    fn weight_setter(&self, stats: Arc<ActorStats>) -> WeightSetterParts {
        let settings = SendingSettings {
            resend_blocks: 0,
            slot_blocks: SLOT_BLOCKS,
            version_key: 0,
            on_foreign_update: OnForeignUpdate::Continue,
            dry_run: false,
        };
        WeightSetterParts {
            settings,
            only_decisions: false,
            chain: self.chain("weight_setter"),
            store: self.store("weight_setter"),
            stats,
            confirmed_listeners: self.listeners.clone(),
            withheld_listeners: Vec::new(),
            at_start: HeldAtStart::default(),
        }
    }

    fn youtube(&self, stats: Arc<ActorStats>) -> PlatformParts {
        let youtube = YouTube {
            api_url: "https://youtube.test".parse().expect("a URL"),
            api_keys: vec!["key".to_owned().into()],
            batch_size: 50,
            max_in_flight: 4,
            daily_quota: DailyBudget::new(9_000),
            deadline: Duration::from_secs(15),
        };
        let outbound = self.outbound(&stats);
        PlatformParts::new(Arc::new(youtube), outbound, self.store("youtube"), self.clock(), stats)
    }

    fn instagram(&self, stats: Arc<ActorStats>) -> PlatformParts {
        let instagram = Instagram {
            api_url: "https://apify.test".parse().expect("a URL"),
            api_key: Some("key".to_owned().into()),
            actor: "apify~scraper".to_owned(),
            batch_size: 100,
            max_in_flight: 2,
            max_charge_usd: 1.0,
            daily_charge: DailyBudget::new(charge_units(5.0)),
            deadline: Duration::from_secs(180),
            clock: self.clock(),
        };
        let outbound = self.outbound(&stats);
        PlatformParts::new(Arc::new(instagram), outbound, self.store("instagram"), self.clock(), stats)
    }

    fn verifier(&self, stats: Arc<ActorStats>) -> VerifierParts {
        let terms = Terms {
            bucket: detector_bucket(Provider::Webhook, None),
            max_in_flight: 2,
            daily_requests: 1_000,
            deadline: Duration::from_secs(15),
        };
        let url = "https://detector.test/hook".parse().expect("a URL");
        let detector: Arc<dyn Detector> = Arc::new(Webhook { url, token: None, terms });
        let detectors = vec![(detector, self.outbound(&stats))];
        VerifierParts { detectors, store: self.store("verifier"), clock: self.clock(), stats }
    }

    fn scorer(
        &self,
        platforms: BTreeMap<Platform, Recipient<ObserveContents>>,
        setter: &Addr<WeightSetter>,
        stats: Arc<ActorStats>,
    ) -> ScorerParts {
        // Everything is examined anew in each cycle.
        let verification = VerificationPolicy {
            ai: CheckMode::Observe,
            verdict_hours: 1.0,
            asked: BTreeMap::from([(Check::Ai, [Provider::Webhook].into())]),
            ..VerificationPolicy::default()
        };
        let settings = CycleSettings {
            policy: Policy { verification, ..Policy::default() },
            task_source: TaskSource::Gist,
            task_gist: Some(pointer("validator", 9)),
            own_hotkey: Some(hotkey(1)),
            slot_blocks: SLOT_BLOCKS,
            round_blocks: ROUND_BLOCKS,
            opening: Opening::Grid,
            release: String::new(),
        };
        let listeners = vec![setter.clone().recipient()];
        ScorerParts {
            settings,
            observers: platforms,
            pollers: BTreeMap::new(),
            dates: None,
            verifier: None,
            rules: Rules::default(),
            listeners,
            store: self.store("scorer"),
            clock: self.clock(),
            stats,
            memory: ScorerMemory::default(),
        }
    }

    fn gist_fetcher(&self, scorer: &Addr<Scorer>, stats: Arc<ActorStats>) -> GistFetcherParts {
        let github = GitHub {
            outbound: self.outbound(&stats),
            clock: self.clock(),
            api_url: "https://api.github.test".parse().expect("a URL"),
            raw_url: "https://raw.github.test".parse().expect("a URL"),
            token: None,
            deadline: Duration::from_secs(15),
            max_gist_bytes: 262_144,
            standing: Standing::default(),
        };
        GistFetcherParts {
            store: self.store("gist_fetcher"),
            clock: self.clock(),
            stats,
            github: Arc::new(github),
            max_in_flight: 8,
            round_blocks: ROUND_BLOCKS,
            owner_checks_per_round: CHECKS_PER_ROUND,
            task_gist: Some(pointer("validator", 9)),
            listeners: vec![scorer.clone().recipient()],
        }
    }
}
