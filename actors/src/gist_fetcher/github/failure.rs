//! Why GitHub gave no good answer, and what that is about: one gist, this validator, or neither.
//!
//! - Judged from status, headers and body together: 403 alone means a blocked gist, a rate limit or a rejected token.
//! - What is about one gist affects only that gist. What is about this validator pauses all requests by the same route.
//! - An unexplained refusal is about its gist until others are refused in the same way
//!   (see [`access`](super::access)).
//!
//! The bodies that are read here are GitHub's own error pages, never the content of a gist.

use crate::outbound::AddressError;
use crate::ports::{HttpError, HttpResponse};
use serde::Deserialize;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::gist_owner::{OwnerAnswer, OwnerRefusal};
use tensorflix_domain::gist_record::FailureScope;

/// Most characters of GitHub's own words that are repeated.
const MAX_QUOTED_CHARS: usize = 120;

/// Least pause for a limit that lasts "a few minutes" in GitHub's words.
const A_FEW_MINUTES: Duration = Duration::from_secs(180);

/// Words by which GitHub's error pages name a rate limit, in small letters.
const LIMIT_WORDS: [&str; 5] =
    ["rate limit", "too many requests", "abuse detection", "wait a few minutes", "slow down"];

/// Words by which GitHub's error pages blame the token, in small letters.
const TOKEN_WORDS: [&str; 5] =
    ["bad credentials", "resource not accessible by", "saml enforcement", "account was suspended", "must authenticate"];

/// Why there is no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is about this gist; others can be read. Request it less often.
    #[error("{0}")]
    Item(#[from] ItemFailure),
    /// It is about this validator: send no more requests by this route for now.
    #[error("{0}")]
    Caller(#[from] CallerFailure),
    /// It concerns no particular gist or user: retry later.
    #[error("{0}")]
    Passing(#[from] PassingFailure),
}

/// What is wrong with one gist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemFailure {
    /// There is no such gist or revision.
    #[error("GitHub has no such gist of this user: deleted, renamed or misspelt")]
    NotFound,
    /// GitHub has blocked it for everybody.
    #[error("GitHub has blocked access to this gist{}", .reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})")))]
    Blocked {
        /// GitHub's reason: `tos`, `dmca` and the like.
        reason: Option<String>,
    },
    /// The answer, or the first file, is larger than is read.
    #[error("the gist is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not a gist.
    #[error("GitHub's answer could not be read as a gist: {0}")]
    Malformed(String),
    /// It must not be accepted as this user's.
    #[error("{0}")]
    NotTheirs(OwnerRefusal),
    /// GitHub refused this request and no other.
    #[error("GitHub refused this gist with status {status}")]
    Refused {
        /// The status.
        status: u16,
    },
}

/// What is wrong with our requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallerFailure {
    /// Too many requests, by GitHub's latest answer.
    #[error("GitHub's rate limit is reached; paused for {} s{}", .wait.as_secs(), advice(*.has_token))]
    RateLimited {
        /// How long to send nothing.
        wait: Duration,
        /// Whether a token was used.
        has_token: bool,
    },
    /// Nothing was sent: an earlier answer asked for a pause until this time.
    #[error("GitHub asked to wait; no requests before {0}")]
    AskedToWait(Moment),
    /// The token is not valid any more.
    #[error("GitHub rejected the token: check GITHUB_TOKEN")]
    TokenRefused,
    /// Several gists in a row were refused in the same way, without a reason.
    #[error("GitHub refuses all requests with status {status}; paused for {} s", .wait.as_secs())]
    Unexplained {
        /// The status.
        status: u16,
        /// How long to send nothing.
        wait: Duration,
    },
}

/// Temporary failures that concern no particular gist or user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassingFailure {
    /// No complete answer: a deadline, a connection.
    #[error("{0}")]
    Network(HttpError),
    /// GitHub's servers failed.
    #[error("GitHub answered {0}")]
    Server(u16),
    /// A page in place of the gist.
    #[error("GitHub answered with a web page instead of the gist")]
    WebPage,
    /// The configured address cannot be used.
    #[error("{0}")]
    Address(AddressError),
    /// Nothing was sent: few API requests are left in this hour, and others need them more.
    #[error("the remaining API requests of this hour are kept for disputes; will retry")]
    Saved,
}

