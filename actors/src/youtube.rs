//! YouTube, by the Data API v3: `videos.list`, up to 50 ids for one unit of quota.
//!
//! The wire format is the official discovery document's. Ids that a complete answer leaves out are absent (private,
//! deleted or never there); the API says no more about them.

use crate::decoding::{count, moment, text, texts};
use crate::github::address;
use crate::outbound::Outbound;
use crate::platform::{BatchAnswer, BatchError, Platform, PlatformActor, Terms};
use crate::ports::{Credential, HttpRequest, HttpResponse};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::{self, ContentId};
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Presence, Sighting};
use url::Url;

/// Observes videos.
pub type YouTubeActor = PlatformActor<YouTube>;

/// Most ids that `videos.list` takes.
pub const MAX_BATCH_SIZE: usize = 50;

/// The parts and fields that are read; fewer fields make smaller answers at the same price.
const PARTS: &str = "snippet,statistics,contentDetails";
const FIELDS: &str = "kind,items(id,snippet(publishedAt,channelId,title,description,tags,liveBroadcastContent,\
                      thumbnails/high/url),statistics(viewCount,likeCount,commentCount),contentDetails/duration)";

/// What an answer of `videos.list` says that it is.
const KIND: &str = "youtube#videoListResponse";

/// Fifty videos with the longest descriptions that YouTube allows, all of it escaped, stay below this.
const MAX_ANSWER_BYTES: usize = 8 << 20;

const RETRY_PAUSES: &[Duration] = &[Duration::from_millis(500), Duration::from_secs(2)];

/// The platform's settings.
pub struct YouTube {
    /// `youtube.api_url`.
    pub api_url: Url,
    /// `YOUTUBE_API_KEY`.
    pub api_key: Option<SecretString>,
    /// Contents in one call.
    pub batch_size: usize,
    /// Calls under way at one time.
    pub max_in_flight: usize,
    /// Units that may be spent in one day.
    pub daily_quota: u64,
    /// For one call.
    pub deadline: Duration,
}

#[async_trait]
impl Platform for YouTube {
    fn id(&self) -> ids::Platform {
        ids::Platform::YouTube
    }

    fn terms(&self) -> Terms {
        Terms {
            batch_size: self.batch_size.min(MAX_BATCH_SIZE),
            max_in_flight: self.max_in_flight,
            bucket: "youtube",
            units_per_batch: 1,
            daily_budget: self.daily_quota,
            retry_pauses: RETRY_PAUSES,
        }
    }

    fn has_key(&self) -> bool {
        self.api_key.is_some()
    }

    async fn observe(&self, outbound: &Outbound, contents: &[ContentId]) -> Result<BatchAnswer, BatchError> {
        let mut url = address(&self.api_url, &["youtube", "v3", "videos"]).map_err(BatchError::Lasting)?;
        let ids: Vec<&str> = contents.iter().map(ContentId::as_str).collect();
        url.query_pairs_mut()
            .append_pair("part", PARTS)
            .append_pair("id", &ids.join(","))
            .append_pair("fields", FIELDS);
        let mut request = HttpRequest::get(url, self.deadline, MAX_ANSWER_BYTES);
        request.credential = self.api_key.clone().map(|key| Credential::Query("key", key));
        let response = outbound
            .send(request)
            .await
            .map_err(|error| BatchError::Passing { error: format!("YouTube: {error}"), retry_after: None })?;
        if response.status != 200 {
            return Err(refusal(&response));
        }
        read_answer(&response.body, contents)
    }

    /// YouTube's quota begins anew at midnight in Los Angeles.
    fn ledger_date(&self, at: Moment) -> String {
        pacific_date(at)
    }
}

/// The date in America/Los_Angeles; days of 23 and 25 hours come out right.
pub fn pacific_date(at: Moment) -> String {
    chrono::DateTime::from_timestamp_millis(at.unix_ms())
        .unwrap_or_default()
        .with_timezone(&chrono_tz::America::Los_Angeles)
        .format("%Y-%m-%d")
        .to_string()
}

