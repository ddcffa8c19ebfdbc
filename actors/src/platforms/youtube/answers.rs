//! Reading YouTube's answers: every field optional, unknown ones ignored, and absence only where it is certain.

use crate::outbound::decoding::{UNREADABLE_ITEM, address_text, count, is_error, moment, text, texts};
use crate::outbound::json_parts::{NotWhole, decoded, elements, members, some_members};
use crate::platforms::{BatchAnswer, BatchError, join_copies, join_metrics};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Presence, Sighting};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::PlatformSignals;

/// What an answer of `videos.list` says that it is.
const LIST_KIND: &str = "youtube#videoListResponse";

fn not_understood(what: &str) -> BatchError {
    BatchError::Passing { error: format!("YouTube: {what}"), retry_after: None }
}

/// What an answer is beside its items.
struct Answer<'a> {
    kind: Option<Value>,
    items: Option<&'a [u8]>,
}

impl<'a> Answer<'a> {
    fn read(body: &'a [u8]) -> Result<Self, BatchError> {
        let mut answer = Self { kind: None, items: None };
        for part in members(body).ok_or_else(|| not_understood("the answer is not an object"))? {
            let part = part.map_err(cut)?;
            match part.name().as_deref() {
                // Some gateways put an error into an answer of status 200.
                Some("error") if part.value != b"null" => return Err(not_understood("the answer is an error")),
                Some("items") if answer.items.is_some() => return Err(not_understood("the answer has two lists")),
                Some("items") => answer.items = Some(part.value),
                Some("kind") => answer.kind = decoded(part.value),
                _ => {}
            }
        }
        Ok(answer)
    }
}

fn cut(NotWhole: NotWhole) -> BatchError {
    not_understood("the answer is not JSON, or is cut off")
}

/// An item of a list.
enum Item {
    /// It can be read.
    Readable(ContentId, Value),
    /// Only its video's id can be read.
    Spoilt(ContentId),
    /// Its video is unknown.
    Anybodys,
}

impl Item {
    fn read(item: &[u8]) -> Self {
        let video = |item: &Value| ContentId::new(Platform::YOUTUBE, item["id"].as_str()?).ok();
        let Some(readable) = decoded(item) else {
            let id = some_members(item, &["id"]).and_then(|some| video(&some.into()));
            return id.map_or(Self::Anybodys, Self::Spoilt);
        };
        match video(&readable).filter(|_| !is_error(&readable)) {
            Some(video) => Self::Readable(video, readable),
            None => Self::Anybodys,
        }
    }
}

/// Reads an answer of `videos.list`. A video that it leaves out is absent, unless the answer holds an item of an
/// unknown video: then what it leaves out is unknown. So is a video with an item that cannot be read.
pub(super) fn read_videos(body: &[u8], asked: &[ContentId]) -> Result<BatchAnswer, BatchError> {
    let asked: BTreeSet<&ContentId> = asked.iter().collect();
    let answer = Answer::read(body)?;
    let items = match answer.items {
        Some(items) => items,
        // An answer without any item may leave the key out, but it must say what it is: absence has to be certain.
        None if answer.kind.as_ref().and_then(Value::as_str) == Some(LIST_KIND) => b"[]",
        None => return Err(not_understood("the answer is not a list of videos")),
    };
    let mut present: BTreeMap<ContentId, Presence> = BTreeMap::new();
    let mut spoilt = BTreeSet::new();
    let mut is_complete = true;
    for item in elements(items).ok_or_else(|| not_understood("the items are not a list"))? {
        match Item::read(item.map_err(cut)?.value) {
            // Keyed by the id that the platform returns; videos that were not requested are ignored.
            Item::Readable(video, item) if asked.contains(&video) => {
                // Two copies of one video are merged.
                let copy = read_video(&item);
                let joined = match present.remove(&video) {
                    Some(known) => join_copies(known, copy),
                    None => copy,
                };
                present.insert(video, joined);
            }
            Item::Spoilt(video) if asked.contains(&video) => {
                spoilt.insert(video);
            }
            Item::Readable(..) | Item::Spoilt(_) => {}
            Item::Anybodys => is_complete = false,
        }
    }
    let words = spoilt.iter().map(|video| (video.clone(), UNREADABLE_ITEM.to_owned())).collect();
    let mut sightings: BTreeMap<ContentId, Sighting> =
        present.into_iter().map(|(video, presence)| (video, Sighting::Present(Box::new(presence)))).collect();
    if is_complete {
        for video in asked.into_iter().filter(|video| !spoilt.contains(*video)) {
            sightings.entry(video.clone()).or_insert(Sighting::Absent);
        }
    }
    Ok(BatchAnswer { sightings, words, ..BatchAnswer::default() })
}

