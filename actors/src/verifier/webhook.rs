//! A plain webhook: the operator's own detector, asked one question at a time.
//!
//! `POST` to the configured address with `{"check": "ai"|"illicit"|"topic", "content": {…}, "task": {…}|null}`; the answer is
//! `{"verdict": "pass"|"fail"|"unknown", "confidence": 0…1, "evidence": …}`. `fail` means that the rule is broken. An
//! answer of `unknown`, or one that is not understood, is no verdict.

use super::{
    Answer, Case, CaseQuestion, Detector, DetectorError, MAX_ANSWER_BYTES, Terms, Unexamined, bounded_words, permille,
};
use crate::outbound::json_parts::some_members;
use crate::outbound::{Outbound, Timing};
use crate::ports::{Credential, HttpRequest, HttpResponse, Method};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::verification::{CERTAIN, Provider};
use url::Url;

/// Its name in errors.
const NAME: &str = "the webhook";

/// The webhook's settings.
pub struct Webhook {
    /// `webhook.url`.
    pub url: Url,
    /// `WEBHOOK_TOKEN`.
    pub token: Option<SecretString>,
    /// Bounds of its requests.
    pub terms: Terms,
}

#[async_trait]
impl Detector for Webhook {
    fn id(&self) -> Provider {
        Provider::Webhook
    }

    fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn requests(&self, case: &Case) -> u64 {
        case.questions.len() as u64
    }

    async fn examine(&self, outbound: &Outbound, case: &Case, until: Duration) -> Result<Vec<Answer>, Unexamined> {
        let mut answers = Vec::with_capacity(case.questions.len());
        for (sent, question) in case.questions.iter().enumerate() {
            let mut request = HttpRequest::get(self.url.clone(), self.terms.deadline, MAX_ANSWER_BYTES);
            request.method = Method::Post;
            request.credential = self.token.clone().map(Credential::Bearer);
            request.body = Some(body(case, question).to_string());
            let response = outbound.send_within(request, Timing::until(until)).await;
            let response = response.map_err(|error| DetectorError::of_http(NAME, &error).after(sent))?;
            answers.extend(read(&response, question).map_err(|error| error.after(sent))?);
        }
        Ok(answers)
    }
}

fn body(case: &Case, question: &CaseQuestion) -> Value {
    let (title, description) = case.text.split_once('\n').unwrap_or((&case.text, ""));
    let frames: Vec<&str> = case.frames.iter().map(Url::as_str).collect();
    json!({
        "check": question.check,
        "content": {
            "platform": case.content.platform().name(),
            "id": case.content.as_str(),
            "title": title,
            "description": description,
            "duration_secs": case.duration_secs,
            "frames": frames,
        },
        "task": question.task.as_ref().map(|(id, description)| json!({ "id": id, "description": description })),
    })
}

/// Reads an answer; nothing for one that says that it does not know.
fn read(response: &HttpResponse, question: &CaseQuestion) -> Result<Option<Answer>, DetectorError> {
    if response.status != 200 {
        return Err(refusal(response));
    }
    let not_understood = || DetectorError::passing(format!("{NAME}'s answer is not a verdict with a confidence"));
    let answer = some_members(&response.body, &["verdict", "confidence", "evidence", "model"]);
    let answer = Value::from(answer.ok_or_else(not_understood)?);
    let verdict = answer["verdict"].as_str().ok_or_else(not_understood)?;
    if verdict == "unknown" {
        return Ok(None);
    }
    let confidence = answer["confidence"].as_f64().and_then(permille).ok_or_else(not_understood)?;
    let breach_permille = match verdict {
        "fail" => confidence,
        // Confidence in a pass is the complement of the certainty of a breach, and never indicates a breach.
        "pass" => (CERTAIN - confidence).min(CERTAIN / 2),
        _ => return Err(not_understood()),
    };
    let words = match &answer["evidence"] {
        Value::Null => None,
        Value::String(text) => bounded_words(text),
        other => bounded_words(&other.to_string()),
    };
    Ok(Some(Answer {
        check: question.check,
        task_id: question.task.as_ref().map(|(id, _)| id.clone()),
        model: answer["model"].as_str().and_then(bounded_words).unwrap_or_else(|| "webhook".to_owned()),
        breach_permille,
        scores: BTreeMap::from([(format!("{verdict} confidence"), confidence)]),
        words,
    }))
}

fn refusal(response: &HttpResponse) -> DetectorError {
    let error = format!("{NAME} answered {}", response.status);
    match response.status {
        401 | 403 => DetectorError::KeyRefused(format!("{error}: check WEBHOOK_TOKEN")),
        429 | 500.. => DetectorError::Passing { error, retry_after: response.retry_after() },
        _ => DetectorError::Lasting(error),
    }
}