fn read_answer(body: &[u8], asked: &[ContentId]) -> Result<BatchAnswer, BatchError> {
    let not_understood = |what: &str| BatchError::Passing { error: format!("YouTube: {what}"), retry_after: None };
    let answer: Value = serde_json::from_slice(body).map_err(|_| not_understood("the answer is not JSON"))?;
    let Some(answer) = answer.as_object() else {
        return Err(not_understood("the answer is not an object"));
    };
    let items = match answer.get("items") {
        Some(Value::Array(items)) => items.as_slice(),
        // An answer without any item may leave the key out, but it must say what it is: absence has to be certain.
        None if answer.get("kind").and_then(Value::as_str) == Some(KIND) => &[],
        None => return Err(not_understood("the answer is not a list of videos")),
        Some(_) => return Err(not_understood("the items are not a list")),
    };
    let mut sightings: std::collections::BTreeMap<ContentId, Sighting> =
        asked.iter().map(|content| (content.clone(), Sighting::Absent)).collect();
    for item in items {
        // Keyed by the id that the platform returns; an item that is no video says nothing of anybody.
        if let Ok(content) = ContentId::new(ids::Platform::YouTube, item["id"].as_str().unwrap_or_default())
            && let Some(sighting) = sightings.get_mut(&content)
        {
            *sighting = Sighting::Present(Box::new(read_video(item)));
        }
    }
    Ok(BatchAnswer { sightings, unspent_units: 0 })
}

fn read_video(item: &Value) -> Presence {
    let (snippet, statistics) = (&item["snippet"], &item["statistics"]);
    Presence {
        metrics: Metrics {
            view_count: count(&statistics["viewCount"]),
            play_count: None,
            like_count: count(&statistics["likeCount"]),
            comment_count: count(&statistics["commentCount"]),
        },
        details: Details {
            published_at: moment(&snippet["publishedAt"]),
            title: text(&snippet["title"]),
            description: text(&snippet["description"]),
            author: text(&snippet["channelId"]),
            tags: texts(&snippet["tags"]),
            duration_secs: item["contentDetails"]["duration"].as_str().and_then(duration_secs),
            broadcast: match snippet["liveBroadcastContent"].as_str() {
                Some("live") => Broadcast::Live,
                Some("upcoming") => Broadcast::Upcoming,
                _ => Broadcast::None,
            },
            thumbnail_url: snippet["thumbnails"]["high"]["url"].as_str().map(str::to_owned),
        },
    }
}