/// Reads an answer of `videos.batchGetStats`: the statistics of the videos in it, and nothing about the others. An
/// item without statistics is ignored.
pub(super) fn read_stats(body: &[u8], asked: &[ContentId]) -> Result<BatchAnswer, BatchError> {
    let asked: BTreeSet<&ContentId> = asked.iter().collect();
    let items = Answer::read(body)?.items.and_then(elements);
    let mut counted: BTreeMap<ContentId, Metrics> = BTreeMap::new();
    for item in items.into_iter().flatten() {
        if let Item::Readable(video, item) = Item::read(item.map_err(cut)?.value)
            && asked.contains(&video)
            && item["statistics"].is_object()
        {
            let copy = metrics(&item["statistics"]);
            counted.entry(video).and_modify(|known| *known = join_metrics(*known, copy)).or_insert(copy);
        }
    }
    let sightings = counted.into_iter().map(|(video, metrics)| (video, Sighting::Counted(metrics))).collect();
    Ok(BatchAnswer { sightings, ..BatchAnswer::default() })
}

fn metrics(statistics: &Value) -> Metrics {
    Metrics {
        view_count: count(&statistics["viewCount"]),
        play_count: None,
        like_count: count(&statistics["likeCount"]),
        comment_count: count(&statistics["commentCount"]),
    }
}

fn read_video(item: &Value) -> Presence {
    let snippet = &item["snippet"];
    Presence {
        metrics: metrics(&item["statistics"]),
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
            thumbnail_url: address_text(&snippet["thumbnails"]["high"]["url"]),
            signals: signals(item),
        },
    }
}

