//! GitHub's gists over HTTP: raw address and API. The wire format of `GET /gists/{gist_id}` is the official OpenAPI's.
//!
//! - Without a token GitHub grants 60 API requests an hour. The number left is read from its answers, so that less
//!   urgent requests leave them to urgent ones.
//! - A token that GitHub rejects is not used for a while: everything can be read without one, only more slowly.
//! - Every error is a [`Failure`], which says whether it is about a gist, about this validator, or about neither.
//!
//! Addresses are built from configured hosts and from pointers with a checked grammar; no address that an answer
//! contains is ever followed.

mod access;
mod answer;
mod dating;
mod failure;
mod requests;

use self::access::Way;
pub use self::access::{Access, FIRST_PAUSE, FIRST_UNEXPLAINED_PAUSE, LONGEST_PAUSE, TOKEN_PAUSE};
pub use self::answer::GistDescription;
use self::answer::fetched;
pub use self::dating::DateReply;
pub use self::failure::{CallerFailure, Failure, ItemFailure, PassingFailure};
use crate::outbound::Outbound;
use crate::outbound::address::address;
use crate::ports::Clock;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::OwnerAnswer;
use tensorflix_domain::gist_record::GistOutcome;
use url::Url;

/// An API answer carries the content escaped, beside other fields: at most this many bytes for each of the content.
const API_BYTES_PER_CONTENT_BYTE: usize = 2;

/// Room for the other fields of an API answer.
const API_OVERHEAD_BYTES: usize = 65_536;

/// Most bytes of an API answer that is read for the gist's owner: it includes all its files and its history.
const MAX_DESCRIPTION_BYTES: usize = 8 << 20;

/// API requests an hour that reading gists leaves to dating disputes: as many as one dating may need.
pub const RESERVED_FOR_DATING: u32 = 20;

/// Where gists are read, and within which bounds.
#[derive(Clone, Debug)]
pub struct GitHubSettings {
    /// `github.api_url`.
    pub api_url: Url,
    /// `github.raw_url`.
    pub raw_url: Url,
    /// A token, with which the API is used throughout.
    pub token: Option<SecretString>,
    /// For one request.
    pub deadline: Duration,
    /// Largest gist file that is read.
    pub max_gist_bytes: usize,
}

/// The reader of gists.
pub struct GitHub {
    settings: GitHubSettings,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    access: Access,
}

/// The result of reading a gist.
#[derive(Debug)]
pub struct GistReading {
    /// Its content.
    pub outcome: GistOutcome,
    /// Its owner, if the API was asked and answered.
    pub owner: Option<OwnerAnswer>,
}

impl GitHub {
    /// A reader without knowledge of its rate limits so far. `outbound` sends requests behind the limiter of GistFetcher; `clock`
    /// is for pauses.
    pub fn new(settings: GitHubSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { settings, outbound, clock, access: Access::default() }
    }

    /// The deadline of one request.
    pub const fn deadline(&self) -> Duration {
        self.settings.deadline
    }

    /// Reads a gist. Never an error: a failure is an outcome, with a text that contains no secret.
    pub async fn gist(&self, pointer: &GistPointer, etag: Option<&str>) -> GistReading {
        let (content, owner) = self.read(pointer, etag).await;
        let outcome = content.unwrap_or_else(|failure| failure.outcome());
        GistReading { outcome, owner }
    }

    /// Uses the raw address without a token, or where the API refuses us; the API for a pinned revision, which has no
    /// raw address without a file name.
    async fn read(
        &self,
        pointer: &GistPointer,
        etag: Option<&str>,
    ) -> (Result<GistOutcome, Failure>, Option<OwnerAnswer>) {
        let may_ask_api = self.api_requests_left().is_none_or(|left| left > RESERVED_FOR_DATING);
        if pointer.revision().is_some() {
            return match may_ask_api {
                true => self.read_api(pointer, etag).await,
                false => (Err(PassingFailure::Saved.into()), None),
            };
        }
        if may_ask_api && self.usable_token().is_some() {
            match self.read_api(pointer, etag).await {
                (Err(Failure::Caller(_)), _) => {}
                reading => return reading,
            }
        }
        (self.read_raw(pointer, etag).await, None)
    }