/// Seconds of an ISO 8601 duration as YouTube writes it: `P1DT2H3M4S`, each part optional.
fn duration_secs(text: &str) -> Option<u32> {
    let mut seconds = 0_u32;
    let mut digits = String::new();
    for letter in text.strip_prefix('P')?.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            'T' => continue,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(digits.parse::<u32>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    digits.is_empty().then_some(seconds)
}

/// A refusal by YouTube's `errors[].reason` and `details[].reason`.
fn refusal(response: &HttpResponse) -> BatchError {
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let error = &answer["error"];
    let reasons: Vec<&str> = [&error["errors"], &error["details"]]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(|entry| entry["reason"].as_str())
        .collect();
    let message = error["message"].as_str().unwrap_or_default();
    let says = |reason: &str| reasons.contains(&reason);
    // `rateLimitExceeded` may also mean the daily limit; only the message tells.
    let is_daily = message.to_ascii_lowercase().contains("per day") || message.to_ascii_lowercase().contains("daily");
    if says("quotaExceeded") || says("dailyLimitExceeded") || (says("rateLimitExceeded") && is_daily) {
        return BatchError::QuotaExhausted("YouTube says that the quota is used up for today".to_owned());
    }
    if says("API_KEY_INVALID") || says("keyInvalid") {
        return BatchError::Lasting("YouTube refuses the API key: check YOUTUBE_API_KEY".to_owned());
    }
    let text = format!("YouTube answered {} {}", response.status, reasons.first().unwrap_or(&"without a reason"));
    if response.status == 429 || response.status >= 500 || says("rateLimitExceeded") || says("userRateLimitExceeded") {
        return BatchError::Passing { error: text, retry_after: response.retry_after() };
    }
    BatchError::Lasting(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Vec<ContentId> {
        ["aaaaaaaaaaa", "bbbbbbbbbbb"].map(|id| ContentId::new(ids::Platform::YouTube, id).expect("an id")).to_vec()
    }

    #[test]
    fn what_a_complete_answer_leaves_out_is_absent_and_strangers_are_ignored() {
        let body =
            br#"{"items": [{"id": "bbbbbbbbbbb", "statistics": {"viewCount": "12"}}, {"id": "ccccccccccc"}, 7]}"#;
        let answer = read_answer(body, &asked()).expect("an answer");
        assert_eq!(answer.sightings.len(), 2);
        assert_eq!(answer.sightings[&asked()[0]], Sighting::Absent);
        let Sighting::Present(presence) = &answer.sightings[&asked()[1]] else { panic!("present") };
        assert_eq!(presence.metrics, Metrics { view_count: Some(12), ..Metrics::default() });
        let empty = read_answer(br#"{"kind": "youtube#videoListResponse"}"#, &asked()).expect("an answer");
        assert!(empty.sightings.values().all(|sighting| *sighting == Sighting::Absent));
    }

    #[test]
    fn an_answer_that_is_not_understood_is_unknown_and_never_absence() {
        for body in [
            &b"<html>"[..],
            b"",
            b"[]",
            b"{}",
            b"{\"kind\": \"other\"}",
            b"{\"items\": 5}",
            b"{\"items\": [{\"id\": \"aaaaaaaaaaa\"",
        ] {
            let answer = read_answer(body, &asked());
            assert!(matches!(answer, Err(BatchError::Passing { .. })), "{body:?} gave {answer:?}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let check = |status, body: &str, expected: fn(&BatchError) -> bool| {
            let error = refusal(&HttpResponse { status, headers: Default::default(), body: body.into() });
            assert!(expected(&error), "{status} {body} gave {error:?}");
        };
        let quota = |error: &BatchError| matches!(error, BatchError::QuotaExhausted(_));
        let lasting = |error: &BatchError| matches!(error, BatchError::Lasting(_));
        let passing = |error: &BatchError| matches!(error, BatchError::Passing { .. });
        check(403, r#"{"error": {"errors": [{"reason": "quotaExceeded"}]}}"#, quota);
        let daily =
            r#"{"error": {"message": "Quota exceeded: queries per day", "errors": [{"reason": "rateLimitExceeded"}]}}"#;
        check(403, daily, quota);
        check(403, r#"{"error": {"message": "slow down", "errors": [{"reason": "rateLimitExceeded"}]}}"#, passing);
        check(400, r#"{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}"#, lasting);
        check(400, r#"{"error": {"errors": [{"reason": "invalidFilters"}]}}"#, lasting);
        check(503, "<html>", passing);
        check(429, "", passing);
    }

    #[test]
    fn durations_are_read_in_seconds() {
        for (text, seconds) in [
            ("PT15S", Some(15)),
            ("PT1M1S", Some(61)),
            ("P1DT1H", Some(90_000)),
            ("P0D", Some(0)),
            ("15", None),
            ("PT1X", None),
            ("PT99999999999S", None),
            ("PT5", None),
        ] {
            assert_eq!(duration_secs(text), seconds, "{text}");
        }
    }

    #[test]
    fn the_quota_day_changes_at_midnight_in_los_angeles_also_when_clocks_change() {
        for (time, date) in [
            ("2026-07-01T06:59:59Z", "2026-06-30"),
            ("2026-07-01T07:00:00Z", "2026-07-01"),
            ("2026-01-01T07:59:59Z", "2025-12-31"),
            ("2026-01-01T08:00:00Z", "2026-01-01"),
            // 2026-03-08 has 23 hours there, 2026-11-01 has 25.
            ("2026-03-09T06:59:59Z", "2026-03-08"),
            ("2026-03-09T07:00:00Z", "2026-03-09"),
            ("2026-11-02T07:59:59Z", "2026-11-01"),
        ] {
            assert_eq!(pacific_date(Moment::parse(time).expect("a time")), date, "{time}");
        }
    }
}
