//! ChainWatcher: follows finalized heads, and reads the subnet when a grid cell begins.
//!
//! - Owns in the store: the finalized head, and the newest subnet (metagraph and commitments).
//! - Reads the subnet at the first head after its start, then at the first head of each polling round and of each
//!   cycle's slot; heads in between only move the cursor, in memory. Blocks may be skipped.
//! - Stores first, then sends. An actor that misses a message finds the same in the store.
//!
//! It judges nothing, not even whether a commitment is well-formed.

mod messages;

pub use self::messages::{CommitmentsChanged, HeadFinalized};

use crate::outbound::retry::GrowingPause;
use crate::ports::{Chain, Clock, Store};
use crate::stats::ActorStats;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, WrapFuture};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Block;

/// Pause between attempts to follow the chain.
const PAUSE: GrowingPause = GrowingPause { first: Duration::from_millis(500), longest: Duration::from_secs(30) };

/// Longest time that one read of the subnet may take. The actor takes no messages meanwhile, so it is less than the
/// time that its supervisor waits for a heartbeat.
const READING_DEADLINE: Duration = Duration::from_secs(150);

/// The grids on which the subnet is read.
#[derive(Clone, Copy, Debug)]
pub struct Grids {
    /// Blocks in a polling round.
    pub round_blocks: u32,
    /// Blocks in a cycle's slot.
    pub slot_blocks: u32,
}

/// Everything that ChainWatcher needs.
#[derive(Clone)]
pub struct ChainWatcherParts {
    /// The chain.
    pub chain: Arc<dyn Chain>,
    /// Its records.
    pub store: Arc<dyn Store>,
    /// For pauses.
    pub clock: Arc<dyn Clock>,
    /// Its counters.
    pub stats: Arc<ActorStats>,
    /// When to read the subnet.
    pub grids: Grids,
    /// Who receives new heads.
    pub head_listeners: Vec<Recipient<HeadFinalized>>,
    /// Who receives changes of the subnet.
    pub subnet_listeners: Vec<Recipient<CommitmentsChanged>>,
}

/// The actor.
pub struct ChainWatcher {
    parts: ChainWatcherParts,
    progress: Progress,
}

impl ChainWatcher {
    /// A watcher that has seen nothing yet.
    pub fn new(parts: ChainWatcherParts) -> Self {
        Self { parts, progress: Progress::default() }
    }
}

/// The subject of its outcomes.
pub const CHAIN: &str = "chain";

/// What ChainWatcher remembers since its (re)start; all of it can be lost.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    followed: Option<Block>,
    read_at: Option<Block>,
    failures: u32,
    is_following: bool,
}

impl Actor for ChainWatcher {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.follow(context, Duration::ZERO);
    }
}

crate::supervised!(ChainWatcher);

/// The result of waiting for the chain's next head.
#[derive(Message)]
#[rtype(result = "()")]
struct Follow;

impl Handler<Follow> for ChainWatcher {
    type Result = ();

    fn handle(&mut self, _: Follow, context: &mut Self::Context) {
        let (chain, after) = (Arc::clone(&self.parts.chain), self.progress.followed);
        let next = async move { chain.next_head(after).await };
        context.spawn(next.into_actor(self).map(|next, this, context| {
            this.progress.is_following = false;
            match next {
                Ok(head) => context.notify(HeadFinalized(head)),
                Err(error) => this.fail(context, &error),
            }
        }));
    }
}

impl Handler<HeadFinalized> for ChainWatcher {
    type Result = ();

    fn handle(&mut self, HeadFinalized(head): HeadFinalized, context: &mut Self::Context) {
        let reads_subnet = self.begins_a_cell(head.stamp.block);
        let (chain, store) = (Arc::clone(&self.parts.chain), Arc::clone(&self.parts.store));
        let work = self.parts.stats.begin();
        let reading = async move {
            let _work = work;
            if reads_subnet {
                let subnet = chain.subnet(&head).await.map_err(|error| error.to_string())?;
                return store.save_reading(&subnet, &head).await.map_err(|error| error.to_string());
            }
            store.note_head(&head).await.map_err(|error| error.to_string())
        };
        let clock = Arc::clone(&self.parts.clock);
        let reading = async move {
            tokio::select! {
                biased;
                read = reading => read,
                () = clock.sleep(READING_DEADLINE) => {
                    Err(format!("the subnet could not be read and stored within {} s", READING_DEADLINE.as_secs()))
                }
            }
        };
        // One head at a time: of two that begin the same cell, the second must see that the first has read it.
        context.wait(reading.into_actor(self).map(move |read, this, context| match read {
            Ok(()) => this.tell(head, reads_subnet, context),
            Err(error) => this.fail(context, &error),
        }));
    }
}

impl ChainWatcher {
    /// Continues to follow the chain after a pause. A head that came from elsewhere starts no second loop.
    fn follow(&mut self, context: &mut Context<Self>, pause: Duration) {
        if std::mem::replace(&mut self.progress.is_following, true) {
            return;
        }
        let clock = Arc::clone(&self.parts.clock);
        let wait = async move {
            if !pause.is_zero() {
                clock.sleep(pause).await;
            }
        };
        context.spawn(wait.into_actor(self).map(|(), _, context| context.notify(Follow)));
    }

    /// Whether `block` is in another polling round or slot than the last reading.
    fn begins_a_cell(&self, block: Block) -> bool {
        let Grids { round_blocks, slot_blocks } = self.parts.grids;
        self.progress.read_at.is_none_or(|read_at| {
            [round_blocks, slot_blocks].iter().any(|step| grid_start(block, *step) > grid_start(read_at, *step))
        })
    }

    fn tell(&mut self, head: Head, read_subnet: bool, context: &mut Context<Self>) {
        if let Some(gap) = self.progress.followed.and_then(|followed| head.stamp.block.checked_sub(followed + 1))
            && gap > 0
        {
            tracing::debug!(block = head.stamp.block, gap_blocks = gap, "skipped blocks");
        }
        self.progress.followed = self.progress.followed.max(Some(head.stamp.block));
        self.progress.failures = 0;
        self.parts.stats.count_handled();
        self.parts.stats.outcomes().succeeded(CHAIN);
        for listener in &self.parts.head_listeners {
            // A full or closed mailbox loses a hint; the next head brings another.
            let _ = listener.try_send(HeadFinalized(head));
        }
        if read_subnet {
            self.progress.read_at = Some(head.stamp.block);
            tracing::info!(block = head.stamp.block, time = %head.stamp.time, "read the subnet");
            for listener in &self.parts.subnet_listeners {
                let _ = listener.try_send(CommitmentsChanged { at: head.stamp });
            }
        }
        self.follow(context, Duration::ZERO);
    }

    fn fail(&mut self, context: &mut Context<Self>, error: &dyn std::fmt::Display) {
        let pause = PAUSE.after(self.progress.failures);
        self.progress.failures = self.progress.failures.saturating_add(1);
        self.parts.stats.count_failed();
        self.parts.stats.outcomes().failed(CHAIN, &error.to_string());
        tracing::warn!(%error, retry_in_ms = pause.as_millis(), "cannot follow the chain");
        self.follow(context, pause);
    }
}
