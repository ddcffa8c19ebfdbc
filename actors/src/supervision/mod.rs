//! Restarts that are real: an actor that panics or stops comes back at the same address, with its queue.
//!
//! actix's own supervisor drops an actor that panics. Here the actor's context is a future that is polled inside
//! `catch_unwind` and never dropped, so its address and its queue survive; only the sender of the message that
//! panicked gets an error. The actor itself is built again by its factory, so that no state which a panic left half
//! done is used ([`rebuild`]): what has to outlive it is in the store, or the factory holds it. Between restarts there
//! is
//! exponential back-off. Too many restarts within a window escalate: a core actor ends the process, for the service
//! manager to restart; an optional one is paused.
//!
//! An actor that takes no messages any more is restarted too ([`Heartbeat`]). Restarting cannot free a thread that is
//! blocked: [`watchdog`] ends the process then.

mod backoff;
mod heartbeat;
pub mod quarantine;
mod rebuilding;
pub mod watchdog;

pub use backoff::{Jitter, RestartLimits};
pub use heartbeat::{HEARTBEAT_DEADLINE, HEARTBEAT_PERIOD, Heartbeat};
pub use rebuilding::rebuild;

use crate::ports::Clock;
use crate::stats::ActorStats;
use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, Context, Handler, Supervised};
use backoff::History;
use futures::FutureExt;
use rebuilding::{Factory, offering};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Messages that wait in a mailbox before `try_send` refuses more.
pub const MAILBOX_CAPACITY: usize = 64;

/// How long an optional actor is paused after too many restarts.
pub const REST: Duration = Duration::from_secs(15 * 60);

/// What happens when an actor exceeds its limits.
#[derive(Clone, Debug)]
pub enum Importance {
    /// Without it no weights are set: its name is sent here, and the process ends.
    Core(UnboundedSender<&'static str>),
    /// The others work without it: it is paused for [`REST`] and then started again.
    Optional,
}

/// What a supervisor needs to know about its actor.
#[derive(Clone)]
pub struct Supervision {
    /// Its limits.
    pub limits: RestartLimits,
    /// The jitter of its pauses.
    pub jitter: Jitter,
    /// What happens when they are exceeded.
    pub importance: Importance,
    /// For back-off.
    pub clock: Arc<dyn Clock>,
    /// Where restarts are counted; also holds the name.
    pub stats: Arc<ActorStats>,
}

/// Starts an actor under supervision on the current thread. It keeps its address for as long as anybody holds it. `make`
/// makes it now, and again after each panic or stop; it must not hold the actor's own address, or the actor never ends.
pub fn supervise<A>(supervision: Supervision, make: impl Fn() -> A + 'static) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
{
    Reserved::new().supervise(supervision, make)
}

/// An address without its actor yet, for actors that must know each other. Messages to it wait.
pub struct Reserved<A: Actor> {
    address: Addr<A>,
    receiver: AddressReceiver<A>,
}

impl<A> Reserved<A>
where
    A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
{
    /// A new address.
    #[expect(clippy::new_without_default, reason = "two of them are never equal, so none is the default")]
    pub fn new() -> Self {
        let (sender, receiver) = channel(MAILBOX_CAPACITY);
        Self { address: Addr::new(sender), receiver }
    }

    /// The address.
    pub fn address(&self) -> Addr<A> {
        self.address.clone()
    }

    /// Starts the actor that belongs to the address, as [`supervise`] does.
    pub fn supervise(self, supervision: Supervision, make: impl Fn() -> A + 'static) -> Addr<A> {
        let factory: Factory<A> = Rc::new(make);
        let mut context = Context::with_receiver(self.receiver).into_future(factory());
        let weak = self.address.downgrade();
        actix_rt::spawn(async move {
            let Supervision { limits, jitter, clock, stats, .. } = &supervision;
            let mut history = History::new(*limits, *jitter, stats.name());
            loop {
                let mut end = tokio::select! {
                    biased;
                    ended = AssertUnwindSafe(&mut context).catch_unwind() => {
                        if ended.is_err() { End::Panicked } else { End::Stopped }
                    }
                    () = heartbeat::until_stuck(&weak, &**clock) => End::Stuck,
                };
                loop {
                    if !pause_before_restart(&supervision, &mut history, end).await {
                        return;
                    }
                    match std::panic::catch_unwind(AssertUnwindSafe(|| offering(&factory, || context.restart()))) {
                        Ok(true) => {
                            stats.count_restart();
                            tracing::info!(actor = stats.name(), cause = %end, "actor restarted");
                            break;
                        }
                        // Nothing holds the address any more: it ended because its work is over.
                        Ok(false) => {
                            tracing::debug!(actor = stats.name(), "actor ended: nothing holds its address");
                            return;
                        }
                        // The factory panicked, or the end of the old actor did: the old state must not be used.
                        Err(_) => {
                            stats.count_restart();
                            end = End::Panicked;
                        }
                    }
                }
            }
        });
        self.address
    }
}

/// How an actor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It panicked.
    Panicked,
    /// It stopped itself, or nobody holds its address any more: which of them is known when it is restarted.
    Stopped,
    /// It takes no messages.
    Stuck,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Panicked => "panicked",
            Self::Stopped => "stopped",
            Self::Stuck => "stuck",
        })
    }
}

/// Waits as long as the limits require. `false` if the actor must not be restarted.
async fn pause_before_restart(supervision: &Supervision, history: &mut History, end: End) -> bool {
    let name = supervision.stats.name();
    match (history.next_pause(supervision.clock.monotonic()), &supervision.importance) {
        (Some(pause), _) => {
            let pause_ms = pause.as_millis();
            match end {
                End::Panicked => tracing::warn!(actor = name, pause_ms, "actor panicked; restarting it"),
                End::Stuck => tracing::warn!(actor = name, pause_ms, "actor takes no messages; restarting it"),
                // Most actors that end do so because nothing needs them any more, and that is no error.
                End::Stopped => tracing::debug!(actor = name, pause_ms, "actor ended"),
            }
            supervision.clock.sleep(pause).await;
        }
        (None, Importance::Optional) => {
            tracing::error!(actor = name, cause = %end, rest_secs = REST.as_secs(), "restart limit reached; actor paused");
            supervision.stats.set_resting(true);
            supervision.clock.sleep(REST).await;
            supervision.stats.set_resting(false);
            history.clear();
        }
        (None, Importance::Core(escalations)) => {
            tracing::error!(actor = name, cause = %end, "restart limit of a core actor reached; the process will exit");
            // A closed channel means that the process is ending already.
            let _ = escalations.send(name);
            return false;
        }
    }
    true
}
