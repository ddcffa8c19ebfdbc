//! Messages between actors, lost, repeated, late and out of order. Only hints travel through here: what decides is in the
//! store.

use super::chaos::Faults;
use actix::{Actor, Context, Handler, Message, Recipient};
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_testkit::time::pass;

/// Longest that a message is held back.
const LONGEST_DELAY_SECS: u64 = 240;

/// Passes events from their sender to one listener.
pub struct Relay<M: Message<Result = ()> + Send> {
    to: Recipient<M>,
    faults: Arc<Faults>,
}

impl<M> Relay<M>
where
    M: Message<Result = ()> + Clone + Send + Unpin + 'static,
{
    /// The address to give to the sender.
    pub fn between(to: Recipient<M>, faults: &Arc<Faults>) -> Recipient<M> {
        Self { to, faults: Arc::clone(faults) }.start().recipient()
    }
}

impl<M: Message<Result = ()> + Send + Unpin + 'static> Actor for Relay<M> {
    type Context = Context<Self>;
}

impl<M> Handler<M> for Relay<M>
where
    M: Message<Result = ()> + Clone + Send + Unpin + 'static,
{
    type Result = ();

    fn handle(&mut self, message: M, _: &mut Self::Context) {
        let (fate, delay_secs) =
            self.faults.with(|draw| (draw.random_range(0..100), draw.random_range(1..LONGEST_DELAY_SECS)));
        let times = match fate * 100 / self.faults.message_strength().max(1) {
            _ if fate >= self.faults.message_strength() => {
                let _ = self.to.try_send(message);
                return;
            }
            // Lost.
            0..40 => 0,
            // Late.
            40..70 => 1,
            // Repeated, and late.
            _ => 3,
        };
        for time in 0..times {
            let (to, message) = (self.to.clone(), message.clone());
            actix_rt::spawn(async move {
                pass(Duration::from_secs(delay_secs * (time + 1))).await;
                let _ = to.try_send(message);
            });
        }
    }
}
