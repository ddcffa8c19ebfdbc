//! Looking up an item of one platform: the stored observation if it is fresh enough, else a new one from the platform.
//!
//! - An observation is fresh if it is at most `http.max_age_secs` old by the clock that dates observations, or if it was made for
//!   a client that recently by the monotonic clock: while the chain makes no blocks, chain time does not show an age.
//! - If the platform cannot be asked, an observation of at most `validator.max_evidence_age_hours` is returned, marked as stale.
//!   An absence is never returned stale: the answer that an item does not exist is always newly confirmed.
//! - A request from a page of another site is answered from the store, fresh or stale, and never uses quota.
//! - A platform in trouble, without a key or without budget is not asked; clients get a `Retry-After`. Clients may use only their
//!   share of a validator's budget.

use super::asked::UNKNOWN_PAUSE;
use super::observing::{BatchCollector, MAX_WAITING, ObserveNow, Unobserved};
use super::source::Source;
use crate::api::guard::refusal::Refusal;
use crate::api::inbound::share_of_a_service;
use crate::api::watch::vitals::Vitals;
use crate::text::visible::visible;
use actix::Addr;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::platforms::Found;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Observation, Presence, Sighting};
use tensorflix_store::Store;

/// Requests that wait for a platform at one time.
const MAX_WAITING_REQUESTS: usize = 1_024;
/// At most one in this many of the service's connections may wait for one platform: the others stay free for requests that are
/// answered at once.
const PART_OF_CONNECTIONS: usize = 3;
/// `Retry-After` when too many requests are waiting.
const WHEN_BUSY: Duration = Duration::from_secs(2);
/// `Retry-After` when no block is known yet: the time of a block.
const NEXT_BLOCK: Duration = Duration::from_secs(12);
/// Most characters of a platform's error that a client sees.
const LONGEST_WHY: usize = 200;

/// The error for a page of another site that requests an item that is not stored.
const NOT_FOR_OTHER_SITES: &str = "a web page of another site sent this request, and the item is not stored: send the request \
                                   directly, without an Origin or cross-site Sec-Fetch-Site header, to query the platform";

/// How old answers may be.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// Fresh up to here.
    pub max_age: Duration,
    /// Given as stale up to here.
    pub max_evidence_age_hours: f64,
}

/// Looks up items of one platform.
pub struct Desk {
    source: Arc<Source>,
    store: Store,
    collector: Addr<BatchCollector>,
    vitals: Arc<Vitals>,
    ages: Ages,
    places: tokio::sync::Semaphore,
}

impl Desk {
    /// A desk that reads `store`, to which the collector's platform writes.
    pub fn new(
        source: Arc<Source>,
        store: Store,
        collector: Addr<BatchCollector>,
        vitals: Arc<Vitals>,
        ages: Ages,
    ) -> Self {
        let connections = share_of_a_service() / PART_OF_CONNECTIONS;
        let places = tokio::sync::Semaphore::new(MAX_WAITING_REQUESTS.min(MAX_WAITING).min(connections.max(1)));
        Self { source, store, collector, vitals, ages, places }
    }

    /// What is known about an item; for a page of another site (`is_foreign`) without asking the platform.
    ///
    /// # Errors
    /// [`Refusal`]: it does not exist, or the platform cannot be asked and nothing recent enough is stored.
    pub async fn look_up(&self, content: &ContentId, is_foreign: bool) -> Result<Found, Refusal> {
        let read_at = self.vitals.monotonic();
        let stored = self.stored(content).await?;
        if let Some(observation) = &stored
            && self.is_fresh(observation)
        {
            return found(observation.clone(), false);
        }
        if is_foreign {
            return match stored.filter(|observation| self.may_be_given_stale(observation)) {
                Some(observation) => found(observation, true),
                None => Err(Refusal::forbidden(NOT_FOR_OTHER_SITES)),
            };
        }
        let unobserved = match self.observe(content, read_at).await {
            Ok(()) => match self.stored(content).await? {
                Some(observation) => return found(observation, false),
                None => Unobserved::Unavailable("the observation is no longer stored: try again".to_owned()),
            },
            Err(unobserved) => unobserved,
        };
        match stored.filter(|observation| self.may_be_given_stale(observation)) {
            Some(observation) => found(observation, true),
            None => Err(self.refusal(&unobserved)),
        }
    }

