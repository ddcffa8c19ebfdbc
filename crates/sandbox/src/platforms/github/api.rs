//! GitHub's REST API: `/gists/{id}`, `/gists/{id}/commits`, `/gists/{id}/{sha}` and `/rate_limit`.

use serde_json::{Value, json};

use super::documents;
use super::rate_limit::{self, RateLimit};
use super::{GitHubControl, digest};
use crate::clock::block_unix_ms;
use crate::platforms::counters::Counters;
use crate::platforms::exchange::{Answer, PlatformApi, Request, UNKNOWN_ROUTE};
use crate::world::{WorldHandle, seconds};

/// Commits on a page unless asked otherwise, and at most.
const PAGE_SIZE: usize = 30;
const MAX_PAGE_SIZE: usize = 100;
/// The start of tokens that GitHub refuses.
const INVALID_PREFIX: &str = "invalid";

const GET_GIST: &str = "gists.get";
const LIST_COMMITS: &str = "gists.commits";
const GET_REVISION: &str = "gists.revision";
const RATE_LIMIT: &str = "rate_limit";

/// The API over one world.
pub(crate) struct GitHubApi {
    world: WorldHandle,
    control: GitHubControl,
    limit: RateLimit,
}

impl GitHubApi {
    pub(crate) fn new(world: WorldHandle, control: GitHubControl) -> Self {
        Self { world, control, limit: RateLimit::default() }
    }

    /// The refusal of a gist that GitHub has blocked, as its OpenAPI describes it.
    fn blocked(&self, request: &Request) -> Option<Answer> {
        let ["gists", id, ..] = *request.segments() else { return None };
        let reason = self.control.blocked(id)?;
        let (status, message) = match reason.as_str() {
            "dmca" => (451, "Gist unavailable due to DMCA takedown."),
            _ => (403, "Gist access blocked"),
        };
        let created_at = seconds(block_unix_ms(self.world.block()));
        let html_url = format!("https://github.com/github/{reason}");
        let block = json!({"reason": reason, "created_at": created_at, "html_url": html_url});
        let documentation_url = "https://docs.github.com/rest/gists/gists#get-a-gist";
        Some(Answer::json(
            status,
            &json!({"message": message, "block": block, "documentation_url": documentation_url, "status": status.to_string()}),
        ))
    }

    /// The answer apart from limits and entity tags.
    fn document(&self, request: &Request) -> Answer {
        let block = self.world.block();
        let world = self.world.read();
        let found = |gist_id: &str| {
            let gist = world.gist(gist_id)?;
            Some((gist, gist.newest(block)?, gist.revisions(block)))
        };
        let document: Option<Value> = match *request.segments() {
            ["gists", id] => found(id).map(|(gist, newest, history)| documents::gist(gist, newest, history)),
            ["gists", id, "commits"] => {
                let Some((gist, _, history)) = found(id) else { return not_found() };
                return page(request, documents::commits(gist, history));
            }
            ["gists", id, sha] => found(id)
                .and_then(|(gist, _, history)| Some(documents::gist(gist, gist.revision(sha, block)?, history))),
            _ => None,
        };
        document.map_or_else(not_found, |document| Answer::json(200, &document))
    }
}

impl PlatformApi for GitHubApi {
    fn block(&self) -> u32 {
        self.world.block()
    }

    fn route(&self, request: &Request) -> &'static str {
        match *request.segments() {
            ["gists", _] => GET_GIST,
            ["gists", _, "commits"] => LIST_COMMITS,
            ["gists", _, _] => GET_REVISION,
            ["rate_limit"] => RATE_LIMIT,
            _ => UNKNOWN_ROUTE,
        }
    }

    fn ids(&self, request: &Request) -> Vec<String> {
        match *request.segments() {
            ["gists", id, ..] => vec![id.to_owned()],
            _ => Vec::new(),
        }
    }

    fn answer(&self, request: &Request, _counters: &Counters) -> Answer {
        let unix_ms = self.world.clock().unix_ms();
        let is_refused = |token: &str| token.starts_with(INVALID_PREFIX) || self.control.is_expired(token);
        if request.bearer().is_some_and(is_refused) {
            return self.error(401);
        }
        if self.route(request) == RATE_LIMIT {
            // Asking costs nothing.
            let standing = self.limit.standing(request, unix_ms);
            return standing.on(Answer::json(200, &standing.document()));
        }
        let standing = match self.limit.take(request, unix_ms) {
            Ok(standing) => standing,
            Err(refusal) => return refusal,
        };
        if request.method != "GET" {
            return standing.on(not_found());
        }
        let answer = self.blocked(request).unwrap_or_else(|| self.document(request));
        if answer.status != 200 {
            return standing.on(answer);
        }
        let etag = format!("W/\"{}\"", digest(&answer.body));
        if request.has_etag(&etag) {
            return self.limit.give_back(request, unix_ms).on(Answer::empty(304)).with("ETag", etag);
        }
        standing.on(answer).with("ETag", etag).with("Cache-Control", "public, max-age=60, s-maxage=60")
    }

    fn error(&self, status: u16) -> Answer {
        let message = match status {
            401 => "Bad credentials",
            403 => "Forbidden",
            404 => "Not Found",
            429 => "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            502 | 503 => "No server is currently available to service your request.",
            _ => "Server Error",
        };
        let documentation_url = "https://docs.github.com/rest";
        let document =
            json!({"message": message, "documentation_url": documentation_url, "status": status.to_string()});
        Answer::json(status, &document)
    }

    fn quota_exceeded(&self) -> Answer {
        let reset_unix_secs = (self.world.clock().unix_ms() / 3_600_000 + 1) * 3_600;
        rate_limit::exceeded().with("X-RateLimit-Remaining", 0).with("X-RateLimit-Reset", reset_unix_secs)
    }
}

fn not_found() -> Answer {
    let documentation_url = "https://docs.github.com/rest/gists/gists#get-a-gist";
    Answer::json(404, &json!({"message": "Not Found", "documentation_url": documentation_url, "status": "404"}))
}

/// One page of a list, with the links to its neighbours.
fn page(request: &Request, entries: Vec<Value>) -> Answer {
    let number = |name: &str, default: usize| request.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let size = number("per_page", PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let page = number("page", 1).max(1);
    let last = entries.len().div_ceil(size).max(1);
    let link = |page: usize, relation: &str| {
        format!("<{}{}?per_page={size}&page={page}>; rel=\"{relation}\"", request.origin, request.path)
    };
    let mut links = Vec::new();
    if page > 1 {
        links.extend([link(page - 1, "prev"), link(1, "first")]);
    }
    if page < last {
        links.extend([link(page + 1, "next"), link(last, "last")]);
    }
    let shown: Vec<Value> = entries.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    let answer = Answer::json(200, &Value::Array(shown));
    if links.is_empty() { answer } else { answer.with("Link", links.join(", ")) }
}
