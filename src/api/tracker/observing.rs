//! A batch collector: combines many requests for items of one platform into few requests to its actor.
//!
//! - Requests for the same item share one observation and are answered together.
//! - [`Filling`] decides when a batch is sent: when it is full or has waited long enough, and as the platform's terms allow.
//! - The number of waiting items is bounded; a batch that its actor does not answer in time is abandoned.
//!
//! It keeps no important state: observations are stored before requests are answered. It does not decide what is fresh enough, nor
//! whether a platform should be asked at all.

use super::filling::{Bounds, Filling, Step};
pub use super::filling::{LONGEST_WINDOW, QUIET};
use super::source::Source;
use crate::api::watch::vitals::Vitals;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, ResponseFuture, WrapFuture};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::platforms::{ContentsObserved, ORDER_GRACE, ObserveContents};
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verdict::Reason;
use tokio::sync::oneshot;

/// Contents that wait for a place in a batch.
pub const MAX_WAITING: usize = 1_000;
/// Time beyond a batch's deadline after which it is abandoned: longer than its actor takes to end it.
const GRACE: Duration = ORDER_GRACE.saturating_add(Duration::from_secs(2));

/// Request: observe an item now. The answer comes when the observation is stored.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), Unobserved>")]
pub struct ObserveNow {
    /// The item, of the collector's platform.
    pub content: ContentId,
    /// When the store was read and had nothing fresh, by the monotonic clock: an observation since then is the answer.
    pub read_at: Duration,
}

/// Why an item was not observed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unobserved {
    /// The platform, or our ledger, says that the quota is used up.
    #[error("{0}")]
    QuotaExhausted(String),
    /// The platform did not answer, or not about this item.
    #[error("{0}")]
    Unavailable(String),
    /// Too many items are waiting already.
    #[error("too many items are waiting to be observed")]
    Busy,
    /// No block is known yet to date the observation.
    #[error("no block of the chain is known yet")]
    NoBlock,
}

type Waiters = Vec<oneshot::Sender<Result<(), Unobserved>>>;

/// What a collector is made with.
#[derive(Clone)]
pub struct Collecting {
    /// The platform.
    pub source: Arc<Source>,
    /// Its actor.
    pub observer: Recipient<ObserveContents>,
    /// Time for one batch.
    pub deadline: Duration,
    /// By which batches are dated.
    pub vitals: Arc<Vitals>,
    /// For windows and deadlines.
    pub clock: Arc<dyn Clock>,
    /// Its counters.
    pub stats: Arc<ActorStats>,
}

/// The actor. When it is rebuilt, waiting requests fail, because their senders are dropped.
pub struct BatchCollector {
    parts: Collecting,
    filling: Filling<ContentId>,
    waiters: HashMap<ContentId, Waiters>,
}

impl BatchCollector {
    /// A collector for one platform.
    pub fn new(parts: Collecting) -> Self {
        Self { parts, filling: Filling::default(), waiters: HashMap::new() }
    }
}

impl Actor for BatchCollector {
    type Context = Context<Self>;
}

tensorflix_actors::supervised!(BatchCollector);

impl Handler<ObserveNow> for BatchCollector {
    type Result = ResponseFuture<Result<(), Unobserved>>;

    fn handle(&mut self, ObserveNow { content, read_at }: ObserveNow, context: &mut Self::Context) -> Self::Result {
        if self.parts.source.asked().was_observed_since(&content, read_at) {
            return Box::pin(std::future::ready(Ok(())));
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(waiters) = self.waiters.get_mut(&content) {
            waiters.push(sender);
        } else if self.filling.len() >= MAX_WAITING {
            return Box::pin(std::future::ready(Err(Unobserved::Busy)));
        } else {
            self.waiters.insert(content.clone(), vec![sender]);
            let step = self.filling.arrived(content, self.parts.clock.monotonic(), self.bounds());
            self.act(step, context);
        }
        let given_up = || Unobserved::Unavailable("the request was lost: try again".to_owned());
        Box::pin(async move { receiver.await.unwrap_or_else(|_| Err(given_up())) })
    }
}

impl BatchCollector {
    fn bounds(&self) -> Bounds {
        let terms = self.parts.source.terms();
        Bounds { size: terms.batch_size.max(1), flights: terms.max_in_flight.max(1) }
    }

