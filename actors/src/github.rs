//! GitHub's gists over HTTP: raw address and API. The wire format of `GET /gists/{gist_id}` is the official OpenAPI's.
//!
//! Without a token GitHub grants 60 API requests an hour. What is left of them is read from its answers, so that what
//! can wait leaves them to what cannot.
//!
//! Addresses are built from configured hosts and from pointers whose grammar was checked; no address that an answer
//! contains is ever followed.

use crate::outbound::Outbound;
use crate::ports::{Credential, HttpError, HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::record::{ContentDigest, GistOutcome};
use url::Url;

/// An API answer carries the content escaped, beside other fields: at most this many bytes for each of the content.
const API_BYTES_PER_CONTENT_BYTE: usize = 2;

/// Room for the other fields of an API answer.
const API_OVERHEAD_BYTES: usize = 65_536;

/// Most bytes of an API answer that is read for whose the gist is: all its files and its history come along.
const MAX_DESCRIPTION_BYTES: usize = 8 << 20;

/// Pauses before a second and a third attempt at a request that failed in passing.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The hour that GitHub counts API requests in; what an answer said of it is forgotten then.
const RATE_LIMIT_WINDOW: Duration = Duration::from_secs(3_600);

/// API requests that GitHub grants until the end of its window, as it said last.
#[derive(Debug, Default)]
pub struct ApiAllowance(Mutex<Option<Allowance>>);

#[derive(Clone, Copy, Debug)]
struct Allowance {
    left: u32,
    forgotten_at: Duration,
}

/// Where gists are read, and how.
pub struct GitHub {
    /// The way out, behind GistFetcher's limiter.
    pub outbound: Outbound,
    /// For pauses.
    pub clock: std::sync::Arc<dyn crate::ports::Clock>,
    /// `github.api_url`.
    pub api_url: Url,
    /// `github.raw_url`.
    pub raw_url: Url,
    /// A token, with which the API is used throughout.
    pub token: Option<SecretString>,
    /// For one request.
    pub deadline: Duration,
    /// Largest content that is read.
    pub max_gist_bytes: usize,
    /// What GitHub said last of its API's limit.
    pub allowance: ApiAllowance,
}

/// What reading a gist has come to.
#[derive(Debug)]
pub struct GistReading {
    /// Its content.
    pub outcome: GistOutcome,
    /// Whose it is, if the API was asked and answered.
    pub owner: Option<OwnerAnswer>,
}

/// The fields of an API answer that are read.
#[derive(Deserialize)]
struct ApiGist {
    #[serde(default)]
    owner: Option<ApiOwner>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    public: Option<bool>,
    #[serde(default)]
    files: BTreeMap<String, Option<ApiFile>>,
}

#[derive(Deserialize)]
struct ApiOwner {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    id: Option<u64>,
}

#[derive(Deserialize)]
struct ApiFile {
    #[serde(default)]
    truncated: bool,
    #[serde(default)]
    content: Option<String>,
}

impl GitHub {
    /// Reads a gist. Never an error: what goes wrong is an outcome, in words that name no secret.
    pub async fn gist(&self, pointer: &GistPointer, etag: Option<&str>) -> GistReading {
        // A pinned revision has no raw address without a file name, so the API is asked, once for ever.
        if self.token.is_some() || pointer.revision().is_some() {
            return self.read_api(pointer, etag).await;
        }
        let outcome = self.read_raw(pointer, etag).await.unwrap_or_else(|error| GistOutcome::Failed { error });
        GistReading { outcome, owner: None }
    }

    /// Asks the API whose a gist is.
    ///
    /// # Errors
    /// If GitHub's limit is reached, in words.
    pub async fn owner(&self, pointer: &GistPointer) -> Result<OwnerAnswer, String> {
        match self.ask_api(&["gists", pointer.gist_id()], None, MAX_DESCRIPTION_BYTES).await {
            Ok(Some((gist, _))) => Ok(gist.owner()),
            Ok(None) => Ok(OwnerAnswer::Unanswered),
            Err(ApiError::NotFound) => Ok(OwnerAnswer::NotFound),
            Err(ApiError::TooLarge(_)) => Ok(OwnerAnswer::TooLarge),
            Err(ApiError::Limited(error)) => Err(error),
            Err(ApiError::Other(error)) => {
                tracing::debug!(gist = %pointer, error, "the owner of a gist could not be asked for");
                Ok(OwnerAnswer::Unanswered)
            }
        }
    }

    /// API requests that GitHub still grants in this hour; `None` if it did not say lately.
    pub fn api_requests_left(&self) -> Option<u32> {
        let known = *self.allowance.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|known| self.clock.monotonic() < known.forgotten_at).map(|known| known.left)
    }

    fn note_allowance(&self, response: &HttpResponse) {
        let left = response.headers.get("x-ratelimit-remaining").and_then(|left| left.trim().parse().ok());
        if let Some(left) = left {
            let forgotten_at = self.clock.monotonic() + RATE_LIMIT_WINDOW;
            *self.allowance.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Allowance { left, forgotten_at });
        }
    }

    async fn read_raw(&self, pointer: &GistPointer, etag: Option<&str>) -> Result<GistOutcome, String> {
        let url = address(&self.raw_url, &[pointer.username(), pointer.gist_id(), "raw"])?;
        let response = self.ask(url, etag, self.max_gist_bytes).await.map_err(|error| error.to_string())?;
        if response.status == 304 {
            return Ok(GistOutcome::Unchanged);
        }
        // Raw contents are served as plain text, whatever is in them: a page is GitHub's own, and says that it is out of
        // order.
        let kind = response.headers.get("content-type").map_or("", String::as_str);
        if kind.trim_start().to_ascii_lowercase().starts_with("text/html") {
            return Err("GitHub answered with a web page in place of the gist".to_owned());
        }
        Ok(fetched(response.headers.get("etag").cloned(), response.body))
    }

    /// GitHub's own time of the gist's latest change. It cannot be set by the owner, unlike the dates of commits.
    ///
    /// # Errors
    /// In words, if the API does not say.
    pub async fn updated_at(&self, pointer: &GistPointer) -> Result<Moment, String> {
        let answer = self
            .ask_api(&["gists", pointer.gist_id()], None, MAX_DESCRIPTION_BYTES)
            .await
            .map_err(|error| error.to_string())?;
        let (gist, _) = answer.ok_or("it did not answer")?;
        refused(pointer, &gist.owner())?;
        let text = gist.updated_at.ok_or("GitHub's answer has no updated_at")?;
        Moment::parse(&text).ok_or_else(|| "GitHub's updated_at is not a time".to_owned())
    }

    async fn read_api(&self, pointer: &GistPointer, etag: Option<&str>) -> GistReading {
        let mut path = vec!["gists", pointer.gist_id()];
        path.extend(pointer.revision());
        let most_bytes = self.max_gist_bytes.saturating_mul(API_BYTES_PER_CONTENT_BYTE) + API_OVERHEAD_BYTES;
        match self.ask_api(&path, etag, most_bytes).await {
            Ok(None) => GistReading { outcome: GistOutcome::Unchanged, owner: None },
            Ok(Some((gist, etag))) => {
                let owner = gist.owner();
                let content = refused(pointer, &owner).and_then(|()| self.content(gist, etag));
                let outcome = content.unwrap_or_else(|error| GistOutcome::Failed { error });
                GistReading { outcome, owner: Some(owner) }
            }
            Err(error) => {
                // A revision that is not there says nothing of the gist.
                let is_gist = matches!(error, ApiError::NotFound) && pointer.revision().is_none();
                let outcome = GistOutcome::Failed { error: error.to_string() };
                GistReading { outcome, owner: is_gist.then_some(OwnerAnswer::NotFound) }
            }
        }
    }

    /// Of several files the first by name, as on the raw address.
    fn content(&self, gist: ApiGist, etag: Option<String>) -> Result<GistOutcome, String> {
        let file = gist.files.into_values().flatten().next().ok_or("the gist has no file")?;
        match file.content {
            Some(content) if !file.truncated && content.len() <= self.max_gist_bytes => {
                Ok(fetched(etag, content.into_bytes()))
            }
            _ => Err(format!("the gist's first file is larger than {} bytes", self.max_gist_bytes)),
        }
    }

    /// A gist as the API describes it, with its ETag; `None` if it did not change.
    async fn ask_api(
        &self,
        path: &[&str],
        etag: Option<&str>,
        most_bytes: usize,
    ) -> Result<Option<(ApiGist, Option<String>)>, ApiError> {
        let url = address(&self.api_url, path)?;
        let response = self.ask(url, etag, most_bytes).await?;
        if response.status == 304 {
            return Ok(None);
        }
        let gist: ApiGist = serde_json::from_slice(&response.body)
            .map_err(|error| format!("GitHub's answer is not a gist: {error}"))?;
        Ok(Some((gist, response.headers.get("etag").cloned())))
    }

    /// One request with its retries; gives answers 200 and 304 only.
    async fn ask(&self, url: Url, etag: Option<&str>, most_bytes: usize) -> Result<HttpResponse, ApiError> {
        let mut request = HttpRequest::get(url, self.deadline, most_bytes);
        request.credential = self.token.clone().map(Credential::Bearer);
        request.headers.extend(etag.map(|etag| ("if-none-match", etag.to_owned())));
        for pause in RETRY_PAUSES.into_iter().map(Some).chain([None]) {
            let answer = self.outbound.send(request.clone()).await;
            answer.iter().for_each(|response| self.note_allowance(response));
            let (error, is_passing) = match answer {
                Ok(response) if matches!(response.status, 200 | 304) => return Ok(response),
                Ok(response) if response.status == 404 => return Err(ApiError::NotFound),
                Ok(response) if matches!(response.status, 403 | 429) => {
                    return Err(ApiError::Limited(refusal(&response)));
                }
                Ok(response) => (refusal(&response), response.status >= 500),
                Err(HttpError::TooLarge(most)) => return Err(ApiError::TooLarge(most)),
                Err(error @ HttpError::AskedToWait(_)) => return Err(ApiError::Limited(error.to_string())),
                Err(error) => (error.to_string(), matches!(error, HttpError::Connection(_))),
            };
            match pause {
                Some(pause) if is_passing => self.clock.sleep(pause).await,
                _ => return Err(ApiError::Other(error)),
            }
        }
        Err(ApiError::Other("GitHub did not answer".to_owned()))
    }
}

