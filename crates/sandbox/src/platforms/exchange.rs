//! Requests and answers, apart from any HTTP library, and what a platform is.

use std::collections::BTreeMap;

use actix_web::web::Bytes;
use serde_json::Value;

use super::counters::Counters;

/// One received request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Decoded, in order; a name may repeat.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    /// `http://host:port` of the server that received it.
    pub(crate) origin: String,
    /// Requests being answered, this one included.
    pub(crate) in_flight: u64,
}

impl Request {
    /// The path without its slashes.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that may repeat and that may list several, separated by commas.
    pub(crate) fn query_list(&self, name: &str) -> Vec<&str> {
        let values = self.query.iter().filter(|(known, _)| known == name);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The token of an `Authorization` header (`Bearer`, and `token` as GitHub also takes it).
    pub(crate) fn bearer(&self) -> Option<&str> {
        let value = self.header("authorization")?;
        let (scheme, token) = value.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
        (known && !token.trim().is_empty()).then_some(token.trim())
    }

    /// Whether the client has the representation with this entity tag (weak comparison, RFC 9110 section 13.1.2).
    pub(crate) fn has_etag(&self, etag: &str) -> bool {
        let Some(known) = self.header("if-none-match") else { return false };
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        known.split(',').any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A JSON document.
    pub(crate) fn json(status: u16, document: &Value) -> Self {
        let headers = vec![("Content-Type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: document.to_string().into() }
    }

    /// Text or bytes of another type.
    pub(crate) fn bytes(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.to_owned())], body: body.into() }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// A platform: its routes and its answers. Everything about sockets is in `server.rs`.
pub(crate) trait PlatformApi: Send + Sync + 'static {
    /// The newest block.
    fn block(&self) -> u32;

    /// The name of the route that a request asks for, as the counters and faults know it.
    fn route(&self, request: &Request) -> &'static str;

    /// The contents or gists that a request names.
    fn ids(&self, request: &Request) -> Vec<String>;

    /// The undisturbed answer. What it costs is noted in the counters.
    fn answer(&self, request: &Request, counters: &Counters) -> Answer;

    /// The answer as it goes over the wire to the client of this request, spoilt or not: compressed, where the platform
    /// does that.
    fn encoded(&self, _: &Request, answer: Answer) -> Answer {
        answer
    }

    /// An error of this status in this platform's own words.
    fn error(&self, status: u16) -> Answer;

    /// What it says when a quota is used up.
    fn quota_exceeded(&self) -> Answer;
}

/// The name for every unknown route.
pub(crate) const UNKNOWN_ROUTE: &str = "unknown";
