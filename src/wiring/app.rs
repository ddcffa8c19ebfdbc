//! The running validator: store, wallet, chain and actors, put together from the configuration.
//!
//! Which actor sends what to whom is the business of [`tensorflix_actors::system`]. Services are put together in
//! `serving.rs`, and those that run alone in `alone.rs`.

use super::connections;
use super::errors::AppError;
use super::tuning::Tuning;
use super::workshop::{self, Workshop};
use crate::adapters::chain::SubtensorChain;
use crate::adapters::store::Database;
use crate::config::Config;
use crate::console::reporter::{Event, Reporter, recipient};
use crate::console::session::Feed;
use actix::Addr;
use std::sync::Arc;
use tensorflix_actors::chain_watcher::Grids;
use tensorflix_actors::ports::{Chain, Clock, Store};
use tensorflix_actors::scorer::{CycleSettings, Opening};
use tensorflix_actors::system::{self, Listeners, Settings, System};
use tensorflix_actors::weight_setter::SendingSettings;
use tensorflix_chain::HotkeyWallet;
use tensorflix_domain::ids::Hotkey;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, unbounded_channel};

/// How the process is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// When cycles open.
    pub opening: Opening,
    /// Whether nothing is signed and sent. A wallet is then not needed.
    pub dry_run: bool,
}

/// The running validator.
pub struct App {
    /// Everything that was stored.
    pub store: Arc<dyn Store>,
    /// The chain.
    pub chain: Arc<SubtensorChain>,
    /// What the actors report.
    pub events: Receiver<Event>,
    /// Names of core actors that failed too often; the process must end.
    pub escalations: UnboundedReceiver<&'static str>,
    /// The actors.
    pub actors: System,
    /// The database behind the store.
    pub database: tensorflix_store::Store,
    pub(super) clock: Arc<dyn Clock>,
    /// What can be changed while it runs.
    pub tuning: Arc<Tuning>,
    /// No other validator can use the store meanwhile.
    _lock: tensorflix_store::ValidatorLock,
}

impl App {
    /// What a console session reads.
    pub fn feed(&mut self) -> Feed<'_> {
        Feed { events: &mut self.events, escalations: &mut self.escalations, store: &*self.store }
    }

    /// Keeps the store from growing for as long as the process lives: for one that runs for months.
    pub fn keep_store_bounded(&self, config: &Config) {
        actix_rt::spawn(super::upkeep::keep_bounded(self.database.clone(), config.store.keep_days));
    }

    /// Opens the store, reads the wallet, and starts every actor. The chain is connected to when it is first asked.
    ///
    /// # Errors
    /// [`AppError`] if wallet, network, store or HTTP cannot be set up: the operator must act.
    pub async fn start(config: &Config, mode: Mode) -> Result<Self, AppError> {
        let wallet = open_wallet(config, mode.dry_run)?;
        // Before the store is opened, which brings its schema up to date: not under another validator.
        let mut lock = tensorflix_store::ValidatorLock::take(&config.store.url)?;
        let database = lock.open().await?;
        // A reading of the subnet from before the start would open cycles and rounds at blocks that passed long ago.
        database.forget_subnet().await?;
        let (escalations, escalated) = unbounded_channel();
        let workshop = Workshop::new(config, Database::new(database.clone()), escalations)?;
        let chain = Arc::new(workshop.chain(wallet, database.clone())?);
        let workshop = workshop.with_chain(Arc::clone(&chain) as _);
        let (reporter, events) = Reporter::start_new();
        warn_of_unchecked(config);
        let settings = settings(config, mode, chain.hotkey(), &reporter);
        let actors = system::start(&workshop, settings, workshop.platforms());
        let Workshop { store, clock, tuning, .. } = workshop;
        Ok(Self { store, chain, events, escalations: escalated, actors, database, clock, tuning, _lock: lock })
    }
}

/// The settings of all actors.
fn settings(config: &Config, mode: Mode, own_hotkey: Option<Hotkey>, reporter: &Addr<Reporter>) -> Settings {
    let reading = workshop::reading(config);
    let Grids { slot_blocks, round_blocks } = reading.grids;
    let cycles = CycleSettings {
        policy: config.policy(),
        task_source: config.validator.task_source,
        task_gist: config.task_gist(),
        own_hotkey,
        slot_blocks,
        round_blocks,
        opening: mode.opening,
        release: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let sending = SendingSettings {
        resend_blocks: config.weights.resend_blocks,
        slot_blocks,
        version_key: config.weights.version_key,
        on_foreign_update: config.weights.on_foreign_update,
        dry_run: mode.dry_run,
    };
    let listeners = Listeners {
        decided: vec![recipient(reporter)],
        confirmed: vec![recipient(reporter)],
        withheld: vec![recipient(reporter)],
    };
    Settings { reading, cycles, sending, detectors: connections::detectors(config), listeners }
}

/// Warns of the checks that are on and for which no detector is configured.
fn warn_of_unchecked(config: &Config) {
    for check in connections::unchecked(config) {
        let decides = connections::decides_alone(check);
        tracing::warn!(%check, "this check is on, but no detector is configured for this check: {decides}");
    }
}

/// The wallet, which a dry run can do without.
fn open_wallet(config: &Config, dry_run: bool) -> Result<Option<HotkeyWallet>, AppError> {
    match connections::open_wallet(&config.wallet) {
        Ok(wallet) => Ok(Some(wallet)),
        Err(error) if dry_run => {
            tracing::warn!(%error, "running without a wallet: dry run");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
