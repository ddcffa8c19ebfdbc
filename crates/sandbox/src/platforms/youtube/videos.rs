//! The resources `video` and `videoStat`, each part only when it is asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::world::{Broadcast, Content, Counts, Platform, World, seconds};

/// The parts of `videos.list`.
pub(super) const LIST_PARTS: &[&str] = &[
    "contentDetails",
    "id",
    "liveStreamingDetails",
    "localizations",
    "paidProductPlacementDetails",
    "player",
    "recordingDetails",
    "snippet",
    "statistics",
    "status",
    "topicDetails",
];
/// The parts of `videos.batchGetStats`.
pub(super) const STATS_PARTS: &[&str] = &["contentDetails", "id", "snippet", "statistics"];

/// The category "Film & Animation".
const CATEGORY_ID: &str = "1";
/// Names and sizes of the thumbnails.
const THUMBNAILS: [(&str, &str, u32, u32); 3] =
    [("default", "default", 120, 90), ("medium", "mqdefault", 320, 180), ("high", "hqdefault", 480, 360)];

/// The answer of `videos.list`.
pub(super) fn list(world: &World, block: u32, ids: &[&str], parts: &[&str]) -> Value {
    let items: Vec<Value> = visible(world, block, ids).map(|(video, counts)| resource(&video, counts, parts)).collect();
    json!({
        "kind": "youtube#videoListResponse",
        "etag": etag(&items),
        "pageInfo": {"totalResults": items.len(), "resultsPerPage": items.len()},
        "items": items,
    })
}

/// The answer of `videos.batchGetStats`.
pub(super) fn stats(world: &World, block: u32, ids: &[&str], parts: &[&str]) -> Value {
    let items: Vec<Value> = visible(world, block, ids).map(|(video, counts)| stat(&video, counts, parts)).collect();
    json!({"kind": "youtube#batchGetStatsResponse", "etag": etag(&items), "items": items})
}

/// The public videos among the ids, each once, in the order asked.
fn visible<'a>(world: &'a World, block: u32, ids: &'a [&'a str]) -> impl Iterator<Item = (Content, Counts)> + 'a {
    let mut seen = BTreeSet::new();
    let once = ids.iter().filter(move |id| seen.insert(**id));
    once.filter_map(move |id| world.visible_content(Platform::YouTube, id, block)).map(move |video| {
        let counts = world.counts(&video, block);
        (video, counts)
    })
}

fn resource(video: &Content, counts: Counts, parts: &[&str]) -> Value {
    let mut resource = Map::new();
    resource.insert("kind".to_owned(), json!("youtube#video"));
    resource.insert("id".to_owned(), json!(video.id));
    for &part in parts {
        let value = match part {
            "snippet" => snippet(video),
            "statistics" => statistics(counts, true),
            "contentDetails" => content_details(video),
            "status" => status(video),
            "liveStreamingDetails" => match live_streaming_details(video, counts) {
                Some(details) => details,
                None => continue,
            },
            "player" => json!({"embedHtml": format!("<iframe src=\"//www.youtube.com/embed/{}\"></iframe>", video.id)}),
            "topicDetails" => json!({"topicCategories": ["https://en.wikipedia.org/wiki/Entertainment"]}),
            _ => continue,
        };
        resource.insert(part.to_owned(), value);
    }
    let tag = etag(&resource);
    resource.insert("etag".to_owned(), json!(tag));
    Value::Object(resource)
}

fn stat(video: &Content, counts: Counts, parts: &[&str]) -> Value {
    let mut resource = Map::new();
    resource.insert("kind".to_owned(), json!("youtube#videoStats"));
    resource.insert("id".to_owned(), json!(video.id));
    for &part in parts {
        let value = match part {
            "snippet" => json!({"publishTime": seconds(video.published_ms)}),
            "statistics" => statistics(counts, false),
            // Here a duration is one of protobuf, in seconds; there it is one of ISO 8601.
            "contentDetails" => json!({"duration": format!("{}s", video.duration_secs)}),
            _ => continue,
        };
        resource.insert(part.to_owned(), value);
    }
    let tag = etag(&resource);
    resource.insert("etag".to_owned(), json!(tag));
    Value::Object(resource)
}

