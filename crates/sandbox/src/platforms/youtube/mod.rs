//! YouTube Data API v3: `videos.list` and `videos.batchGetStats`.
//!
//! Each has its own quota of units, by key and Pacific day. A request costs its unit even when it is refused, unless
//! the key itself is. Missing, private and deleted videos are left out of the answer.

mod fields;
mod quota;
mod videos;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use self::fields::Fields;
use self::quota::Quota;
use crate::platforms::counters::Counters;
use crate::platforms::exchange::{Answer, PlatformApi, Request, UNKNOWN_ROUTE};
use crate::world::WorldHandle;

/// Ids in one request, at most.
pub const MAX_IDS: usize = 50;
/// Units of each bucket and key in a Pacific day, unless set otherwise.
pub const DAILY_UNITS: u64 = 10_000;
/// The start of keys that YouTube does not know.
const INVALID_PREFIX: &str = "invalid";
/// The prefix of keys of a project that Google has suspended.
const SUSPENDED_PREFIX: &str = "suspended";

/// The route and the bucket of `videos.list`.
pub const VIDEOS_LIST: &str = "videos.list";
/// The route and the bucket of `videos.batchGetStats`.
pub const BATCH_GET_STATS: &str = "videos.batchGetStats";

/// What a test can set on YouTube. Cheap to clone.
#[derive(Clone, Debug)]
pub struct YouTubeControl {
    daily_units: Arc<AtomicU64>,
}

impl Default for YouTubeControl {
    fn default() -> Self {
        Self { daily_units: Arc::new(AtomicU64::new(DAILY_UNITS)) }
    }
}

impl YouTubeControl {
    /// Units of each bucket and key in a Pacific day, from now on.
    pub fn set_daily_units(&self, units: u64) {
        self.daily_units.store(units, Ordering::SeqCst);
    }

    fn daily_units(&self) -> u64 {
        self.daily_units.load(Ordering::SeqCst)
    }
}

/// The API over one world.
pub(crate) struct YouTube {
    world: WorldHandle,
    control: YouTubeControl,
    quota: Quota,
}

impl YouTube {
    pub(crate) fn new(world: WorldHandle, control: YouTubeControl) -> Self {
        Self { world, control, quota: Quota::default() }
    }

    fn admitted(&self, request: &Request, bucket: &'static str, counters: &Counters) -> Result<Value, Answer> {
        let key = request.query("key").or_else(|| request.header("x-goog-api-key")).unwrap_or_default();
        if key.is_empty() {
            return Err(unregistered());
        }
        if key.starts_with(INVALID_PREFIX) {
            return Err(invalid_key());
        }
        if key.starts_with(SUSPENDED_PREFIX) {
            return Err(suspended_key(key));
        }
        let unix_ms = self.world.clock().unix_ms();
        if !self.quota.take(key, bucket, unix_ms, self.control.daily_units()) {
            return Err(self.quota_exceeded());
        }
        counters.spent(key, bucket, 1);
        let parts = request.query_list("part");
        if parts.is_empty() {
            return Err(bad_request("missingRequiredParameter", "No part was specified.", "part"));
        }
        let ids = request.query_list("id");
        if ids.is_empty() {
            return Err(bad_request("missingRequiredParameter", "No filter selected. Expected one of: id, chart", ""));
        }
        if ids.len() > MAX_IDS {
            return Err(bad_request("invalidFilters", "The request specifies an invalid number of ids.", "id"));
        }
        let known = if bucket == VIDEOS_LIST { videos::LIST_PARTS } else { videos::STATS_PARTS };
        if let Some(unknown) = parts.iter().find(|part| !known.contains(part)) {
            return Err(bad_request("unknownPart", &format!("'{unknown}'"), "part"));
        }
        let block = self.world.block();
        let world = self.world.read();
        let document = if bucket == VIDEOS_LIST {
            videos::list(&world, block, &ids, &parts)
        } else {
            videos::stats(&world, block, &ids, &parts)
        };
        match request.query("fields") {
            None => Ok(document),
            Some(text) => match Fields::parse(text) {
                Some(fields) => Ok(fields.of(document)),
                None => Err(bad_request("invalidParameter", &format!("Invalid field selection {text}"), "fields")),
            },
        }
    }
}

impl PlatformApi for YouTube {
    fn block(&self) -> u32 {
        self.world.block()
    }

