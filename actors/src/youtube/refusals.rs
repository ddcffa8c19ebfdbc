//! What YouTube's refusals mean, by `errors[].reason`, `details[]` and, where these are unclear, the message.

use crate::platform::BatchError;
use crate::ports::HttpResponse;
use serde_json::Value;

/// Reasons that say that the key itself will not do.
const KEY_REASONS: &[&str] = &["API_KEY_INVALID", "keyInvalid", "keyExpired", "API_KEY_EXPIRED", "CONSUMER_SUSPENDED"];

/// Reasons that say that the key may not ask this: the API is not switched on for it, or it is restricted. A key can be
/// good for one method and not for another.
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

/// What an error answer says.
struct Refusal {
    status: u16,
    reasons: Vec<String>,
    /// Of a limit: whether it is one of a day.
    is_daily: bool,
}

impl Refusal {
    fn read(response: &HttpResponse) -> Self {
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let error = &answer["error"];
        let entries = || [&error["errors"], &error["details"]].into_iter().filter_map(Value::as_array).flatten();
        let reasons = entries().filter_map(|entry| entry["reason"].as_str()).filter(|reason| is_reason(reason));
        let message = error["message"].as_str().unwrap_or_default().to_ascii_lowercase();
        let is_of_a_day = |metadata: &Value| {
            metadata["quota_unit"].as_str().is_some_and(|unit| unit.contains("/d/"))
                || metadata["quota_limit"].as_str().is_some_and(|limit| limit.contains("PerDay"))
        };
        let is_daily = message.contains("per day")
            || message.contains("daily limit")
            || entries().any(|entry| is_of_a_day(&entry["metadata"]));
        Self { status: response.status, reasons: reasons.map(str::to_owned).collect(), is_daily }
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
        self.status == 429 || self.status >= 500 || self.says(RATE_REASONS)
    }

    /// Not a word of the message: it may repeat the key.
    fn text(&self) -> String {
        let reason = self.reasons.first().map_or("without a reason", |reason| reason.as_str());
        format!("YouTube answered {} {reason}", self.status)
    }

    /// What is the same for every method.
    fn common(&self, response: &HttpResponse) -> Option<BatchError> {
        if self.is_quota() {
            return Some(BatchError::QuotaExhausted("YouTube says that the quota is used up for today".to_owned()));
        }
        if self.says(KEY_REASONS) {
            return Some(BatchError::KeyRefused("YouTube refuses the API key: check YOUTUBE_API_KEY".to_owned()));
        }
        self.is_passing().then(|| BatchError::Passing { error: self.text(), retry_after: response.retry_after() })
    }
}

/// Whether a text is a word such as reasons are: a key has digits, and no reason has.
fn is_reason(text: &str) -> bool {
    const LONGEST: usize = 60;
    text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// A refusal of `videos.list`.
pub(super) fn of_list(response: &HttpResponse) -> BatchError {
    let refusal = Refusal::read(response);
    if let Some(error) = refusal.common(response) {
        return error;
    }
    if refusal.says(ACCESS_REASONS) {
        let error =
            "YouTube refuses the API key: the YouTube Data API v3 is not switched on for it, or it is restricted";
        return BatchError::KeyRefused(error.to_owned());
    }
    BatchError::Lasting(refusal.text())
}

/// A refusal of `videos.batchGetStats`: whatever concerns neither a limit nor the key itself says that this method is
/// not to be had, and that everything is to be asked for instead.
pub(super) fn of_stats(response: &HttpResponse) -> BatchError {
    let refusal = Refusal::read(response);
    refusal.common(response).unwrap_or_else(|| BatchError::MethodMissing(format!("batchGetStats: {}", refusal.text())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn response(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Default::default(), body: body.into() }
    }

    /// What `videos.list` and `batchGetStats` make of a refusal, by the names of the errors.
    #[track_caller]
    fn check(status: u16, body: &Value, list: &str, stats: &str) {
        let name = |error: BatchError| format!("{error:?}").split([' ', '(']).next().unwrap_or_default().to_owned();
        let response = response(status, &body.to_string());
        assert_eq!(name(of_list(&response)), list, "videos.list, {status} {body}");
        assert_eq!(name(of_stats(&response)), stats, "batchGetStats, {status} {body}");
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
    fn what_concerns_the_method_alone_sends_to_the_other_one() {
        check(404, &json!({}), "Lasting", "MethodMissing");
        check(400, &reason("invalidFilters"), "Lasting", "MethodMissing");
        check(400, &reason("unknownPart"), "Lasting", "MethodMissing");
        check(401, &reason("required"), "Lasting", "MethodMissing");
        check(403, &reason("forbidden"), "Lasting", "MethodMissing");
        check(403, &reason("insufficientPermissions"), "Lasting", "MethodMissing");
    }

    #[test]
    fn no_error_repeats_what_the_answer_says_of_the_key() {
        for reason in ["AIzaSyD3m0", "AIzaSyD3m0\u{1b}[31m", "x"] {
            let error = json!({ "error": { "message": "bad key AIzaSyD3m0", "errors": [{ "reason": reason }] } });
            let response = response(400, &error.to_string());
            for error in [of_list(&response), of_stats(&response)] {
                assert!(!error.to_string().contains("AIzaSyD3m0"), "{error}");
            }
        }
    }
}