fn fetched(etag: Option<String>, document: Vec<u8>) -> GistOutcome {
    let digest = ContentDigest(Sha256::digest(&document).into());
    GistOutcome::Fetched { etag, digest, document }
}

/// Why there is no answer with a gist.
#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error("GitHub knows no such gist of this user: deleted, renamed or misspelt")]
    NotFound,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("{0}")]
    Limited(String),
    #[error("{0}")]
    Other(String),
}

impl From<String> for ApiError {
    fn from(error: String) -> Self {
        Self::Other(error)
    }
}

impl ApiGist {
    fn owner(&self) -> OwnerAnswer {
        OwnerAnswer::Described {
            login: self.owner.as_ref().and_then(|owner| owner.login.clone()),
            owner_id: self.owner.as_ref().and_then(|owner| owner.id),
            public: self.public,
        }
    }
}

/// What speaks against a gist at first sight: its content must not be taken in as this user's.
fn refused(pointer: &GistPointer, owner: &OwnerAnswer) -> Result<(), String> {
    let record = OwnerRecord::after(None, GistName::from(pointer), 0, owner);
    record.refusal.map_or(Ok(()), |refusal| Err(refusal.to_string()))
}

/// A refusal in words.
fn refusal(response: &HttpResponse) -> String {
    match response.status {
        401 => "GitHub refuses the token: check GITHUB_TOKEN".to_owned(),
        403 | 429 => match response.retry_after() {
            Some(after) => format!("GitHub's rate limit is reached; it asks to wait {} s", after.as_secs()),
            None => "GitHub's rate limit is reached; a GITHUB_TOKEN raises it".to_owned(),
        },
        status => format!("GitHub answered {status}"),
    }
}

/// Joins path segments to a configured base, escaping each.
pub(crate) fn address(base: &Url, segments: &[&str]) -> Result<Url, String> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| "the configured address cannot have a path".to_owned())?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}
