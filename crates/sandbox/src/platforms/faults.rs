//! Faults on demand: what a test can make a server do, to whom, and how often.
//!
//! ```
//! # use tensorflix_sandbox::platforms::faults::{Fault, FaultHandle, FaultRule};
//! # let faults = FaultHandle::default();
//! faults.inject(FaultRule::new(Fault::Hang).next(2).on_route("videos.list"));
//! faults.inject(FaultRule::new(Fault::Status { status: 503, retry_after_secs: Some(7) }).for_id("abc"));
//! faults.clear();
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One way in which a server fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers rightly, but later. Goes together with another fault.
    Latency(Duration),
    /// Never answers; the connection is kept open.
    Hang,
    /// Resets the connection instead of answering.
    Reset,
    /// Sends the right body in pieces of so many bytes, with a pause before each.
    SlowDrip {
        /// Bytes in each piece; at least 1.
        piece_bytes: usize,
        /// The pause before each.
        pause: Duration,
    },
    /// Sends a body without end.
    EndlessBody,
    /// Closes in the middle of the body.
    CutBody,
    /// Fails with this status in the platform's own words (5xx, 429, 404 …).
    Status {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` header.
        retry_after_secs: Option<u64>,
    },
    /// Refuses with this status, kind and body, and no other header.
    Refusal {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: &'static str,
    },
    /// Says that the quota is used up, in the platform's own words.
    QuotaExceeded,
    /// Sends an HTML page with status 200.
    Html,
    /// Sends the first half of the right body, as if it were whole.
    TruncatedJson,
    /// Turns every text into a number and every number into a text.
    WrongTypes,
    /// Leaves out these fields wherever they are.
    MissingFields(Vec<String>),
    /// Sends this body with status 200.
    Body(String),
    /// Redirects to this address.
    Redirect(String),
}

/// A fault with whom it strikes and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    fault: Fault,
    route: Option<String>,
    id: Option<String>,
    /// Requests that are still to be struck; none is every one.
    left: Option<u64>,
}

impl FaultRule {
    /// Strikes every request until the faults are cleared.
    pub fn new(fault: Fault) -> Self {
        Self { fault, route: None, id: None, left: None }
    }

    /// Only the next so many requests.
    pub fn next(self, requests: u64) -> Self {
        Self { left: Some(requests), ..self }
    }

    /// Only requests to the route with this name, as the counters show it.
    pub fn on_route(self, route: &str) -> Self {
        Self { route: Some(route.to_owned()), ..self }
    }

    /// Only requests that name this content or gist.
    pub fn for_id(self, id: &str) -> Self {
        Self { id: Some(id.to_owned()), ..self }
    }

    fn strikes(&self, route: &str, ids: &[String]) -> bool {
        let right_route = self.route.as_ref().is_none_or(|wanted| wanted == route);
        let right_id = self.id.as_ref().is_none_or(|wanted| ids.contains(wanted));
        self.left != Some(0) && right_route && right_id
    }
}

/// The faults of one server. Cheap to clone, for any thread.
#[derive(Clone, Debug, Default)]
pub struct FaultHandle {
    rules: Arc<Mutex<Vec<FaultRule>>>,
}

impl FaultHandle {
    /// Adds a rule behind those there are. The first one that strikes is applied, after every latency that does.
    pub fn inject(&self, rule: FaultRule) {
        self.lock().push(rule);
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What strikes a request: the latencies, then at most one other fault. Counts them down.
    pub(crate) fn striking(&self, route: &str, ids: &[String]) -> Vec<Fault> {
        let mut struck = Vec::new();
        for rule in self.lock().iter_mut().filter(|rule| rule.strikes(route, ids)) {
            let latency = matches!(rule.fault, Fault::Latency(_));
            rule.left = rule.left.map(|left| left - 1);
            struck.push(rule.fault.clone());
            if !latency {
                break;
            }
        }
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FaultRule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
