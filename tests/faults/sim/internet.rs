//! GitHub, YouTube, Apify and a detector as the truth has them, with seeded faults in every answer. Nothing they say of an item is
//! false: slow, silent, broken and incomplete answers are what a validator must not take for anything else.

use super::chaos::Faults;
use super::truth;
use async_trait::async_trait;
use rand::Rng;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::ports::{Credential, Http, HttpError, HttpRequest, HttpResponse, Method};
use tensorflix_domain::ids::Block;
use tensorflix_testkit::model_chain::ModelChain;

/// The key of every platform, which no address and no header may show.
pub const SECRET: &str = "s3cr3t-k3y";

/// What a run costs, in US dollars.
pub const RUN_COST_USD: f64 = 0.01;

/// What was asked, for the promises.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Requests to YouTube.
    pub youtube_requests: u64,
    /// Runs that Apify was asked to start.
    pub apify_runs: u64,
    /// Requests to the detector.
    pub detector_requests: u64,
    now: usize,
    /// Most requests under way at one time.
    pub peak: usize,
}

pub struct Internet {
    chain: Arc<ModelChain>,
    faults: Arc<Faults>,
    traffic: Mutex<Traffic>,
}

struct UnderWay<'a>(&'a Mutex<Traffic>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().expect("no panic").now -= 1;
    }
}

impl Internet {
    pub fn new(chain: Arc<ModelChain>, faults: Arc<Faults>) -> Self {
        Self { chain, faults, traffic: Mutex::default() }
    }

    pub fn traffic(&self) -> Traffic {
        self.traffic.lock().expect("no panic").clone()
    }

    fn begin(&self, request: &HttpRequest) -> UnderWay<'_> {
        let shown = format!("{} {:?} {:?}", request.url, request.headers, request.body);
        assert!(!shown.contains(SECRET), "a secret travels only as a credential: {shown}");
        let mut traffic = self.traffic.lock().expect("no panic");
        traffic.now += 1;
        traffic.peak = traffic.peak.max(traffic.now);
        let key = match (request.url.host_str(), &request.credential) {
            (Some("youtube.test"), Some(Credential::Query("key", key))) => {
                traffic.youtube_requests += 1;
                key
            }
            (Some("apify.test"), Some(Credential::Bearer(key))) => {
                traffic.apify_runs += u64::from(request.method == Method::Post);
                key
            }
            (Some("detector.test"), Some(Credential::Bearer(key))) => {
                traffic.detector_requests += 1;
                key
            }
            (Some("raw.test" | "api.test"), None) => return UnderWay(&self.traffic),
            (host, _) => panic!("{host:?} wants a key of its own kind, or none"),
        };
        assert_eq!(key.expose_secret(), SECRET);
        drop(traffic);
        UnderWay(&self.traffic)
    }

    /// The true answer at the newest block.
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let block = self.chain.newest();
        let segments: Vec<&str> = request.url.path().trim_start_matches('/').split('/').collect();
        let ids = || request.url.query_pairs().find(|(name, _)| name == "id").map(|(_, ids)| ids.into_owned());
        match (request.url.host_str(), segments.as_slice()) {
            (Some("raw.test"), [username, _, "raw"]) => match truth::document(username, block) {
                Some(document) => answer(200, document),
                None => answer(404, ""),
            },
            (Some("api.test"), ["gists", id]) => {
                let number = u32::from_str_radix(id, 16).expect("an id of the tests");
                let login = if number == 9 { "owner".to_owned() } else { format!("miner-{number}") };
                let updated_at = "2026-08-20T00:00:00Z";
                answer(
                    200,
                    json!({"owner": {"login": login, "id": number}, "public": true, "updated_at": updated_at})
                        .to_string(),
                )
            }
            (Some("youtube.test"), ["youtube", "v3", "videos"]) => {
                videos(&ids().unwrap_or_default(), block, "youtube#videoListResponse", true)
            }
            (Some("youtube.test"), ["youtube", "v3", "videos:batchGetStats"]) => {
                videos(&ids().unwrap_or_default(), block, "youtube#videoBatchGetStatsResponse", false)
            }
            (Some("apify.test"), ["v2", "acts", _, "runs"]) => run_of(request.body.as_deref().unwrap_or_default()),
            (Some("apify.test"), ["v2", "datasets", reels, "items"]) => items(reels, block),
            (Some("detector.test"), ["hook"]) => opinion(request.body.as_deref().unwrap_or_default()),
            _ => panic!("nobody serves {}", request.url),
        }
    }
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> HttpResponse {
    HttpResponse { status, headers: BTreeMap::new(), body: body.into() }
}

