//! Answers for clients of the first Python services, which read times without a zone as UTC, and calculate with every count that
//! is present.

use crate::config::Compatibility;
use serde_json::{Map, Value};

/// The fields with a time.
const TIMES: [&str; 3] = ["published_at", "timestamp", "observed_at"];
/// The fields with a count.
const COUNTS: [&str; 5] = ["view_count", "like_count", "comment_count", "video_view_count", "video_play_count"];

/// An answer in the configured format.
pub(super) fn answer(mut answer: Value, compatibility: Compatibility) -> Value {
    if let (Compatibility::Original, Value::Object(fields)) = (compatibility, &mut answer) {
        make_original(fields);
    }
    answer
}

fn make_original(fields: &mut Map<String, Value>) {
    fields.retain(|name, value| !(value.is_null() && COUNTS.contains(&name.as_str())));
    for name in TIMES {
        if let Some(Value::String(time)) = fields.get_mut(name) {
            *time = naive(time);
        }
    }
}

/// A time in UTC without its zone, as Python writes it: without a fraction that is zero.
fn naive(time: &str) -> String {
    let time = time.strip_suffix('Z').unwrap_or(time);
    time.strip_suffix(".000").unwrap_or(time).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn original_answers_have_naive_times_and_no_unknown_counts_and_else_the_same() {
        let published = json!({
            "published_at": "2026-08-21T10:00:00.000Z", "timestamp": null, "observed_at": "2026-08-21T11:00:00.250Z",
            "view_count": 0, "like_count": null, "video_play_count": null, "duration_secs": null, "title": "at 10:00Z"
        });
        assert_eq!(answer(published.clone(), Compatibility::None), published);
        let original = json!({
            "published_at": "2026-08-21T10:00:00", "timestamp": null, "observed_at": "2026-08-21T11:00:00.250",
            "view_count": 0, "duration_secs": null, "title": "at 10:00Z"
        });
        assert_eq!(answer(published.clone(), Compatibility::Original), original);
    }
}
