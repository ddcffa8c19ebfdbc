//! What a server received and sent, for tests that hold the validator to its budgets.
//!
//! Recorded requests carry no credential: keys and tokens are cut out before they are stored.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many requests are remembered in full; the oldest go first.
pub const REMEMBERED_REQUESTS: usize = 1_000;
/// How many different ids are counted one by one; further ones count in the total only.
pub const REMEMBERED_IDS: usize = 200_000;
/// How many different keys are counted one by one.
const REMEMBERED_KEYS: usize = 1_000;
/// Query parameters that are credentials.
const SECRET_PARAMETERS: [&str; 5] = ["key", "token", "access_token", "api_user", "api_secret"];

/// One remembered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and decoded query, with credentials replaced by `REDACTED`.
    pub target: String,
    /// The route's name.
    pub route: &'static str,
    /// The newest block when it came.
    pub block: u32,
    /// Whether it carried a credential in a header.
    pub authorized: bool,
}

/// What one server saw.
#[derive(Clone, Debug, Default)]
pub struct ServerSnapshot {
    /// All requests.
    pub requests: u64,
    /// Requests by the name of their route.
    pub by_route: BTreeMap<&'static str, u64>,
    /// Answers by status; requests that got none are not here.
    pub by_status: BTreeMap<u16, u64>,
    /// Faults that were applied.
    pub faults: u64,
    /// Requests being answered now.
    pub in_flight: u64,
    /// The most that were being answered at once.
    pub peak_in_flight: u64,
    /// Bytes of answers' bodies, before compression.
    pub body_bytes: u64,
    /// Ids asked for, repetitions included.
    pub ids_asked: u64,
    /// How often each id was asked for.
    pub by_id: BTreeMap<String, u64>,
    /// Quota units spent, by key and bucket.
    pub units: BTreeMap<(String, &'static str), u64>,
    /// Micro-dollars charged.
    pub charged_micro_usd: u64,
    /// The newest requests, oldest first.
    pub recent: Vec<RecordedRequest>,
}

impl ServerSnapshot {
    /// Units spent by all keys from one bucket.
    pub fn units_of(&self, bucket: &str) -> u64 {
        self.units.iter().filter(|((_, known), _)| *known == bucket).map(|(_, units)| units).sum()
    }

    /// Requests to one route.
    pub fn of_route(&self, route: &str) -> u64 {
        self.by_route.get(route).copied().unwrap_or_default()
    }
}

/// What all servers saw.
#[derive(Clone, Debug, Default)]
pub struct PlatformsSnapshot {
    /// GitHub's API.
    pub github_api: ServerSnapshot,
    /// GitHub's raw files.
    pub github_raw: ServerSnapshot,
    /// YouTube's Data API.
    pub youtube: ServerSnapshot,
    /// Apify's API.
    pub apify: ServerSnapshot,
    /// SightEngine.
    pub sightengine: ServerSnapshot,
    /// OpenAI's moderation.
    pub openai: ServerSnapshot,
    /// The webhook.
    pub webhook: ServerSnapshot,
}

#[derive(Debug, Default)]
struct Counted {
    totals: ServerSnapshot,
    recent: VecDeque<RecordedRequest>,
}

/// The counters of one server.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counted: Mutex<Counted>,
}

impl Counters {
    /// A copy of everything counted.
    pub(crate) fn snapshot(&self) -> ServerSnapshot {
        let counted = self.lock();
        ServerSnapshot { recent: counted.recent.iter().cloned().collect(), ..counted.totals.clone() }
    }

    /// Notes a request and the ids it names; returns how many are in flight with it.
    pub(crate) fn received(&self, request: RecordedRequest, ids: Vec<String>) -> u64 {
        let counted = &mut *self.lock();
        let totals = &mut counted.totals;
        totals.requests += 1;
        *totals.by_route.entry(request.route).or_default() += 1;
        totals.in_flight += 1;
        totals.peak_in_flight = totals.peak_in_flight.max(totals.in_flight);
        totals.ids_asked += ids.len() as u64;
        for id in ids {
            if totals.by_id.len() < REMEMBERED_IDS || totals.by_id.contains_key(&id) {
                *totals.by_id.entry(id).or_default() += 1;
            }
        }
        if counted.recent.len() == REMEMBERED_REQUESTS {
            counted.recent.pop_front();
        }
        counted.recent.push_back(request);
        totals.in_flight
    }

    /// Notes that a request is no longer in flight, answered or not.
    pub(crate) fn left(&self) {
        self.lock().totals.in_flight -= 1;
    }

    /// Notes an answer.
    pub(crate) fn answered(&self, status: u16, body_bytes: usize) {
        let totals = &mut self.lock().totals;
        *totals.by_status.entry(status).or_default() += 1;
        totals.body_bytes += body_bytes as u64;
    }

    /// Notes an applied fault.
    pub(crate) fn disturbed(&self) {
        self.lock().totals.faults += 1;
    }

    /// Notes quota units.
    pub(crate) fn spent(&self, key: &str, bucket: &'static str, units: u64) {
        let totals = &mut self.lock().totals;
        let entry = (key.to_owned(), bucket);
        if totals.units.len() < REMEMBERED_KEYS || totals.units.contains_key(&entry) {
            *totals.units.entry(entry).or_default() += units;
        }
    }

    /// Notes a charge.
    pub(crate) fn charged(&self, micro_usd: u64) {
        self.lock().totals.charged_micro_usd += micro_usd;
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Path and query of a request without its credentials.
pub(crate) fn redacted(path: &str, query: &[(String, String)]) -> String {
    let shown: Vec<String> = query
        .iter()
        .map(|(name, value)| {
            let secret = SECRET_PARAMETERS.contains(&name.as_str());
            format!("{name}={}", if secret { "REDACTED" } else { value })
        })
        .collect();
    if shown.is_empty() { path.to_owned() } else { format!("{path}?{}", shown.join("&")) }
}
