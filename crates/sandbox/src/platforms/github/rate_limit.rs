//! GitHub's limits: requests an hour for each caller, and a secondary limit on concurrency.
//!
//! Hours are those of the sandbox's clock. The secondary limit on points a minute is not modelled: while the sandbox's
//! clock stops between blocks it would never end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::platforms::exchange::{Answer, Request};

/// Requests an hour without a token.
pub const ANONYMOUS_REQUESTS_PER_HOUR: u64 = 60;
/// Requests an hour with a token.
pub const TOKEN_REQUESTS_PER_HOUR: u64 = 5_000;
/// Requests at once, from one client.
pub const CONCURRENT_REQUESTS: u64 = 100;
/// How long a client is sent away by the secondary limit.
const SECONDARY_RETRY_AFTER_SECS: u64 = 60;
/// How many different callers are kept apart; further ones share one allowance.
const REMEMBERED_CALLERS: usize = 1_000;

const HOUR_SECS: u64 = 3_600;
const ANONYMOUS: &str = "anonymous";
const OVERFLOW: &str = "further callers";

/// The usage of one caller in this hour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    limit: u64,
    used: u64,
    reset_unix_secs: u64,
}

impl Allowance {
    fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// The document of `/rate_limit`.
    pub(super) fn document(self) -> Value {
        let core = self.resource();
        // Resources that the validator never uses stand at their full allowance.
        let idle = json!({"limit": 10, "remaining": 10, "reset": self.reset_unix_secs, "used": 0});
        json!({"resources": {"core": core, "search": idle}, "rate": core})
    }

    fn resource(self) -> Value {
        json!({
            "limit": self.limit,
            "remaining": self.remaining(),
            "reset": self.reset_unix_secs,
            "used": self.used.min(self.limit),
        })
    }

    /// Adds the headers that every answer carries.
    pub(super) fn on(self, answer: Answer) -> Answer {
        answer
            .with("X-RateLimit-Limit", self.limit)
            .with("X-RateLimit-Remaining", self.remaining())
            .with("X-RateLimit-Used", self.used.min(self.limit))
            .with("X-RateLimit-Reset", self.reset_unix_secs)
            .with("X-RateLimit-Resource", "core")
    }
}

/// The allowances of all callers.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    /// The hour, counted from 1970, and the requests used in it, by caller.
    used: Mutex<BTreeMap<String, (u64, u64)>>,
}

impl RateLimit {
    /// The usage of this request's caller; does not count the request.
    pub(super) fn standing(&self, request: &Request, unix_ms: u64) -> Allowance {
        self.use_up(request, unix_ms, 0).0
    }

    /// Takes one request from the caller's allowance; the answer to give instead if there is none left.
    pub(super) fn take(&self, request: &Request, unix_ms: u64) -> Result<Allowance, Answer> {
        if request.in_flight > CONCURRENT_REQUESTS {
            return Err(secondary());
        }
        let (standing, granted) = self.use_up(request, unix_ms, 1);
        if granted { Ok(standing) } else { Err(standing.on(exceeded())) }
    }

    /// Gives a request back: a 304 is free with a token.
    pub(super) fn give_back(&self, request: &Request, unix_ms: u64) -> Allowance {
        if request.bearer().is_none() {
            return self.standing(request, unix_ms);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = caller(request, &used);
        if let Some((_, count)) = used.get_mut(&caller) {
            *count = count.saturating_sub(1);
        }
        drop(used);
        self.standing(request, unix_ms)
    }

    fn use_up(&self, request: &Request, unix_ms: u64, requests: u64) -> (Allowance, bool) {
        let hour = unix_ms / 1_000 / HOUR_SECS;
        let limit = match request.bearer() {
            Some(_) => TOKEN_REQUESTS_PER_HOUR,
            None => ANONYMOUS_REQUESTS_PER_HOUR,
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = caller(request, &used);
        let entry = used.entry(caller).or_insert((hour, 0));
        if entry.0 != hour {
            *entry = (hour, 0);
        }
        let granted = entry.1 + requests <= limit;
        if granted {
            entry.1 += requests;
        }
        (Allowance { limit, used: entry.1, reset_unix_secs: (hour + 1) * HOUR_SECS }, granted)
    }
}

fn caller(request: &Request, known: &BTreeMap<String, (u64, u64)>) -> String {
    let caller = request.bearer().unwrap_or(ANONYMOUS);
    let room = known.len() < REMEMBERED_CALLERS || known.contains_key(caller);
    if room { caller.to_owned() } else { OVERFLOW.to_owned() }
}

/// The primary limit's answer.
pub(super) fn exceeded() -> Answer {
    Answer::json(
        403,
        &json!({
            "message": "API rate limit exceeded for 127.0.0.1.",
            "documentation_url": "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting",
        }),
    )
}

fn secondary() -> Answer {
    Answer::json(
        403,
        &json!({
            "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            "documentation_url": "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api",
        }),
    )
    .with("Retry-After", SECONDARY_RETRY_AFTER_SECS)
}
