//! The sending path over the real chain client and the real store: the process ends before each request that it makes
//! of the node, and every window has exactly one submission in the sandbox's own records.

use crate::support::{check_exit, finished, folder};
use actix::{Actor, Addr};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tensorflix::adapters::chain::{ChainSettings, SubtensorChain};
use tensorflix::adapters::store::Database;
use tensorflix::config::Config;
use tensorflix::console::reporter::{Event, Reporter, recipient};
use tensorflix::wiring::sandbox_config;
use tensorflix_actors::chain_watcher::HeadFinalized;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::weight_setter::{DECISION_PATIENCE_BLOCKS, HeldAtStart, WeightSetter, WeightSetterParts};
use tensorflix_actors::weight_setter::{OnForeignUpdate, SendingSettings};
use tensorflix_chain::{ChainConfig, Client, HotkeyWallet, NoPasswords, RequestGate};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::intent::WeightIntent;
use tensorflix_sandbox::clock::block_unix_ms;
use tensorflix_sandbox::node::SubmittedArguments;
use tensorflix_sandbox::{NETUID, Sandbox, SandboxConfig};
use tokio::sync::Notify;
use tokio::sync::mpsc::Receiver;

/// The window by the sandbox's rules: its tempo.
const WINDOW_BLOCKS: u32 = 360;

const SLOT_BLOCKS: u32 = 7_200;

const PATIENCE: Duration = Duration::from_secs(120);

/// Lets a number of requests pass; the process ends at the next.
struct MortalGate {
    passed: AtomicUsize,
    lets_pass: usize,
    ended: Notify,
}

