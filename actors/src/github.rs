//! GitHub's gists over HTTP: raw address and API. The wire format of `GET /gists/{gist_id}` is the official OpenAPI's.
//!
//! Addresses are built from configured hosts and from pointers whose grammar was checked; no address that an answer
//! contains is ever followed.

use crate::outbound::Outbound;
use crate::ports::{Credential, HttpError, HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::record::{ContentDigest, GistOutcome};
use url::Url;

/// An API answer carries the content escaped, beside other fields: at most this many bytes for each of the content.
const API_BYTES_PER_CONTENT_BYTE: usize = 2;

/// Room for the other fields of an API answer.
const API_OVERHEAD_BYTES: usize = 65_536;

/// Pauses before a second and a third attempt at a request that failed in passing.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

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
    login: String,
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
    pub async fn gist(&self, pointer: &GistPointer, etag: Option<&str>) -> GistOutcome {
        // A pinned revision has no raw address without a file name, so the API is asked, once for ever.
        let through_api = self.token.is_some() || pointer.revision().is_some();
        let read = if through_api { self.read_api(pointer, etag).await } else { self.read_raw(pointer, etag).await };
        read.unwrap_or_else(|error| GistOutcome::Failed { error })
    }

    async fn read_raw(&self, pointer: &GistPointer, etag: Option<&str>) -> Result<GistOutcome, String> {
        let url = address(&self.raw_url, &[pointer.username(), pointer.gist_id(), "raw"])?;
        let response = self.ask(url, etag, self.max_gist_bytes).await?;
        if response.status == 304 {
            return Ok(GistOutcome::Unchanged);
        }
        Ok(fetched(response.headers.get("etag").cloned(), response.body))
    }

    /// GitHub's own time of the gist's latest change. It cannot be set by the owner, unlike the dates of commits.
    ///
    /// # Errors
    /// In words, if the API does not say.
    pub async fn updated_at(&self, pointer: &GistPointer) -> Result<Moment, String> {
        let (gist, _) = self.ask_api(pointer, &["gists", pointer.gist_id()], None).await?.ok_or("it did not answer")?;
        let text = gist.updated_at.ok_or("GitHub's answer has no updated_at")?;
        Moment::parse(&text).ok_or_else(|| "GitHub's updated_at is not a time".to_owned())
    }

    async fn read_api(&self, pointer: &GistPointer, etag: Option<&str>) -> Result<GistOutcome, String> {
        let mut path = vec!["gists", pointer.gist_id()];
        path.extend(pointer.revision());
        let Some((gist, etag)) = self.ask_api(pointer, &path, etag).await? else {
            return Ok(GistOutcome::Unchanged);
        };
        // Of several files the first by name, as on the raw address.
        let file = gist.files.into_values().flatten().next().ok_or("the gist has no file")?;
        match file.content {
            Some(content) if !file.truncated && content.len() <= self.max_gist_bytes => {
                Ok(fetched(etag, content.into_bytes()))
            }
            _ => Err(format!("the gist's first file is larger than {} bytes", self.max_gist_bytes)),
        }
    }

    /// A gist as the API describes it, with its ETag; `None` if it did not change. It must be public and belong to the
    /// user that the pointer names.
    async fn ask_api(
        &self,
        pointer: &GistPointer,
        path: &[&str],
        etag: Option<&str>,
    ) -> Result<Option<(ApiGist, Option<String>)>, String> {
        let url = address(&self.api_url, path)?;
        let most_bytes = self.max_gist_bytes.saturating_mul(API_BYTES_PER_CONTENT_BYTE) + API_OVERHEAD_BYTES;
        let response = self.ask(url, etag, most_bytes).await?;
        if response.status == 304 {
            return Ok(None);
        }
        let gist: ApiGist = serde_json::from_slice(&response.body)
            .map_err(|error| format!("GitHub's answer is not a gist: {error}"))?;
        let owner = gist.owner.as_ref().map_or("", |owner| owner.login.as_str());
        if !owner.eq_ignore_ascii_case(pointer.username()) {
            return Err(format!("the gist does not belong to {}", pointer.username()));
        }
        if gist.public == Some(false) {
            return Err("the gist is secret: make it public".to_owned());
        }
        Ok(Some((gist, response.headers.get("etag").cloned())))
    }

    /// One request with its retries; gives answers 200 and 304 only.
    async fn ask(&self, url: Url, etag: Option<&str>, most_bytes: usize) -> Result<HttpResponse, String> {
        let mut request = HttpRequest::get(url, self.deadline, most_bytes);
        request.credential = self.token.clone().map(Credential::Bearer);
        request.headers.extend(etag.map(|etag| ("if-none-match", etag.to_owned())));
        for pause in RETRY_PAUSES.into_iter().map(Some).chain([None]) {
            let (error, is_passing) = match self.outbound.send(request.clone()).await {
                Ok(response) if matches!(response.status, 200 | 304) => return Ok(response),
                Ok(response) => (refusal(&response), response.status >= 500),
                Err(error) => (error.to_string(), matches!(error, HttpError::Connection(_))),
            };
            match pause {
                Some(pause) if is_passing => self.clock.sleep(pause).await,
                _ => return Err(error),
            }
        }
        Err("GitHub did not answer".to_owned())
    }
}

fn fetched(etag: Option<String>, document: Vec<u8>) -> GistOutcome {
    let digest = ContentDigest(Sha256::digest(&document).into());
    GistOutcome::Fetched { etag, digest, document }
}

/// A refusal in words.
fn refusal(response: &HttpResponse) -> String {
    match response.status {
        404 => "GitHub knows no such gist of this user: deleted, renamed or misspelt".to_owned(),
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
