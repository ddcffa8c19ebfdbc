//! Events of the actors for the console, over a bounded channel: a slow console does not block the actors.

use actix::{Actor, Addr, Context, Handler, Recipient};
use tensorflix_actors::scorer::ScoresDecided;
use tensorflix_actors::weight_setter::{WeightsConfirmed, WeightsWithheld};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that can wait for the console; more are dropped, but are still in the log.
const WAITING_EVENTS: usize = 256;

/// Something to report.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A cycle is decided.
    Decided(ScoresDecided),
    /// Weights are on chain.
    Confirmed(WeightsConfirmed),
    /// Weights were not sent, or not accepted.
    Withheld(WeightsWithheld),
}

/// Forwards the actors' events to the holder of the receiver.
pub struct Reporter {
    events: Sender<Event>,
}

impl Reporter {
    /// Starts a reporter; its events come out of the receiver.
    pub fn start_new() -> (Addr<Self>, Receiver<Event>) {
        let (events, receiver) = channel(WAITING_EVENTS);
        (Self { events }.start(), receiver)
    }

    fn forward(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            tracing::debug!("console too slow; dropped an event");
        }
    }
}

impl Actor for Reporter {
    type Context = Context<Self>;
}

impl Handler<ScoresDecided> for Reporter {
    type Result = ();

    fn handle(&mut self, decided: ScoresDecided, _: &mut Self::Context) {
        self.forward(Event::Decided(decided));
    }
}

impl Handler<WeightsConfirmed> for Reporter {
    type Result = ();

    fn handle(&mut self, confirmed: WeightsConfirmed, _: &mut Self::Context) {
        self.forward(Event::Confirmed(confirmed));
    }
}

impl Handler<WeightsWithheld> for Reporter {
    type Result = ();

    fn handle(&mut self, withheld: WeightsWithheld, _: &mut Self::Context) {
        self.forward(Event::Withheld(withheld));
    }
}

/// A recipient of one kind of event.
pub fn recipient<M>(reporter: &Addr<Reporter>) -> Recipient<M>
where
    Reporter: Handler<M>,
    M: actix::Message<Result = ()> + Send + 'static,
{
    reporter.clone().recipient()
}