/// What is not said stays unknown: an uploader who declares nothing has not declared that nothing is synthetic.
fn signals(item: &Value) -> PlatformSignals {
    const AGE_RESTRICTED: &str = "ytAgeRestricted";
    const REJECTED: &str = "rejected";
    let says = |value: &Value, word: &str| value.as_str().map(|said| said == word);
    PlatformSignals {
        synthetic_media: item["status"]["containsSyntheticMedia"].as_bool(),
        age_restricted: says(&item["contentDetails"]["contentRating"]["ytRating"], AGE_RESTRICTED),
        upload_rejected: says(&item["status"]["uploadStatus"], REJECTED),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Vec<ContentId> {
        ["aaaaaaaaaaa", "bbbbbbbbbbb"].map(|id| ContentId::new(Platform::YOUTUBE, id).expect("an id")).to_vec()
    }

    #[test]
    fn what_a_complete_answer_leaves_out_is_absent_and_strangers_are_ignored() {
        let body = br#"{"items": [{"id": "bbbbbbbbbbb", "statistics": {"viewCount": "12"}}, {"id": "ccccccccccc"}]}"#;
        let answer = read_videos(body, &asked()).expect("an answer");
        assert_eq!(answer.sightings.len(), 2);
        assert_eq!(answer.sightings[&asked()[0]], Sighting::Absent);
        let Sighting::Present(presence) = &answer.sightings[&asked()[1]] else { panic!("present") };
        assert_eq!(presence.metrics, Metrics { view_count: Some(12), ..Metrics::default() });
        let empty = read_videos(br#"{"kind": "youtube#videoListResponse"}"#, &asked()).expect("an answer");
        assert!(empty.sightings.values().all(|sighting| *sighting == Sighting::Absent));
    }

    #[test]
    fn of_a_video_that_stands_there_twice_the_fuller_copy_counts_whatever_the_order() {
        let full = r#"{"id": "aaaaaaaaaaa", "snippet": {"title": "title", "channelId": "c"}, "statistics": {"viewCount": "9", "likeCount": "2"}}"#;
        let metrics = Metrics { view_count: Some(9), like_count: Some(2), ..Metrics::default() };
        for empty in [r#"{"id": "aaaaaaaaaaa"}"#, r#"{"id": "aaaaaaaaaaa", "statistics": {"viewCount": "1"}}"#] {
            for [one, other] in [[full, empty], [empty, full]] {
                let body = format!(r#"{{"items": [{one}, {other}]}}"#);
                let answer = read_videos(body.as_bytes(), &asked()[..1]).expect("an answer");
                let Sighting::Present(presence) = &answer.sightings[&asked()[0]] else { panic!("present") };
                assert_eq!((presence.metrics, presence.details.title.as_str()), (metrics, "title"), "{body}");
                let answer = read_stats(body.as_bytes(), &asked()).expect("an answer");
                assert_eq!(answer.sightings, [(asked()[0].clone(), Sighting::Counted(metrics))].into(), "{body}");
            }
        }
    }

    #[test]
    fn an_item_that_may_be_anybodys_makes_what_is_left_out_unknown() {
        for stray in ["7", "null", "{}", r#"{"id": 11}"#, r#"{"id": "../x"}"#, r#"{"id": "aaaaaaaaaaa", "error": "x"}"#]
        {
            let body = format!(r#"{{"items": [{{"id": "bbbbbbbbbbb"}}, {stray}]}}"#);
            let answer = read_videos(body.as_bytes(), &asked()).expect("an answer");
            assert_eq!(answer.sightings.keys().collect::<Vec<_>>(), [&asked()[1]], "{stray}");
        }
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
            b"{\"error\": {\"code\": 500}, \"items\": []}",
        ] {
            let answer = read_videos(body, &asked());
            assert!(matches!(answer, Err(BatchError::Passing { .. })), "{body:?} gave {answer:?}");
        }
    }

    #[test]
    fn fields_that_are_missing_of_another_type_or_unknown_cost_only_themselves() {
        let check = |item: Value, expected: Presence| {
            let body = serde_json::json!({ "items": [item] }).to_string();
            let answer = read_videos(body.as_bytes(), &asked()[..1]).expect("an answer");
            assert_eq!(answer.sightings[&asked()[0]], Sighting::Present(Box::new(expected)), "{body}");
        };
        let id = "aaaaaaaaaaa";
        check(serde_json::json!({ "id": id }), Presence::default());
        check(
            serde_json::json!({ "id": id, "snippet": 5, "statistics": [], "contentDetails": null }),
            Presence::default(),
        );
        let snippet = serde_json::json!({ "publishedAt": 7, "title": {}, "tags": "one", "liveBroadcastContent": 1 });
        check(serde_json::json!({ "id": id, "snippet": snippet, "newField": { "a": 1 } }), Presence::default());
        let statistics =
            serde_json::json!({ "viewCount": 12, "likeCount": "-1", "commentCount": 3.0, "newCount": "5" });
        let metrics = Metrics { view_count: Some(12), comment_count: Some(3), ..Metrics::default() };
        check(serde_json::json!({ "id": id, "statistics": statistics }), Presence { metrics, ..Presence::default() });
    }

    #[test]
    fn statistics_say_what_they_say_and_nothing_of_what_they_leave_out() {
        let body = br#"{"kind": "youtube#batchGetStatsResponse", "items": [
            {"id": "bbbbbbbbbbb", "statistics": {"viewCount": "12", "likeCount": "3"}},
            {"id": "aaaaaaaaaaa"}, {"id": "ccccccccccc", "statistics": {}}, 7]}"#;
        let answer = read_stats(body, &asked()).expect("an answer");
        let metrics = Metrics { view_count: Some(12), like_count: Some(3), ..Metrics::default() };
        assert_eq!(answer.sightings, [(asked()[1].clone(), Sighting::Counted(metrics))].into());
        for body in [&b"{}"[..], b"{\"items\": 5}", b"{\"items\": []}"] {
            assert!(read_stats(body, &asked()).expect("an answer").sightings.is_empty(), "{body:?}");
        }
        for body in [&b"<html>"[..], b"[]", b"", b"{\"error\": 1}"] {
            assert!(matches!(read_stats(body, &asked()), Err(BatchError::Passing { .. })), "{body:?}");
        }
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
}
