//! One life of the validator's process: every actor under supervision, wired as the real one is, on ports that die with it.

use super::chaos::{Chaos, Faults, JumpingClock};
use super::internet::{Internet, SECRET};
use super::relay::Relay;
use super::truth::{OWN_KEY, SLOT_BLOCKS, task_gist};
use actix::{Message, Recipient};
use std::collections::BTreeMap;
use std::sync::Arc;
use tensorflix_actors::chain_watcher::Grids;
use tensorflix_actors::gist_fetcher::github::GitHubSettings;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::platforms::{DailyBudget, PlatformApi};
use tensorflix_actors::ports::{Chain, Clock, Store};
use tensorflix_actors::scorer::CycleSettings;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::{Importance, Jitter, RestartLimits, Supervision};
use tensorflix_actors::system::{self, ChainPorts, Listeners, Need, Ports, ReadingSettings, Service, Settings, System};
use tensorflix_actors::verifier::{Detector, Terms, Webhook};
use tensorflix_actors::weight_setter::SendingSettings;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verification::{Check, CheckMode, OnUnknown, Provider, VerificationPolicy};
use tensorflix_testkit::crashing::{Mortal, Tripwire};
use tensorflix_testkit::memory_store::MemoryStore;
use tensorflix_testkit::model_chain::ModelChain;
use tensorflix_testkit::settings;
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
    _actors: System,
}

impl Process {
    pub fn start(outside: &Outside, chaos: &mut Chaos) -> Self {
        let tripwire = Tripwire::new(chaos.life());
        let (escalations, escalated) = unbounded_channel();
        let store = Arc::new(Mortal { port: Arc::clone(&outside.store), tripwire: Arc::clone(&tripwire) });
        let chain = Arc::new(Mortal { port: Arc::clone(&outside.chain), tripwire: Arc::clone(&tripwire) });
        let http = Arc::new(Mortal { port: Arc::clone(&outside.internet), tripwire: Arc::clone(&tripwire) });
        let clock = Arc::clone(&outside.clock) as _;
        let ports = Lifelong { store, chain, http, clock, faults: chaos.faults(), escalations };
        let actors = system::start(&ports, settings(), platforms(&ports.clock));
        Self { tripwire, escalated, _actors: actors }
    }

    /// Whether it was killed, or a core actor gave up.
    pub fn has_ended(&mut self) -> bool {
        self.tripwire.has_ended() || self.escalated.try_recv().is_ok_and(|_| self.tripwire.end())
    }
}

/// Ports that end with the process.
struct Lifelong {
    store: Arc<dyn Store>,
    chain: Arc<dyn Chain>,
    http: Arc<Mortal<Internet>>,
    clock: Arc<dyn Clock>,
    faults: Arc<Faults>,
    escalations: UnboundedSender<&'static str>,
}

impl Ports for Lifelong {
    fn store(&self, _: &'static str) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn outbound(&self, _: Service, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = Limiter::new(UNLIMITED, Arc::clone(&self.clock), Arc::clone(stats));
        Outbound::new(Arc::clone(&self.http) as _, Arc::new(limiter))
    }

    /// A process ends here with any of its actors, so that no fault is waited out.
    fn supervision(&self, stats: &Arc<ActorStats>, _: Need) -> Supervision {
        Supervision {
            limits: RestartLimits::default(),
            importance: Importance::Core(self.escalations.clone()),
            clock: Arc::clone(&self.clock),
            stats: Arc::clone(stats),
            jitter: Jitter::NONE,
        }
    }

    fn between<M>(&self, listener: Recipient<M>) -> Recipient<M>
    where
        M: Message<Result = ()> + Clone + Send + Unpin + 'static,
    {
        Relay::between(listener, &self.faults)
    }
}

impl ChainPorts for Lifelong {
    fn chain(&self, _: &'static str) -> Arc<dyn Chain> {
        Arc::clone(&self.chain)
    }
}

fn settings() -> Settings {
    // A verdict is valid until the next slot, which asks for a new one; without one an item waits.
    let verification = VerificationPolicy {
        ai: CheckMode::Enforce,
        on_unknown: OnUnknown::Hold,
        verdict_hours: 3.0,
        grace_hours: 1.0,
        asked: BTreeMap::from([(Check::Ai, [Provider::Webhook].into())]),
        ..VerificationPolicy::default()
    };
    let github = GitHubSettings {
        api_url: "https://api.test".parse().expect("a URL"),
        raw_url: "https://raw.test".parse().expect("a URL"),
        ..settings::github()
    };
    let reading = ReadingSettings {
        grids: Grids { round_blocks: ROUND_BLOCKS, slot_blocks: SLOT_BLOCKS },
        github,
        max_in_flight: MAX_GISTS_IN_FLIGHT,
        task_gist: Some(task_gist()),
    };
    let cycles = CycleSettings {
        policy: Policy { verification, ..Policy::default() },
        task_gist: Some(task_gist()),
        own_hotkey: Some(hotkey(OWN_KEY)),
        slot_blocks: SLOT_BLOCKS,
        ..settings::cycles()
    };
    let sending = SendingSettings { slot_blocks: SLOT_BLOCKS, ..settings::sending() };
    Settings { reading, cycles, sending, detectors: vec![detector()], listeners: Listeners::default() }
}

fn detector() -> Arc<dyn Detector> {
    let detector = settings::detector();
    let terms = Terms { max_in_flight: MAX_CALLS_IN_FLIGHT, daily_requests: DAILY_OPINIONS, ..detector.terms };
    Arc::new(Webhook { token: Some(SECRET.to_owned().into()), terms, ..detector })
}

fn platforms(clock: &Arc<dyn Clock>) -> Vec<Arc<dyn PlatformApi>> {
    let youtube = YouTube {
        api_keys: vec![SECRET.to_owned().into()],
        max_in_flight: MAX_CALLS_IN_FLIGHT,
        daily_quota: DailyBudget::new(DAILY_QUOTA),
        ..settings::youtube()
    };
    let instagram = Instagram {
        api_key: Some(SECRET.to_owned().into()),
        max_in_flight: MAX_CALLS_IN_FLIGHT,
        daily_charge: DailyBudget::new(charge_units(DAILY_CHARGE_USD)),
        ..settings::instagram(Arc::clone(clock))
    };
    vec![Arc::new(youtube), Arc::new(instagram)]
}