fn advice(has_token: bool) -> &'static str {
    if has_token { "" } else { "; set GITHUB_TOKEN for a higher limit" }
}

impl Failure {
    /// How the store records it.
    pub const fn scope(&self) -> FailureScope {
        match self {
            Self::Item(_) => FailureScope::Gist,
            Self::Caller(CallerFailure::AskedToWait(_)) | Self::Passing(PassingFailure::Saved) => {
                FailureScope::NotAsked
            }
            Self::Caller(_) | Self::Passing(_) => FailureScope::Elsewhere,
        }
    }
}

impl ItemFailure {
    /// What it says about the gist's owner.
    pub(super) const fn owner_answer(&self) -> OwnerAnswer {
        match self {
            Self::NotFound => OwnerAnswer::NotFound,
            Self::Blocked { .. } => OwnerAnswer::Blocked,
            Self::TooLarge(_) => OwnerAnswer::TooLarge,
            Self::Malformed(_) | Self::NotTheirs(_) | Self::Refused { .. } => OwnerAnswer::Undescribed,
        }
    }
}

/// A refusal, judged without regard to earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It explains itself.
    Explained(Failure),
    /// A rate limit; `least` is the least pause where no header gives one.
    Limit { least: Duration },
    /// It explains neither its reason nor its subject.
    Unexplained(u16),
}

/// GitHub's error document.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    block: Option<Block>,
}

#[derive(Default, Deserialize)]
struct Block {
    #[serde(default)]
    reason: Option<String>,
}

/// Judges an answer that is neither 200 nor 304.
pub(super) fn refusal(response: &HttpResponse, sent_token: bool) -> Refusal {
    let status = response.status;
    let document: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = String::from_utf8_lossy(&response.body[..response.body.len().min(4_096)]).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let item = |failure: ItemFailure| Refusal::Explained(Failure::Item(failure));
    let is_used_up = response.headers.get("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0");
    match status {
        404 | 410 => item(ItemFailure::NotFound),
        451 => {
            item(ItemFailure::Blocked { reason: reason(document.block).or_else(|| Some("legal reasons".to_owned())) })
        }
        403 if document.block.is_some()
            || says(&["access blocked", "dmca", "has been disabled", "access to this gist"]) =>
        {
            item(ItemFailure::Blocked { reason: reason(document.block) })
        }
        429 => Refusal::Limit { least: least_wait(&text) },
        401 if sent_token => Refusal::Explained(CallerFailure::TokenRefused.into()),
        401 | 403 if says(&LIMIT_WORDS) || is_used_up || response.retry_after().is_some() => {
            Refusal::Limit { least: least_wait(&text) }
        }
        403 if sent_token && says(&TOKEN_WORDS) => Refusal::Explained(CallerFailure::TokenRefused.into()),
        // They are about the gist, whatever the caller.
        400 | 405 | 406 | 409 | 411..=417 | 422 => item(ItemFailure::Refused { status }),
        408 | 425 | 500.. => Refusal::Explained(PassingFailure::Server(status).into()),
        300..=399 => Refusal::Explained(PassingFailure::Network(HttpError::Redirected).into()),
        _ => Refusal::Unexplained(status),
    }
}

fn reason(block: Option<Block>) -> Option<String> {
    let quoted = |text: String| text.chars().filter(|letter| !letter.is_control()).take(MAX_QUOTED_CHARS).collect();
    block?.reason.map(quoted)
}

fn least_wait(text: &str) -> Duration {
    if text.contains("few minutes") { A_FEW_MINUTES } else { Duration::ZERO }
}

