//! WeightSetter: one submission a window, stored before it is sent, confirmed by the chain alone.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod faults;
mod nothing_to_score;
mod turns;
mod windows;

use actix::Addr;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::HeadFinalized;
use tensorflix_actors::ports::Store;
use tensorflix_actors::scorer::ScoresDecided;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::weight_setter::{
    HeldAtStart, OnForeignUpdate, SendingSettings, WeightSetter, WeightSetterParts, WeightsConfirmed, WeightsWithheld,
};
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::evidence::{Evidence, WeightedTask};
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::IntentOutcome;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::subnet::{Neuron, Subnet};
use tensorflix_domain::task::Task;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::weights::{ScoreVector, WeightEntry};
use tensorflix_testkit::gists::video;
use tensorflix_testkit::listener::{Events, listen};
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::subnets::{head, hotkey, moment, neuron, stamp, subnet, validator};
use tensorflix_testkit::time::{settle, simulate};
use tensorflix_testkit::world::{SLOT_BLOCKS, World};

/// Key and UID of the validator that sends.
const OWN: u8 = 0;

/// The first block of a slot and of a window.
const OPENING: Block = SLOT_BLOCKS * 10;

/// Blocks in a window: the tempo of the tests' subnet.
const WINDOW: u32 = 360;

/// A setter in its world, and what it tells.
struct Setting {
    world: World,
    address: Addr<WeightSetter>,
    confirmed: Events<WeightsConfirmed>,
    withheld: Events<WeightsWithheld>,
    stats: Arc<ActorStats>,
}

#[derive(Clone, Copy)]
struct Mode {
    dry_run: bool,
    only_decisions: bool,
    slot_blocks: u32,
}

impl Default for Mode {
    fn default() -> Self {
        Self { dry_run: false, only_decisions: false, slot_blocks: SLOT_BLOCKS }
    }
}

impl Setting {
    /// A validator with its wallet, miners of keys 1 to 5 at the UIDs of the same numbers.
    fn start() -> Self {
        Self::start_as(Mode::default())
    }

    fn start_as(mode: Mode) -> Self {
        let world = World::new();
        world.chain.sign_as(hotkey(OWN));
        world.chain.set_subnet(usual_subnet());
        Self::start_in(world, mode)
    }

    /// Another one in the same world, as after a restart of the process.
    fn start_in(world: World, mode: Mode) -> Self {
        let stats = ActorStats::new("weight_setter");
        let ((confirmed_listener, confirmed), (withheld_listener, withheld)) = (listen(), listen());
        let settings = SendingSettings {
            resend_blocks: 0,
            slot_blocks: mode.slot_blocks,
            version_key: 0,
            on_foreign_update: OnForeignUpdate::Continue,
            dry_run: mode.dry_run,
        };
        let parts = WeightSetterParts {
            settings,
            only_decisions: mode.only_decisions,
            chain: Arc::clone(&world.chain) as _,
            store: world.store(),
            stats: Arc::clone(&stats),
            confirmed_listeners: vec![confirmed_listener],
            withheld_listeners: vec![withheld_listener],
            at_start: HeldAtStart::default(),
        };
        let address = world.start(&stats, move || WeightSetter::new(parts.clone()));
        Self { world, address, confirmed, withheld, stats }
    }

    /// A head becomes final: ChainWatcher has stored it, and the subnet, and tells.
    async fn finalize(&self, block: Block) {
        self.world.chain.finalize(head(block));
        self.world.store.save_head(&head(block)).await.expect("stored");
        self.world.store.save_subnet(&usual_subnet()).await.expect("stored");
        self.address.send(HeadFinalized(head(block))).await.expect("handled");
        settle().await;
    }

    /// A cycle is decided at a block with these scores by key, and told of.
    async fn decide(&self, block: Block, scores: &[(u8, f64)]) -> u32 {
        let cycle = self.record_decision(block, scores).await;
        self.address.send(ScoresDecided { cycle }).await.expect("handled");
        settle().await;
        cycle
    }

    async fn record_decision(&self, block: Block, scores: &[(u8, f64)]) -> u32 {
        self.record_changed(block, scores, |_| ()).await
    }