    /// Asks the API for the owner of a gist.
    ///
    /// # Errors
    /// A failure that is about this validator: no other owner can be requested now either.
    pub async fn owner(&self, pointer: &GistPointer) -> Result<OwnerAnswer, CallerFailure> {
        match self.ask_api(&["gists", pointer.gist_id()], None, MAX_DESCRIPTION_BYTES).await {
            Ok(Some((gist, _))) => Ok(gist.owner()),
            Ok(None) => Ok(OwnerAnswer::Unanswered),
            Err(Failure::Item(failure)) => Ok(failure.owner_answer()),
            Err(Failure::Caller(failure)) => Err(failure),
            Err(Failure::Passing(failure)) => {
                tracing::debug!(gist = %pointer, error = %failure, "could not check the owner of a gist");
                Ok(OwnerAnswer::Unanswered)
            }
        }
    }

    /// Asks the API for the description of a gist.
    ///
    /// # Errors
    /// [`Failure`], which says whether that is about the gist.
    pub async fn describe(&self, pointer: &GistPointer) -> Result<GistDescription, Failure> {
        let answer = self.ask_api(&["gists", pointer.gist_id()], None, MAX_DESCRIPTION_BYTES).await?;
        let (gist, _) = answer.ok_or_else(|| ItemFailure::Malformed("the answer is empty".to_owned()))?;
        Ok(gist.description())
    }

    /// API requests that GitHub still grants in this hour; `None` if no recent answer says so.
    pub fn api_requests_left(&self) -> Option<u32> {
        self.access.allowance(self.api_way(), self.clock.monotonic())
    }

    /// API requests that reading gists may use now; without a token at most `most_without_token`.
    pub(crate) fn affordable_requests(&self, most_without_token: usize) -> usize {
        let left = self.api_requests_left().map(|left| left.saturating_sub(RESERVED_FOR_DATING));
        let left = left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        if self.usable_token().is_some() { left } else { left.min(most_without_token) }
    }

    /// Whether there is a token and GitHub rejected it when it was last used; gists are then read without it.
    pub fn is_token_refused(&self) -> bool {
        self.settings.token.is_some() && self.access.is_token_refused()
    }

    async fn read_raw(&self, pointer: &GistPointer, etag: Option<&str>) -> Result<GistOutcome, Failure> {
        let path = [pointer.username(), pointer.gist_id(), "raw"];
        let url = address(&self.settings.raw_url, &path).map_err(PassingFailure::Address)?;
        let response = self.ask(Way::Raw, pointer.gist_id(), url, etag, self.settings.max_gist_bytes).await?;
        if response.status == 304 {
            return Ok(GistOutcome::Unchanged);
        }
        // Gists are served as plain text, whatever is in them: a web page is GitHub's own error page.
        if requests::is_web_page(&response) {
            return Err(PassingFailure::WebPage.into());
        }
        Ok(fetched(response.headers.get("etag").cloned(), response.body))
    }

    async fn read_api(
        &self,
        pointer: &GistPointer,
        etag: Option<&str>,
    ) -> (Result<GistOutcome, Failure>, Option<OwnerAnswer>) {
        let mut path = vec!["gists", pointer.gist_id()];
        path.extend(pointer.revision());
        let most_bytes = self.settings.max_gist_bytes.saturating_mul(API_BYTES_PER_CONTENT_BYTE) + API_OVERHEAD_BYTES;
        match self.ask_api(&path, etag, most_bytes).await {
            Ok(None) => (Ok(GistOutcome::Unchanged), None),
            Ok(Some((gist, etag))) => {
                let owner = gist.owner();
                let content = gist.check_owner(pointer).and_then(|()| gist.content(etag, self.settings.max_gist_bytes));
                (content.map_err(Failure::from), Some(owner))
            }
            Err(failure) => {
                // A missing revision does not mean that the gist is missing.
                let is_absent = matches!(failure, Failure::Item(ItemFailure::NotFound | ItemFailure::Blocked { .. }));
                let owner = match &failure {
                    Failure::Item(item) if is_absent && pointer.revision().is_none() => Some(item.owner_answer()),
                    _ => None,
                };
                (Err(failure), owner)
            }
        }
    }
}

impl Failure {
    fn outcome(self) -> GistOutcome {
        GistOutcome::Failed { error: self.to_string(), scope: self.scope() }
    }
}
