//! Reads the items of a data set and joins them to reels by short code, never by order.

use crate::outbound::decoding::{UNREADABLE_ITEM, address_text, count, is_error, moment, text, texts};
use crate::outbound::json_parts::{decoded, elements, some_members};
use crate::platforms::{BatchAnswer, join_copies, shown_words};
use serde_json::Value;
use std::collections::BTreeMap;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Presence, Sighting};
use tensorflix_domain::verification::PlatformSignals;

/// What the item of a reel that does not exist says.
const NOT_FOUND: &str = "not_found";

/// Where an item names its reel; `error` decides which of them counts.
const CODE_FIELDS: [&str; 4] = ["error", "inputUrl", "url", "shortCode"];

/// What the items say about the requested reels.
#[derive(Debug, Default)]
pub(super) struct Joined {
    sightings: BTreeMap<ContentId, Sighting>,
    /// What items say about reels that they do not show.
    words: BTreeMap<ContentId, String>,
}

impl Joined {
    /// Reads a data set; `None` if it is no list, or an incomplete one. Only what was requested is kept.
    pub(super) fn read(body: &[u8], asked: &[ContentId]) -> Option<Self> {
        let asked: BTreeMap<&str, &ContentId> = asked.iter().map(|content| (content.as_str(), content)).collect();
        let mut joined = Self::default();
        for item in elements(body)? {
            let item = item.ok()?.value;
            let readable = decoded(item);
            let is_readable = readable.is_some();
            let item = readable.or_else(|| Some(some_members(item, &CODE_FIELDS)?.into())).unwrap_or_default();
            let Some(content) = code(&item).and_then(|code| asked.get(code)) else { continue };
            let content = (*content).clone();
            if !is_readable {
                joined.words.entry(content).or_insert_with(|| UNREADABLE_ITEM.to_owned());
            } else if !is_error(&item) {
                joined.show(content, read_reel(&item));
            } else if item["error"].as_str() == Some(NOT_FOUND) {
                joined.sightings.entry(content).or_insert(Sighting::Absent);
            } else {
                joined.words.entry(content).or_insert_with(|| words(&item));
            }
        }
        joined.words.retain(|content, _| !joined.sightings.contains_key(content));
        Some(joined)
    }

    /// Adds what a later read showed. A read that shows less removes nothing.
    pub(super) fn add(&mut self, later: Self) {
        for (content, sighting) in later.sightings {
            match sighting {
                Sighting::Present(reel) => self.show(content, *reel),
                absent => {
                    self.sightings.entry(content).or_insert(absent);
                }
            }
        }
        for (content, words) in later.words {
            self.words.entry(content).or_insert(words);
        }
        self.words.retain(|content, _| !self.sightings.contains_key(content));
    }

    /// Adds a sighting of a reel; two items of one reel are merged.
    fn show(&mut self, content: ContentId, reel: Presence) {
        let reel = match self.sightings.remove(&content) {
            Some(Sighting::Present(known)) => join_copies(*known, reel),
            _ => reel,
        };
        self.sightings.insert(content, Sighting::Present(Box::new(reel)));
    }

    /// Whether no item is about any reel.
    pub(super) fn is_empty(&self) -> bool {
        self.sightings.is_empty() && self.words.is_empty()
    }

    /// Whether each of these reels has an item.
    pub(super) fn speaks_of_all(&self, asked: &[ContentId]) -> bool {
        asked.iter().all(|content| self.sightings.contains_key(content) || self.words.contains_key(content))
    }

    /// The answer to a batch. What is unknown is explained by the run's final status, if its items do not explain it.
    pub(super) fn into_answer(mut self, asked: &[ContentId], trouble: Option<&str>, unspent_units: u64) -> BatchAnswer {
        if let Some(trouble) = trouble {
            for content in asked.iter().filter(|content| !self.sightings.contains_key(content)) {
                self.words.entry(content.clone()).or_insert_with(|| trouble.to_owned());
            }
        }
        BatchAnswer { sightings: self.sightings, words: self.words, unspent_units }
    }
}

/// The short code of the reel that an item is about: an error names the address that was asked for.
fn code(item: &Value) -> Option<&str> {
    let of_address = || item["inputUrl"].as_str().or_else(|| item["url"].as_str()).and_then(short_code);
    if is_error(item) {
        return of_address().or_else(|| item["shortCode"].as_str());
    }
    item["shortCode"].as_str()
}

/// The short code in the address of a reel.
fn short_code(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?.trim_end_matches('/');
    path.rsplit('/').next()
}

/// What an item says instead of showing its reel.
fn words(item: &Value) -> String {
    let field = |name: &str| shown_words(item[name].as_str().unwrap_or_default(), "");
    match (field("error"), field("errorDescription")) {
        (error, description) if description.is_empty() => error,
        (error, description) if error.is_empty() => description,
        (error, description) => format!("{error} ({description})"),
    }
}

