//! What `/health` and `/metrics` show: the progress of the chain, the gists and the cycles, and the budgets.
//!
//! One task reads it from the store every second, with small queries, so that no number of clients makes the store slow.
//! Readers see the last reading and its age, so a store that does not answer is visible.
//!
//! Whether the chain advances is judged by the monotonic clock, from when its newest block was first seen here: the machine's
//! date is not used.

use crate::api::tracker::source::{Budget, Source};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tensorflix_actors::platforms::Scope;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::Block;
use tensorflix_store::{Loss, Store, StoreError};

/// Pause between readings.
const PERIOD: Duration = Duration::from_secs(1);

/// The chain's target time between blocks.
const BLOCK_SECS: i64 = 12;

/// What can be requested about an item, each paid from buckets of its own.
const SCOPES: [Scope; 2] = [Scope::Everything, Scope::Numbers];

/// The clock that dates observations and budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dating {
    /// By the newest finalized block.
    Chain,
    /// By the machine's clock, for a service that has no chain: the block is the number that the time would have on a
    /// chain that makes one every 12 s from 1970 on.
    Machine,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// When it was read, by the monotonic clock; `None` before the first time.
    pub at: Option<Duration>,
    /// The newest finalized block.
    pub head: Option<BlockStamp>,
    /// When that block was first seen here, by the monotonic clock.
    pub head_since: Duration,
    /// The block of the newest subnet.
    pub subnet_block: Option<Block>,
    /// The newest polling round that is finished.
    pub gist_round: Option<Block>,
    /// The newest cycle.
    pub cycle: Option<u32>,
    /// The block in which our weights were last confirmed.
    pub weights_block: Option<Block>,
    /// Units spent today from each bucket of the ledger.
    pub spent: BTreeMap<String, u64>,
}

/// The vital signs of a process.
pub struct Vitals {
    store: Store,
    clock: Arc<dyn Clock>,
    dating: Dating,
    started: Duration,
    /// The counters of its actors.
    pub stats: Vec<Arc<ActorStats>>,
    /// Its platforms.
    pub sources: Vec<Arc<Source>>,
    /// Blocks in a polling round.
    pub round_blocks: u32,
    reading: RwLock<Reading>,
    subnet: OnceLock<FollowedSubnet>,
    /// Peers in the newest answer of the chain syncer; negative as long as there is none.
    peers_count: AtomicI64,
}

/// The subnet that a process follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowedSubnet {
    /// The network's name, or the host of its endpoint.
    pub network: String,
    /// The subnet's number.
    pub netuid: u16,
}