/// Judges a failure to get an answer.
pub(super) fn silence(error: HttpError) -> Failure {
    match error {
        HttpError::TooLarge(most) => ItemFailure::TooLarge(most).into(),
        HttpError::AskedToWait(until) => CallerFailure::AskedToWait(until).into(),
        error => PassingFailure::Network(error).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, headers: &[(&str, &str)], body: &str, sent_token: bool) -> Refusal {
        let headers = headers.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        refusal(&HttpResponse { status, headers, body: body.as_bytes().to_vec() }, sent_token)
    }

    const BLOCKED: &str = r#"{"message":"Gist access blocked","block":{"reason":"tos","created_at":null}}"#;

    #[test]
    fn an_answer_about_one_gist_concerns_that_gist_whatever_its_status() {
        let left = ("x-ratelimit-remaining", "55");
        for (status, headers, body) in [
            (403, vec![left], BLOCKED),
            (403, vec![("x-ratelimit-remaining", "0")], BLOCKED),
            (403, vec![("retry-after", "60")], BLOCKED),
            (403, vec![], r#"{"block":{}}"#),
            (403, vec![], r#"{"message":"Gist access blocked"}"#),
            (403, vec![], "<html>Access to this gist has been disabled</html>"),
            (
                451,
                vec![left],
                r#"{"message":"Repository unavailable due to DMCA takedown.","block":{"reason":"dmca"}}"#,
            ),
            (451, vec![], ""),
            (404, vec![("x-ratelimit-remaining", "0")], "{}"),
            (410, vec![], ""),
            (422, vec![], r#"{"message":"No commit found for SHA: 00"}"#),
            (409, vec![], r#"{"message":"Git Repository is empty."}"#),
        ] {
            for sent_token in [true, false] {
                let judged = judged(status, &headers, body, sent_token);
                assert!(matches!(judged, Refusal::Explained(Failure::Item(_))), "{status} {body}: {judged:?}");
            }
        }
    }

    #[test]
    fn a_limit_is_recognised_by_header_status_or_words_in_any_form() {
        let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#;
        for (status, headers, body, least_secs) in [
            (403, vec![("x-ratelimit-remaining", "31")], secondary, 180),
            (403, vec![], r#"{"message":"API rate limit exceeded for 1.2.3.4."}"#, 0),
            (403, vec![("x-ratelimit-remaining", "0")], "{}", 0),
            (403, vec![("retry-after", "60")], "", 0),
            (403, vec![], "<html><h1>Whoa there!</h1>You have exceeded a secondary rate limit.</html>", 0),
            (403, vec![], "You have triggered an abuse detection mechanism.", 0),
            (429, vec![], "429: Too Many Requests", 0),
            (429, vec![], "<html>", 0),
        ] {
            let expected = Refusal::Limit { least: Duration::from_secs(least_secs) };
            assert_eq!(judged(status, &headers, body, false), expected, "{status} {body}");
            assert_eq!(judged(status, &headers, body, true), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_refused_token_is_about_the_token_only_if_one_was_sent() {
        for (status, body) in [
            (401, r#"{"message":"Bad credentials"}"#),
            (401, ""),
            (403, r#"{"message":"Resource not accessible by personal access token"}"#),
            (403, r#"{"message":"Resource protected by organization SAML enforcement."}"#),
        ] {
            let refused = Refusal::Explained(Failure::Caller(CallerFailure::TokenRefused));
            assert_eq!(judged(status, &[], body, true), refused, "{status} {body}");
            assert_eq!(judged(status, &[], body, false), Refusal::Unexplained(status), "{status} {body}");
        }
    }

    #[test]
    fn failing_servers_are_about_nobody_and_other_refusals_are_unexplained() {
        for status in [500, 502, 503, 504, 408] {
            let passing = Refusal::Explained(PassingFailure::Server(status).into());
            assert_eq!(judged(status, &[], "{}", true), passing);
        }
        for (status, body) in [(403, "{}"), (403, "<html>Forbidden</html>"), (402, ""), (418, ""), (407, "")] {
            assert_eq!(judged(status, &[], body, true), Refusal::Unexplained(status), "{status} {body}");
        }
    }

    #[test]
    fn a_token_is_advised_only_where_none_is_set() {
        let limited = |has_token| CallerFailure::RateLimited { wait: Duration::from_secs(60), has_token }.to_string();
        assert!(limited(false).contains("GITHUB_TOKEN"));
        assert!(!limited(true).contains("GITHUB_TOKEN"));
    }
}
