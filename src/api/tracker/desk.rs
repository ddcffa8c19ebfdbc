//! Looking up a content of one platform: what is stored if it is fresh enough, else what the platform says now.
//!
//! - Fresh is what is at most `http.max_age_secs` old, by the clock that dates observations, or was observed for a client
//!   that recently by the monotonic clock: while the chain stands still, its time does not tell how old anything is.
//! - If the platform cannot be asked, what was seen at most `validator.max_evidence_age_hours` ago is given, marked as
//!   stale. An absence is never given stale: that a content does not exist is said only when it was just confirmed.
//! - What a page of another site asks for is answered from what is stored, fresh or stale, and never costs anything.
//! - A platform in trouble, without a key or without budget is not asked; clients are told when to come again. Of the
//!   budget that a validator lives on, clients get only their share.

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
/// Of the connections that the service may have, those whose requests wait for one platform are one part in so many at most: the
/// others stay free for what is answered at once.
const PART_OF_CONNECTIONS: usize = 3;
/// Pause before a request is made again that found too many waiting.
const WHEN_BUSY: Duration = Duration::from_secs(2);
/// Pause before a request is made again that found no block: the time of a block.
const NEXT_BLOCK: Duration = Duration::from_secs(12);
/// Most characters of a platform's trouble that a client is told.
const LONGEST_WHY: usize = 200;

/// What a page of another site is told of a content that is not stored.
const NOT_FOR_OTHER_SITES: &str = "a web page of another site sent this request, and the content is not stored: send the request \
                                   directly, without an Origin or cross-site Sec-Fetch-Site header, to have the platform asked";

/// How old answers may be.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    /// Fresh up to here.
    pub max_age: Duration,
    /// Given as stale up to here.
    pub max_evidence_age_hours: f64,
}

/// Where contents of one platform are looked up.
pub struct Desk {
    source: Arc<Source>,
    store: Store,
    collector: Addr<BatchCollector>,
    vitals: Arc<Vitals>,
    ages: Ages,
    places: tokio::sync::Semaphore,
}

impl Desk {
    /// A desk that reads `store`, into which the collector's platform writes.
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

    /// What is known of a content; for a page of another site (`is_foreign`) without asking the platform.
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
                None => Unobserved::Unavailable("the observation is gone: ask again".to_owned()),
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
            tracing::error!(%error, "the store cannot be read for a client");
            Refusal::unavailable("the store cannot be read: ask again", NEXT_BLOCK)
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

    /// Has a content observed, unless it is known beforehand that this would come to nothing.
    async fn observe(&self, content: &ContentId, read_at: Duration) -> Result<(), Unobserved> {
        let platform = self.source.id();
        if !self.source.has_key() {
            let variable = self.source.key_variable();
            return Err(Unobserved::Unavailable(format!("there is no API key for {platform}: {variable} is not set")));
        }
        let now = self.vitals.monotonic();
        if let Some(trouble) = self.source.trouble()
            && trouble.pause_left(now).is_some()
        {
            let kind = if trouble.is_quota { Unobserved::QuotaExhausted } else { Unobserved::Unavailable };
            return Err(kind(trouble.why));
        }
        if self.source.asked().is_unknown(content, now) {
            return Err(Unobserved::Unavailable(format!("{platform} said nothing of this content")));
        }
        let budget = self.vitals.budget_now(&self.source).await.map_err(|error| {
            tracing::error!(%error, "the ledger cannot be read for a client");
            Unobserved::Unavailable("the ledger cannot be read".to_owned())
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
            Unobserved::Busy => Refusal::unavailable("too many requests wait for this platform", WHEN_BUSY),
            Unobserved::NoBlock => {
                Refusal::unavailable("no block of the chain is known yet, by which answers are dated", NEXT_BLOCK)
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
            Err(Refusal::not_found(format!("{platform} has no such content: it is private, deleted or never was")))
        }
    }
}

/// Time from one moment to a later one.
fn age(later: Moment, earlier: Moment) -> Duration {
    Duration::from_millis(u64::try_from(later.unix_ms().saturating_sub(earlier.unix_ms())).unwrap_or(0))
}

/// A platform's trouble in a form that can be shown.
fn shown(why: &str) -> String {
    visible(&why.chars().take(LONGEST_WHY).collect::<String>())
}
