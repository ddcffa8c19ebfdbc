//! What YouTube's error answers mean, by `errors[].reason`, `details[]` and, where these are unclear, the message.
//!
//! No list of reasons is complete. A rejection (4xx) that is no limit and is in no list concerns the key that met it
//! until another key meets it too.

use crate::platforms::{BatchError, KeyRefusal, key_name, shown_words};
use crate::ports::HttpResponse;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Reasons that say that the key itself is not valid.
const KEY_REASONS: &[&str] = &[
    "API_KEY_INVALID",
    "API_KEY_EXPIRED",
    "CONSUMER_INVALID",
    "CONSUMER_SUSPENDED",
    "BILLING_DISABLED",
    "keyInvalid",
    "keyExpired",
];

/// Reasons that say that the key may not be used for this: the API is not enabled for it, or it is restricted. A key
/// can be valid for one method and not for another.
const ACCESS_REASONS: &[&str] = &[
    "accessNotConfigured",
    "SERVICE_DISABLED",
    "API_KEY_SERVICE_BLOCKED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "API_KEY_ANDROID_APP_BLOCKED",
    "API_KEY_IOS_APP_BLOCKED",
    "ipRefererBlocked",
];

/// Reasons that always mean the day's quota.
const DAY_REASONS: &[&str] = &["quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"];

/// Reasons that mean a rate, or the day's quota in disguise.
const RATE_REASONS: &[&str] = &["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"];

/// The contents of an error answer.
struct Refusal {
    status: u16,
    reasons: Vec<String>,
    /// Google's own words, without secrets.
    words: String,
    /// The name of the key in the ledger.
    key: String,
    /// For a limit: whether it is a daily one.
    is_daily: bool,
}

impl Refusal {
    fn read(response: &HttpResponse, key: Option<&SecretString>) -> Self {
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let error = &answer["error"];
        let entries = || [&error["errors"], &error["details"]].into_iter().filter_map(Value::as_array).flatten();
        let reasons = entries().filter_map(|entry| entry["reason"].as_str()).filter(|reason| is_reason(reason));
        let message = error["message"].as_str().unwrap_or_default();
        let is_of_a_day = |metadata: &Value| {
            metadata["quota_unit"].as_str().is_some_and(|unit| unit.contains("/d/"))
                || metadata["quota_limit"].as_str().is_some_and(|limit| limit.contains("PerDay"))
        };
        let lower = message.to_ascii_lowercase();
        let is_daily = lower.contains("per day")
            || lower.contains("daily limit")
            || entries().any(|entry| is_of_a_day(&entry["metadata"]));
        Self {
            status: response.status,
            reasons: reasons.map(str::to_owned).collect(),
            words: shown_words(message, key.map_or("", |key| key.expose_secret())),
            key: key.map_or_else(|| "none".to_owned(), key_name),
            is_daily,
        }
    }

    fn says(&self, known: &[&str]) -> bool {
        self.reasons.iter().any(|reason| known.contains(&reason.as_str()))
    }

    /// `rateLimitExceeded` may also mean the daily limit; only the message and the details tell.
    fn is_quota(&self) -> bool {
        let is_limit = self.says(RATE_REASONS) || self.status == 429;
        self.says(DAY_REASONS) || (is_limit && self.is_daily)
    }

    fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..) || self.says(RATE_REASONS)
    }

    /// Status, reasons and words, as far as they are there.
    fn text(&self) -> String {
        let reasons = if self.reasons.is_empty() { "without a reason".to_owned() } else { self.reasons.join(", ") };
        let words = if self.words.is_empty() { String::new() } else { format!(": \"{}\"", self.words) };
        format!("{} {reasons}{words}", self.status)
    }

    /// As a rejection of the key, with what to do about it.
    fn of_key(&self, advice: &str) -> KeyRefusal {
        KeyRefusal {
            words: format!("YouTube rejected API key {}: {}{advice}", self.key, self.text()),
            sign: format!("{} {}", self.status, self.reasons.join(" ")),
            is_certain: !advice.is_empty(),
        }
    }

    /// What is the same for all methods.
    fn common(&self, response: &HttpResponse) -> Option<BatchError> {
        if self.is_quota() {
            return Some(BatchError::QuotaExhausted("YouTube reports that today's quota is used up".to_owned()));
        }
        if self.says(KEY_REASONS) {
            return Some(BatchError::KeyRefused(self.of_key(". Check YOUTUBE_API_KEY")));
        }
        let error = || format!("YouTube answered {}", self.text());
        self.is_passing().then(|| BatchError::Passing { error: error(), retry_after: response.retry_after() })
    }
}

