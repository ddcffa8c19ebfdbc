//! Restarts that are real: an actor that panics or stops comes back at the same address, with its queue.
//!
//! actix's own supervisor drops an actor that panics. Here the actor's context is a future that is polled inside
//! `catch_unwind` and never dropped, so its address and its queue survive; only the sender of the message that
//! panicked is told that it closed. Between restarts there is exponential back-off. Too many restarts within a
//! window escalate: a core actor ends the process, for the service manager to restart; an optional one rests.
//!
//! It cannot free a thread that is blocked.

use crate::ports::Clock;
use crate::stats::ActorStats;
use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, Context, Supervised};
use futures::FutureExt;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Messages that wait in a mailbox before `try_send` refuses more.
pub const MAILBOX_CAPACITY: usize = 64;

/// How long an optional actor rests after too many restarts.
pub const REST: Duration = Duration::from_secs(15 * 60);

/// How often, and how fast, an actor may be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartLimits {
    /// Restarts allowed within the window.
    pub max_restarts: u32,
    /// The window.
    pub within: Duration,
    /// Pause before the first restart; doubled for each further one within the window.
    pub backoff_min: Duration,
    /// Longest pause.
    pub backoff_max: Duration,
}

impl Default for RestartLimits {
    fn default() -> Self {
        Self {
            max_restarts: 5,
            within: Duration::from_secs(300),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(60),
        }
    }
}

/// What follows when an actor exceeds its limits.
#[derive(Clone, Debug)]
pub enum Importance {
    /// Without it no weights are set: its name is sent here, and the process ends.
    Core(UnboundedSender<&'static str>),
    /// Without it others go on: it rests for [`REST`] and is tried again.
    Optional,
}

/// What a supervisor needs to know of its actor.
#[derive(Clone)]
pub struct Supervision {
    /// Its limits.
    pub limits: RestartLimits,
    /// What follows when they are exceeded.
    pub importance: Importance,
    /// For back-off.
    pub clock: Arc<dyn Clock>,
    /// Where restarts are counted; also gives the name.
    pub stats: Arc<ActorStats>,
}

/// Starts an actor under supervision on the current thread. `make` gets the address that the actor will have for as
/// long as anybody holds it. After a panic or a stop, [`Supervised::restarting`] is called on the same value: it must
/// bring the actor back to a sound state.
pub fn supervise<A>(supervision: Supervision, make: impl FnOnce(Addr<A>) -> A) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    let reserved = Reserved::new();
    let actor = make(reserved.address());
    reserved.supervise(supervision, actor)
}

/// An address without its actor, for actors that must know each other. What is sent there waits.
pub struct Reserved<A: Actor> {
    address: Addr<A>,
    receiver: AddressReceiver<A>,
}

impl<A> Reserved<A>
where
    A: Actor<Context = Context<A>> + Supervised,
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
    pub fn supervise(self, supervision: Supervision, actor: A) -> Addr<A> {
        let mut context = Context::with_receiver(self.receiver).into_future(actor);
        actix_rt::spawn(async move {
            let mut history = History { limits: supervision.limits, restarts: VecDeque::new() };
            loop {
                let mut panicked = AssertUnwindSafe(&mut context).catch_unwind().await.is_err();
                loop {
                    if !pause_before_restart(&supervision, &mut history, panicked).await {
                        return;
                    }
                    match std::panic::catch_unwind(AssertUnwindSafe(|| context.restart())) {
                        Ok(true) => break,
                        // Nobody holds the address any more.
                        Ok(false) => return,
                        // `restarting` panicked: the actor is not in a sound state and must not go on as it is.
                        Err(_) => panicked = true,
                    }
                }
            }
        });
        self.address
    }
}

/// Waits as the limits demand. `false` if the actor must not be restarted.
async fn pause_before_restart(supervision: &Supervision, history: &mut History, panicked: bool) -> bool {
    let name = supervision.stats.name();
    let cause = if panicked { "panicked" } else { "stopped" };
    match (history.next_pause(supervision.clock.monotonic()), &supervision.importance) {
        (Some(pause), _) => {
            tracing::warn!(actor = name, cause, pause_ms = pause.as_millis(), "actor ended; restarting it");
            supervision.clock.sleep(pause).await;
        }
        (None, Importance::Optional) => {
            tracing::error!(actor = name, cause, rest_secs = REST.as_secs(), "actor fails again and again; it rests");
            supervision.stats.set_resting(true);
            supervision.clock.sleep(REST).await;
            supervision.stats.set_resting(false);
            history.restarts.clear();
        }
        (None, Importance::Core(escalations)) => {
            tracing::error!(actor = name, cause, "a core actor fails again and again; the process must end");
            // Nobody to tell means that the process is ending already.
            let _ = escalations.send(name);
            return false;
        }
    }
    supervision.stats.count_restart();
    true
}

/// Restarts within the sliding window.
struct History {
    limits: RestartLimits,
    restarts: VecDeque<Duration>,
}

impl History {
    /// The pause before the next restart at `now`, which is counted; `None` if the limit is reached.
    fn next_pause(&mut self, now: Duration) -> Option<Duration> {
        while self.restarts.front().is_some_and(|restart| now.saturating_sub(*restart) > self.limits.within) {
            self.restarts.pop_front();
        }
        let count = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX);
        if count >= self.limits.max_restarts {
            return None;
        }
        self.restarts.push_back(now);
        let doubled = self.limits.backoff_min.saturating_mul(2_u32.saturating_pow(count));
        Some(doubled.min(self.limits.backoff_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_the_window_slides() {
        let seconds = Duration::from_secs;
        let limits =
            RestartLimits { max_restarts: 4, within: seconds(100), backoff_min: seconds(1), backoff_max: seconds(3) };
        let mut history = History { limits, restarts: VecDeque::new() };
        let pauses: Vec<_> = [0, 10, 20, 30, 40].map(|now| history.next_pause(seconds(now))).into();
        assert_eq!(pauses, [Some(seconds(1)), Some(seconds(2)), Some(seconds(3)), Some(seconds(3)), None]);
        assert_eq!(history.next_pause(seconds(101)), Some(seconds(3)), "the first restart is out of the window");
        assert_eq!(history.next_pause(seconds(102)), None);
    }
}
