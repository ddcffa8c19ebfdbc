//! Listeners: messages of actors go into a channel, so that a test awaits an event instead of sleeping.

use crate::time::{settle, within};
use actix::{Actor, Context, Handler, Message, Recipient};
use std::any::type_name;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Messages that were received, in order.
pub struct Events<M> {
    received: UnboundedReceiver<M>,
}

/// A recipient for an actor's messages, and the messages that it receives.
pub fn listen<M>() -> (Recipient<M>, Events<M>)
where
    M: Message<Result = ()> + Send + Unpin + 'static,
{
    let (sender, received) = unbounded_channel();
    (Listener { sender }.start().recipient(), Events { received })
}

struct Listener<M> {
    sender: UnboundedSender<M>,
}

impl<M: Unpin + 'static> Actor for Listener<M> {
    type Context = Context<Self>;
}

impl<M: Message<Result = ()> + Unpin + 'static> Handler<M> for Listener<M> {
    type Result = ();

    fn handle(&mut self, message: M, _: &mut Self::Context) {
        // A test that dropped its end needs no more messages.
        let _ = self.sender.send(message);
    }
}

impl<M> Events<M> {
    /// The next message, which must come.
    pub async fn next(&mut self) -> M {
        within(type_name::<M>(), self.received.recv()).await.expect("the listener lives as long as its events")
    }

    /// The messages so far that were not awaited, once no more are on their way.
    pub async fn so_far(&mut self) -> Vec<M> {
        settle().await;
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}