    fn route(&self, request: &Request) -> &'static str {
        match (request.method.as_str(), request.segments().as_slice()) {
            ("GET", ["youtube", "v3", "videos"]) => VIDEOS_LIST,
            ("GET", ["youtube", "v3", "videos:batchGetStats"]) => BATCH_GET_STATS,
            _ => UNKNOWN_ROUTE,
        }
    }

    fn ids(&self, request: &Request) -> Vec<String> {
        request.query_list("id").into_iter().map(str::to_owned).collect()
    }

    fn answer(&self, request: &Request, counters: &Counters) -> Answer {
        let bucket = self.route(request);
        if bucket == UNKNOWN_ROUTE {
            return Answer::bytes(
                404,
                "text/html; charset=UTF-8",
                "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>",
            );
        }
        match self.admitted(request, bucket, counters) {
            Ok(document) => Answer::json(200, &document),
            Err(refusal) => refusal,
        }
    }

    fn encoded(&self, request: &Request, answer: Answer) -> Answer {
        if answer.status == 200 { compressed(request, answer) } else { answer }
    }

    fn error(&self, status: u16) -> Answer {
        let (reason, status_name) = match status {
            403 => ("forbidden", "PERMISSION_DENIED"),
            404 => ("notFound", "NOT_FOUND"),
            429 => ("rateLimitExceeded", "RESOURCE_EXHAUSTED"),
            503 => ("backendError", "UNAVAILABLE"),
            _ => ("backendError", "INTERNAL"),
        };
        refused(
            status,
            "The service is currently unavailable.",
            json!({"domain": "global", "reason": reason}),
            status_name,
        )
    }

    fn quota_exceeded(&self) -> Answer {
        let message = "The request cannot be completed because you have exceeded your \
                       <a href=\"/youtube/v3/getting-started#quota\">quota</a>.";
        let document = json!({"error": {
            "code": 403,
            "message": message,
            "errors": [{"message": message, "domain": "youtube.quota", "reason": "quotaExceeded"}],
        }});
        Answer::json(403, &document)
    }
}

fn refused(code: u16, message: &str, mut error: Value, status: &str) -> Answer {
    error["message"] = json!(message);
    Answer::json(code, &json!({"error": {"code": code, "message": message, "errors": [error], "status": status}}))
}

fn bad_request(reason: &str, message: &str, parameter: &str) -> Answer {
    let error =
        json!({"domain": "youtube.parameter", "reason": reason, "location": parameter, "locationType": "parameter"});
    refused(400, message, error, "INVALID_ARGUMENT")
}

/// A key that Google does not know.
fn invalid_key() -> Answer {
    let message = "API key not valid. Please pass a valid API key.";
    let document = json!({"error": {
        "code": 400,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": "badRequest"}],
        "status": "INVALID_ARGUMENT",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "youtube.googleapis.com"},
        }],
    }});
    Answer::json(400, &document)
}

/// A key of a project that Google has suspended; its words repeat the key.
fn suspended_key(key: &str) -> Answer {
    let message = format!("Permission denied: Consumer 'api_key:{key}' has been suspended.");
    let document = json!({"error": {
        "code": 403,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": "forbidden"}],
        "status": "PERMISSION_DENIED",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "CONSUMER_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "youtube.googleapis.com"},
        }],
    }});
    Answer::json(403, &document)
}

/// No key at all.
fn unregistered() -> Answer {
    let message = "Method doesn't allow unregistered callers (callers without established identity). Please use API \
                   Key or other form of API consumer identity to call this API.";
    refused(403, message, json!({"domain": "global", "reason": "forbidden"}), "PERMISSION_DENIED")
}

/// Google compresses only for clients that name gzip in both headers.
fn compressed(request: &Request, answer: Answer) -> Answer {
    let names_gzip = |header: &str| request.header(header).is_some_and(|value| value.contains("gzip"));
    if !(names_gzip("accept-encoding") && names_gzip("user-agent")) {
        return answer;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&answer.body).and_then(|()| encoder.finish()) {
        Ok(body) => {
            Answer { body: body.into(), ..answer }.with("Content-Encoding", "gzip").with("Vary", "Accept-Encoding")
        }
        // Writing to memory does not fail; if it did, the plain answer is right too.
        Err(_) => answer,
    }
}
