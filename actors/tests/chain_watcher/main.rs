//! ChainWatcher: follows heads, reads the subnet at each new cell of the grid, stores before it tells.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

use actix::Addr;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::{ChainWatcher, ChainWatcherParts, CommitmentsChanged, Grids, HeadFinalized};
use tensorflix_actors::ports::{ChainError, Clock, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::ids::Block;
use tensorflix_testkit::gists::pointer;
use tensorflix_testkit::listener::{Events, listen};
use tensorflix_testkit::memory_store::Write;
use tensorflix_testkit::subnets::{committed, head, hotkey, neuron, stamp, subnet};
use tensorflix_testkit::time::{pass, settle, simulate};
use tensorflix_testkit::world::World;

/// A watcher in its world, and what it tells.
struct Watch {
    world: World,
    address: Addr<ChainWatcher>,
    stats: Arc<ActorStats>,
    heads: Events<HeadFinalized>,
    subnets: Events<CommitmentsChanged>,
}

impl Watch {
    /// On a chain with one neuron from block 0 on; cells of 25 and of 60 blocks.
    fn start() -> Self {
        let world = World::new();
        world.chain.set_subnet(subnet(0, [neuron(0, 1)]));
        let stats = ActorStats::new("chain_watcher");
        let ((head_listener, heads), (subnet_listener, subnets)) = (listen(), listen());
        let parts = ChainWatcherParts {
            chain: Arc::clone(&world.chain) as _,
            store: world.store(),
            clock: world.clock(),
            stats: Arc::clone(&stats),
            grids: Grids { round_blocks: 25, slot_blocks: 60 },
            head_listeners: vec![head_listener],
            subnet_listeners: vec![subnet_listener],
        };
        let address = world.start(&stats, move || ChainWatcher::new(parts.clone()));
        Self { world, address, stats, heads, subnets }
    }

    /// Injects a head through the address.
    async fn inject(&self, block: Block) {
        self.address.send(HeadFinalized(head(block))).await.expect("handled");
        settle().await;
    }

    /// Lets the chain finalize a block and waits until it is announced.
    async fn follow(&mut self, block: Block) {
        self.world.chain.finalize(head(block));
        assert_eq!(self.heads.next().await, HeadFinalized(head(block)));
    }

    async fn told_blocks(&mut self) -> (Vec<Block>, Vec<Block>) {
        let heads = self.heads.so_far().await.into_iter().map(|HeadFinalized(head)| head.stamp.block).collect();
        let subnets = self.subnets.so_far().await.into_iter().map(|changed| changed.at.block).collect();
        (heads, subnets)
    }

    async fn stored_blocks(&self) -> (Option<Block>, Option<Block>) {
        let head = self.world.store.latest_head().await.expect("read").map(|head| head.stamp.block);
        let subnet = self.world.store.latest_subnet().await.expect("read").map(|subnet| subnet.at.block);
        (head, subnet)
    }
}

#[test]
fn a_new_round_is_stored_before_anyone_is_told() {
    simulate(async {
        let mut watch = Watch::start();
        watch.world.store.delay_writes(Duration::from_secs(1));
        watch.inject(100).await;
        assert_eq!(watch.told_blocks().await, (vec![], vec![]), "nothing is stored yet");
        assert_eq!(watch.subnets.next().await, CommitmentsChanged { at: stamp(100) });
        assert_eq!(watch.stored_blocks().await, (Some(100), Some(100)));
        assert_eq!(watch.world.store.written(), [Write::Subnet, Write::Head]);
        assert_eq!(watch.told_blocks().await.0, [100]);
    });
}

#[test]
fn heads_within_a_cell_only_move_the_cursor() {
    simulate(async {
        let mut watch = Watch::start();
        for block in [100, 101, 119, 120, 124, 125, 149, 150] {
            watch.follow(block).await;
            assert_eq!(watch.stored_blocks().await.0, Some(block));
        }
        assert_eq!(watch.world.chain.subnet_reads(), [100, 120, 125, 150], "rounds of 25 blocks, slots of 60");
        assert_eq!(watch.told_blocks().await.1, [100, 120, 125, 150]);
    });
}

#[test]
fn skipped_blocks_are_fine() {
    simulate(async {
        let mut watch = Watch::start();
        for block in [100, 190, 191, 1_000] {
            watch.follow(block).await;
        }
        assert_eq!(watch.world.chain.subnet_reads(), [100, 190, 1_000]);
        assert_eq!(watch.stored_blocks().await, (Some(1_000), Some(1_000)));
    });
}

#[test]
fn the_metagraph_is_read_anew_each_round() {
    // Pitfall: it was read once, and scores went to the hotkey that had held a UID before.
    simulate(async {
        let mut watch = Watch::start();
        watch.follow(100).await;
        let newcomer = committed(neuron(0, 2), &pointer("newcomer", 7), 110);
        watch.world.chain.set_subnet(subnet(110, [newcomer.clone()]));
        watch.follow(125).await;
        let stored = watch.world.store.latest_subnet().await.expect("read").expect("a subnet");
        assert_eq!(stored.neurons, [newcomer]);
        assert_eq!(stored.neuron(&hotkey(1)), None, "the old holder of the UID is gone");
    });
}

#[test]
fn what_could_not_be_stored_is_told_to_nobody_and_tried_again() {
    for write in [Write::Subnet, Write::Head] {
        simulate(async {
            let mut watch = Watch::start();
            watch.world.store.fail_next(write);
            watch.world.chain.finalize(head(100));
            assert_eq!(watch.told_blocks().await, (vec![], vec![]), "{write:?}");
            assert_eq!(watch.subnets.next().await.at, stamp(100));
            assert_eq!(watch.stored_blocks().await, (Some(100), Some(100)));
            assert_eq!(watch.stats.read().failed, 1);
        });
    }
}

#[test]
fn chain_errors_back_off_and_recover() {
    let unreachable = || ChainError::Unreachable("connection refused".to_owned());
    simulate(async {
        let mut watch = Watch::start();
        watch.world.chain.fail_next_heads(std::iter::repeat_with(unreachable).take(2));
        watch.world.chain.fail_next_subnets([unreachable()]);
        let begin = watch.world.clock.monotonic();
        watch.follow(100).await;
        assert_eq!(watch.world.clock.monotonic() - begin, Duration::from_millis(500 + 1_000 + 2_000));
        assert_eq!(watch.stats.read().failed, 3);

        watch.world.chain.fail_next_subnets([unreachable()]);
        let begin = watch.world.clock.monotonic();
        watch.follow(125).await;
        assert_eq!(
            watch.world.clock.monotonic() - begin,
            Duration::from_millis(500),
            "back-off starts over after a success"
        );
    });
    simulate(async {
        let mut watch = Watch::start();
        watch.world.chain.fail_next_heads(std::iter::repeat_with(unreachable).take(100));
        let begin = watch.world.clock.monotonic();
        watch.follow(100).await;
        assert!(watch.world.clock.monotonic() - begin < Duration::from_secs(100 * 30), "no pause is above 30 s");
    });
}

#[test]
fn a_repeated_or_old_head_reads_nothing_and_starts_no_second_loop() {
    simulate(async {
        let mut watch = Watch::start();
        watch.follow(100).await;
        for block in [100, 100, 99, 50, 0] {
            watch.inject(block).await;
        }
        for block in [120, 120, 120] {
            watch.address.do_send(HeadFinalized(head(block)));
        }
        settle().await;
        assert_eq!(watch.world.chain.subnet_reads(), [100, 120]);
        assert_eq!(watch.stored_blocks().await, (Some(120), Some(120)), "the cursor never goes back");

        let asked = watch.world.chain.head_requests().len();
        watch.world.chain.finalize(head(121));
        pass(Duration::from_secs(60)).await;
        let asked = watch.world.chain.head_requests().len() - asked;
        assert_eq!(asked, 1, "one loop asks once for the head after this one");
    });
}

#[test]
fn a_watcher_that_panicked_reads_the_subnet_again() {
    simulate(async {
        let mut watch = Watch::start();
        watch.world.store.panic_at_next(Write::Head);
        watch.follow(100).await;
        assert_eq!(watch.stats.read().restarts, 1);
        assert_eq!(watch.world.chain.subnet_reads(), [100, 100]);
        assert_eq!(watch.stored_blocks().await, (Some(100), Some(100)));
        watch.follow(101).await;
    });
}
