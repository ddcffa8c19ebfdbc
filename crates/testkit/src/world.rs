//! Fakes of everything outside an actor, and how to start an actor with them.

use crate::living;
use crate::memory_store::MemoryStore;
use crate::scripted_chain::ScriptedChain;
use crate::scripted_services::http::ScriptedHttp;
use crate::subnets::head;
use crate::time::TestClock;
use actix::{Actor, Addr, Context, Handler, Supervised};
use std::sync::Arc;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::{Limiter, Rate};
use tensorflix_actors::ports::{Clock, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::{Heartbeat, Importance, Jitter, RestartLimits, Supervision, supervise};
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::gist_record::{GistAnswer, GistHolder};
use tensorflix_domain::ids::Block;
use tensorflix_domain::subnet::Subnet;

/// Blocks in a polling round.
pub const ROUND_BLOCKS: u32 = 25;

/// Blocks in a cycle's slot: a day.
pub const SLOT_BLOCKS: u32 = 7_200;

/// A rate that never delays a request.
pub const UNLIMITED: Rate = Rate { requests_per_second: 1_000_000.0, burst: 1_000_000 };

/// The ports, shared by everything in this world.
#[derive(Clone)]
pub struct World {
    /// Paused time.
    pub clock: Arc<TestClock>,
    /// What actors remember.
    pub store: Arc<MemoryStore>,
    /// The chain.
    pub chain: Arc<ScriptedChain>,
    /// The internet.
    pub http: Arc<ScriptedHttp>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty world.
    pub fn new() -> Self {
        Self {
            clock: Arc::new(TestClock::new()),
            store: Arc::new(MemoryStore::default()),
            chain: Arc::new(ScriptedChain::default()),
            http: Arc::new(ScriptedHttp::default()),
        }
    }

    /// The clock as actors take it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// The store as actors take it.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// Starts an actor under supervision with the default limits; it is made again after a panic.
    pub fn start<A>(&self, stats: &Arc<ActorStats>, make: impl Fn() -> A + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
    {
        let supervision = Supervision {
            limits: RestartLimits::default(),
            jitter: Jitter::NONE,
            importance: Importance::Optional,
            clock: self.clock(),
            stats: Arc::clone(stats),
        };
        supervise(supervision, living::noted(stats.name(), make))
    }

    /// The scripted HTTP behind a limiter of this rate.
    pub fn outbound(&self, rate: Rate, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = Limiter::new(rate, self.clock(), Arc::clone(stats));
        Outbound::new(Arc::clone(&self.http) as _, Arc::new(limiter))
    }

    /// Stores what ChainWatcher and GistFetcher would have stored of a subnet: its head, the subnet itself, and the
    /// round of its block with these answers, in the order given.
    pub async fn record_answers(&self, subnet: &Subnet, answers: &[GistAnswer]) -> Block {
        let round = grid_start(subnet.at.block, ROUND_BLOCKS);
        self.store.save_head(&head(subnet.at.block)).await.expect("stored");
        self.store.save_subnet(subnet).await.expect("stored");
        for answer in answers {
            let holders: Vec<GistHolder> =
                holders(subnet).into_iter().filter(|holder| holder.pointer == answer.pointer).collect();
            self.store.record_gists(round, std::slice::from_ref(answer), &holders).await.expect("stored");
        }
        self.store.finish_gist_round(round).await.expect("stored");
        round
    }
}

/// Who committed which gist.
pub fn holders(subnet: &Subnet) -> Vec<GistHolder> {
    let holder = |neuron: &tensorflix_domain::subnet::Neuron| {
        let commitment = neuron.commitment.as_ref()?;
        let pointer = commitment.text.as_deref()?.parse().ok()?;
        Some(GistHolder { hotkey: neuron.hotkey, pointer, committed_at: commitment.block })
    };
    subnet.neurons.iter().filter_map(holder).collect()
}