/// Whether a text looks like a reason: a key has digits, and reasons hardly ever have.
fn is_reason(text: &str) -> bool {
    const LONGEST: usize = 60;
    text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// An error answer of `videos.list`.
pub(super) fn of_list(response: &HttpResponse, key: Option<&SecretString>) -> BatchError {
    let refusal = Refusal::read(response, key);
    if let Some(error) = refusal.common(response) {
        return error;
    }
    if refusal.says(ACCESS_REASONS) {
        let advice = ". Enable the YouTube Data API v3 for it in Google's console, and check its restrictions";
        return BatchError::KeyRefused(refusal.of_key(advice));
    }
    match response.status {
        400.. => BatchError::KeyRefused(refusal.of_key("")),
        _ => BatchError::Lasting(format!("YouTube answered {}", refusal.text())),
    }
}

/// An error answer of `videos.batchGetStats`: anything that concerns neither a limit nor the key itself means that
/// this method is not available for this key, and that everything is to be requested instead.
pub(super) fn of_stats(response: &HttpResponse, key: Option<&SecretString>) -> BatchError {
    let refusal = Refusal::read(response, key);
    refusal.common(response).unwrap_or_else(|| BatchError::MethodMissing(refusal.of_key("")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Default::default(), body: body.into() }
    }

    /// Checks what `videos.list` and `batchGetStats` make of an error answer, by the names of the errors.
    #[track_caller]
    fn check(status: u16, body: &Value, list: &str, stats: &str) {
        let name = |error: BatchError| format!("{error:?}").split([' ', '(']).next().unwrap_or_default().to_owned();
        let response = response(status, &body.to_string());
        assert_eq!(name(of_list(&response, None)), list, "videos.list, {status} {body}");
        assert_eq!(name(of_stats(&response, None)), stats, "batchGetStats, {status} {body}");
    }

    fn reason(reason: &str) -> Value {
        json!({ "error": { "errors": [{ "reason": reason, "domain": "youtube.quota" }] } })
    }

    fn limit(reason: &str, message: &str) -> Value {
        json!({ "error": { "message": message, "status": "RESOURCE_EXHAUSTED", "errors": [{ "reason": reason }] } })
    }

    #[test]
    fn a_used_up_quota_is_known_in_every_form() {
        for name in ["quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"] {
            check(403, &reason(name), "QuotaExhausted", "QuotaExhausted");
        }
        for message in [
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per day' of service 'youtube.googleapis.com' \
             for consumer 'project_number:1'.",
            "Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT).",
            "Daily Limit for Unauthenticated Use Exceeded. Continued use requires signup.",
        ] {
            check(403, &limit("rateLimitExceeded", message), "QuotaExhausted", "QuotaExhausted");
            check(429, &limit("rateLimitExceeded", message), "QuotaExhausted", "QuotaExhausted");
        }
        let details = |metadata: Value| {
            json!({ "error": { "message": "Quota exceeded.", "errors": [{ "reason": "rateLimitExceeded" }],
                "details": [{ "reason": "RATE_LIMIT_EXCEEDED", "metadata": metadata }] } })
        };
        check(429, &details(json!({ "quota_unit": "1/d/{project}" })), "QuotaExhausted", "QuotaExhausted");
        check(429, &details(json!({ "quota_limit": "defaultPerDayPerProject" })), "QuotaExhausted", "QuotaExhausted");
        check(429, &details(json!({ "quota_unit": "1/min/{project}" })), "Passing", "Passing");
    }

    #[test]
    fn a_rate_limit_passes() {
        for message in [
            "slow down",
            "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service 'youtube.googleapis.com'.",
            "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota.",
        ] {
            check(403, &limit("rateLimitExceeded", message), "Passing", "Passing");
            check(403, &limit("userRateLimitExceeded", message), "Passing", "Passing");
        }
        check(429, &json!({}), "Passing", "Passing");
        check(503, &json!("<html>"), "Passing", "Passing");
    }

    #[test]
    fn a_bad_key_is_told_from_a_key_that_may_not_ask_this() {
        check(400, &json!({ "error": { "details": [{ "reason": "API_KEY_INVALID" }] } }), "KeyRefused", "KeyRefused");
        check(400, &reason("keyInvalid"), "KeyRefused", "KeyRefused");
        check(403, &reason("accessNotConfigured"), "KeyRefused", "MethodMissing");
        let blocked = json!({ "error": { "details": [{ "reason": "API_KEY_SERVICE_BLOCKED" }] } });
        check(403, &blocked, "KeyRefused", "MethodMissing");
    }

    #[test]
    fn a_refusal_that_no_list_knows_may_be_for_the_keys_sake_and_is_not_certain() {
        for (status, name) in [
            (404, ""),
            (410, ""),
            (418, "teapot"),
            (400, "invalidFilters"),
            (401, "required"),
            (403, "forbidden"),
            (403, "aReasonOfTomorrow"),
        ] {
            check(status, &reason(name), "KeyRefused", "MethodMissing");
            let BatchError::KeyRefused(refusal) = of_list(&response(status, &reason(name).to_string()), None) else {
                panic!("of the key")
            };
            assert!(!refusal.is_certain, "{refusal:?}");
        }
        check(302, &json!("<html>"), "Lasting", "MethodMissing");
    }

    #[test]
    fn a_refusal_names_the_key_as_the_ledger_does_with_googles_words() {
        let key = SecretString::from("my-own-key");
        let message = "Permission denied: Consumer 'api_key:my-own-key' has been suspended.";
        let body = json!({ "error": { "message": message, "details": [{ "reason": "CONSUMER_INVALID" }] } });
        let text = of_list(&response(403, &body.to_string()), Some(&key)).to_string();
        let expected = format!(
            "YouTube rejected API key {}: 403 CONSUMER_INVALID: \"Permission denied: Consumer 'api_key:<key>' has been \
             suspended.\". Check YOUTUBE_API_KEY",
            key_name(&key)
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn no_error_repeats_what_the_answer_says_of_the_key() {
        for reason in ["AIzaSyD3m0", "AIzaSyD3m0\u{1b}[31m", "x"] {
            let error = json!({ "error": { "message": "bad key AIzaSyD3m0", "errors": [{ "reason": reason }] } });
            let response = response(400, &error.to_string());
            for error in [of_list(&response, None), of_stats(&response, None)] {
                assert!(!error.to_string().contains("AIzaSyD3m0"), "{error}");
            }
        }
    }
}
