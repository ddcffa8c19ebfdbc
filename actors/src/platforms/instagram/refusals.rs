//! What Apify's refusals to start a run mean, by `error.type` and, where that is unclear, `error.message`.
//!
//! A refusal starts nothing and costs nothing. Only one that mentions the account's usage is about money.

use crate::platforms::{BatchError, KeyRefusal, key_name, shown_words};
use crate::ports::HttpResponse;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Parts of types that mean "try later": other runs use up the memory, or there are too many of them.
const PASSING: [&str; 5] = ["memory", "concurren", "rate-limit", "too-many", "overload"];

/// Parts of types and messages that say that the account's usage is at its limit.
const USAGE: [&str; 6] =
    ["usage-limit", "usage limit", "hard limit", "not-enough-usage", "monthly-usage", "monthly usage"];

/// Types that say that the token is the reason.
const OF_TOKEN: [&str; 3] = ["user-or-token-not-found", "invalid-token", "token-not-provided"];

/// The error of a start that was refused with a status of 400 to 499.
pub(super) fn of_start(response: &HttpResponse, token: Option<&SecretString>) -> BatchError {
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let secret = token.map_or("", |token| token.expose_secret());
    let field = |name: &str| shown_words(answer["error"][name].as_str().unwrap_or_default(), secret);
    let (kind, message) = (field("type"), field("message"));
    let holds = |pieces: &[&str], text: &str| pieces.iter().any(|piece| text.contains(piece));
    let said = said(response.status, &kind, &message);
    let lower = message.to_ascii_lowercase();
    if response.status == 429 || holds(&PASSING, &kind) {
        let error = format!("Apify starts no run at the moment: {said}");
        return BatchError::Passing { error, retry_after: response.retry_after() };
    }
    if response.status == 402 && kind.is_empty() && message.is_empty() {
        return BatchError::Unfunded("Apify answered 402 (payment required) and gives no reason".to_owned());
    }
    if holds(&USAGE, &kind) || holds(&USAGE, &lower) {
        return BatchError::Unfunded(format!("the usage limit of the Apify account is reached: {said}"));
    }
    let is_certain = response.status == 401 || OF_TOKEN.contains(&kind.as_str());
    let key = token.map_or_else(|| "none".to_owned(), key_name);
    let advice = if is_certain { ". Check APIFY_API_KEY" } else { "" };
    let words = format!("Apify refuses to start a run with token {key}: {said}{advice}");
    BatchError::KeyRefused(KeyRefusal { words, sign: format!("{} {kind}", response.status), is_certain })
}

/// Status, type and message, as far as they are there.
fn said(status: u16, kind: &str, message: &str) -> String {
    let kind = if kind.is_empty() { String::new() } else { format!(" {kind}") };
    let message = if message.is_empty() { String::new() } else { format!(": \"{message}\"") };
    format!("{status}{kind}{message}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_about_money_only_if_it_names_usage_of_our_own() {
        for (status, kind, message, expected) in [
            (402, "actor-memory-limit-exceeded", "exceed the memory limit", "Passing"),
            (403, "max-concurrent-runs-exceeded", "", "Passing"),
            (429, "rate-limit-exceeded", "", "Passing"),
            (402, "not-enough-usage-to-run-paid-actor", "", "Unfunded"),
            (402, "", "", "Unfunded"),
            (403, "platform-feature-disabled", "Monthly usage hard limit exceeded", "Unfunded"),
            (402, "new-type", "Read our blog", "KeyRefused"),
            (401, "user-or-token-not-found", "", "KeyRefused"),
            (403, "insufficient-permissions", "no", "KeyRefused"),
            (404, "record-not-found", "Actor was not found", "KeyRefused"),
            (400, "invalid-input", "no field", "KeyRefused"),
        ] {
            let body = json!({ "error": { "type": kind, "message": format!("{message} s3cr3t") } });
            let body = if message.is_empty() { json!({ "error": { "type": kind } }) } else { body };
            let response = HttpResponse { status, headers: Default::default(), body: body.to_string().into() };
            let error = of_start(&response, Some(&SecretString::from("s3cr3t")));
            assert!(format!("{error:?}").starts_with(expected), "{status} {kind}: {error:?}");
            assert!(error.to_string().contains(kind) && !error.to_string().contains("s3cr3t"), "{error}");
        }
    }
}