fn read_reel(item: &Value) -> Presence {
    Presence {
        metrics: Metrics {
            view_count: count(&item["videoViewCount"]),
            play_count: count(&item["videoPlayCount"]),
            like_count: count(&item["likesCount"]),
            comment_count: count(&item["commentsCount"]),
        },
        details: Details {
            published_at: moment(&item["timestamp"]),
            title: String::new(),
            description: text(&item["caption"]),
            author: text(&item["ownerUsername"]),
            tags: texts(&item["hashtags"]),
            duration_secs: item["videoDuration"].as_f64().and_then(whole_seconds),
            broadcast: Broadcast::None,
            thumbnail_url: address_text(&item["displayUrl"]),
            signals: PlatformSignals::default(),
        },
    }
}

/// Whole seconds of a duration; `None` if it is not a valid duration.
fn whole_seconds(seconds: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: within the range of u32")]
    (0.0..=f64::from(u32::MAX)).contains(&seconds).then_some(seconds as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tensorflix_domain::platform::Platform;

    fn reels<const N: usize>(codes: [&str; N]) -> Vec<ContentId> {
        codes.map(|id| ContentId::new(Platform::INSTAGRAM, id).expect("an id")).to_vec()
    }

    #[test]
    fn items_are_joined_by_short_code_and_unclear_ones_show_nothing() {
        let asked = reels(["AAAAA", "BBBBB", "CCCCC", "DDDDD", "EEEEE"]);
        let items = [
            json!({"shortCode": "CCCCC", "videoViewCount": 5, "videoPlayCount": "9", "likesCount": -1}),
            json!({"error": "not_found", "inputUrl": "https://www.instagram.com/reel/BBBBB/?x=1"}),
            json!({"error": "no_items", "inputUrl": "https://www.instagram.com/reel/AAAAA/"}),
            json!({"shortCode": "ZZZZZ", "videoViewCount": 1_000_000}),
            json!({"shortCode": "DDDDD", "error": {"type": "blocked"}}),
            json!({"shortCode": "DDDDD", "error": true, "videoViewCount": 1}),
            json!({"error": "not_found", "url": "https://www.instagram.com/reel/EEEEE"}),
            json!("nonsense"),
            json!(null),
        ];
        let body = serde_json::to_vec(&items).expect("JSON");
        let joined = Joined::read(&body, &asked).expect("a list");
        let answer = joined.into_answer(&asked, None, 0);
        assert_eq!(answer.sightings.keys().map(ContentId::as_str).collect::<Vec<_>>(), ["BBBBB", "CCCCC", "EEEEE"]);
        assert_eq!(answer.sightings[&asked[1]], Sighting::Absent);
        let Sighting::Present(reel) = &answer.sightings[&asked[2]] else { panic!("present") };
        assert_eq!(reel.metrics.view_count, Some(5), "the field is videoViewCount");
        assert_eq!((reel.metrics.play_count, reel.metrics.like_count), (Some(9), None));
        assert_eq!(answer.words[&asked[0]], "no_items");
    }

    #[test]
    fn of_a_reel_that_stands_there_twice_the_fuller_item_counts_whatever_the_order() {
        let asked = reels(["AAAAA"]);
        let full =
            json!({"shortCode": "AAAAA", "videoViewCount": 5, "caption": "text", "timestamp": "2026-08-01T00:00:00Z"});
        let empty = json!({"shortCode": "AAAAA", "videoViewCount": null});
        let error = json!({"shortCode": "AAAAA", "error": "restricted_page"});
        let gone = json!({"error": "not_found", "inputUrl": "https://www.instagram.com/reel/AAAAA/"});
        for items in [
            vec![&full, &empty],
            vec![&empty, &full],
            vec![&error, &full, &empty],
            vec![&full, &error],
            vec![&gone, &full],
            vec![&full, &gone],
        ] {
            let items: Vec<Value> = items.into_iter().cloned().collect();
            let mut joined = Joined::default();
            for item in &items {
                let body = serde_json::to_vec(&[item]).expect("JSON");
                joined.add(Joined::read(&body, &asked).expect("a list"));
            }
            let body = serde_json::to_vec(&items).expect("JSON");
            joined.add(Joined::read(&body, &asked).expect("a list"));
            let answer = joined.into_answer(&asked, None, 0);
            let Sighting::Present(reel) = &answer.sightings[&asked[0]] else { panic!("present: {items:?}") };
            assert_eq!((reel.metrics.view_count, reel.details.description.as_str()), (Some(5), "text"), "{items:?}");
            assert!(answer.words.is_empty());
        }
    }
}