fn videos(ids: &str, block: Block, kind: &str, is_whole: bool) -> HttpResponse {
    let item = |id: &str| -> Option<Value> {
        let number = truth::number_of(id)?;
        let statistics = json!({"viewCount": truth::views(number, block).to_string(), "likeCount": "7"});
        let snippet = json!({
            "publishedAt": truth::published_at(number).to_string(), "title": "a cat", "description": "dances",
            "channelId": format!("channel-{number}"), "liveBroadcastContent": "none",
        });
        let mut item = json!({"id": id, "statistics": statistics});
        if is_whole {
            item["snippet"] = snippet;
            item["contentDetails"] = json!({"duration": "PT15S"});
        }
        Some(item)
    };
    let items: Vec<Value> = ids.split(',').filter_map(item).collect();
    answer(200, json!({"kind": kind, "items": items}).to_string())
}

/// A run that has ended; its data set is named by the reels that it was asked for.
fn run_of(input: &str) -> HttpResponse {
    let input: Value = serde_json::from_str(input).expect("JSON");
    let addresses = input["username"].as_array().expect("reels").iter();
    let codes: Vec<&str> = addresses
        .map(|address| address.as_str().and_then(|address| address.trim_end_matches('/').rsplit('/').next()))
        .map(|code| code.expect("an address of a reel"))
        .collect();
    let run = json!({
        "id": "run", "status": "SUCCEEDED", "defaultDatasetId": codes.join("."), "usageTotalUsd": RUN_COST_USD,
    });
    answer(201, json!({ "data": run }).to_string())
}

fn items(reels: &str, block: Block) -> HttpResponse {
    let item = |code: &str| -> Option<Value> {
        let number = truth::number_of(code)?;
        let views = truth::views(number, block);
        Some(json!({
            "shortCode": code, "timestamp": truth::published_at(number).to_string(), "videoViewCount": views,
            "videoPlayCount": views, "likesCount": 7, "commentsCount": 1, "caption": "a dog", "videoDuration": 15.0,
        }))
    };
    answer(200, Value::from(reels.split('.').filter_map(item).collect::<Vec<_>>()).to_string())
}

/// What the detector answers about an item: the truth.
fn opinion(question: &str) -> HttpResponse {
    let question: Value = serde_json::from_str(question).expect("JSON");
    let number = question["content"]["id"].as_str().and_then(truth::number_of).expect("an item");
    let verdict = if number == truth::FILMED { "fail" } else { "pass" };
    answer(200, json!({ "verdict": verdict, "confidence": 0.97 }).to_string())
}

#[async_trait]
impl Http for Internet {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let _under_way = self.begin(&request);
        let (latency, fault) =
            self.faults.with(|draw| (Duration::from_millis(draw.random_range(5..2_000)), draw.random_range(0..100)));
        let strength = self.faults.strength(request.url.host_str().unwrap_or_default());
        if fault >= strength {
            tokio::time::sleep(latency.min(request.deadline)).await;
            return Ok(self.answer(&request));
        }
        // Each kind of fault about as often as any other.
        match fault % 9 {
            0 => {
                tokio::time::sleep(request.deadline).await;
                Err(HttpError::TimedOut(request.deadline))
            }
            1 => Err(HttpError::Connection("reset".to_owned())),
            2 => Ok(answer(500, "oops")),
            3 => Ok(answer(503, "")),
            4 => {
                let mut response = answer(429, "");
                response.headers.insert("retry-after".to_owned(), "30".to_owned());
                Ok(response)
            }
            5 => {
                let mut page = answer(200, "<html>out of order");
                page.headers.insert("content-type".to_owned(), "text/html".to_owned());
                Ok(page)
            }
            6 => Err(HttpError::TooLarge(request.max_body_bytes)),
            7 => {
                // Slow, and then true after all.
                tokio::time::sleep(request.deadline.mul_f64(0.9)).await;
                Ok(self.answer(&request))
            }
            _ if request.url.host_str() == Some("youtube.test") => Ok(answer(
                403,
                json!({"error": {"errors": [{"reason": "rateLimitExceeded"}], "message": "slow down"}}).to_string(),
            )),
            _ => Ok(answer(404, "")),
        }
    }
}
