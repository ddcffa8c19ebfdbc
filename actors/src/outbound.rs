//! The way out to a platform: every request waits for the actor's limiter first, so that none escapes it.
//!
//! - A platform that asked to wait is not asked again before, by this way out and this key (see `pauses.rs`).
//! - Nobody waits longer than [`LONGEST_PAUSE`] for that: a longer pause is an error that names its end, and nothing is
//!   sent.

use crate::limiter::Limiter;
use crate::pauses::{Caller, Pauses, requested_pause};
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

/// Longest pause that a platform asks for and that is waited for within one piece of work; a longer one ends the work,
/// which comes again on its own.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// The header by which answers say how long to wait.
const RETRY_AFTER: &str = "retry-after";

impl Outbound {
    /// Guards `http` by `limiter`.
    pub fn new(http: Arc<dyn Http>, limiter: Arc<Limiter>) -> Self {
        Self { http, limiter, pauses: Arc::default() }
    }

    /// Sends one request when the limiter lets it pass and no pause is asked for. In a refusal that asks for a pause
    /// `Retry-After` is in seconds, in whatever form the platform said it.
    ///
    /// # Errors
    /// Those of [`Http::send`], and [`HttpError::AskedToWait`], with which nothing was sent.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let caller = Caller::of(&request);
        self.wait(&caller).await?;
        let mut response = self.http.send(request).await?;
        let clock = self.limiter.clock();
        if let Some(pause) = requested_pause(&response, clock.wall()) {
            self.pauses.begin(caller, pause, clock.monotonic(), clock.wall());
            if response.status >= 400 {
                let seconds = pause.as_millis().div_ceil(1_000);
                response.headers.insert(RETRY_AFTER.to_owned(), seconds.to_string());
            }
        }
        Ok(response)
    }

    /// Waits for the pause that was asked for, and for the limiter.
    async fn wait(&self, caller: &Caller) -> Result<(), HttpError> {
        let clock = self.limiter.clock();
        let latest = clock.monotonic() + LONGEST_PAUSE;
        loop {
            while let Some(end) = self.pauses.end(caller, clock.monotonic()) {
                if end.monotonic > latest {
                    return Err(HttpError::AskedToWait(end.wall));
                }
                clock.sleep(end.monotonic.saturating_sub(clock.monotonic())).await;
            }
            self.limiter.pass().await;
            // While this one waited for its turn, another may have been asked to wait.
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
