//! Apify's API for actors, runs and datasets, with the one actor that the validator uses.
//!
//! A run takes a settable number of polls before it succeeds, and never real time. Every item but an error item is
//! charged; a run that reaches its limit ends with what it has.

mod items;
mod runs;
mod terms;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

pub use terms::{MICRO_USD_PER_ITEM, REEL_ACTOR, RunEnd};

use self::runs::{Limits, Runs};
use crate::platforms::counters::Counters;
use crate::platforms::exchange::{Answer, PlatformApi, Request, UNKNOWN_ROUTE};
use crate::world::WorldHandle;

/// Items of one page, at most.
const MAX_PAGE_ITEMS: usize = 250_000;
/// The start of tokens that Apify refuses.
const INVALID_PREFIX: &str = "invalid";

const START_RUN: &str = "runs.start";
const RUN_SYNC: &str = "runs.sync";
const GET_RUN: &str = "runs.get";
const ABORT_RUN: &str = "runs.abort";
const GET_ITEMS: &str = "datasets.items";

/// What a test can set on Apify. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ApifyControl {
    polls_to_finish: Arc<AtomicU32>,
    run_end: Arc<Mutex<RunEnd>>,
    blocked: Arc<Mutex<Vec<String>>>,
}

impl ApifyControl {
    /// How often a new run is polled as `RUNNING` before it ends; 0, the default, ends it at once.
    pub fn set_polls_to_finish(&self, polls: u32) {
        self.polls_to_finish.store(polls, Ordering::SeqCst);
    }

    /// How runs that start from now on end.
    pub fn set_run_end(&self, end: RunEnd) {
        *self.run_end.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    /// Short codes for which the actor reports `no_items` because it is blocked: the reel may exist or not.
    pub fn set_blocked(&self, short_codes: Vec<String>) {
        *self.blocked.lock().unwrap_or_else(PoisonError::into_inner) = short_codes;
    }

    fn run_end(&self) -> RunEnd {
        *self.run_end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_blocked(&self, short_code: &str) -> bool {
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|blocked| blocked == short_code)
    }
}

/// The API over one world.
pub(crate) struct Apify {
    world: WorldHandle,
    control: ApifyControl,
    runs: Runs,
}

impl Apify {
    pub(crate) fn new(world: WorldHandle, control: ApifyControl) -> Self {
        Self { world, control, runs: Runs::default() }
    }

    /// Starts a run and returns its id.
    fn start(&self, request: &Request, actor: &str, counters: &Counters) -> Result<String, Answer> {
        if actor != REEL_ACTOR {
            return Err(failure(404, "record-not-found", "Actor was not found"));
        }
        let invalid = |message| failure(400, "invalid-input", message);
        let input: Value = serde_json::from_slice(&request.body).map_err(|_| invalid("Input is not valid JSON"))?;
        let addresses: Vec<&str> = match input.get("username").and_then(Value::as_array) {
            Some(list) if !list.is_empty() => list.iter().filter_map(Value::as_str).collect(),
            _ => return Err(invalid("Input is not valid: Field input.username is required")),
        };
        let block = self.world.block();
        let items = items::scraped(&self.world.read(), block, &addresses, |code| self.control.is_blocked(code));
        let limits = Limits {
            max_items: request.query("maxItems").and_then(|text| text.parse().ok()),
            max_charge_micro_usd: request.query("maxTotalChargeUsd").and_then(micro_usd),
        };
        let polls = self.control.polls_to_finish.load(Ordering::SeqCst);
        let run = self.runs.start(self.world.clock().unix_ms(), items, limits, polls, self.control.run_end());
        counters.charged(run.charged_micro_usd);
        Ok(run.id)
    }

    fn run(&self, id: &str, polled: bool) -> Answer {
        match self.runs.read(id, polled) {
            Some(run) => Answer::json(200, &json!({"data": run.document()})),
            None => failure(404, "record-not-found", "Actor run was not found"),
        }
    }

