//! Sends requests to a platform: each waits for the actor's limiter first, so that none bypasses it.
//!
//! - After a platform asked to wait, nothing is sent to it with this key before the pause ends (see `pauses.rs`).
//! - No request waits longer than [`LONGEST_PAUSE`] for that: a longer pause is an error that names its end, and
//!   nothing is
//!   sent.
//! - A request with an end time is not sent after that time, and its deadline is cut to the time left: the caller
//!   learns the result of a paid request in time.

pub(crate) mod address;
pub(crate) mod decoding;
pub(crate) mod json_parts;
pub mod limiter;
pub(crate) mod pauses;
pub mod retry;

pub use self::address::AddressError;
use crate::outbound::limiter::Limiter;
use crate::outbound::pauses::{Caller, Pauses, requested_pause};
use crate::ports::{Http, HttpError, HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// HTTP behind a limiter.
#[derive(Clone)]
pub struct Outbound {
    http: Arc<dyn Http>,
    limiter: Arc<Limiter>,
    pauses: Arc<Pauses>,
}

/// Longest pause for which one piece of work waits when a platform asks for it; a longer one ends the work, which is
/// repeated later on its own.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// The header in which answers say how long to wait.
const RETRY_AFTER: &str = "retry-after";

/// When a request may be sent and has to be answered, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The latest moment at which it is sent.
    pub send_by: Duration,
    /// The latest moment at which its answer is useful.
    pub answer_by: Duration,
}

impl Timing {
    /// Whenever its turn comes; its own deadline is the only limit.
    pub const UNBOUNDED: Self = Self::until(Duration::MAX);

    /// Sent and answered until this moment.
    pub const fn until(until: Duration) -> Self {
        Self { send_by: until, answer_by: until }
    }
}

impl Outbound {
    /// Sends by `http`, limited by `limiter`.
    pub fn new(http: Arc<dyn Http>, limiter: Arc<Limiter>) -> Self {
        Self { http, limiter, pauses: Arc::default() }
    }

    /// Sends one request when the limiter allows it and no pause is on. In an answer that asks for a pause
    /// `Retry-After` is converted to seconds, whatever form the platform used.
    ///
    /// # Errors
    /// Those of [`Http::send`], and [`HttpError::AskedToWait`], with which nothing was sent.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.send_within(request, Timing::UNBOUNDED).await
    }

    /// The same within bounds of time.
    ///
    /// # Errors
    /// Those of [`send`](Self::send); [`HttpError::NoTimeLeft`], with which nothing was sent; [`HttpError::OutOfTime`].
    pub async fn send_within(&self, mut request: HttpRequest, timing: Timing) -> Result<HttpResponse, HttpError> {
        let caller = Caller::of(&request);
        self.wait(&caller, timing.send_by).await?;
        let clock = self.limiter.clock();
        let left = timing.answer_by.saturating_sub(clock.monotonic());
        if left.is_zero() {
            return Err(HttpError::NoTimeLeft);
        }
        let is_cut = left < request.deadline;
        request.deadline = request.deadline.min(left);
        let mut response = self.http.send(request).await.map_err(|error| match error {
            HttpError::TimedOut(left) if is_cut => HttpError::OutOfTime(left),
            error => error,
        })?;
        if let Some(pause) = requested_pause(&response, clock.wall()) {
            self.pauses.begin(caller, pause, clock.monotonic(), clock.wall());
            if response.status >= 400 {
                let seconds = pause.as_millis().div_ceil(1_000);
                response.headers.insert(RETRY_AFTER.to_owned(), seconds.to_string());
            }
        }
        Ok(response)
    }

    /// Waits for the requested pause and for the limiter, but not beyond `send_by`.
    async fn wait(&self, caller: &Caller, send_by: Duration) -> Result<(), HttpError> {
        let clock = self.limiter.clock();
        let latest = clock.monotonic() + LONGEST_PAUSE;
        loop {
            while let Some(end) = self.pauses.end(caller, clock.monotonic()) {
                if end.monotonic > latest {
                    return Err(HttpError::AskedToWait(end.wall));
                }
                if end.monotonic > send_by {
                    return Err(HttpError::NoTimeLeft);
                }
                clock.sleep(end.monotonic.saturating_sub(clock.monotonic())).await;
            }
            tokio::select! {
                biased;
                () = self.limiter.pass() => {}
                () = clock.sleep(send_by.saturating_sub(clock.monotonic())) => return Err(HttpError::NoTimeLeft),
            }
            if clock.monotonic() > send_by {
                return Err(HttpError::NoTimeLeft);
            }
            // While this request waited for its turn, another may have received a pause.
            if self.pauses.end(caller, clock.monotonic()).is_none() {
                return Ok(());
            }
        }
    }
}

impl HttpResponse {
    /// The seconds of a `Retry-After` header; [`Outbound`] has turned other forms into them.
    pub fn retry_after(&self) -> Option<Duration> {
        self.headers.get(RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs)
    }
}
