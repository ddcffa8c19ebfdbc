//! Checks whether an actor still takes messages: one that does not answer a heartbeat in time is stuck.
//!
//! It detects a context that hangs, above all in `ctx.wait`. A future that hangs beside a working context is not
//! detected; each of those has its own deadline. A blocked thread cannot send heartbeats: see
//! [`watchdog`](super::watchdog).

use crate::ports::Clock;
use actix::dev::ToEnvelope;
use actix::{Actor, Handler, Message, WeakAddr};
use std::time::Duration;

/// Time between two heartbeats.
pub const HEARTBEAT_PERIOD: Duration = Duration::from_secs(30);

/// How long it may take to answer. Longer than anything that an actor waits for while it takes no messages: the
/// longest is ChainWatcher's read of the subnet.
pub const HEARTBEAT_DEADLINE: Duration = Duration::from_secs(180);

/// Sent to every supervised actor; an answer shows that it takes messages. The handler does nothing else.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct Heartbeat;

/// Sends heartbeats until the actor does not answer in time.
pub(super) async fn until_stuck<A>(actor: &WeakAddr<A>, clock: &dyn Clock)
where
    A: Actor + Handler<Heartbeat>,
    A::Context: ToEnvelope<A, Heartbeat>,
{
    loop {
        clock.sleep(HEARTBEAT_PERIOD).await;
        // The address is not held between heartbeats: an actor ends with the last address that others hold.
        let Some(answer) = actor.upgrade().map(|address| address.send(Heartbeat)) else { continue };
        tokio::select! {
            biased;
            // An error means that the actor ended meanwhile, which its supervisor sees for itself.
            _ = answer => {}
            () = clock.sleep(HEARTBEAT_DEADLINE) => return,
        }
    }
}