    fn items(&self, request: &Request, dataset_id: &str) -> Answer {
        let Some(items) = self.runs.items(dataset_id) else {
            return failure(404, "record-not-found", "Dataset was not found");
        };
        let number = |name: &str| request.query(name).and_then(|text| text.parse::<usize>().ok());
        let offset = number("offset").unwrap_or(0);
        let limit = number("limit").unwrap_or(MAX_PAGE_ITEMS).min(MAX_PAGE_ITEMS);
        let total = items.len();
        let page: Vec<Value> = items.into_iter().skip(offset).take(limit).collect();
        let count = page.len();
        Answer::json(200, &Value::Array(page))
            .with("X-Apify-Pagination-Total", total)
            .with("X-Apify-Pagination-Offset", offset)
            .with("X-Apify-Pagination-Count", count)
            .with("X-Apify-Pagination-Limit", limit)
    }

    /// Runs to the end, whatever the number of polls, and answers with the items.
    fn run_sync(&self, request: &Request, actor: &str, counters: &Counters) -> Answer {
        let id = match self.start(request, actor, counters) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        self.runs.finish(&id);
        match self.runs.read(&id, false) {
            Some(run) => Answer { status: 201, ..self.items(request, &run.dataset_id) },
            None => failure(404, "record-not-found", "Actor run was not found"),
        }
    }
}

impl PlatformApi for Apify {
    fn block(&self) -> u32 {
        self.world.block()
    }

    fn route(&self, request: &Request) -> &'static str {
        match (request.method.as_str(), request.segments().as_slice()) {
            ("POST", ["v2", "acts", _, "runs"]) => START_RUN,
            ("POST", ["v2", "acts", _, "run-sync-get-dataset-items"]) => RUN_SYNC,
            ("GET", ["v2", "actor-runs", _]) => GET_RUN,
            ("POST", ["v2", "actor-runs", _, "abort"]) => ABORT_RUN,
            ("GET", ["v2", "datasets", _, "items"]) => GET_ITEMS,
            _ => UNKNOWN_ROUTE,
        }
    }

    fn ids(&self, request: &Request) -> Vec<String> {
        if !matches!(self.route(request), START_RUN | RUN_SYNC) {
            return Vec::new();
        }
        let input: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let addresses = input.get("username").and_then(Value::as_array).cloned().unwrap_or_default();
        addresses.iter().filter_map(|address| items::short_code(address.as_str()?)).map(str::to_owned).collect()
    }

    fn answer(&self, request: &Request, counters: &Counters) -> Answer {
        let token = request.bearer().or_else(|| request.query("token")).unwrap_or_default();
        if token.is_empty() || token.starts_with(INVALID_PREFIX) {
            let message = "User was not found or authentication token is not valid";
            return failure(401, "user-or-token-not-found", message);
        }
        match (self.route(request), request.segments().as_slice()) {
            (START_RUN, [_, _, actor, ..]) => match self.start(request, actor, counters) {
                Ok(id) => Answer { status: 201, ..self.run(&id, false) },
                Err(refusal) => refusal,
            },
            (RUN_SYNC, [_, _, actor, ..]) => self.run_sync(request, actor, counters),
            (GET_RUN, [_, _, id]) => self.run(id, true),
            (ABORT_RUN, [_, _, id, _]) => {
                self.runs.abort(id);
                self.run(id, false)
            }
            (GET_ITEMS, [_, _, dataset_id, _]) => self.items(request, dataset_id),
            _ => failure(404, "page-not-found", "We have bad news: there is no API endpoint at this URL."),
        }
    }

    fn error(&self, status: u16) -> Answer {
        match status {
            404 => failure(404, "record-not-found", "Not found"),
            429 => failure(429, "rate-limit-exceeded", "You have exceeded the rate limit of 60 requests per second"),
            status => failure(status, "internal-error", "Internal error"),
        }
    }

    fn quota_exceeded(&self) -> Answer {
        failure(403, "platform-feature-disabled", "Monthly usage hard limit exceeded")
    }
}

fn failure(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": {"type": kind, "message": message}}))
}

/// Dollars written as a decimal fraction, in micro-dollars.
fn micro_usd(text: &str) -> Option<u64> {
    let dollars: f64 = text.parse().ok()?;
    (dollars.is_finite() && dollars >= 0.0).then_some((dollars * 1_000_000.0 + 0.5) as u64)
}
