//! A chain, a validator's watcher and sender over the real client, and two endpoints: one that answers wrongly by a rule, and
//! a good one behind it.

use crate::proxy::{Proxy, Rule};
use crate::support::{check_exit, finished};
use actix::Actor;
use async_trait::async_trait;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tensorflix::adapters::chain::{ChainSettings, SubtensorChain};
use tensorflix::adapters::clock::SystemClock;
use tensorflix::adapters::store::Database;
use tensorflix::config::Config;
use tensorflix::wiring::sandbox_config;
use tensorflix_actors::chain_watcher::{ChainWatcher, ChainWatcherParts, Grids};
use tensorflix_actors::ports::{Chain, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::weight_setter::{
    DECISION_PATIENCE_BLOCKS, HeldAtStart, OnForeignUpdate, SendingSettings, WeightSetter, WeightSetterParts,
};
use tensorflix_chain::{ChainConfig, Client, HotkeyWallet, NoGate, NoPasswords, RequestGate, Tolerances};
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::intent::{IntentOutcome, WeightIntent};
use tensorflix_sandbox::node::NodeHandle;
use tensorflix_sandbox::{NETUID, Sandbox, SandboxConfig};
use tokio::sync::Notify;

/// The window by the sandbox's rules: its tempo.
pub const WINDOW_BLOCKS: u32 = 360;
const SLOT_BLOCKS: u32 = 7_200;
const ROUND_BLOCKS: u32 = 25;
/// Blocks before the window at which the other block of a rule is.
const OTHER_BLOCKS_BEFORE: u32 = 3;

/// A request that is answered after this is answered too late.
pub const LATE: Duration = Duration::from_secs(12);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for anything: far longer than it takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(150);
/// Pause before the first block that is made while something is waited for, and what it grows by with each: within
/// [`PATIENCE`] come far fewer blocks than a window has.
const FIRST_PAUSE: Duration = Duration::from_millis(40);
const GROWTH: f64 = 1.15;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The usual patience, shrunken.
pub fn brisk() -> Tolerances {
    Tolerances {
        probe_timeout: Duration::from_secs(8),
        hesitation: Duration::from_millis(600),
        silence: Duration::from_millis(600),
        recheck_interval: Duration::from_millis(50),
        ..Tolerances::default()
    }
}

/// Patience that leaves nobody for being slow.
pub fn patient() -> Tolerances {
    Tolerances { hesitation: PATIENCE, silence: PATIENCE, ..brisk() }
}

/// The files of a validator that has decided a cycle, to be copied.
pub struct Decided {
    folder: tempfile::TempDir,
}

impl Decided {
    pub async fn new() -> Self {
        let folder = crate::support::folder();
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
        let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("a configuration");
        std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
        let path = folder.path().to_owned();
        let once = tokio::task::spawn_blocking(move || finished(&path, &["run", "--config", "w.toml", "--once"]));
        check_exit(&once.await.expect("it ran"), 0);
        sandbox.stop().await;
        Self { folder }
    }

    fn copy_to(&self, folder: &Path) {
        for entry in std::fs::read_dir(self.folder.path()).expect("a folder").flatten() {
            if entry.file_name().to_string_lossy().starts_with("validator.db") {
                std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("copied");
            }
        }
    }
}

/// Lets everything pass until the node was given an extrinsic; then the process has ended.
struct EndsAtSubmission {
    node: NodeHandle,
    submissions: u64,
    ended: Arc<Notify>,
}

const SUBMIT: &str = "author_submitAndWatchExtrinsic";

fn submitted(node: &NodeHandle) -> u64 {
    node.rpc_counts().get(SUBMIT).copied().unwrap_or_default()
}

#[async_trait]
impl RequestGate for EndsAtSubmission {
    async fn pass(&self) {
        if submitted(&self.node) > self.submissions {
            self.ended.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// One chain with its two endpoints, and a validator's store.
pub struct World {
    _sandbox: Sandbox,
    pub node: NodeHandle,
    pub bad: Proxy,
    pub good: Proxy,
    config: Config,
    _folder: tempfile::TempDir,
}

impl World {
    pub async fn start(decided: &Decided) -> Self {
        let folder = crate::support::folder();
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
        let config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("a configuration");
        decided.copy_to(folder.path());
        let url = sandbox.urls().node;
        let (bad, good) = (Proxy::start(&url).await, Proxy::start(&url).await);
        Self { node: sandbox.node().clone(), _sandbox: sandbox, bad, good, config, _folder: folder }
    }

    /// The sandbox's own count of what was sent in the present window.
    pub fn sent(&self) -> usize {
        let window = self.node.head().number / WINDOW_BLOCKS;
        let in_window = |block: u32| block / WINDOW_BLOCKS == window;
        self.node.submissions().iter().filter(|record| in_window(record.block) && record.outcome.is_ok()).count()
    }

    /// Goes to the end of the present window, sets what is wrong, and begins the next window at the block from which weights
    /// are sent. Only then can anything be due, so nothing is sent before the rule strikes.
    pub fn next_window(&self, rule: Option<Rule>) {
        let begins = (self.node.head().number / WINDOW_BLOCKS + 1) * WINDOW_BLOCKS;
        self.node.advance_to(begins - OTHER_BLOCKS_BEFORE);
        let other = self.node.finalized_head();
        self.bad.set(rule.map(|rule| Rule { other: (other.hash, other.number), ..rule }));
        self.good.forget_asked();
        self.node.advance_to(begins + DECISION_PATIENCE_BLOCKS);
    }

    /// Runs a process of its own with a client of these endpoints, and ends it when `lived` does.
    pub fn live<T>(&self, endpoints: &[&Proxy], lived: impl AsyncFnOnce(&Life) -> T) -> T {
        self.live_behind(endpoints, Arc::new(NoGate), brisk(), lived)
    }

    /// The same with a client of this patience.
    pub fn live_with<T>(&self, tolerances: Tolerances, endpoints: &[&Proxy], lived: impl AsyncFnOnce(&Life) -> T) -> T {
        self.live_behind(endpoints, Arc::new(NoGate), tolerances, lived)
    }

    /// Signs, stores and submits the weights of this window, and ends before it knows what became of them.
    pub fn crash_after_submission(&self) {
        let ended = Arc::new(Notify::new());
        let (node, submissions) = (self.node.clone(), submitted(&self.node));
        let gate = EndsAtSubmission { node, submissions, ended: Arc::clone(&ended) };
        self.live_behind(&[&self.good], Arc::new(gate), brisk(), async |life: &Life| {
            life.while_blocks_come(self, "no submission", async || submitted(&self.node) > submissions).await;
            ended.notified().await;
        });
    }

    fn live_behind<T>(
        &self,
        endpoints: &[&Proxy],
        gate: Arc<dyn RequestGate>,
        tolerances: Tolerances,
        lived: impl AsyncFnOnce(&Life) -> T,
    ) -> T {
        actix_rt::System::new().block_on(async {
            let client = Client::with_tolerances(
                ChainConfig {
                    endpoints: endpoints.iter().map(|proxy| proxy.url()).collect(),
                    expected_genesis: None,
                    request_timeout: REQUEST_TIMEOUT.max(tolerances.hesitation),
                    gate,
                },
                tolerances,
            );
            let life = self.start_actors(client).await;
            lived(&life).await
        })
    }

    async fn start_actors(&self, client: Client) -> Life {
        let wallet = &self.config.wallet;
        let wallet = HotkeyWallet::open(&wallet.path, &wallet.name, &wallet.hotkey, &NoPasswords).expect("a wallet");
        let hotkey = wallet.hotkey();
        let store = tensorflix_store::Store::open(&self.config.store.url).await.expect("a store");
        let settings = ChainSettings { netuid: NETUID, version_key: 0, wallet: Some(wallet) };
        let chain: Arc<dyn Chain> = Arc::new(SubtensorChain::new(settings, client.clone(), store.clone()));
        let database: Arc<dyn Store> = Arc::new(Database::new(store.clone()));
        let settings = SendingSettings {
            resend_blocks: 0,
            slot_blocks: SLOT_BLOCKS,
            version_key: 0,
            on_foreign_update: OnForeignUpdate::Continue,
            dry_run: false,
        };
        let (chain_of_setter, stats) = (Arc::clone(&chain), ActorStats::new("weight_setter"));
        let setter = WeightSetter::new(WeightSetterParts {
            settings,
            only_decisions: false,
            chain: chain_of_setter,
            store: Arc::clone(&database),
            stats,
            confirmed_listeners: Vec::new(),
            withheld_listeners: Vec::new(),
            at_start: HeldAtStart::default(),
        });
        let watcher = ChainWatcher::new(ChainWatcherParts {
            chain,
            store: database,
            clock: Arc::new(SystemClock::new()),
            stats: ActorStats::new("chain_watcher"),
            grids: Grids { round_blocks: ROUND_BLOCKS, slot_blocks: SLOT_BLOCKS },
            head_listeners: vec![setter.start().recipient()],
            subnet_listeners: Vec::new(),
        });
        watcher.start();
        Life { client, store, hotkey }
    }
}

/// A process that runs.
pub struct Life {
    pub client: Client,
    store: tensorflix_store::Store,
    hotkey: Hotkey,
}

impl Life {
    pub async fn latest_intent(&self) -> Option<WeightIntent> {
        self.store.latest_intent(&self.hotkey).await.expect("read")
    }

    /// Whether the weights of the present window are on chain, and known to be.
    pub async fn is_settled(&self, world: &World) -> bool {
        let window = world.node.head().number / WINDOW_BLOCKS;
        let intent = self.latest_intent().await;
        let block = intent.filter(|intent| matches!(intent.outcome, Some(IntentOutcome::Confirmed { .. })));
        let block = block.and_then(|intent| intent.outcome.as_ref().and_then(IntentOutcome::block));
        world.sent() > 0 && block.is_some_and(|block| block / WINDOW_BLOCKS == window)
    }

    /// Makes blocks until what is waited for is there, ever more slowly: who was busy at one block sees the next.
    pub async fn while_blocks_come(&self, world: &World, what: &str, is_there: impl AsyncFn() -> bool) {
        let outcome = self.try_while_blocks_come(world, is_there).await;
        assert!(outcome, "{what}: {:?}", self.latest_intent().await);
    }

    /// The same; false if it does not come.
    pub async fn try_while_blocks_come(&self, world: &World, is_there: impl AsyncFn() -> bool) -> bool {
        let (since, mut pause) = (Instant::now(), FIRST_PAUSE);
        while since.elapsed() < PATIENCE {
            let next = Instant::now() + pause;
            while Instant::now() < next {
                if is_there().await {
                    return true;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            world.node.advance_to(world.node.head().number + 1);
            pause = pause.mul_f64(GROWTH).min(LONGEST_PAUSE);
        }
        false
    }
}