    /// Sends off batches, and sets the timer.
    fn act(&mut self, mut step: Step<ContentId>, context: &mut Context<Self>) {
        loop {
            if let Some(pause) = step.wait {
                self.wait(context, pause);
            }
            if step.batches.is_empty() {
                return;
            }
            if let Some(as_of) = self.parts.vitals.stamp() {
                step.batches.into_iter().for_each(|batch| self.send_off(batch, as_of, context));
                return;
            }
            step.batches.iter().for_each(|batch| self.answer(batch, |_| Err(Unobserved::NoBlock)));
            step = self.filling.landed(step.batches.len(), self.parts.clock.monotonic(), self.bounds());
        }
    }

    /// Checks the waiting items again after a while.
    fn wait(&self, context: &mut Context<Self>, pause: Duration) {
        let clock = Arc::clone(&self.parts.clock);
        let wait = async move { clock.sleep(pause).await };
        context.spawn(wait.into_actor(self).map(move |(), this, context| {
            let step = this.filling.ticked(this.parts.clock.monotonic(), this.bounds());
            this.act(step, context);
        }));
    }

    fn send_off(&self, batch: Vec<ContentId>, as_of: BlockStamp, context: &mut Context<Self>) {
        tracing::debug!(platform = %self.parts.source.id(), contents = batch.len(), "sending a batch of client requests");
        let deadline = self.parts.deadline;
        // The requests found nothing fresh: no observation up to this block is good enough.
        let since = as_of.block.saturating_add(1);
        let request = ObserveContents { contents: batch.clone(), since, as_of, deadline };
        let observed = self.parts.observer.send(request);
        let (clock, work) = (Arc::clone(&self.parts.clock), self.parts.stats.begin());
        let flight = async move {
            let _work = work;
            tokio::select! {
                biased;
                observed = observed => observed.map_err(|_| "its actor failed and is being restarted".to_owned()),
                () = clock.sleep(deadline + GRACE) => Err("its actor does not answer".to_owned()),
            }
        };
        context.spawn(flight.into_actor(self).map(move |observed, this, context| {
            this.landed(&batch, observed);
            let step = this.filling.landed(1, this.parts.clock.monotonic(), this.bounds());
            this.act(step, context);
        }));
    }

    fn landed(&mut self, batch: &[ContentId], observed: Result<ContentsObserved, String>) {
        let (now, platform) = (self.parts.clock.monotonic(), self.parts.source.id());
        let observed = match observed {
            Ok(observed) => observed,
            Err(why) => {
                let why = format!("cannot query {platform}: {why}");
                self.parts.stats.count_failed();
                self.parts.source.failed(now, &why, false);
                self.answer(batch, |_| Err(Unobserved::Unavailable(why.clone())));
                return;
            }
        };
        let why = observed.errors.first().cloned().unwrap_or_else(|| format!("{platform} did not answer"));
        // A platform that does not mention some items is not in trouble: these items are unknown.
        if observed.shortfalls.keys().any(|content| observed.passed_over.contains_key(content))
            || observed.shortfalls.len() < batch.len()
        {
            self.parts.stats.count_handled();
            self.parts.source.answered();
            let mut asked = self.parts.source.asked();
            batch.iter().for_each(|content| asked.note(content, now, !observed.shortfalls.contains_key(content)));
        } else {
            let is_quota = observed.shortfalls.values().any(|reason| *reason == Reason::QuotaExhausted);
            self.parts.stats.count_failed();
            self.parts.source.failed(now, &why, is_quota);
        }
        self.answer(batch, |content| match observed.shortfalls.get(content) {
            None => Ok(()),
            Some(_) if observed.passed_over.get(content).is_some_and(|words| !words.is_empty()) => {
                let words = &observed.passed_over[content];
                Err(Unobserved::Unavailable(format!("{platform} does not show this item: {words}")))
            }
            Some(Reason::QuotaExhausted) => Err(Unobserved::QuotaExhausted(why.clone())),
            Some(_) => Err(Unobserved::Unavailable(why.clone())),
        });
    }

    fn answer(&mut self, batch: &[ContentId], outcome: impl Fn(&ContentId) -> Result<(), Unobserved>) {
        for content in batch {
            for waiter in self.waiters.remove(content).unwrap_or_default() {
                // A client that disconnected needs no answer.
                let _ = waiter.send(outcome(content));
            }
        }
    }
}
