//! SightEngine (`GET /1.0/check.json`): examines pictures, for the checks of AI and of illicit content.
//!
//! One request per picture, with the models that the questions need. Whether a video is AI-generated is decided by the median of its
//! pictures, so that neither one title card nor one generated frame decides; whether it is illicit, by the worst picture. If any
//! picture of an item is not examined, there is no verdict.

use super::{Answer, Case, Detector, DetectorError, MAX_ANSWER_BYTES, Terms, Unexamined, permille};
use crate::outbound::address::address;
use crate::outbound::json_parts::some_members;
use crate::outbound::{Outbound, Timing};
use crate::ports::{Credential, HttpRequest, HttpResponse};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::verification::{CERTAIN, Check, Provider};
use url::Url;

/// Its name in errors.
const NAME: &str = "SightEngine";

/// Each check with its models, and where their answers are.
const MODELS: [(Check, &str, &[[&str; 2]]); 2] = [
    (Check::Ai, "genai", &[["type", "ai_generated"]]),
    (
        Check::Illicit,
        "nudity-2.1,gore-2.0,violence",
        &[["nudity", "sexual_activity"], ["nudity", "sexual_display"], ["gore", "prob"], ["violence", "prob"]],
    ),
];

/// What is read of an answer.
const ANSWER_FIELDS: [&str; 6] = ["status", "error", "type", "nudity", "gore", "violence"];

/// The service's settings.
pub struct SightEngine {
    /// `sightengine.api_url`.
    pub api_url: Url,
    /// `SIGHTENGINE_API_USER`.
    pub api_user: SecretString,
    /// `SIGHTENGINE_API_SECRET`.
    pub api_secret: SecretString,
    /// Bounds of its requests.
    pub terms: Terms,
}

#[async_trait]
impl Detector for SightEngine {
    fn id(&self) -> Provider {
        Provider::Sightengine
    }

    fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn requests(&self, case: &Case) -> u64 {
        case.frames.len() as u64
    }

    async fn examine(&self, outbound: &Outbound, case: &Case, until: Duration) -> Result<Vec<Answer>, Unexamined> {
        let wanted: Vec<_> = MODELS.into_iter().filter(|(check, ..)| case.asks(*check)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        if case.frames.is_empty() {
            return Err(DetectorError::Lasting(format!("{NAME}: the platform shows no picture of the content")).into());
        }
        let models = wanted.iter().map(|(_, models, _)| *models).collect::<Vec<_>>().join(",");
        let mut pictures = Vec::with_capacity(case.frames.len());
        for frame in &case.frames {
            let picture = self.ask(outbound, frame, &models, until).await;
            pictures.push(picture.map_err(|error| error.after(pictures.len()))?);
        }
        let answers = wanted.into_iter().map(|(check, models, places)| answer(check, models, places, &pictures));
        let answers: Result<Vec<Answer>, DetectorError> = answers.collect();
        answers.map_err(|error| Unexamined { error, sent_requests: pictures.len() as u64 })
    }
}

impl SightEngine {
    async fn ask(
        &self,
        outbound: &Outbound,
        frame: &Url,
        models: &str,
        until: Duration,
    ) -> Result<Value, DetectorError> {
        let mut url = address(&self.api_url, &["1.0", "check.json"])
            .map_err(|error| DetectorError::Lasting(error.to_string()))?;
        url.query_pairs_mut().append_pair("url", frame.as_str()).append_pair("models", models);
        let mut request = HttpRequest::get(url, self.terms.deadline, MAX_ANSWER_BYTES);
        let secrets = vec![("api_user", self.api_user.clone()), ("api_secret", self.api_secret.clone())];
        request.credential = Some(Credential::Queries(secrets));
        let response = outbound.send_within(request, Timing::until(until)).await;
        let response = response.map_err(|error| DetectorError::of_http(NAME, &error))?;
        let answer = Value::from(some_members(&response.body, &ANSWER_FIELDS).unwrap_or_default());
        match (response.status, answer["status"].as_str()) {
            (200, Some("success")) => Ok(answer),
            _ => Err(refusal(&response, &answer)),
        }
    }
}

fn answer(check: Check, models: &str, places: &[[&str; 2]], pictures: &[Value]) -> Result<Answer, DetectorError> {
    let not_understood = || DetectorError::passing(format!("{NAME}'s answer lacks the scores that were asked for"));
    let mut scores = BTreeMap::new();
    let mut breaches = Vec::with_capacity(pictures.len());
    for (number, picture) in (1..).zip(pictures) {
        let mut worst = 0;
        for [class, name] in places {
            let score = picture[*class][*name].as_f64().and_then(permille).ok_or_else(not_understood)?;
            scores.insert(format!("{name} ({class}) in picture {number}"), score);
            worst = score.max(worst);
        }
        breaches.push(if check == Check::Ai { CERTAIN - worst } else { worst });
    }
    breaches.sort_unstable();
    let deciding = if check == Check::Ai { breaches.get(breaches.len() / 2) } else { breaches.last() };
    let breach_permille = *deciding.ok_or_else(not_understood)?;
    Ok(Answer { check, task_id: None, model: models.to_owned(), breach_permille, scores, words: None })
}

/// By `error.type`, as documented. The message is not quoted: it may repeat what was sent.
fn refusal(response: &HttpResponse, answer: &Value) -> DetectorError {
    /// What `argument_error` says with this code: user or secret are wrong.
    const WRONG_CREDENTIALS: i64 = 1;
    let (kind, code) = (answer["error"]["type"].as_str().unwrap_or_default(), answer["error"]["code"].as_i64());
    let error = |kind: &str| format!("{NAME} answered {} {kind}", response.status);
    match (response.status, kind) {
        (_, "usage_limit") => DetectorError::QuotaExhausted(error("usage_limit")),
        (_, "credentials_error" | "plan_error") => {
            let error = error("credentials_error");
            DetectorError::KeyRefused(format!(
                "{error}: check SIGHTENGINE_API_USER, SIGHTENGINE_API_SECRET and the plan"
            ))
        }
        (_, "argument_error") if code == Some(WRONG_CREDENTIALS) => {
            let error = error("argument_error");
            DetectorError::KeyRefused(format!("{error}: check SIGHTENGINE_API_USER and SIGHTENGINE_API_SECRET"))
        }
        (_, "media_error") => DetectorError::Lasting(error("media_error")),
        (401 | 403, _) => DetectorError::KeyRefused(error("without a known type")),
        (400 | 404..=428, _) => DetectorError::Lasting(error("without a known type")),
        _ => DetectorError::Passing { error: error("without a known type"), retry_after: response.retry_after() },
    }
}
