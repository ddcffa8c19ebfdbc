//! One life of the validator's process: every actor under supervision, wired as the real one is, on ports that die with it.

use super::chaos::{Chaos, Faults, JumpingClock};
use super::internet::{Internet, SECRET};
use super::relay::Relay;
use super::truth::{OWN_KEY, SLOT_BLOCKS, task_gist};
use actix::{Actor, Addr, Context, Handler, Supervised};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::{ChainWatcher, ChainWatcherParts, Grids};
use tensorflix_actors::gist_fetcher::github::{GitHub, Standing};
use tensorflix_actors::gist_fetcher::owner_checks::CHECKS_PER_ROUND;
use tensorflix_actors::gist_fetcher::{GistFetcher, GistFetcherParts};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::platforms::{DailyBudget, PlatformActor, PlatformApi as ObservedPlatform, PlatformParts};
use tensorflix_actors::ports::{Chain, Clock, Store};
use tensorflix_actors::scorer::{CycleSettings, Opening};
use tensorflix_actors::scorer::{Scorer, ScorerMemory, ScorerParts};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::quarantine::Rules;
use tensorflix_actors::supervision::{Heartbeat, Importance, Jitter, Reserved, RestartLimits, Supervision};
use tensorflix_actors::verifier::{Detector, Terms, Verifier, VerifierParts, Webhook, detector_bucket};
use tensorflix_actors::weight_setter::{HeldAtStart, WeightSetter, WeightSetterParts};
use tensorflix_actors::weight_setter::{OnForeignUpdate, SendingSettings};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verification::{Check, CheckMode, OnUnknown, Provider, VerificationPolicy};
use tensorflix_testkit::crashing::{Mortal, Tripwire};
use tensorflix_testkit::memory_store::MemoryStore;
use tensorflix_testkit::model_chain::ModelChain;
use tensorflix_testkit::subnets::hotkey;
use tensorflix_testkit::world::{ROUND_BLOCKS, UNLIMITED};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Units of YouTube's quota for one day.
pub const DAILY_QUOTA: u64 = 500;

/// What Apify may cost in one day, and requests to the detector in one day.
pub const DAILY_CHARGE_USD: f64 = 20.0;
pub const DAILY_OPINIONS: u64 = 400;

/// Requests in flight: gists and owners; then those of YouTube, Apify and the detector, each.
pub const MAX_GISTS_IN_FLIGHT: usize = 8;
pub const MAX_CALLS_IN_FLIGHT: usize = 4;

/// What outlives a process.
pub struct Outside {
    pub store: Arc<MemoryStore>,
    pub chain: Arc<ModelChain>,
    pub internet: Arc<Internet>,
    pub clock: Arc<JumpingClock>,
}

/// A process.
pub struct Process {
    tripwire: Arc<Tripwire>,
    escalated: UnboundedReceiver<&'static str>,
    _watcher: Addr<ChainWatcher>,
}

impl Process {
    pub fn start(outside: &Outside, chaos: &mut Chaos) -> Self {
        let tripwire = Tripwire::new(chaos.life());
        let (escalations, escalated) = unbounded_channel();
        let store = Arc::new(Mortal { port: Arc::clone(&outside.store), tripwire: Arc::clone(&tripwire) });
        let chain = Arc::new(Mortal { port: Arc::clone(&outside.chain), tripwire: Arc::clone(&tripwire) });
        let http = Arc::new(Mortal { port: Arc::clone(&outside.internet), tripwire: Arc::clone(&tripwire) });
        let clock = Arc::clone(&outside.clock) as _;
        let workshop = Workshop { store, chain, http, clock, faults: chaos.faults(), escalations };
        Self { tripwire, escalated, _watcher: workshop.start() }
    }

    /// Whether it was killed, or a core actor gave up.
    pub fn has_ended(&mut self) -> bool {
        self.tripwire.has_ended() || self.escalated.try_recv().is_ok_and(|_| self.tripwire.end())
    }
}

