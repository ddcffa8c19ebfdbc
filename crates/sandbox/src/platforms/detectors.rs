//! The detectors that a validator may ask about contents: SightEngine, OpenAI's moderation, and a webhook.
//!
//! Each reads what the world's contents really are (`is_ai`, `is_illicit`) and answers in its documented format, with a
//! confidence that follows from the content id. An image that is not on the platform's own servers cannot be fetched.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::counters::Counters;
use super::exchange::{Answer, PlatformApi, Request, UNKNOWN_ROUTE};
use crate::world::{Content, Platform, WorldHandle};

/// The start of keys that are refused.
const INVALID_PREFIX: &str = "invalid";

/// The route of SightEngine.
pub const CHECK: &str = "check";
/// The route of OpenAI's moderation.
pub const MODERATIONS: &str = "moderations";
/// The route of the webhook.
pub const VERDICT: &str = "verdict";

/// Which detector a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SightEngine,
    OpenAi,
    Webhook,
}

/// A detector over one world.
pub(crate) struct Detector {
    kind: Kind,
    world: WorldHandle,
}

impl Detector {
    pub(crate) fn new(kind: Kind, world: WorldHandle) -> Self {
        Self { kind, world }
    }

    fn is_refused(key: &str) -> bool {
        key.is_empty() || key.starts_with(INVALID_PREFIX)
    }

    /// The content that a picture on the platform's own servers is of.
    fn pictured(&self, address: &str) -> Option<Content> {
        let url = Url::parse(address).ok()?;
        let segments: Vec<&str> = url.path_segments()?.collect();
        let (platform, id) = match (url.host_str()?, segments.as_slice()) {
            ("i.ytimg.com", ["vi", id, _]) => (Platform::YouTube, *id),
            ("scontent.cdninstagram.com", [file]) => (Platform::Instagram, file.strip_suffix(".jpg")?),
            _ => return None,
        };
        self.world.read().visible_content(platform, id, self.world.block())
    }

    fn sightengine(&self, request: &Request) -> Answer {
        let secrets = ["api_user", "api_secret"].map(|name| request.query(name).unwrap_or_default());
        if secrets.iter().any(|secret| Self::is_refused(secret)) {
            return sightengine_failure(401, "credentials_error", 1, "Incorrect API user or API secret");
        }
        let Some(content) = request.query("url").and_then(|url| self.pictured(url)) else {
            return sightengine_failure(400, "media_error", 4, "The media could not be fetched");
        };
        let mut answer = json!({ "status": "success", "request": { "id": "req_sandbox", "operations": 1 } });
        for model in request.query_list("models") {
            match model {
                "genai" => answer["type"] = json!({ "ai_generated": certainty(&content, model, content.is_ai) }),
                "nudity-2.1" => {
                    let sexual = certainty(&content, model, content.is_illicit);
                    answer["nudity"] =
                        json!({ "sexual_activity": sexual, "sexual_display": 0.01, "none": 1.0 - sexual });
                }
                "gore-2.0" => answer["gore"] = json!({ "prob": certainty(&content, model, false) }),
                "violence" => answer["violence"] = json!({ "prob": certainty(&content, model, false) }),
                unknown => {
                    return sightengine_failure(400, "argument_error", 7, &format!("Unknown model {unknown}"));
                }
            }
        }
        Answer::json(200, &answer)
    }

