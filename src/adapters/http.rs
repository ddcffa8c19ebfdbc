//! HTTP behind the port, through one reqwest client.
//!
//! Invariants:
//!
//! - One deadline covers name lookup, connection, redirects, headers and body; nothing of an exchange outlives it.
//! - No more than the allowed bytes of a body are kept, counted after decompression, however small it was sent.
//! - A redirect is followed at most [`MOST_REDIRECTS`] times, and only to the same scheme, host and port.
//! - A secret is in a header marked as sensitive or in the query of the first request, and in no error: errors are
//!   written without URLs.
//!
//! Not here: rate limits, retries, caching and the meaning of a status. Proxy variables of the environment are ignored
//! on purpose: where keys go is said by the configuration alone, and an `api_url` may name a proxy.

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Request, Response};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tensorflix_actors::ports::{Credential, Http, HttpError, HttpRequest, HttpResponse, Method};

/// Google compresses only for agents that say "gzip" in their name.
const USER_AGENT: &str = concat!("tensorflix/", env!("CARGO_PKG_VERSION"), " (gzip)");
/// Redirects of one request.
const MOST_REDIRECTS: usize = 3;
/// Idle connections that are kept for one host; more than requests in flight by default.
const IDLE_CONNECTIONS_PER_HOST: usize = 16;
/// How long an idle connection is kept: less than platforms do, so that few are found closed.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(45);
/// A host that does not accept a connection for this long counts as down, whatever the deadline of the request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Most characters of a failure's description.
const LONGEST_DESCRIPTION: usize = 200;

/// The client that all actors share.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
}

/// Why the client cannot be set up: operator action is required.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTPS client ({0}): install the system's CA certificates (package ca-certificates)")]
pub struct HttpSetupError(String);

/// Chooses ring for all TLS of this process. May be called any number of times.
pub fn install_crypto_provider() {
    // An error says that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl HttpClient {
    /// Sets the client up; connects nowhere.
    ///
    /// # Errors
    /// [`HttpSetupError`] where the system has no CA certificates.
    pub fn new() -> Result<Self, HttpSetupError> {
        install_crypto_provider();
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .gzip(true)
            .no_proxy()
            .referer(false)
            .redirect(Policy::custom(same_host_only))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
            .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
            .build()
            .map_err(|error| HttpSetupError(describe(error)))?;
        Ok(Self { client })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let max_body_bytes = request.max_body_bytes;
        let request = self.build(request)?;
        let response = self.client.execute(request).await.map_err(failure)?;
        if is_left_redirect(&response) {
            return Err(HttpError::Redirected);
        }
        let status = response.status().as_u16();
        let mut headers = BTreeMap::new();
        for (name, value) in response.headers() {
            let text = || String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.as_str().to_owned()).or_insert_with(text);
        }
        let body = read_body(response, max_body_bytes).await?;
        Ok(HttpResponse { status, headers, body })
    }

    fn build(&self, request: HttpRequest) -> Result<Request, HttpError> {
        let mut url = request.url;
        let mut headers = HeaderMap::new();
        match &request.credential {
            Some(Credential::Bearer(secret)) => {
                headers.insert(AUTHORIZATION, bearer(secret.expose_secret())?);
            }
            Some(Credential::Query(name, secret)) => {
                url.query_pairs_mut().append_pair(name, secret.expose_secret());
            }
            Some(Credential::Queries(secrets)) => {
                for (name, secret) in secrets {
                    url.query_pairs_mut().append_pair(name, secret.expose_secret());
                }
            }
            None => {}
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder = self.client.request(method, url);
        if let Some(body) = request.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            builder = builder.body(body);
        }
        builder = builder.headers(headers);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder.build().map_err(failure)
    }
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let deadline = request.deadline;
        tokio::time::timeout(deadline, self.exchange(request)).await.unwrap_or(Err(HttpError::TimedOut(deadline)))
    }
}

fn bearer(secret: &str) -> Result<HeaderValue, HttpError> {
    let mut value = HeaderValue::try_from(format!("Bearer {secret}"))
        .map_err(|_| HttpError::Connection("the secret does not fit into a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads up to the limit and not one piece more: dropping the response closes the connection.
async fn read_body(mut response: Response, max_body_bytes: usize) -> Result<Vec<u8>, HttpError> {
    // Known only for a body that is not compressed; the promise may also be a lie, so the pieces are counted as well.
    if response.content_length().is_some_and(|length| length > max_body_bytes as u64) {
        return Err(HttpError::TooLarge(max_body_bytes));
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(failure)? {
        if piece.len() > max_body_bytes - body.len() {
            return Err(HttpError::TooLarge(max_body_bytes));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug)]
enum RedirectRefused {
    OtherHost,
    TooMany,
}

impl fmt::Display for RedirectRefused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherHost => formatter.write_str("a redirect to another host"),
            Self::TooMany => write!(formatter, "more than {MOST_REDIRECTS} redirects"),
        }
    }
}

impl Error for RedirectRefused {}

fn same_host_only(attempt: Attempt<'_>) -> Action {
    let next = attempt.url();
    let same = attempt.previous().first().is_some_and(|first| {
        first.scheme() == next.scheme()
            && first.host() == next.host()
            && first.port_or_known_default() == next.port_or_known_default()
    });
    if !same {
        attempt.error(RedirectRefused::OtherHost)
    } else if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error(RedirectRefused::TooMany)
    } else {
        attempt.follow()
    }
}

/// A redirect that the client cannot follow, such as one to a file.
fn is_left_redirect(response: &Response) -> bool {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) && response.headers().contains_key(LOCATION)
}

fn failure(error: reqwest::Error) -> HttpError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(RedirectRefused::OtherHost) = cause.downcast_ref() {
            return HttpError::Redirected;
        }
        source = cause.source();
    }
    HttpError::Connection(describe(error))
}

/// The chain of causes. An inner error of reqwest may name a URL as well, so those are left out.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let written = cause.to_string();
        if !cause.is::<reqwest::Error>() && !text.ends_with(&written) {
            text = format!("{text}: {written}");
        }
        source = cause.source();
    }
    text.chars().take(LONGEST_DESCRIPTION).collect()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
