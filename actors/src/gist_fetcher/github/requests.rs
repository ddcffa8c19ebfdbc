//! One request to GitHub: with the token or without, with retries; keeps GitHub's limits and judges refusals.

use super::GitHub;
use super::access::{Leave, Way};
use super::answer::ApiGist;
use super::failure::{self, CallerFailure, Failure, ItemFailure, PassingFailure, Refusal};
use crate::outbound::address::address;
use crate::outbound::retry::retried;
use crate::ports::{Credential, HttpError, HttpRequest, HttpResponse};
use secrecy::SecretString;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use url::Url;

/// Pauses before the second and third attempt at a request that failed temporarily.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

impl GitHub {
    /// The token, unless GitHub rejected it lately.
    pub(super) fn usable_token(&self) -> Option<&SecretString> {
        self.settings.token.as_ref().filter(|_| !self.access.is_token_disabled(self.clock.monotonic()))
    }

    pub(super) fn api_way(&self) -> Way {
        if self.usable_token().is_some() { Way::ApiWithToken } else { Way::Api }
    }

    /// A gist as the API describes it, with its ETag; `None` if it did not change. Continues without the token if it
    /// is rejected.
    pub(super) async fn ask_api(
        &self,
        path: &[&str],
        etag: Option<&str>,
        most_bytes: usize,
    ) -> Result<Option<(ApiGist, Option<String>)>, Failure> {
        let url = address(&self.settings.api_url, path).map_err(PassingFailure::Address)?;
        let gist_id = path.get(1).copied().unwrap_or_default();
        let mut answer = self.ask(self.api_way(), gist_id, url.clone(), etag, most_bytes).await;
        if answer == Err(CallerFailure::TokenRefused.into()) {
            answer = self.ask(Way::Api, gist_id, url, etag, most_bytes).await;
        }
        let response = answer?;
        if response.status == 304 {
            return Ok(None);
        }
        if is_web_page(&response) {
            return Err(PassingFailure::WebPage.into());
        }
        Ok(Some((ApiGist::read(&response.body)?, response.headers.get("etag").cloned())))
    }

    /// One request with its retries; returns only answers with status 200 and 304.
    pub(super) async fn ask(
        &self,
        way: Way,
        gist_id: &str,
        url: Url,
        etag: Option<&str>,
        most_bytes: usize,
    ) -> Result<HttpResponse, Failure> {
        let _first_after_pause = self.wait_for_leave(way).await?;
        let mut request = HttpRequest::get(url, self.settings.deadline, most_bytes);
        if way == Way::ApiWithToken {
            request.credential = self.settings.token.clone().map(Credential::Bearer);
        }
        request.headers.extend(etag.map(|etag| ("if-none-match", etag.to_owned())));
        let attempt = async || match self.outbound.send(request.clone()).await {
            Ok(response) => self.judge(way, gist_id, response),
            Err(error) => Err(failure::silence(error)),
        };
        retried(&*self.clock, &RETRY_PAUSES, attempt, |failure, pause| {
            let is_worth_a_retry = matches!(
                failure,
                Failure::Passing(PassingFailure::Server(_) | PassingFailure::Network(HttpError::Connection(_)))
            );
            is_worth_a_retry.then_some(pause)
        })
        .await
    }

    /// Fails while a pause of unknown length is on: nothing waits here for its end.
    async fn wait_for_leave(&self, way: Way) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, Failure> {
        let paused = |wait| Failure::from(CallerFailure::AskedToWait(self.in_future(wait)));
        match self.access.leave(way, self.clock.monotonic()) {
            Leave::Free => return Ok(None),
            Leave::Paused(wait) => return Err(paused(wait)),
            Leave::OneFirst => {}
        }
        let turn = self.access.first_after_pause.lock().await;
        match self.access.leave(way, self.clock.monotonic()) {
            Leave::Free => Ok(None),
            Leave::Paused(wait) => Err(paused(wait)),
            Leave::OneFirst => Ok(Some(turn)),
        }
    }

    fn in_future(&self, wait: Duration) -> Moment {
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Moment::from_unix_ms(self.clock.wall().unix_ms().saturating_add(wait_ms))
    }

    /// Judges an answer and records what it says about limits and the token.
    fn judge(&self, way: Way, gist_id: &str, response: HttpResponse) -> Result<HttpResponse, Failure> {
        let (access, now, with_token) = (&self.access, self.clock.monotonic(), way == Way::ApiWithToken);
        let left = response.headers.get("x-ratelimit-remaining").and_then(|left| left.trim().parse().ok());
        if let Some(left) = left {
            access.note_allowance(way, left, now);
        }
        if matches!(response.status, 200 | 304) {
            if is_web_page(&response) {
                return Ok(response);
            }
            access.note_answer(way, gist_id);
            if with_token && access.note_token_taken() {
                tracing::info!("GitHub accepted GITHUB_TOKEN again");
            }
            return Ok(response);
        }
        Err(match failure::refusal(&response, with_token) {
            Refusal::Explained(failure) => {
                match &failure {
                    Failure::Item(_) => access.note_explanation(way),
                    Failure::Caller(CallerFailure::TokenRefused) => self.leave_token_out(now),
                    Failure::Caller(_) | Failure::Passing(_) => {}
                }
                failure
            }
            Refusal::Limit { least } => {
                let wait = access.note_limit(way, response.retry_after(), least, now);
                CallerFailure::RateLimited { wait, has_token: self.settings.token.is_some() }.into()
            }
            Refusal::Unexplained(status) => match access.note_unexplained(way, gist_id, status, now) {
                Some(wait) => CallerFailure::Unexplained { status, wait }.into(),
                None => ItemFailure::Refused { status }.into(),
            },
        })
    }

    fn leave_token_out(&self, now: Duration) {
        if self.access.note_token_refused(now) {
            tracing::error!(
                retry_after_secs = super::TOKEN_PAUSE.as_secs(),
                "GitHub rejected GITHUB_TOKEN; reading gists without it: replace the token and restart"
            );
        }
    }
}

/// Whether an answer is a web page, whatever was requested.
pub(super) fn is_web_page(response: &HttpResponse) -> bool {
    let kind = response.headers.get("content-type").map_or("", String::as_str);
    kind.trim_start().to_ascii_lowercase().starts_with("text/html")
}