    /// Records a decision with one task that was read, and what a test changes of it.
    async fn record_changed(&self, block: Block, scores: &[(u8, f64)], change: impl FnOnce(&mut DecidedCycle)) -> u32 {
        let opened = self.world.store.open_cycle(stamp(block), &usual_subnet()).await.expect("stored");
        let task = Task {
            id: "cats".parse().expect("a task id"),
            description: String::new(),
            platform: Platform::YOUTUBE,
            start_at: moment(0.0),
            end_at: None,
        };
        let mut decided = DecidedCycle {
            cycle: opened.cycle,
            release: String::new(),
            evidence: Evidence {
                at: stamp(block),
                tasks: vec![WeightedTask { task, weight: 1.0 }],
                miners: Vec::new(),
                claims: Vec::new(),
                contents: std::collections::BTreeMap::new(),
                previous: None,
                recovery: None,
                owner_hotkey: None,
                unwatched: Vec::new(),
                rounds: tensorflix_domain::rounds::Rounds::default(),
            },
            policy: Policy::default(),
            submissions: Vec::new(),
            smoothed: ScoreVector::new(),
            scores: scores.iter().map(|(key, score)| (hotkey(*key), *score)).collect(),
            errors: Vec::new(),
        };
        change(&mut decided);
        self.world.store.save_decision(&decided).await.expect("stored");
        opened.cycle
    }

    fn submitted(&self) -> Vec<Vec<u8>> {
        self.world.chain.submitted()
    }

    /// The entries of every signature, in order.
    fn signed_entries(&self) -> Vec<Vec<WeightEntry>> {
        self.world.chain.signed().into_iter().map(|(_, entries)| entries).collect()
    }

    fn outcomes(&self) -> Vec<(Block, Option<IntentOutcome>)> {
        self.world.store.intents().into_iter().map(|intent| (intent.window, intent.outcome)).collect()
    }
}

fn usual_neurons() -> Vec<Neuron> {
    std::iter::once(validator(OWN.into(), OWN)).chain((1..=5).map(|key| neuron(key.into(), key))).collect()
}

fn usual_subnet() -> Subnet {
    subnet(0, usual_neurons())
}

const SCORES: [(u8, f64); 2] = [(1, 2.0), (2, 1.0)];
const ENTRIES: [WeightEntry; 2] = [(1, 65_535), (2, 32_768)];

#[test]
fn a_decision_is_sent_and_confirmed_when_the_chain_holds_it() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        let cycle = setting.decide(OPENING, &SCORES).await;
        let confirmed = setting.confirmed.next().await;
        let [(signed, _)] = &setting.world.chain.signed()[..] else { panic!("one signature") };
        assert_eq!((confirmed.cycle, confirmed.block, &confirmed.entries[..]), (cycle, OPENING + 1, &ENTRIES[..]));
        assert_eq!(confirmed.extrinsic_hash, signed.hash);
        assert_eq!(setting.submitted().concat(), signed.bytes);
        let [intent] = &setting.world.store.intents()[..] else { panic!("one intent") };
        assert_eq!((intent.window, intent.cycle, intent.signed_at), (OPENING, cycle, stamp(OPENING)));
        assert_eq!((&intent.extrinsic, intent.extrinsic_hash), (&signed.bytes, signed.hash));
        assert_eq!(intent.outcome, Some(IntentOutcome::Confirmed { block: OPENING + 1 }));
        assert_eq!(setting.withheld.so_far().await, []);
    });
}

#[test]
fn the_intent_is_durable_before_the_broadcast() {
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.world.store.fail_next(Write::Intent);
        setting.decide(OPENING, &SCORES).await;
        assert!(setting.withheld.next().await.is_failure);
        assert_eq!(setting.submitted(), Vec::<Vec<u8>>::new(), "what is not stored is not sent");
        setting.finalize(OPENING + 1).await;
        setting.confirmed.next().await;
    });
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        setting.record_decision(OPENING, &SCORES).await;
        setting.world.store.delay_writes(Duration::from_secs(1));
        setting.address.do_send(HeadFinalized(head(OPENING)));
        while setting.submitted().is_empty() {
            settle().await;
        }
        assert_eq!(setting.world.store.count(Write::Intent), 1);
        assert_eq!(setting.confirmed.so_far().await, [], "confirmed only once the outcome is stored");
        setting.confirmed.next().await;
        assert_eq!(setting.world.store.count(Write::Outcome), 1);
    });
}

