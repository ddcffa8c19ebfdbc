//! A batch collector: many requests for contents of one platform become few questions to its actor.
//!
//! - Requests for one content that come while it is waited for join; they are answered together.
//! - A batch is closed when it is full, when no further content has come for [`QUIET`], or after [`LONGEST_WINDOW`].
//! - As many batches are under way as the platform's terms allow; while all are, the next one fills.
//! - What waits is bounded; a batch that its actor does not answer in time is given up.
//!
//! It remembers nothing that matters: observations are in the store before anybody is told. It does not decide what is
//! fresh enough, nor whether a platform should be asked at all.

use super::source::Source;
use super::vitals::Vitals;
use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, ResponseFuture, Supervised, WrapFuture,
};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::platform::{ContentsObserved, ObserveContents};
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verdict::Reason;
use tokio::sync::oneshot;

/// A batch waits this long for a further content: long enough that requests which a busy machine takes in one after the
/// other share it, and no longer than a platform takes to answer.
pub const QUIET: Duration = Duration::from_millis(200);
/// Longest time that a batch waits for further contents.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(1);
/// Contents that wait for a place in a batch.
pub const MAX_WAITING: usize = 1_000;
/// How a platform's actor says that an answer left contents out: the platform is not in trouble then, they are unknown.
const SAID_NOTHING: &str = "said nothing of some contents";
/// Time beyond the platform's own deadline after which a batch is given up.
const GRACE: Duration = Duration::from_secs(5);

/// Request: have a content observed now. The answer comes when the observation is stored.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), Unobserved>")]
pub struct ObserveNow {
    /// Which; of the collector's platform.
    pub content: ContentId,
    /// When the store was read and had nothing fresh, by the monotonic clock: what landed since then is the answer.
    pub read_at: Duration,
}

/// Why a content was not observed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unobserved {
    /// The platform, or our ledger, says that the quota is used up.
    #[error("{0}")]
    QuotaExhausted(String),
    /// The platform did not answer, or not about this content.
    #[error("{0}")]
    Unavailable(String),
    /// Too much waits already.
    #[error("too many contents wait to be observed")]
    Busy,
    /// No block is known by which the observation could be dated.
    #[error("no block of the chain is known yet")]
    NoBlock,
}

type Waiters = Vec<oneshot::Sender<Result<(), Unobserved>>>;

/// What a collector is made with.
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

/// The actor.
pub struct BatchCollector {
    parts: Collecting,
    queue: VecDeque<ContentId>,
    waiters: HashMap<ContentId, Waiters>,
    flights: usize,
    /// When the batch that fills began, and when its latest content came.
    window: Option<(Duration, Duration)>,
}

impl BatchCollector {
    /// A collector for one platform.
    pub fn new(parts: Collecting) -> Self {
        Self { parts, queue: VecDeque::new(), waiters: HashMap::new(), flights: 0, window: None }
    }
}

impl Actor for BatchCollector {
    type Context = Context<Self>;
}

tensorflix_actors::answers_heartbeats!(BatchCollector);

impl Supervised for BatchCollector {
    /// Whoever waited is told that nothing came: the senders are dropped.
    fn restarting(&mut self, _: &mut Self::Context) {
        self.queue.clear();
        self.waiters.clear();
        (self.flights, self.window) = (0, None);
    }
}

impl Handler<ObserveNow> for BatchCollector {
    type Result = ResponseFuture<Result<(), Unobserved>>;

    fn handle(&mut self, ObserveNow { content, read_at }: ObserveNow, context: &mut Self::Context) -> Self::Result {
        if self.parts.source.asked().was_observed_since(&content, read_at) {
            return Box::pin(std::future::ready(Ok(())));
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(waiters) = self.waiters.get_mut(&content) {
            waiters.push(sender);
        } else if self.queue.len() >= MAX_WAITING {
            return Box::pin(std::future::ready(Err(Unobserved::Busy)));
        } else {
            self.waiters.insert(content.clone(), vec![sender]);
            self.queue.push_back(content);
            self.enqueued(context);
        }
        let given_up = || Unobserved::Unavailable("the request was lost: ask again".to_owned());
        Box::pin(async move { receiver.await.unwrap_or_else(|_| Err(given_up())) })
    }
}

impl BatchCollector {
    fn batch_size(&self) -> usize {
        self.parts.source.terms().batch_size.max(1)
    }

    /// A content joined the batch that fills.
    fn enqueued(&mut self, context: &mut Context<Self>) {
        let now = self.parts.clock.monotonic();
        let is_first = self.window.is_none();
        let began = self.window.map_or(now, |(began, _)| began);
        self.window = Some((began, now));
        if self.queue.len() >= self.batch_size() {
            self.close_batches(context, true);
        } else if is_first {
            self.wait(context, QUIET);
        }
    }