#[async_trait]
impl RequestGate for MortalGate {
    async fn pass(&self) {
        if self.passed.fetch_add(1, Ordering::Relaxed) >= self.lets_pass {
            self.ended.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// One life of the process: a WeightSetter with a client of its own.
struct Life {
    setter: Addr<WeightSetter>,
    gate: Arc<MortalGate>,
    events: Receiver<Event>,
}

struct World {
    sandbox: Sandbox,
    config: Config,
    store: tensorflix_store::Store,
}

impl World {
    fn start(&self, lets_pass: usize) -> Life {
        let gate = Arc::new(MortalGate { passed: AtomicUsize::new(0), lets_pass, ended: Notify::new() });
        let client = Client::unconnected(ChainConfig {
            endpoints: vec![self.sandbox.urls().node],
            expected_genesis: None,
            request_timeout: PATIENCE,
            gate: Arc::clone(&gate) as Arc<dyn RequestGate>,
        });
        let wallet = &self.config.wallet;
        let wallet = HotkeyWallet::open(&wallet.path, &wallet.name, &wallet.hotkey, &NoPasswords).expect("a wallet");
        let settings = ChainSettings { netuid: NETUID, version_key: 0, wallet: Some(wallet) };
        let chain = SubtensorChain::new(settings, client, self.store.clone());
        let settings = SendingSettings {
            resend_blocks: 0,
            slot_blocks: SLOT_BLOCKS,
            version_key: 0,
            on_foreign_update: OnForeignUpdate::Continue,
            dry_run: false,
        };
        let (reporter, events) = Reporter::start_new();
        let setter = WeightSetter::new(WeightSetterParts {
            settings,
            only_decisions: false,
            chain: Arc::new(chain),
            store: Arc::new(Database::new(self.store.clone())),
            stats: ActorStats::new("weight_setter"),
            confirmed_listeners: vec![recipient(&reporter)],
            withheld_listeners: vec![recipient(&reporter)],
            at_start: HeldAtStart::default(),
        });
        Life { setter: setter.start(), gate, events }
    }

    /// Tells a life of the newest final head.
    fn tell(&self, life: &Life) {
        let newest = self.sandbox.node().finalized_head();
        let time = Moment::from_unix_ms(i64::try_from(block_unix_ms(newest.number)).expect("a time"));
        let stamp = BlockStamp { block: newest.number, time };
        life.setter.do_send(HeadFinalized(Head { stamp, hash: newest.hash }));
    }

    /// Settings of weights in each window, all of which succeeded.
    fn submissions(&self) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        for record in self.sandbox.node().submissions() {
            assert!(record.outcome.is_ok(), "{record:?}");
            *counts.entry(record.block / WINDOW_BLOCKS).or_default() += 1;
        }
        counts
    }

    async fn latest_intent(&self) -> Option<WeightIntent> {
        let validator: Hotkey = self.sandbox.validator().hotkey.parse().expect("an address");
        self.store.latest_intent(&validator).await.expect("read")
    }

    /// Lives until the weights are confirmed (`true`) or the process ends (`false`).
    async fn live(&self, lets_pass: usize) -> bool {
        let mut life = self.start(lets_pass);
        self.tell(&life);
        let outcome = async {
            tokio::select! {
                event = life.events.recv() => match event {
                    Some(Event::Confirmed(_)) => true,
                    other => panic!("{other:?} after {lets_pass} requests"),
                },
                () = life.gate.ended.notified() => false,
            }
        };
        match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(is_confirmed) => is_confirmed,
            Err(_) => panic!("no end in time with {lets_pass} requests: {:?}", self.latest_intent().await),
        }
    }
}

#[test]
fn a_process_that_ends_before_any_request_still_submits_once_a_window() {
    end_before_each_request(false);
}

#[test]
fn a_process_that_ends_before_any_request_reveals_the_weights_it_committed() {
    end_before_each_request(true);
}

/// A world in which a cycle is decided and sent in the first window; its scores are sent from then on.
async fn decided(folder: &Path, commit_reveal: bool) -> World {
    let mut rules = SandboxConfig::default();
    rules.hyperparameters.commit_reveal_weights_enabled = commit_reveal;
    let sandbox = Sandbox::start(rules).await.expect("a sandbox");
    let config = sandbox_config::write(&sandbox, folder, "validator.db").expect("a configuration");
    std::fs::write(folder.join("w.toml"), config.to_toml()).expect("written");
    let path = folder.to_owned();
    let once = tokio::task::spawn_blocking(move || finished(&path, &["run", "--config", "w.toml", "--once"]));
    check_exit(&once.await.expect("it ran"), 0);
    let store = tensorflix_store::Store::open(&config.store.url).await.expect("a store");
    World { sandbox, config, store }
}

#[test]
fn what_was_sent_before_the_node_pruned_its_blocks_is_settled_and_sending_goes_on() {
    /// Two days, and far more than the node keeps.
    const AWAY_BLOCKS: u32 = 15_000;
    actix_rt::System::new().block_on(async {
        let folder = folder();
        let world = decided(folder.path(), false).await;
        for lets_pass in 0.. {
            let window = world.sandbox.block() / WINDOW_BLOCKS + 1;
            world.sandbox.advance_to(window * WINDOW_BLOCKS + DECISION_PATIENCE_BLOCKS);
            if world.live(lets_pass).await {
                break;
            }
            let window = (world.sandbox.block() + AWAY_BLOCKS) / WINDOW_BLOCKS;
            world.sandbox.advance_to(window * WINDOW_BLOCKS + DECISION_PATIENCE_BLOCKS);
            // The first thing that is confirmed may be what was sent before.
            while !world.submissions().contains_key(&window) {
                assert!(world.live(usize::MAX).await);
            }
        }
        assert!(world.submissions().values().all(|count| *count == 1), "{:?}", world.submissions());
        world.sandbox.stop().await;
    });
}

fn end_before_each_request(commit_reveal: bool) {
    actix_rt::System::new().block_on(async {
        let folder = folder();
        let world = decided(folder.path(), commit_reveal).await;

        let mut windows = 1;
        for lets_pass in 0.. {
            let window = (world.sandbox.block() / WINDOW_BLOCKS + 1) * WINDOW_BLOCKS;
            // Nobody decides cycles here, so the wait for a new slot's own decision must be over.
            world.sandbox.advance_to(window + DECISION_PATIENCE_BLOCKS);
            windows += 1;
            if world.live(lets_pass).await {
                assert!(lets_pass > 8, "{lets_pass} requests are too few to be the whole path");
                break;
            }
            assert!(world.live(usize::MAX).await);
        }
        for record in world.sandbox.node().submissions() {
            let is_commit = matches!(record.arguments, SubmittedArguments::TimelockedWeights { .. });
            assert_eq!(is_commit, commit_reveal, "{record:?}");
        }
        let submissions = world.submissions();
        assert_eq!(submissions.len(), windows, "every window has its submission: {submissions:?}");
        assert!(submissions.values().all(|count| *count == 1), "{submissions:?}");
        let intent = world.latest_intent().await.expect("an intent");
        if let Some(plan) = intent.reveal {
            world.sandbox.advance_to(plan.reveal_at + 3);
        }
        assert_eq!(intent.reveal.is_some(), commit_reveal);
        let held = world.sandbox.node().weights(NETUID, world.sandbox.validator().uid);
        assert_eq!(held, intent.entries);
        world.sandbox.stop().await;
    });
}