#[test]
fn hotkeys_become_uids_at_the_block_of_sending() {
    // Pitfall: the map was never rebuilt, and scores went to the wrong miners.
    simulate(async {
        let mut setting = Setting::start();
        setting.finalize(OPENING).await;
        // Since the cycle opened, 1 moved to another UID, a stranger took its old one, and 3 is gone.
        let moved = [validator(7, OWN), neuron(1, 99), neuron(2, 2), neuron(40, 1)];
        setting.world.chain.set_subnet(subnet(OPENING + 5, moved));
        setting.world.chain.finalize(head(OPENING + 5));
        setting.record_decision(OPENING, &[(1, 2.0), (2, 1.0), (3, 8.0)]).await;
        setting.address.do_send(HeadFinalized(head(OPENING + 5)));
        let confirmed = setting.confirmed.next().await;
        assert_eq!(confirmed.entries, [(2, 32_768), (40, 65_535)]);
        assert_eq!(setting.signed_entries(), [confirmed.entries]);
    });
}

#[test]
fn weights_are_in_proportion_and_the_highest_is_65535() {
    // Pitfall: clipping to 1 before normalising made all miners equal.
    for (scores, entries) in [
        (vec![(1, 300.0), (2, 3.0)], vec![(1, 65_535), (2, 655)]),
        (vec![(1, 0.001), (2, 0.000_5)], vec![(1, 65_535), (2, 32_768)]),
        (vec![(1, 5.0), (2, 5.0), (3, 5.0)], vec![(1, 65_535), (2, 65_535), (3, 65_535)]),
    ] {
        simulate(async move {
            let mut setting = Setting::start();
            setting.finalize(OPENING).await;
            setting.decide(OPENING, &scores).await;
            assert_eq!(setting.confirmed.next().await.entries, entries, "{scores:?}");
        });
    }
}

#[test]
fn without_a_wallet_and_in_a_dry_run_nothing_is_signed() {
    simulate(async {
        let world = World::new();
        world.chain.set_subnet(usual_subnet());
        let mut setting = Setting::start_in(world, Mode::default());
        setting.finalize(OPENING).await;
        setting.decide(OPENING, &SCORES).await;
        assert!(setting.withheld.next().await.is_failure);
        assert_eq!(setting.world.chain.signed().len(), 0);
    });
    simulate(async {
        let mut setting = Setting::start_as(Mode { dry_run: true, ..Mode::default() });
        setting.finalize(OPENING).await;
        let cycle = setting.decide(OPENING, &SCORES).await;
        let withheld = setting.withheld.next().await;
        assert_eq!((withheld.cycle, &withheld.entries[..], withheld.is_failure), (cycle, &ENTRIES[..], false));
        for block in (OPENING..OPENING + 3 * WINDOW).step_by(50) {
            setting.finalize(block).await;
        }
        assert_eq!((setting.world.chain.signed().len(), setting.submitted().len()), (0, 0));
        assert_eq!(setting.world.store.intents(), []);
        assert_eq!(setting.confirmed.so_far().await, []);
    });
}

/// A submission of which the platform said nothing.
fn waiting() -> Judged {
    Judged {
        uid: 1,
        hotkey: hotkey(1),
        task_id: "cats".to_owned(),
        content_id: video(1).as_str().to_owned(),
        platform: Some(Platform::YOUTUBE),
        status: Status::Pending,
        reason: Some(Reason::PlatformUnavailable),
        view_count: None,
        observed_at: None,
        published_at: None,
        score: None,
        counted_share: None,
        normalized_score: None,
        arithmetic: None,
        settled_by: None,
        is_provisional: false,
    }
}
