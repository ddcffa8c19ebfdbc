//! Scorer: opens cycles on the block grid, gathers their evidence, and decides them.
//!
//! - Owns in the store: claims, cycles, decisions.
//! - A cycle opens at the first block at which the subnet was read in a slot that has none. It waits until the
//!   polling round of its block is finished, has its items observed and
//!   those examined that lack a verdict, and is decided by a pure function. A cycle
//!   that a crash left open is continued; one with a slot that has passed is not changed.
//! - Between cycles it has items polled, about every five minutes and concurrently with its other work (`polls.rs`).
//! - Messages are hints. Everything that decides is read from the store, so a lost, repeated or late message changes no score.
//!
//! It sends nothing to the chain and knows no platform's protocol.

mod claims;
mod conductor;
mod disputes;
mod evidence;
mod hints;
mod memory;
mod messages;
mod paid_items;
mod parts;
mod polls;
mod quota_wait;
mod recovery;
mod settings;
mod traffic;
mod verdicts;

pub use self::memory::ScorerMemory;
pub use self::messages::ScoresDecided;
pub use self::parts::ScorerParts;
pub use self::settings::{CycleSettings, OBSERVATION_DEADLINE, Opening, VERIFICATION_DEADLINE};

use crate::chain_watcher::CommitmentsChanged;
use crate::gist_fetcher::SubmissionsRecorded;
use crate::scorer::conductor::Conductor;
use crate::scorer::polls::{POLL_EVERY, Poller};
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use std::sync::Arc;
use std::time::Duration;

/// How often it checks the store for work without a message.
const TICK: Duration = Duration::from_secs(30);

/// The subject of its outcomes.
pub const CYCLES: &str = "cycles";

/// The actor.
pub struct Scorer {
    parts: ScorerParts,
    conductor: Arc<Conductor>,
    is_busy: bool,
    was_told_meanwhile: bool,
    poller: Option<Arc<Poller>>,
    is_polling: bool,
}

impl Scorer {
    /// A scorer with nothing under way.
    pub fn new(parts: ScorerParts) -> Self {
        let conductor = Arc::new(Conductor::new(&parts));
        let poller = (!parts.pollers.is_empty()).then(|| Arc::new(conductor.poller(parts.pollers.clone())));
        Self { parts, conductor, is_busy: false, was_told_meanwhile: false, poller, is_polling: false }
    }
}

impl Actor for Scorer {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.notify(Tick);
    }
}

crate::supervised!(Scorer);

/// Time to look for work.
#[derive(Message)]
#[rtype(result = "()")]
struct Tick;

impl Handler<Tick> for Scorer {
    type Result = ();

    fn handle(&mut self, _: Tick, context: &mut Self::Context) {
        self.advance(context);
        self.poll(context);
        let clock = Arc::clone(&self.parts.clock);
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
        let now = self.parts.clock.monotonic();
        let polled_at = *self.parts.memory.polled_at();
        if self.is_polling || polled_at.is_some_and(|begun| now < begun + POLL_EVERY) {
            return;
        }
        self.is_polling = true;
        *self.parts.memory.polled_at() = Some(now);
        let run = async move { poller.poll().await };
        context.spawn(run.into_actor(self).map(|outcome, this, _| {
            this.is_polling = false;
            if let Err(error) = outcome {
                tracing::warn!(%error, "could not poll items; will retry");
            }
        }));
    }

    /// Does the work that is due, one piece at a time.
    fn advance(&mut self, context: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_busy, true) {
            self.was_told_meanwhile = true;
            return;
        }
        let (conductor, work) = (Arc::clone(&self.conductor), self.parts.stats.begin());
        let run = async move {
            let _work = work;
            conductor.advance().await
        };
        context.spawn(run.into_actor(self).map(|outcome, this, context| {
            this.is_busy = false;
            match outcome {
                Ok(Some(cycle)) => {
                    this.parts.stats.count_handled();
                    this.parts.stats.outcomes().succeeded(CYCLES);
                    for listener in &this.parts.listeners {
                        // A full or closed mailbox loses a hint; WeightSetter finds the scores at its next head.
                        let _ = listener.try_send(ScoresDecided { cycle });
                    }
                }
                Ok(None) => match this.conductor.waits_for_tasks() {
                    Some(why) => this.parts.stats.outcomes().failed(CYCLES, &why),
                    None => this.parts.stats.outcomes().recovered(CYCLES),
                },
                Err(error) => {
                    this.parts.stats.count_failed();
                    this.parts.stats.outcomes().failed(CYCLES, &error.to_string());
                    tracing::error!(%error, "could not continue the cycle; will retry");
                }
            }
            if std::mem::take(&mut this.was_told_meanwhile) {
                this.advance(context);
            }
        }));
    }
}
