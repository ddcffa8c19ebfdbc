//! Scorer: opens cycles on the block grid, gathers their evidence, and decides them.
//!
//! - Owns in the store: claims, cycles, decisions.
//! - A cycle opens at the first block at which the subnet was read in a slot that has none. It waits until the
//!   polling round of its block is finished, has its contents observed and
//!   those examined that lack a verdict, and is decided by a pure function. A cycle
//!   that a crash left open is taken up again; one whose slot has passed is left as it is.
//! - Between cycles it has contents looked at, about every five minutes and beside its other work (`polls.rs`).
//! - Messages are hints. All that decides is read from the store, so a lost, repeated or late message changes no score.
//!
//! It sends nothing to the chain and knows no platform's protocol.

mod claims;
mod conductor;
mod disputes;
mod evidence;
mod hints;
mod messages;
mod polls;
mod quota_wait;
mod settings;
mod traffic;
mod verdicts;

pub use self::messages::ScoresDecided;
pub use self::settings::{CycleSettings, OBSERVATION_DEADLINE, Opening, VERIFICATION_DEADLINE};

use crate::chain_watcher::CommitmentsChanged;
use crate::gist_fetcher::DateGists;
use crate::gist_fetcher::SubmissionsRecorded;
use crate::platforms::{ObserveContents, PollContents};
use crate::ports::{Clock, Store};
use crate::scorer::conductor::Conductor;
use crate::scorer::polls::{POLL_EVERY, Poller};
use crate::stats::ActorStats;
use crate::supervision::quarantine::Rules;
use crate::verifier::VerifyContents;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, Supervised, WrapFuture};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::ids::Platform;

/// How often it looks for work that it was not told of.
const TICK: Duration = Duration::from_secs(30);

/// What its outcomes are about.
pub const CYCLES: &str = "cycles";

/// Everything that Scorer needs.
pub struct Scorer {
    conductor: Arc<Conductor>,
    clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
    listeners: Vec<Recipient<ScoresDecided>>,
    is_busy: bool,
    was_told_meanwhile: bool,
    poller: Option<Arc<Poller>>,
    is_polling: bool,
    /// When a poll began last.
    polled_at: Option<Duration>,
}

impl Scorer {
    /// A scorer that asks `platforms` and tells `listeners`.
    pub fn new(
        settings: CycleSettings,
        platforms: BTreeMap<Platform, Recipient<ObserveContents>>,
        listeners: Vec<Recipient<ScoresDecided>>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        stats: Arc<ActorStats>,
    ) -> Self {
        let conductor = Arc::new(Conductor::new(settings, platforms, store, Arc::clone(&clock)));
        Self {
            conductor,
            clock,
            stats,
            listeners,
            is_busy: false,
            was_told_meanwhile: false,
            poller: None,
            is_polling: false,
            polled_at: None,
        }
    }
}

impl Scorer {
    /// Has gists in dispute dated by `recipient`; without it such disputes are settled by the next criterion.
    #[must_use]
    pub fn dating_gists_by(mut self, recipient: Recipient<DateGists>) -> Self {
        // Nobody else holds the conductor before the actor is started.
        if let Some(conductor) = Arc::get_mut(&mut self.conductor) {
            conductor.date_gists_by(recipient);
        }
        self
    }

    /// Reads and judges by other functions than the domain's own.
    #[must_use]
    pub fn judging_by(mut self, rules: Rules) -> Self {
        // Nobody else holds the conductor before the actor is started.
        if let Some(conductor) = Arc::get_mut(&mut self.conductor) {
            conductor.judge_by(rules);
        }
        self
    }

    /// Has contents examined by `recipient`; without it what is stored of verdicts is all there is.
    #[must_use]
    pub fn verifying_by(mut self, recipient: Recipient<VerifyContents>) -> Self {
        // Nobody else holds the conductor before the actor is started.
        if let Some(conductor) = Arc::get_mut(&mut self.conductor) {
            conductor.verify_by(recipient);
        }
        self
    }

    /// Has `platforms` look at contents between cycles; without it they are looked at for cycles alone.
    #[must_use]
    pub fn polling(mut self, platforms: BTreeMap<Platform, Recipient<PollContents>>) -> Self {
        self.poller = Some(Arc::new(self.conductor.poller(platforms)));
        self
    }
}

impl Actor for Scorer {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.notify(Tick);
    }
}

impl Supervised for Scorer {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.is_busy = false;
        self.was_told_meanwhile = false;
        self.is_polling = false;
    }
}

crate::answers_heartbeats!(Scorer);

/// Time to look for work.
#[derive(Message)]
#[rtype(result = "()")]
struct Tick;

impl Handler<Tick> for Scorer {
    type Result = ();

    fn handle(&mut self, _: Tick, context: &mut Self::Context) {
        self.advance(context);
        self.poll(context);
        let clock = Arc::clone(&self.clock);
        let wait = async move { clock.sleep(TICK).await };
        context.spawn(wait.into_actor(self).map(|(), _, context| context.notify(Tick)));
    }
}

impl Handler<CommitmentsChanged> for Scorer {
    type Result = ();

    fn handle(&mut self, _: CommitmentsChanged, context: &mut Self::Context) {
        self.advance(context);
    }
}

impl Handler<SubmissionsRecorded> for Scorer {
    type Result = ();

    fn handle(&mut self, _: SubmissionsRecorded, context: &mut Self::Context) {
        self.advance(context);
    }
}

impl Scorer {
    /// Begins a poll if the last one was long enough ago and has ended. Cycles do not wait for it.
    fn poll(&mut self, context: &mut Context<Self>) {
        let Some(poller) = self.poller.clone() else { return };
        let now = self.clock.monotonic();
        if self.is_polling || self.polled_at.is_some_and(|begun| now < begun + POLL_EVERY) {
            return;
        }
        (self.is_polling, self.polled_at) = (true, Some(now));
        let run = async move { poller.poll().await };
        context.spawn(run.into_actor(self).map(|outcome, this, _| {
            this.is_polling = false;
            if let Err(error) = outcome {
                tracing::warn!(%error, "contents could not be polled; it is tried again");
            }
        }));
    }

    /// Does the work that is due, one piece at a time.
    fn advance(&mut self, context: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_busy, true) {
            self.was_told_meanwhile = true;
            return;
        }
        let (conductor, work) = (Arc::clone(&self.conductor), self.stats.begin());
        let run = async move {
            let _work = work;
            conductor.advance().await
        };
        context.spawn(run.into_actor(self).map(|outcome, this, context| {
            this.is_busy = false;
            match outcome {
                Ok(Some(cycle)) => {
                    this.stats.count_handled();
                    this.stats.outcomes().succeeded(CYCLES);
                    for listener in &this.listeners {
                        // A full or closed mailbox loses a hint; WeightSetter finds the scores at its next head.
                        let _ = listener.try_send(ScoresDecided { cycle });
                    }
                }
                Ok(None) => match this.conductor.waits_for_tasks() {
                    Some(why) => this.stats.outcomes().failed(CYCLES, &why),
                    None => this.stats.outcomes().recovered(CYCLES),
                },
                Err(error) => {
                    this.stats.count_failed();
                    this.stats.outcomes().failed(CYCLES, &error.to_string());
                    tracing::error!(%error, "a cycle could not be taken further; it is tried again");
                }
            }
            if std::mem::take(&mut this.was_told_meanwhile) {
                this.advance(context);
            }
        }));
    }
}