impl Vitals {
    /// Vital signs that are updated from now on; the first reading is made before this returns.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        dating: Dating,
        stats: Vec<Arc<ActorStats>>,
        sources: Vec<Arc<Source>>,
        round_blocks: u32,
    ) -> Arc<Self> {
        let (started, reading) = (clock.monotonic(), RwLock::default());
        let (subnet, peers_count) = (OnceLock::new(), AtomicI64::new(-1));
        let vitals = Arc::new(Self {
            store,
            clock,
            dating,
            started,
            stats,
            sources,
            round_blocks,
            reading,
            subnet,
            peers_count,
        });
        vitals.refresh().await;
        let kept_up = Arc::downgrade(&vitals);
        actix_rt::spawn(async move {
            while let Some(vitals) = kept_up.upgrade() {
                vitals.refresh().await;
                let clock = Arc::clone(&vitals.clock);
                drop(vitals);
                clock.sleep(PERIOD).await;
            }
        });
        vitals
    }

    /// Records which subnet is followed; only the first call has an effect.
    pub fn follow(&self, subnet: FollowedSubnet) {
        let _ = self.subnet.set(subnet);
    }

    /// The subnet that is followed, where one is.
    pub fn subnet(&self) -> Option<&FollowedSubnet> {
        self.subnet.get()
    }

    /// Notes how many peers the chain syncer shows.
    pub fn note_peers(&self, count: usize) {
        self.peers_count.store(i64::try_from(count).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Peers that the chain syncer shows; `None` as long as it shows nothing.
    pub fn peers_count(&self) -> Option<u64> {
        u64::try_from(self.peers_count.load(Ordering::Relaxed)).ok()
    }

    /// The last reading.
    pub fn reading(&self) -> Reading {
        self.reading.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the store cannot be used any more, if that is known.
    pub fn loss(&self) -> Option<Loss> {
        self.store.loss()
    }

    /// The clock's monotonic time.
    pub fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Time since the start.
    pub fn uptime(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
    }

    /// How long a head may stay the newest although blocks come: where another process follows the chain, it stores one in a
    /// polling round.
    pub fn head_period(&self) -> Duration {
        if self.store.follows_heads() {
            Duration::ZERO
        } else {
            Duration::from_secs(BLOCK_SECS.unsigned_abs().saturating_mul(self.round_blocks.into()))
        }
    }

    /// The clock that dates observations.
    pub const fn dating(&self) -> Dating {
        self.dating
    }

    /// The block by which an observation made now is dated; `None` as long as no block is known.
    pub fn stamp(&self) -> Option<BlockStamp> {
        match self.dating {
            Dating::Chain => self.reading().head,
            Dating::Machine => Some(machine_stamp(self.clock.wall())),
        }
    }

    /// The time now, by the clock that dates observations: between blocks, chain time advances with the monotonic clock.
    pub fn time(&self) -> Option<Moment> {
        match self.dating {
            Dating::Machine => Some(self.clock.wall()),
            Dating::Chain => {
                let reading = self.reading();
                let since = self.clock.monotonic().saturating_sub(reading.head_since);
                let since_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
                reading.head.map(|head| Moment::from_unix_ms(head.time.unix_ms().saturating_add(since_ms)))
            }
        }
    }

    /// What is left of a platform's budget: of all its keys together, for items that are not known yet.
    pub fn budget(&self, source: &Source) -> Budget {
        let (reading, buckets) = (self.reading(), source.buckets(Scope::Everything));
        together(source, buckets.iter().map(|bucket| reading.spent.get(bucket).copied().unwrap_or(0)))
    }

    /// What is left in each bucket of a platform's ledger, by its name.
    pub fn buckets(&self, source: &Source) -> BTreeMap<String, Budget> {
        let reading = self.reading();
        let of_bucket = |bucket: String| {
            let budget = together(source, [reading.spent.get(&bucket).copied().unwrap_or(0)]);
            (bucket, budget)
        };
        SCOPES.into_iter().flat_map(|scope| source.buckets(scope)).map(of_bucket).collect()
    }

    /// The same, from the ledger as it is now.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn budget_now(&self, source: &Source) -> Result<Budget, StoreError> {
        let Some(stamp) = self.stamp() else { return Ok(self.budget(source)) };
        let date = source.ledger_date(stamp.time);
        let mut spent = Vec::new();
        for bucket in source.buckets(Scope::Everything) {
            spent.push(self.store.units_spent(&bucket, &date).await?);
        }
        Ok(together(source, spent))
    }

    async fn refresh(&self) {
        let previous = self.reading();
        match self.store.noted(self.read(&previous).await) {
            Ok(reading) => *self.reading.write().unwrap_or_else(PoisonError::into_inner) = reading,
            Err(error) => tracing::warn!(%error, "cannot read the store for health and metrics"),
        }
    }

    async fn read(&self, previous: &Reading) -> Result<Reading, StoreError> {
        let now = self.clock.monotonic();
        let mut reading = Reading { at: Some(now), ..Reading::default() };
        if self.dating == Dating::Chain {
            reading.head = self.store.latest_head().await?.map(|head| head.stamp);
            let is_new = reading.head.map(|head| head.block) != previous.head.map(|head| head.block);
            reading.head_since = if is_new { now } else { previous.head_since };
            reading.subnet_block = self.store.latest_subnet_block().await?;
            reading.gist_round = self.store.latest_gist_round().await?;
            reading.cycle = self.store.latest_cycle().await?.map(|cycle| cycle.cycle);
            reading.weights_block = self.store.last_weights_block().await?;
        }
        let day = match self.dating {
            Dating::Chain => reading.head.map(|head| head.time),
            Dating::Machine => Some(self.clock.wall()),
        };
        if let Some(day) = day {
            for source in &self.sources {
                let date = source.ledger_date(day);
                for bucket in SCOPES.into_iter().flat_map(|scope| source.buckets(scope)) {
                    let spent = self.store.units_spent(&bucket, &date).await?;
                    reading.spent.insert(bucket, spent);
                }
            }
        }
        Ok(reading)
    }
}

/// The budget of one platform's buckets with these amounts spent. A bucket that is overdrawn, because its budget was lowered, does
/// not reduce the others.
fn together(source: &Source, spent: impl IntoIterator<Item = u64>) -> Budget {
    let terms = source.terms();
    let mut budget = Budget { units: 0, spent: 0, batch: terms.units_per_batch };
    for spent in spent {
        budget.units = budget.units.saturating_add(terms.daily_budget);
        budget.spent = budget.spent.saturating_add(spent.min(terms.daily_budget));
    }
    budget
}

/// The stamp of a moment of the machine's clock.
fn machine_stamp(now: Moment) -> BlockStamp {
    const SECOND_MS: i64 = 1_000;
    let block = now.unix_ms().max(0) / (SECOND_MS * BLOCK_SECS);
    BlockStamp { block: Block::try_from(block).unwrap_or(Block::MAX), time: now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_chain_a_block_is_twelve_seconds_of_the_machines_time() {
        let moment = Moment::parse("2026-08-21T00:00:11.999Z").expect("a time");
        let stamp = machine_stamp(moment);
        assert_eq!((stamp.block, stamp.time), (148_939_200, moment));
        assert_eq!(machine_stamp(Moment::from_unix_ms(-1)).block, 0);
    }
}
