//! Faults that change the content of a correct answer, as opposed to how it is sent.

use actix_web::web::Bytes;
use serde_json::{Value, json};

use super::exchange::{Answer, PlatformApi};
use super::faults::Fault;

/// The error page of a failing proxy in front of an API.
const HTML: &str =
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>";

/// The answer as this fault leaves it. Faults of the connection change nothing here.
pub(crate) fn spoilt(platform: &dyn PlatformApi, fault: &Fault, answer: Answer) -> Answer {
    match fault {
        Fault::Status { status, retry_after_secs } => {
            let answer = platform.error(*status);
            match retry_after_secs {
                Some(seconds) => answer.with("Retry-After", seconds),
                None => answer,
            }
        }
        Fault::Refusal { status, content_type, body } => Answer::bytes(*status, content_type, *body),
        Fault::QuotaExceeded => platform.quota_exceeded(),
        Fault::Html => Answer::bytes(200, "text/html; charset=utf-8", HTML),
        Fault::TruncatedJson => {
            let half = answer.body.len() / 2;
            Answer { body: answer.body.slice(..half), ..answer }
        }
        Fault::WrongTypes => rewritten(answer, wrong_types),
        Fault::MissingFields(names) => rewritten(answer, |document| without(document, names)),
        Fault::Body(body) => Answer::bytes(200, "application/json; charset=utf-8", body.clone()),
        Fault::Redirect(location) => Answer::empty(302).with("Location", location),
        Fault::Latency(_)
        | Fault::Hang
        | Fault::Reset
        | Fault::SlowDrip { .. }
        | Fault::EndlessBody
        | Fault::CutBody => answer,
    }
}

fn rewritten(answer: Answer, rewrite: impl FnOnce(Value) -> Value) -> Answer {
    let document = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    Answer { body: Bytes::from(rewrite(document).to_string()), ..answer }
}

fn wrong_types(value: Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(_) => json!("perhaps"),
        Value::Number(_) => json!("not a number"),
        Value::String(text) => json!(text.len()),
        Value::Array(items) => items.into_iter().map(wrong_types).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, wrong_types(value))).collect(),
    }
}

fn without(value: Value, names: &[String]) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| without(item, names)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| !names.contains(name))
            .map(|(name, value)| (name, without(value, names)))
            .collect(),
        leaf => leaf,
    }
}
