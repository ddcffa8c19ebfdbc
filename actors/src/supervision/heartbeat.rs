//! Whether an actor still takes messages: it is asked, and one that does not answer in time is stuck.
//!
//! What it finds is a context that hangs, in `ctx.wait` above all. A future that hangs beside a context that works is not
//! found; each of those has a deadline of its own. A thread that is blocked can ask nobody: see [`watchdog`](super::watchdog).

use crate::ports::Clock;
use actix::dev::ToEnvelope;
use actix::{Actor, Handler, Message, WeakAddr};
use std::time::Duration;

/// How often an actor is asked.
pub const HEARTBEAT_PERIOD: Duration = Duration::from_secs(30);

/// How long it may take to answer. Longer than anything that an actor waits for while it takes no messages: the longest is
/// ChainWatcher's reading of the subnet.
pub const HEARTBEAT_DEADLINE: Duration = Duration::from_secs(180);

/// Asked of every supervised actor; the answer says that it takes messages. There is nothing else to do.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct Heartbeat;

/// Asks again and again; ends when the actor did not answer in time.
pub(super) async fn until_stuck<A>(actor: &WeakAddr<A>, clock: &dyn Clock)
where
    A: Actor + Handler<Heartbeat>,
    A::Context: ToEnvelope<A, Heartbeat>,
{
    loop {
        clock.sleep(HEARTBEAT_PERIOD).await;
        // The address is held no longer than it takes to ask: an actor ends with the last address that others hold.
        let Some(answer) = actor.upgrade().map(|address| address.send(Heartbeat)) else { continue };
        tokio::select! {
            biased;
            // An error means that the actor ended meanwhile, which its supervisor sees for itself.
            _ = answer => {}
            () = clock.sleep(HEARTBEAT_DEADLINE) => return,
        }
    }
}