struct Workshop {
    store: Arc<dyn Store>,
    chain: Arc<dyn Chain>,
    http: Arc<Mortal<Internet>>,
    clock: Arc<dyn Clock>,
    faults: Arc<Faults>,
    escalations: UnboundedSender<&'static str>,
}

impl Workshop {
    fn start(&self) -> Addr<ChainWatcher> {
        let setter = self.supervise(Reserved::new(), "weight_setter", |stats| {
            let parts = self.weight_setter(stats);
            move || WeightSetter::new(parts.clone())
        });
        let scorer_address = Reserved::new();
        let to_scorer = scorer_address.address();
        let told = Relay::between(to_scorer.recipient(), &self.faults);
        let fetcher = self.supervise(Reserved::new(), "gist_fetcher", |stats| {
            let parts = GistFetcherParts { listeners: vec![told], ..self.gist_fetcher(stats) };
            move || GistFetcher::new(parts.clone())
        });
        let scorer = self.supervise(scorer_address, "scorer", |stats| {
            let dates = Some(fetcher.clone().recipient());
            let parts = ScorerParts { dates, ..self.scorer(&setter, stats) };
            move || Scorer::new(parts.clone())
        });
        let head_listeners = vec![Relay::between(setter.recipient(), &self.faults)];
        let subnet_listeners =
            vec![Relay::between(fetcher.recipient(), &self.faults), Relay::between(scorer.recipient(), &self.faults)];
        self.supervise(Reserved::new(), "chain_watcher", |stats| {
            let parts = ChainWatcherParts {
                chain: Arc::clone(&self.chain),
                store: Arc::clone(&self.store),
                clock: Arc::clone(&self.clock),
                stats,
                grids: Grids { round_blocks: ROUND_BLOCKS, slot_blocks: SLOT_BLOCKS },
                head_listeners,
                subnet_listeners,
            };
            move || ChainWatcher::new(parts.clone())
        })
    }

    fn supervise<A, F>(
        &self,
        reserved: Reserved<A>,
        name: &'static str,
        factory: impl FnOnce(Arc<ActorStats>) -> F,
    ) -> Addr<A>
    where
        F: Fn() -> A + 'static,
        A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
    {
        let stats = ActorStats::new(name);
        let supervision = Supervision {
            limits: RestartLimits::default(),
            importance: Importance::Core(self.escalations.clone()),
            clock: Arc::clone(&self.clock),
            stats: Arc::clone(&stats),
            jitter: Jitter::NONE,
        };
        reserved.supervise(supervision, factory(stats))
    }