    async fn stored(&self, content: &ContentId) -> Result<Option<Observation>, Refusal> {
        self.store.noted(self.store.newest_observation(content).await).map_err(|error| {
            tracing::error!(%error, "cannot read the store for an HTTP client");
            Refusal::unavailable("cannot read the store: try again", NEXT_BLOCK)
        })
    }

    fn is_fresh(&self, observation: &Observation) -> bool {
        let now = self.vitals.monotonic();
        let since_asked = self.source.asked().age(&observation.content, now);
        let by_chain = self.vitals.time().map(|time| age(time, observation.at.time));
        [since_asked, by_chain].into_iter().flatten().min().is_some_and(|age| age <= self.ages.max_age)
    }

    fn may_be_given_stale(&self, observation: &Observation) -> bool {
        let is_young = |time: Moment| time.hours_since(observation.at.time) <= self.ages.max_evidence_age_hours;
        observation.sighting.is_present() && self.vitals.time().is_some_and(is_young)
    }

    /// Requests a new observation, unless it is known beforehand that this would fail.
    async fn observe(&self, content: &ContentId, read_at: Duration) -> Result<(), Unobserved> {
        let platform = self.source.id();
        if !self.source.has_key() {
            let variable = self.source.key_variable();
            return Err(Unobserved::Unavailable(format!("no API key for {platform}: {variable} is not set")));
        }
        let now = self.vitals.monotonic();
        if let Some(trouble) = self.source.trouble()
            && trouble.pause_left(now).is_some()
        {
            let kind = if trouble.is_quota { Unobserved::QuotaExhausted } else { Unobserved::Unavailable };
            return Err(kind(trouble.why));
        }
        if self.source.asked().is_unknown(content, now) {
            return Err(Unobserved::Unavailable(format!("{platform} did not mention this item in its answer")));
        }
        let budget = self.vitals.budget_now(&self.source).await.map_err(|error| {
            tracing::error!(%error, "cannot read the quota ledger for an HTTP client");
            Unobserved::Unavailable("cannot read the quota ledger".to_owned())
        })?;
        if !budget.has_room(self.source.clients_share) {
            return Err(Unobserved::QuotaExhausted(format!("the daily budget of {platform} for clients is used up")));
        }
        let Ok(_place) = self.places.try_acquire() else { return Err(Unobserved::Busy) };
        let observed = self.collector.send(ObserveNow { content: content.clone(), read_at }).await;
        observed.unwrap_or_else(|_| Err(Unobserved::Unavailable("the request was lost".to_owned())))
    }

    fn refusal(&self, unobserved: &Unobserved) -> Refusal {
        let platform = self.source.id();
        match unobserved {
            Unobserved::Busy => Refusal::unavailable("too many requests are waiting for this platform", WHEN_BUSY),
            Unobserved::NoBlock => {
                Refusal::unavailable("no block of the chain is known yet to date observations", NEXT_BLOCK)
            }
            Unobserved::QuotaExhausted(why) => {
                let time = self.vitals.time().unwrap_or(Moment::from_unix_ms(0));
                let reset = self.source.next_reset(time);
                let text = format!("quota exhausted: {}; the quota of {platform} resets at {reset}", shown(why));
                Refusal::unavailable(text, age(reset, time))
            }
            Unobserved::Unavailable(why) => {
                let trouble = self.source.trouble();
                let pause = trouble.and_then(|trouble| trouble.pause_left(self.vitals.monotonic()));
                let text = format!("platform unavailable: {}", shown(why));
                Refusal::unavailable(text, pause.unwrap_or(UNKNOWN_PAUSE))
            }
        }
    }
}

fn found(observation: Observation, is_stale: bool) -> Result<Found, Refusal> {
    match observation.sighting {
        Sighting::Present(presence) => Ok(Found { presence: *presence, at: observation.at, is_stale }),
        Sighting::Counted(metrics) => {
            let presence = Presence { metrics, ..Presence::default() };
            Ok(Found { presence, at: observation.at, is_stale })
        }
        Sighting::Absent => {
            let platform = observation.content.platform();
            Err(Refusal::not_found(format!("{platform} has no such item: it is private, was deleted or never existed")))
        }
    }
}

/// Time from one moment to a later one.
fn age(later: Moment, earlier: Moment) -> Duration {
    Duration::from_millis(u64::try_from(later.unix_ms().saturating_sub(earlier.unix_ms())).unwrap_or(0))
}

/// A platform's error, made fit to be shown.
fn shown(why: &str) -> String {
    visible(&why.chars().take(LONGEST_WHY).collect::<String>())
}
