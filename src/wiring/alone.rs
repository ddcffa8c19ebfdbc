//! A service alone in its process.
//!
//! The chain syncer follows chain and gists itself, as the one process that may do so for its store; where a validator
//! holds the store already, it only reads what the validator writes.
//!
//! The platform tracker has no chain. It keeps its observations in memory, of the newest contents only, dated by the
//! machine's clock; so none of them can become a validator's evidence, which only chain time may date. It takes its
//! quota from the ledger in the configured store, so that all processes share one budget.

use super::errors::AppError;
use super::serving::{Services, Tracking, collector_stats, sources_alone};
use super::tuning::Tuning;
use super::workshop::{Workshop, reading};
use crate::adapters::clock::SystemClock;
use crate::adapters::store::Database;
use crate::api::server::ServeError;
use crate::api::watch::vitals::{Dating, Vitals};
use crate::config::Config;
use actix::Addr;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::ChainWatcher;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::system::{self, Observers};
use tensorflix_store::{Store, StoreError, ValidatorLock};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Contents that a tracker without a validator remembers.
const REMEMBERED_CONTENTS: u32 = 10_000;
/// How often it forgets the others.
const FORGET_PERIOD: Duration = Duration::from_secs(60);

/// Why a service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AloneError {
    /// It has no address.
    #[error("http.{0} is empty, which switches this service off: set it to an address such as 127.0.0.1:8000")]
    SwitchedOff(&'static str),
    /// It cannot listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A component that it needs cannot be set up.
    #[error(transparent)]
    App(#[from] AppError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A running service.
pub struct Alone {
    /// Its server.
    pub services: Services,
    /// Names of core actors that failed too often; the process must end.
    pub escalations: UnboundedReceiver<&'static str>,
    /// Counters of its actors.
    pub stats: Vec<Arc<ActorStats>>,
    /// What can be changed while it runs.
    pub tuning: Arc<Tuning>,
    /// The database in the configured store.
    pub database: Store,
    _lock: Option<ValidatorLock>,
    /// Actors end with their last address.
    _chain_watcher: Option<Addr<ChainWatcher>>,
}

/// Starts the chain syncer.
///
/// # Errors
/// [`AloneError`]: the operator must act.
pub async fn chain_syncer(config: &Config) -> Result<Alone, AloneError> {
    let address = config.http.chain_syncer.ok_or(AloneError::SwitchedOff("chain_syncer"))?;
    let (escalations, escalated) = unbounded_channel();
    let (store, lock) = match ValidatorLock::take(&config.store.url) {
        Ok(mut lock) => (lock.open().await?, Some(lock)),
        Err(StoreError::OtherValidator { file }) => {
            tracing::info!(
                store = file,
                "a validator uses this store; serving its chain and gists without own requests"
            );
            (Store::open_to_read(&config.store.url).await?, None)
        }
        Err(error) => return Err(error.into()),
    };
    let workshop = Workshop::new(config, Database::new(store.clone()), escalations)?;
    let (clock, tuning) = (Arc::clone(&workshop.clock), Arc::clone(&workshop.tuning));
    let (mut chain_watcher, mut stats) = (None, Vec::new());
    if lock.is_some() {
        // As in a validator: a reading from before the start would open a round at a block long ago.
        store.forget_subnet().await?;
        let chain = workshop.chain(None, store.clone())?;
        let readers = system::start_readers(&workshop.with_chain(Arc::new(chain)), &reading(config));
        (chain_watcher, stats) = (Some(readers.chain_watcher), readers.stats);
    }
    let round_blocks = config.validator.gist_poll_blocks;
    let vitals =
        Vitals::start(store.clone(), Arc::clone(&clock), Dating::Chain, stats.clone(), Vec::new(), round_blocks).await;
    let mut services = Services::default();
    services.serve_peers(address, config, &store, &vitals, &clock).await?;
    let database = store;
    Ok(Alone { services, escalations: escalated, stats, tuning, database, _lock: lock, _chain_watcher: chain_watcher })
}

/// Starts the platform tracker.
///
/// # Errors
/// [`AloneError`]: the operator must act.
pub async fn platform_tracker(config: &Config) -> Result<Alone, AloneError> {
    let address = config.http.platform_tracker.ok_or(AloneError::SwitchedOff("platform_tracker"))?;
    let ledger = open_ledger(config).await?;
    let contents = Store::open("sqlite::memory:").await?;
    let (escalations, escalated) = unbounded_channel();
    let database = Database::with_ledger(contents.clone(), ledger.clone());
    let workshop = Workshop::new(config, database, escalations)?;
    let Observers { platforms, stats } = system::start_observers(&workshop, workshop.platforms());
    let Workshop { clock, tuning, .. } = workshop;
    let observers = system::observers(&platforms);
    let sources = sources_alone(config, &clock, &tuning);
    let tracking =
        Tracking { contents: contents.clone(), observers, sources: sources.clone(), stats: collector_stats(config) };
    let stats = [stats, tracking.stats.clone()].concat();
    let round_blocks = config.validator.gist_poll_blocks;
    let (store, dating) = (ledger.clone(), Dating::Machine);
    let vitals = Vitals::start(store, Arc::clone(&clock), dating, stats.clone(), sources, round_blocks).await;
    actix_rt::spawn(forget_old(contents, config.validator.max_evidence_age_hours));
    let mut services = Services::default();
    services.serve_contents(address, config, tracking, &vitals, &clock)?;
    let database = ledger;
    Ok(Alone { services, escalations: escalated, stats, tuning, database, _lock: None, _chain_watcher: None })
}

/// Opens the configured store for its ledger. While a validator runs, the schema is never migrated.
async fn open_ledger(config: &Config) -> Result<Store, StoreError> {
    match ValidatorLock::take(&config.store.url) {
        // The lock is released here: a process that only uses the ledger is not a validator.
        Ok(mut lock) => lock.open().await,
        Err(StoreError::OtherValidator { .. }) => {
            Store::open_to_read(&config.store.url).await?.close().await;
            Store::open(&config.store.url).await
        }
        Err(error) => Err(error),
    }
}

/// Keeps what is remembered bounded, in number and in age. Never ends.
async fn forget_old(contents: Store, max_evidence_age_hours: f64) {
    const HOUR_MS: f64 = 3_600_000.0;
    let clock = SystemClock::new();
    loop {
        tokio::time::sleep(FORGET_PERIOD).await;
        #[expect(clippy::cast_possible_truncation, reason = "configuration bounds hours")]
        let before = clock.wall().unix_ms() - (max_evidence_age_hours * HOUR_MS) as i64;
        let pruned = contents.prune(before).await;
        let kept = contents.keep_newest_contents(REMEMBERED_CONTENTS).await;
        if let Err(error) = pruned.and(kept) {
            tracing::warn!(%error, "could not delete old observations; will retry");
        }
    }
}
