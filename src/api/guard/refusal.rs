//! Refusals and failures of requests, and their translation to HTTP.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONNECTION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// What happened, and what to do.
    pub detail: String,
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    detail: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// 400: the request is not valid, and the connection is closed after the answer.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail: detail.into(), retry_after: None }
    }

    /// 403: the caller may not have this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, detail: detail.into(), retry_after: None }
    }

    /// 421: the request is meant for another host.
    pub fn misdirected(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::MISDIRECTED_REQUEST, detail: detail.into(), retry_after: None }
    }

    /// 404: what was asked for does not exist.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, detail: detail.into(), retry_after: None }
    }

    /// 422: the request can never be answered as it is.
    pub fn not_valid(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into(), retry_after: None }
    }

    /// 429: this client sends too many requests.
    pub fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, detail: detail.into(), retry_after: Some(retry_after) }
    }

    /// 503: the client may try again later.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), retry_after: Some(retry_after) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::BAD_REQUEST {
            response.insert_header((CONNECTION, "close"));
        }
        if let Some(pause) = self.retry_after {
            response.insert_header((RETRY_AFTER, whole_seconds(pause)));
        }
        response.json(Detail { detail: self.detail.clone() })
    }
}

/// Seconds for `Retry-After`, rounded up, so that a client that waits for them is not too early.
fn whole_seconds(pause: Duration) -> u64 {
    (pause.as_secs() + u64::from(pause.subsec_nanos() > 0)).max(1)
}

/// For paths that do not exist. The path is not repeated in the answer.
pub async fn unknown_path() -> Refusal {
    Refusal::not_found("this path does not exist: /openapi.json lists the paths")
}

/// For methods other than GET and HEAD.
pub async fn other_method(_: HttpRequest) -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "GET, HEAD"))
        .json(Detail { detail: "this path is read-only: use GET".to_owned() })
}

impl actix_web::Responder for Refusal {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_in_whole_seconds_and_never_too_early() {
        for (pause_ms, seconds) in [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (59_500, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(pause_ms)), seconds, "{pause_ms}");
        }
    }
}