    /// Looks at the window again after a while.
    fn wait(&self, context: &mut Context<Self>, pause: Duration) {
        let clock = Arc::clone(&self.parts.clock);
        let wait = async move { clock.sleep(pause).await };
        context.spawn(wait.into_actor(self).map(|(), this, context| this.look_at_window(context)));
    }

    /// Goes on with the batch that fills: waits on while its window is open, else sends it off.
    fn look_at_window(&mut self, context: &mut Context<Self>) {
        match self.window_left() {
            None => {}
            Some(left) if left.is_zero() => self.close_batches(context, false),
            Some(left) => self.wait(context, left),
        }
    }

    /// Time until the window closes; `None` if no batch fills.
    fn window_left(&self) -> Option<Duration> {
        let (began, latest) = self.window?;
        let closes = (latest + QUIET).min(began + LONGEST_WINDOW);
        Some(closes.saturating_sub(self.parts.clock.monotonic()))
    }

    /// Sends off full batches, or all that waits, as far as the platform's terms allow. What they do not allow goes when a
    /// batch comes back.
    fn close_batches(&mut self, context: &mut Context<Self>, only_full: bool) {
        let (batch_size, max_flights) = (self.batch_size(), self.parts.source.terms().max_in_flight.max(1));
        let (fewest, mut sent_any) = (if only_full { batch_size } else { 1 }, false);
        while self.flights < max_flights && self.queue.len() >= fewest {
            let batch: Vec<ContentId> = self.queue.drain(..batch_size.min(self.queue.len())).collect();
            self.send_off(batch, context);
            sent_any = true;
        }
        if self.queue.is_empty() {
            self.window = None;
        } else if sent_any {
            // What is left over begins a batch of its own.
            let now = self.parts.clock.monotonic();
            self.window = Some((now, now));
            self.wait(context, QUIET);
        }
    }

    fn send_off(&mut self, batch: Vec<ContentId>, context: &mut Context<Self>) {
        let Some(as_of) = self.parts.vitals.stamp() else {
            self.answer(&batch, |_| Err(Unobserved::NoBlock));
            return;
        };
        self.flights += 1;
        tracing::debug!(platform = %self.parts.source.id(), contents = batch.len(), "a batch for clients is sent off");
        let deadline = self.parts.deadline;
        // Whoever asks found nothing fresh: no observation made up to this block is good enough.
        let since = as_of.block.saturating_add(1);
        let request = ObserveContents { contents: batch.clone(), since, as_of, deadline };
        let observed = self.parts.observer.send(request);
        let (clock, work) = (Arc::clone(&self.parts.clock), self.parts.stats.begin());
        let flight = async move {
            let _work = work;
            tokio::select! {
                biased;
                observed = observed => observed.map_err(|_| "its actor failed and is restarted".to_owned()),
                () = clock.sleep(deadline + GRACE) => Err("its actor does not answer".to_owned()),
            }
        };
        context.spawn(flight.into_actor(self).map(move |observed, this, context| {
            this.flights = this.flights.saturating_sub(1);
            this.landed(&batch, observed);
            // A batch whose window is open goes on filling, unless it is full.
            let is_open = this.window_left().is_some_and(|left| !left.is_zero());
            this.close_batches(context, is_open);
        }));
    }

    fn landed(&mut self, batch: &[ContentId], observed: Result<ContentsObserved, String>) {
        let (now, platform) = (self.parts.clock.monotonic(), self.parts.source.id());
        let observed = match observed {
            Ok(observed) => observed,
            Err(why) => {
                let why = format!("{platform} cannot be asked: {why}");
                self.parts.stats.count_failed();
                self.parts.source.failed(now, &why, false);
                self.answer(batch, |_| Err(Unobserved::Unavailable(why.clone())));
                return;
            }
        };
        let why = observed.errors.first().cloned().unwrap_or_else(|| format!("{platform} did not answer"));
        if observed.shortfalls.len() < batch.len() || observed.errors.iter().all(|why| why.ends_with(SAID_NOTHING)) {
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
            Some(Reason::QuotaExhausted) => Err(Unobserved::QuotaExhausted(why.clone())),
            Some(_) => Err(Unobserved::Unavailable(why.clone())),
        });
    }

    fn answer(&mut self, batch: &[ContentId], outcome: impl Fn(&ContentId) -> Result<(), Unobserved>) {
        for content in batch {
            for waiter in self.waiters.remove(content).unwrap_or_default() {
                // Whoever went away needs no answer.
                let _ = waiter.send(outcome(content));
            }
        }
    }
}
