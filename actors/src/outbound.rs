//! The way out to a platform: every request waits for the actor's limiter first, so that none escapes it.

use crate::limiter::Limiter;
use crate::ports::{Http, HttpError, HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;

/// HTTP behind a limiter.
#[derive(Clone)]
pub struct Outbound {
    http: Arc<dyn Http>,
    limiter: Arc<Limiter>,
}

/// Longest pause that a platform's `Retry-After` is obeyed for within one piece of work; a longer one ends the work,
/// which comes again on its own.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(120);

impl Outbound {
    /// Guards `http` by `limiter`.
    pub fn new(http: Arc<dyn Http>, limiter: Arc<Limiter>) -> Self {
        Self { http, limiter }
    }

    /// Sends one request when the limiter lets it pass.
    ///
    /// # Errors
    /// Those of [`Http::send`].
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.limiter.pass().await;
        self.http.send(request).await
    }
}

impl HttpResponse {
    /// The seconds of a `Retry-After` header, where it gives seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.headers.get("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}
