//! What cannot be true is no evidence: it scores nothing, rejects nobody, and is said once.

use serde_json::{Value, json};
use tensorflix_domain::observation::{Metrics, Sighting};
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::observing::{Observing, Settings};
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::instagram::{Apify, Reels};
use tensorflix_testkit::scripted_services::youtube::{PATH, STATS, Videos, start_with_both_methods, videos};
use tensorflix_testkit::subnets::{moment, stamp};
use tensorflix_testkit::time::simulate;

fn youtube_item(number: u32, fields: &Value) -> Value {
    let mut item = json!({ "id": video(number).as_str(), "snippet": { "publishedAt": moment(-5.0).to_string() },
        "statistics": { "viewCount": "1000", "likeCount": "10", "commentCount": "1" } });
    for (path, value) in fields.as_object().expect("fields") {
        *item.pointer_mut(path).expect(path) = value.clone();
    }
    item
}

fn absurd_of_youtube() -> Vec<Value> {
    let at = |text: &str| json!({ "/snippet/publishedAt": text });
    let tomorrow = moment(25.0).to_string();
    vec![
        at("2027-08-21T00:00:00Z"),
        at("9999-12-31T23:59:59Z"),
        at(&tomorrow),
        at("0001-01-01T00:00:00Z"),
        at("1970-01-01T00:00:00Z"),
        at("2005-02-13T00:00:00Z"),
        json!({ "/statistics/viewCount": "18446744073709551615" }),
        json!({ "/statistics/viewCount": "1000000000001" }),
        json!({ "/statistics/viewCount": 1_000_000_000_001_u64 }),
    ]
}

#[test]
fn a_video_with_what_cannot_be_true_is_unknown_and_that_is_said_once() {
    for fields in absurd_of_youtube() {
        simulate(async move {
            let logs = Logs::capture();
            let youtube = Observing::<Videos>::start(&Settings::default());
            let items = [youtube_item(1, &json!({})), youtube_item(2, &fields)];
            youtube.world.http.get(PATH, [Reply::json(&json!({ "items": items }))]);
            for cycle in 0..3 {
                let block = 100 + cycle;
                let answer = youtube.observe_at(&videos(1..3), block, stamp(block)).await;
                assert_eq!(answer.shortfalls, [(video(2), Reason::PlatformUnavailable)].into(), "{fields}");
                assert!(answer.errors.join("\n").contains("not plausible"), "{:?}", answer.errors);
            }
            assert_eq!(youtube.observations(&[video(2)]), [], "{fields}");
            assert_eq!(youtube.observations(&[video(1)]).len(), 3);
            assert_eq!(logs.lines(&["not plausible", "WARN"]).len(), 1, "{fields}: {}", logs.text());
        });
    }
}

#[test]
fn numbers_alone_that_cannot_be_true_change_nothing() {
    simulate(async {
        let youtube = start_with_both_methods(&Settings::default());
        youtube.observe_at(&videos(1..3), 100, stamp(100)).await;
        let items = [1, 2].map(|number| {
            let views = if number == 2 { "18446744073709551615" } else { "2000" };
            json!({ "id": video(number).as_str(), "statistics": { "viewCount": views } })
        });
        youtube.world.http.get(STATS, [Reply::json(&json!({ "items": items }))]);
        youtube.observe_at(&videos(1..3), 110, stamp(110)).await;
        let views: Vec<Option<u64>> =
            youtube.observations(&[video(2)]).iter().map(|seen| seen.sighting.metrics().view_count).collect();
        assert_eq!(views, [Some(1_000), Some(1_000)], "it was asked for with everything instead");
    });
}

#[test]
fn what_only_watches_is_dropped_where_it_cannot_be_true_and_the_rest_stands() {
    simulate(async {
        let youtube = Observing::<Videos>::start(&Settings::default());
        let fields =
            json!({ "/statistics/likeCount": "18446744073709551615", "/statistics/commentCount": "2000000000000" });
        let mut item = youtube_item(1, &fields);
        item["contentDetails"] = json!({ "duration": "P40000D" });
        youtube.world.http.get(PATH, [Reply::json(&json!({ "items": [item] }))]);
        youtube.observe(&[video(1)]).await;
        let seen = youtube.observations(&[video(1)]);
        let Sighting::Present(presence) = &seen[0].sighting else { panic!("present") };
        assert_eq!(presence.metrics, Metrics { view_count: Some(1_000), ..Metrics::default() });
        assert_eq!(presence.details.duration_secs, None);
    });
}

#[test]
fn a_premiere_of_next_month_is_seen_as_one() {
    for state in ["upcoming", "live"] {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let mut item = youtube_item(1, &json!({ "/snippet/publishedAt": "2026-09-30T00:00:00Z" }));
            item["snippet"]["liveBroadcastContent"] = json!(state);
            youtube.world.http.get(PATH, [Reply::json(&json!({ "items": [item] }))]);
            let answer = youtube.observe(&[video(1)]).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len()), (1, 0), "{state}");
            let seen = youtube.observations(&[video(1)]);
            let details = seen[0].sighting.details().expect("details");
            assert_eq!(details.published_at, None, "the time it is planned for is no time of publication");
        });
    }
}

#[test]
fn a_reel_with_what_cannot_be_true_is_unknown() {
    for (fields, is_evidence) in [
        (json!({ "timestamp": "9999-12-31T23:59:59Z" }), false),
        (json!({ "timestamp": "2010-01-01T00:00:00Z" }), false),
        (json!({ "videoViewCount": 1e15 }), false),
        (json!({ "videoPlayCount": 1_000_000_000_001_u64 }), false),
        (json!({ "videoViewCount": 1_000_000_000_000_u64 }), true),
        (json!({ "likesCount": 1e15 }), true),
        (json!({ "videoDuration": -5.0 }), true),
        (json!({ "videoDuration": 1e300 }), true),
    ] {
        simulate(async move {
            let instagram = Observing::<Reels>::start(&Settings::default());
            let shown = fields.clone();
            Apify::default().serve(&instagram.world.http, move |code| {
                let mut item = json!({ "shortCode": code, "videoViewCount": 5, "timestamp": moment(-5.0).to_string() });
                item.as_object_mut().expect("an object").extend(shown.as_object().expect("fields").clone());
                Some(item)
            });
            let answer = instagram.observe(&[reel(1)]).await;
            assert_eq!(answer.observed_count == 1, is_evidence, "{fields}: {:?}", answer.errors);
            for seen in instagram.observations(&[reel(1)]) {
                let details = seen.sighting.details().expect("details");
                assert_eq!((details.duration_secs, seen.sighting.metrics().like_count), (None, None), "{fields}");
            }
        });
    }
}