    fn outbound(&self, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = Limiter::new(UNLIMITED, Arc::clone(&self.clock), Arc::clone(stats));
        Outbound::new(Arc::clone(&self.http) as _, Arc::new(limiter))
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
            chain: Arc::clone(&self.chain),
            store: Arc::clone(&self.store),
            stats,
            confirmed_listeners: Vec::new(),
            withheld_listeners: Vec::new(),
            at_start: HeldAtStart::default(),
        }
    }

    fn scorer(&self, setter: &Addr<WeightSetter>, stats: Arc<ActorStats>) -> ScorerParts {
        let youtube = YouTube {
            api_url: "https://youtube.test".parse().expect("a URL"),
            api_keys: vec![SECRET.to_owned().into()],
            batch_size: 50,
            max_in_flight: MAX_CALLS_IN_FLIGHT,
            daily_quota: DailyBudget::new(DAILY_QUOTA),
            deadline: Duration::from_secs(15),
        };
        let youtube = self.platform("youtube", youtube);
        let instagram = Instagram {
            api_url: "https://apify.test".parse().expect("a URL"),
            api_key: Some(SECRET.to_owned().into()),
            actor: "apify~scraper".to_owned(),
            batch_size: 100,
            max_in_flight: MAX_CALLS_IN_FLIGHT,
            max_charge_usd: 1.0,
            daily_charge: DailyBudget::new(charge_units(DAILY_CHARGE_USD)),
            deadline: Duration::from_secs(180),
            clock: Arc::clone(&self.clock),
        };
        let instagram = self.platform("instagram", instagram);
        let verifier = self.supervise(Reserved::new(), "verifier", |stats| {
            let parts = self.verifier(stats);
            move || Verifier::new(parts.clone())
        });
        // Verdicts expire before the next slot, in which they are requested again; without a verdict an item waits.
        let verification = VerificationPolicy {
            ai: CheckMode::Enforce,
            on_unknown: OnUnknown::Hold,
            verdict_hours: 3.0,
            grace_hours: 1.0,
            asked: BTreeMap::from([(Check::Ai, [Provider::Webhook].into())]),
            ..VerificationPolicy::default()
        };
        let settings = CycleSettings {
            policy: Policy { verification, ..Policy::default() },
            task_source: TaskSource::Gist,
            task_gist: Some(task_gist()),
            own_hotkey: Some(hotkey(OWN_KEY)),
            slot_blocks: SLOT_BLOCKS,
            round_blocks: ROUND_BLOCKS,
            opening: Opening::Grid,
            release: String::new(),
        };
        let platforms = BTreeMap::from([
            (Platform::YOUTUBE, youtube.clone().recipient()),
            (Platform::INSTAGRAM, instagram.clone().recipient()),
        ]);
        let polled =
            BTreeMap::from([(Platform::YOUTUBE, youtube.recipient()), (Platform::INSTAGRAM, instagram.recipient())]);
        let listeners = vec![Relay::between(setter.clone().recipient(), &self.faults)];
        ScorerParts {
            settings,
            observers: platforms,
            pollers: polled,
            dates: None,
            verifier: Some(verifier.recipient()),
            rules: Rules::default(),
            listeners,
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            stats,
            memory: ScorerMemory::default(),
        }
    }

    fn platform<P: ObservedPlatform>(&self, name: &'static str, platform: P) -> Addr<PlatformActor> {
        self.supervise(Reserved::new(), name, |stats| {
            let outbound = self.outbound(&stats);
            let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
            let parts = PlatformParts::new(Arc::new(platform), outbound, store, clock, stats);
            move || PlatformActor::new(&parts)
        })
    }

    fn verifier(&self, stats: Arc<ActorStats>) -> VerifierParts {
        let terms = Terms {
            bucket: detector_bucket(Provider::Webhook, None),
            max_in_flight: MAX_CALLS_IN_FLIGHT,
            daily_requests: DAILY_OPINIONS,
            deadline: Duration::from_secs(15),
        };
        let url = "https://detector.test/hook".parse().expect("a URL");
        let detector: Arc<dyn Detector> = Arc::new(Webhook { url, token: Some(SECRET.to_owned().into()), terms });
        let outbound = self.outbound(&stats);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        VerifierParts { detectors: vec![(detector, outbound)], store, clock, stats }
    }

    fn gist_fetcher(&self, stats: Arc<ActorStats>) -> GistFetcherParts {
        let github = GitHub {
            outbound: self.outbound(&stats),
            clock: Arc::clone(&self.clock),
            api_url: "https://api.test".parse().expect("a URL"),
            raw_url: "https://raw.test".parse().expect("a URL"),
            token: None,
            deadline: Duration::from_secs(15),
            max_gist_bytes: 262_144,
            standing: Standing::default(),
        };
        GistFetcherParts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            stats,
            github: Arc::new(github),
            max_in_flight: MAX_GISTS_IN_FLIGHT,
            round_blocks: ROUND_BLOCKS,
            owner_checks_per_round: CHECKS_PER_ROUND,
            task_gist: Some(task_gist()),
            listeners: Vec::new(),
        }
    }
}