fn snippet(video: &Content) -> Value {
    let mut thumbnails = Map::new();
    for (name, file, width, height) in THUMBNAILS {
        let url = format!("https://i.ytimg.com/vi/{}/{file}.jpg", video.id);
        thumbnails.insert(name.to_owned(), json!({"url": url, "width": width, "height": height}));
    }
    let live_broadcast_content = match video.broadcast {
        Broadcast::Recorded => "none",
        Broadcast::Live => "live",
        Broadcast::Upcoming(_) => "upcoming",
    };
    json!({
        "publishedAt": seconds(video.published_ms),
        "channelId": channel_id(&video.author),
        "channelTitle": video.author,
        "title": video.title,
        "description": video.text,
        "thumbnails": thumbnails,
        "tags": ["ai", "generated"],
        "categoryId": CATEGORY_ID,
        "liveBroadcastContent": live_broadcast_content,
        "defaultLanguage": "en",
        "localized": {"title": video.title, "description": video.text},
    })
}

/// Counts are texts, and a hidden one is absent. `favoriteCount` exists in `videos.list` only, and is always zero.
fn statistics(counts: Counts, favorites: bool) -> Value {
    let mut statistics = Map::new();
    let shown = [("viewCount", counts.views), ("likeCount", counts.likes), ("commentCount", counts.comments)];
    for (name, count) in shown {
        if let Some(count) = count {
            statistics.insert(name.to_owned(), json!(count.to_string()));
        }
    }
    if favorites {
        statistics.insert("favoriteCount".to_owned(), json!("0"));
    }
    Value::Object(statistics)
}

fn content_details(video: &Content) -> Value {
    // A broadcast that has not ended has no length yet.
    let duration = match video.broadcast {
        Broadcast::Recorded => iso8601_duration(video.duration_secs),
        Broadcast::Live | Broadcast::Upcoming(_) => "P0D".to_owned(),
    };
    json!({
        "duration": duration,
        "dimension": "2d",
        "definition": "hd",
        "caption": "false",
        "licensedContent": false,
        "contentRating": if video.age_restricted { json!({"ytRating": "ytAgeRestricted"}) } else { json!({}) },
        "projection": "rectangular",
    })
}

fn status(video: &Content) -> Value {
    let mut status = json!({
        "uploadStatus": if video.upload_rejected { "rejected" } else { "processed" },
        "privacyStatus": "public",
        "license": "youtube",
        "embeddable": true,
        "publicStatsViewable": true,
        "madeForKids": false,
    });
    if video.declared_synthetic {
        status["containsSyntheticMedia"] = json!(true);
    }
    status
}

fn live_streaming_details(video: &Content, counts: Counts) -> Option<Value> {
    match video.broadcast {
        Broadcast::Recorded => None,
        Broadcast::Live => Some(json!({
            "actualStartTime": seconds(video.published_ms),
            "concurrentViewers": (counts.views.unwrap_or_default() / 50).to_string(),
        })),
        Broadcast::Upcoming(starts_ms) => Some(json!({"scheduledStartTime": seconds(starts_ms)})),
    }
}

fn iso8601_duration(total_secs: u64) -> String {
    let (minutes, seconds) = (total_secs / 60, total_secs % 60);
    match (minutes, seconds) {
        (0, seconds) => format!("PT{seconds}S"),
        (minutes, 0) => format!("PT{minutes}M"),
        (minutes, seconds) => format!("PT{minutes}M{seconds}S"),
    }
}

/// `UC` and 22 characters, as real channel ids.
fn channel_id(author: &str) -> String {
    let digest = hex::encode(Sha256::digest(author));
    format!("UC{}", &digest[..22])
}

fn etag(resource: &impl serde::Serialize) -> String {
    let bytes = serde_json::to_vec(resource).unwrap_or_default();
    let mut digest = hex::encode(Sha256::digest(bytes));
    digest.truncate(27);
    digest
}
