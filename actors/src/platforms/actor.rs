//! The platform actor: handles requests, asks for statistics first and for full details where they are needed, and
//! asks a second time for contents that an answer leaves out.

use super::api::{PlatformApi, Scope};
use super::batches::{ABSENCE_APART, Look};
use super::ledger::{Day, Ledger};
use super::messages::{ContentsObserved, ObserveContents};
use super::parts::{Order, Parts, content_item};
use super::plausible::Told;
use crate::outbound::Outbound;
use crate::ports::{Clock, Store, StoreError};
use crate::stats::ActorStats;
use crate::supervision::quarantine::Quarantine;
use crate::supervision::{Heartbeat, rebuild};
use actix::{Actor, Context, Handler, ResponseFuture, Supervised};
use std::collections::HashSet;
use std::sync::Arc;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verdict::Reason;

/// Details older than this many blocks (six hours) are requested again together with the statistics: texts name
/// owners, and an uploader can change them.
pub const DETAILS_MAX_AGE_BLOCKS: u32 = 1_800;

/// The actor.
pub struct PlatformActor {
    parts: Arc<Parts>,
}

/// Everything that a platform's actor needs.
#[derive(Clone)]
pub struct PlatformParts {
    platform: Arc<dyn PlatformApi>,
    outbound: Outbound,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
    /// Shared by all restarts of the actor: requests of an earlier instance may still be in flight.
    slots: Arc<tokio::sync::Semaphore>,
    /// Shared by all its lives: what is known of rejected keys is not paid for twice.
    ledger: Arc<Ledger>,
}

impl PlatformParts {
    /// For one platform.
    pub fn new(
        platform: Arc<dyn PlatformApi>,
        outbound: Outbound,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        stats: Arc<ActorStats>,
    ) -> Self {
        let slots = Arc::new(tokio::sync::Semaphore::new(platform.terms().max_in_flight.max(1)));
        let ledger = Arc::new(Ledger::new(Arc::clone(&store), Arc::clone(&clock)));
        Self { platform, outbound, store, clock, stats, slots, ledger }
    }
}

impl PlatformActor {
    /// An actor with nothing under way.
    pub fn new(parts: &PlatformParts) -> Self {
        let PlatformParts { platform, outbound, store, clock, stats, slots, ledger } = parts;
        Self {
            parts: Arc::new(Parts {
                platform: Arc::clone(platform),
                outbound: outbound.clone(),
                store: Arc::clone(store),
                clock: Arc::clone(clock),
                stats: Arc::clone(stats),
                slots: Arc::clone(slots),
                ledger: Arc::clone(ledger),
                implausible: Told::default(),
            }),
        }
    }

    pub(super) fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.parts)
    }
}

impl Actor for PlatformActor {
    type Context = Context<Self>;
}

impl Supervised for PlatformActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        rebuild(self);
    }
}

impl Handler<Heartbeat> for PlatformActor {
    type Result = ();

    fn handle(&mut self, _: Heartbeat, _: &mut Self::Context) {}
}

impl Handler<ObserveContents> for PlatformActor {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: ObserveContents, _: &mut Self::Context) -> Self::Result {
        let parts = self.parts();
        Box::pin(async move { parts.observe(request).await })
    }
}

impl Parts {
    async fn observe(&self, request: ObserveContents) -> ContentsObserved {
        let order = Order {
            as_of: request.as_of,
            deadline: self.clock.monotonic() + request.deadline,
            details_since: request.as_of.block.saturating_sub(DETAILS_MAX_AGE_BLOCKS),
            kept_units: 0,
            is_poll: false,
            asks_once: false,
        };
        match self.still_wanted(&request).await {
            Ok(wanted) => self.work_off(wanted, &order).await,
            Err(error) => {
                let mut answer = ContentsObserved::default();
                answer.fall_short(&request.contents, Reason::PlatformUnavailable, error.to_string());
                answer
            }
        }
    }

