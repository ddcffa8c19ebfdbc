//! OpenAI's moderation (`POST /v1/moderations`, model `omni-moderation-latest`): texts and pictures, for the check of
//! illicit content. It does not check whether an item is AI-generated.
//!
//! A request takes one picture; the text goes with the first. Of all categories of all requests the highest score counts.

use super::{Answer, Case, Detector, DetectorError, MAX_ANSWER_BYTES, MAX_SCORES, Terms, Unexamined, permille};
use crate::outbound::address::address;
use crate::outbound::json_parts::{decoded, elements, members, some_members};
use crate::outbound::{Outbound, Timing};
use crate::ports::{Credential, HttpRequest, HttpResponse, Method};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::verification::{Check, Provider};
use url::Url;

/// The model that is asked.
const MODEL: &str = "omni-moderation-latest";

/// Its name in errors.
const NAME: &str = "OpenAI's moderation";

/// The service's settings.
pub struct OpenAi {
    /// `openai.api_url`.
    pub api_url: Url,
    /// `OPENAI_API_KEY`.
    pub api_key: SecretString,
    /// Bounds of its requests.
    pub terms: Terms,
}

/// What one answer says.
struct Scores {
    model: String,
    by_category: BTreeMap<String, u16>,
}

#[async_trait]
impl Detector for OpenAi {
    fn id(&self) -> Provider {
        Provider::Openai
    }

    fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn requests(&self, case: &Case) -> u64 {
        inputs(case).len() as u64
    }

    async fn examine(&self, outbound: &Outbound, case: &Case, until: Duration) -> Result<Vec<Answer>, Unexamined> {
        if !case.asks(Check::Illicit) {
            return Ok(Vec::new());
        }
        let mut scores = BTreeMap::new();
        let mut model = MODEL.to_owned();
        for (sent, input) in inputs(case).iter().enumerate() {
            let answered = self.ask(outbound, input, until).await.map_err(|error| error.after(sent))?;
            model = answered.model;
            for (category, score) in answered.by_category {
                let highest = scores.entry(category).or_insert(score);
                *highest = score.max(*highest);
            }
        }
        let Some(breach_permille) = scores.values().copied().max() else {
            return Err(DetectorError::Lasting(format!("{NAME} has nothing to examine: no text and no picture")).into());
        };
        let check = Check::Illicit;
        Ok(vec![Answer { check, task_id: None, model, breach_permille, scores, words: None }])
    }
}

impl OpenAi {
    async fn ask(&self, outbound: &Outbound, input: &Value, until: Duration) -> Result<Scores, DetectorError> {
        let url = address(&self.api_url, &["v1", "moderations"])
            .map_err(|error| DetectorError::Lasting(error.to_string()))?;
        let mut request = HttpRequest::get(url, self.terms.deadline, MAX_ANSWER_BYTES);
        request.method = Method::Post;
        request.credential = Some(Credential::Bearer(self.api_key.clone()));
        request.body = Some(json!({ "model": MODEL, "input": input }).to_string());
        let response = outbound.send_within(request, Timing::until(until)).await;
        let response = response.map_err(|error| DetectorError::of_http(NAME, &error))?;
        match response.status {
            200 => read(&response.body),
            _ => Err(refusal(&response)),
        }
    }
}

/// The inputs of the requests that a case takes.
fn inputs(case: &Case) -> Vec<Value> {
    let text = (!case.text.trim().is_empty()).then(|| json!({ "type": "text", "text": case.text }));
    let mut pictures =
        case.frames.iter().map(|frame| json!({ "type": "image_url", "image_url": { "url": frame.as_str() } }));
    let first: Vec<Value> = text.into_iter().chain(pictures.next()).collect();
    let first = (!first.is_empty()).then_some(Value::Array(first));
    first.into_iter().chain(pictures.map(|picture| Value::Array(vec![picture]))).collect()
}

fn read(body: &[u8]) -> Result<Scores, DetectorError> {
    let not_understood = || DetectorError::passing(format!("{NAME}'s answer is not a list of scores"));
    let answer =
        members(body).ok_or_else(not_understood)?.collect::<Result<Vec<_>, _>>().map_err(|_| not_understood())?;
    let field = |name| answer.iter().find(|part| part.is(name)).map(|part| part.value);
    let results = field("results").and_then(elements).ok_or_else(not_understood)?;
    let mut by_category = BTreeMap::new();
    // All results are of one case, and the highest score counts: if one is missing, there is no verdict.
    for result in results {
        let result = result.map_err(|_| not_understood())?.value;
        let scores = some_members(result, &["category_scores"]).unwrap_or_default().remove("category_scores");
        let scores = scores.as_ref().and_then(Value::as_object).filter(|scores| !scores.is_empty());
        for (category, score) in scores.ok_or_else(not_understood)? {
            let score = score.as_f64().and_then(permille).ok_or_else(not_understood)?;
            let highest = by_category.entry(category.clone()).or_insert(score);
            *highest = score.max(*highest);
        }
    }
    if by_category.is_empty() || by_category.len() > MAX_SCORES {
        return Err(not_understood());
    }
    let model = field("model").and_then(decoded);
    let model =
        model.as_ref().and_then(Value::as_str).and_then(super::bounded_words).unwrap_or_else(|| MODEL.to_owned());
    Ok(Scores { model, by_category })
}

/// The message is not quoted: it may repeat the key.
fn refusal(response: &HttpResponse) -> DetectorError {
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = answer["error"]["code"].as_str().or_else(|| answer["error"]["type"].as_str()).unwrap_or_default();
    let error = format!("{NAME} answered {}", response.status);
    match response.status {
        401 | 403 => DetectorError::KeyRefused(format!("{error}: check OPENAI_API_KEY")),
        429 if code == "insufficient_quota" => DetectorError::QuotaExhausted(format!("{error}: quota used up")),
        429 | 500.. => DetectorError::Passing { error, retry_after: response.retry_after() },
        _ => DetectorError::Lasting(error),
    }
}