    fn openai(&self, request: &Request) -> Answer {
        if Self::is_refused(request.bearer().unwrap_or_default()) {
            return openai_failure(401, "invalid_api_key", "Incorrect API key provided");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let inputs = body["input"].as_array().map_or(&[][..], Vec::as_slice);
        let pictures: Vec<&str> = inputs.iter().filter_map(|input| input["image_url"]["url"].as_str()).collect();
        if inputs.is_empty() || pictures.len() > 1 {
            return openai_failure(400, "invalid_request_error", "Invalid input");
        }
        let mut sexual = 0.001;
        if let [picture] = pictures[..] {
            let Some(content) = self.pictured(picture) else {
                return openai_failure(400, "image_url_unavailable", "Failed to download the image");
            };
            sexual = certainty(&content, "sexual", content.is_illicit);
        }
        let flagged = sexual > 0.5;
        Answer::json(
            200,
            &json!({ "id": "modr-sandbox", "model": "omni-moderation-latest", "results": [{
                "flagged": flagged,
                "categories": { "sexual": flagged, "violence": false, "self-harm": false },
                "category_scores": { "sexual": sexual, "violence": 0.002, "self-harm": 0.0001 },
            }]}),
        )
    }

    fn webhook(&self, request: &Request) -> Answer {
        if Self::is_refused(request.bearer().unwrap_or_default()) {
            return Answer::json(401, &json!({ "error": "unknown token" }));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let platform = match body["content"]["platform"].as_str() {
            Some("youtube") => Platform::YouTube,
            Some("instagram") => Platform::Instagram,
            _ => return Answer::json(400, &json!({ "error": "no content" })),
        };
        let id = body["content"]["id"].as_str().unwrap_or_default();
        let content = self.world.read().visible_content(platform, id, self.world.block());
        let Some(content) = content else {
            return Answer::json(200, &json!({ "verdict": "unknown", "confidence": 0.0, "evidence": "not found" }));
        };
        let check = body["check"].as_str().unwrap_or_default();
        let (is_kept, evidence) = match check {
            "ai" => (content.is_ai, if content.is_ai { "looks generated" } else { "camera noise in every frame" }),
            "illicit" => (!content.is_illicit, if content.is_illicit { "explicit scenes" } else { "nothing found" }),
            "topic" => {
                let wanted = body["task"]["description"].as_str().unwrap_or_default();
                let is_kept = content.title.contains(wanted) || content.text.contains(wanted);
                (is_kept, if is_kept { "says so itself" } else { "speaks of something else" })
            }
            _ => return Answer::json(400, &json!({ "error": "unknown check" })),
        };
        let verdict = if is_kept { "pass" } else { "fail" };
        let confidence = certainty(&content, check, true);
        Answer::json(200, &json!({ "verdict": verdict, "confidence": confidence, "evidence": evidence }))
    }
}

impl PlatformApi for Detector {
    fn block(&self) -> u32 {
        self.world.block()
    }

    fn route(&self, request: &Request) -> &'static str {
        match (self.kind, request.method.as_str(), request.segments().as_slice()) {
            (Kind::SightEngine, "GET", ["1.0", "check.json"]) => CHECK,
            (Kind::OpenAi, "POST", ["v1", "moderations"]) => MODERATIONS,
            (Kind::Webhook, "POST", _) => VERDICT,
            _ => UNKNOWN_ROUTE,
        }
    }

    fn ids(&self, request: &Request) -> Vec<String> {
        let pictured = request.query("url").and_then(|url| self.pictured(url)).map(|content| content.id);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let named = body["content"]["id"].as_str().map(str::to_owned);
        pictured.into_iter().chain(named).collect()
    }

    fn answer(&self, request: &Request, _: &Counters) -> Answer {
        match self.route(request) {
            CHECK => self.sightengine(request),
            MODERATIONS => self.openai(request),
            VERDICT => self.webhook(request),
            _ => Answer::json(404, &json!({ "error": "no such route" })),
        }
    }

    fn error(&self, status: u16) -> Answer {
        match self.kind {
            Kind::SightEngine => sightengine_failure(status, "api_error", 500, "There was a problem with the API"),
            Kind::OpenAi => openai_failure(status, "server_error", "The server had an error"),
            Kind::Webhook => Answer::json(status, &json!({ "error": "out of order" })),
        }
    }

    fn quota_exceeded(&self) -> Answer {
        match self.kind {
            Kind::SightEngine => sightengine_failure(400, "usage_limit", 32, "Daily usage limit reached"),
            Kind::OpenAi => openai_failure(429, "insufficient_quota", "You exceeded your current quota"),
            Kind::Webhook => Answer::json(429, &json!({ "error": "too many requests" })),
        }
    }
}

fn sightengine_failure(status: u16, kind: &str, code: u32, message: &str) -> Answer {
    let request = json!({ "id": "req_sandbox", "operations": 0 });
    let error = json!({ "type": kind, "code": code, "message": message });
    Answer::json(status, &json!({ "status": "failure", "request": request, "error": error }))
}

fn openai_failure(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "message": message, "type": code, "param": null, "code": code } }))
}

/// How certain a detector is of something that is so, or not: close to 1 or to 0, never quite the same.
fn certainty(content: &Content, about: &str, is_so: bool) -> f64 {
    let digest = Sha256::digest(format!("{about} of {}", content.id));
    let doubt = f64::from(digest[0]) / 256.0 * 0.08 + 0.01;
    let certainty = if is_so { 1.0 - doubt } else { doubt };
    (certainty * 1_000.0).round() / 1_000.0
}