    /// This platform's contents, each once, in the order given: the requester puts first what the budget should pay
    /// for first.
    pub(super) fn own<'c>(&self, contents: impl IntoIterator<Item = &'c ContentId>) -> Vec<ContentId> {
        let mut known: HashSet<&ContentId> = HashSet::new();
        let own = contents.into_iter().filter(|content| content.platform() == self.platform.id());
        own.filter(|content| known.insert(content)).cloned().collect()
    }

    /// The contents to request: all but those that were observed since.
    async fn still_wanted(&self, request: &ObserveContents) -> Result<Vec<ContentId>, StoreError> {
        let mut wanted = self.own(&request.contents);
        let observed = self.store.observed_since(&wanted, request.since).await?;
        let observed: HashSet<ContentId> = observed.into_iter().collect();
        wanted.retain(|content| !observed.contains(content));
        Ok(wanted)
    }

    /// Observes contents: first the statistics of those with fresh details, then everything of the others and of those
    /// that the first answers left out. Both in the order given.
    pub(super) async fn work_off(&self, wanted: Vec<ContentId>, order: &Order) -> ContentsObserved {
        let mut answer = ContentsObserved::default();
        if self.platform.routes(Scope::Everything).is_empty() && !wanted.is_empty() {
            let error = format!("no API key for {}", self.platform.id());
            answer.fall_short(&wanted, Reason::PlatformUnavailable, error);
            return answer;
        }
        let wanted = match self.without_quarantined(wanted, order, &mut answer).await {
            Ok(wanted) => wanted,
            Err((wanted, error)) => {
                answer.fall_short(&wanted, Reason::PlatformUnavailable, error.to_string());
                return answer;
            }
        };
        let counted: HashSet<ContentId> = match self.to_count(&wanted, order).await {
            Ok(counted) => counted.into_iter().collect(),
            Err(error) => {
                answer.fall_short(&wanted, Reason::PlatformUnavailable, error.to_string());
                return answer;
            }
        };
        let (to_count, mut whole): (Vec<ContentId>, Vec<ContentId>) =
            wanted.iter().cloned().partition(|content| counted.contains(content));
        let uncounted = self.count(&to_count, order, &mut answer).await;
        if !uncounted.is_empty() {
            let whole_set: HashSet<ContentId> = whole.into_iter().chain(uncounted).collect();
            whole = wanted.into_iter().filter(|content| whole_set.contains(content)).collect();
        }
        let left_out = self.look(&whole, Look::First, order, &mut answer).await;
        if !left_out.contents.is_empty() && !order.asks_once {
            whole.retain(|content| left_out.contents.contains(content));
            self.clock.sleep((left_out.at + ABSENCE_APART).saturating_sub(self.clock.monotonic())).await;
            self.look(&whole, Look::Second, order, &mut answer).await;
        }
        answer
    }

    /// The contents for which statistics are enough.
    async fn to_count(&self, wanted: &[ContentId], order: &Order) -> Result<Vec<ContentId>, StoreError> {
        if self.platform.routes(Scope::Numbers).is_empty() {
            return Ok(Vec::new());
        }
        let known = self.store.details_since(wanted, order.details_since).await?;
        let known: HashSet<ContentId> = known.into_iter().collect();
        Ok(wanted.iter().filter(|content| known.contains(content)).cloned().collect())
    }

    /// Removes the contents that caused too many panics today and reports them as shortfalls. (What a platform answers
    /// about an item is only known after a request, so the day takes the place of a digest.)
    async fn without_quarantined(
        &self,
        wanted: Vec<ContentId>,
        order: &Order,
        answer: &mut ContentsObserved,
    ) -> Result<Vec<ContentId>, (Vec<ContentId>, StoreError)> {
        let quarantine = match Quarantine::load(&*self.store, order.as_of.block).await {
            Ok(quarantine) => quarantine,
            Err(error) => return Err((wanted, error)),
        };
        let day = Day::of(&*self.platform, order.as_of.time);
        let (held, wanted): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|content| quarantine.holds(&content_item(content, &day)));
        for content in &held {
            let error = format!(
                "{}: reading the platform's answer panicked repeatedly; skipped until tomorrow",
                content.as_str()
            );
            answer.fall_short(std::slice::from_ref(content), Reason::PlatformUnavailable, error);
        }
        Ok(wanted)
    }
}
