//! Where the actors of a system get their ports from, and how each of them is supervised.

use crate::outbound::Outbound;
use crate::ports::{Chain, Clock, Store};
use crate::stats::ActorStats;
use crate::supervision::{Heartbeat, Reserved, Supervision};
use actix::{Actor, Addr, Context, Handler, Message, Recipient, Supervised};
use std::sync::Arc;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::Provider;

/// A service that actors send requests to; each has a limiter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// GitHub, for gists.
    GitHub,
    /// A platform's API.
    Platform(Platform),
    /// A detector.
    Detector(Provider),
}

/// What follows when an actor exceeds its restart limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// No weights are set without it: the process ends.
    Core,
    /// The others go on without it.
    Optional,
}

/// The ports of every actor. An actor is named by its counters' name, so that a test can fail the ports of one alone.
pub trait Ports {
    /// The store of an actor.
    fn store(&self, actor: &'static str) -> Arc<dyn Store>;

    /// The clock of all actors.
    fn clock(&self) -> Arc<dyn Clock>;

    /// The way to a service, behind its limiter. Waiting is counted in `stats`, which also name the actor.
    fn outbound(&self, service: Service, stats: &Arc<ActorStats>) -> Outbound;

    /// How an actor is supervised.
    fn supervision(&self, stats: &Arc<ActorStats>, need: Need) -> Supervision;

    /// The counters of an actor: new ones, unless a port counts in them already.
    fn stats(&self, actor: &'static str) -> Arc<ActorStats> {
        ActorStats::new(actor)
    }

    /// The address that a sender gets for a listener: the listener's own. A simulation puts a faulty channel in between.
    fn between<M>(&self, listener: Recipient<M>) -> Recipient<M>
    where
        M: Message<Result = ()> + Clone + Send + Unpin + 'static,
    {
        listener
    }

    /// Starts an actor under supervision at the address that is reserved for it.
    fn supervise<A, F>(&self, reserved: Reserved<A>, supervision: Supervision, make: F) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Supervised + Handler<Heartbeat>,
        F: Fn() -> A + 'static,
    {
        reserved.supervise(supervision, make)
    }
}

/// Ports of actors that also use the chain.
pub trait ChainPorts: Ports {
    /// The chain of an actor.
    fn chain(&self, actor: &'static str) -> Arc<dyn Chain>;
}
