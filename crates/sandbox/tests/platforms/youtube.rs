//! YouTube: quota, keys, parts, fields, compression.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::platforms::youtube::{BATCH_GET_STATS, VIDEOS_LIST};
use tensorflix_sandbox::world::{Counts, Platform};

use crate::harness::{received, start};

/// Blocks of a day.
const DAY_BLOCKS: u32 = 7_200;

#[tokio::test]
async fn a_request_of_fifty_ids_costs_one_unit_and_one_id_more_is_refused() {
    let harness = start(1).await;
    let known = harness.honest_ids(Platform::YouTube);
    let mut ids: Vec<String> = (0..50 - known.len().min(50)).map(|number| format!("unknown-{number:03}")).collect();
    ids.extend(known.iter().take(50).cloned());
    let answer = received(harness.youtube("videos", &[("part", "id"), ("id", &ids.join(",")), ("key", "k")])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["items"].as_array().unwrap().len(), known.len().min(50), "unknown ids are left out");
    ids.push("one-more-id".to_owned());
    let refused = received(harness.youtube("videos", &[("part", "id"), ("id", &ids.join(",")), ("key", "k")])).await;
    assert_eq!((refused.status, &refused.json()["error"]["errors"][0]["reason"]), (400, &json!("invalidFilters")));
    let counters = harness.platforms.counters().youtube;
    assert_eq!(counters.units[&("k".to_owned(), VIDEOS_LIST)], 2, "an invalid request costs too");
    assert_eq!(counters.ids_asked, 101);
}

#[tokio::test]
async fn each_method_and_key_has_its_own_quota_until_midnight_in_los_angeles() {
    let harness = start(1).await;
    harness.platforms.youtube().set_daily_units(2);
    let id = &harness.honest_ids(Platform::YouTube)[0];
    let ask = async |method: &str, key: &str| {
        received(harness.youtube(method, &[("part", "statistics"), ("id", id), ("key", key)])).await
    };
    for method in ["videos", "videos:batchGetStats"] {
        for (key, status) in [("a", 200), ("a", 200), ("a", 403), ("b", 200)] {
            assert_eq!(ask(method, key).await.status, status, "{method} {key}");
        }
    }
    assert_eq!(ask("videos", "a").await.json()["error"]["errors"][0]["reason"], "quotaExceeded");
    harness.world.advance_to(START_BLOCK + DAY_BLOCKS);
    assert_eq!(ask("videos", "a").await.status, 200);
    let counters = harness.platforms.counters().youtube;
    assert_eq!((counters.units_of(VIDEOS_LIST), counters.units_of(BATCH_GET_STATS)), (4, 3));
}

#[tokio::test]
async fn a_bad_key_a_missing_key_and_bad_parameters_each_have_their_own_error() {
    let harness = start(1).await;
    let id = harness.honest_ids(Platform::YouTube)[0].clone();
    let error = async |query: &[(&str, &str)]| {
        let answer = received(harness.youtube("videos", query)).await;
        (answer.status, answer.json()["error"].clone())
    };
    let (status, body) = error(&[("part", "id"), ("id", &id), ("key", "invalid-key")]).await;
    assert_eq!((status, &body["details"][0]["reason"]), (400, &json!("API_KEY_INVALID")));
    for (query, status, reason) in [
        (vec![("part", "id"), ("id", id.as_str())], 403, "forbidden"),
        (vec![("id", id.as_str()), ("key", "k")], 400, "missingRequiredParameter"),
        (vec![("part", "id"), ("key", "k")], 400, "missingRequiredParameter"),
        (vec![("part", "id,nonsense"), ("id", id.as_str()), ("key", "k")], 400, "unknownPart"),
        (vec![("part", "id"), ("id", id.as_str()), ("key", "k"), ("fields", "items(")], 400, "invalidParameter"),
    ] {
        let (got, body) = error(&query).await;
        assert_eq!((got, &body["errors"][0]["reason"]), (status, &json!(reason)), "{query:?}");
    }
    let recorded = format!("{:?}", harness.platforms.counters().youtube.recent);
    assert!(recorded.contains("key=REDACTED") && !recorded.contains("invalid-key"), "{recorded}");
}

#[tokio::test]
async fn a_part_comes_only_when_asked_and_fields_cut_it_further() {
    let harness = start(1).await;
    let id = harness.honest_ids(Platform::YouTube)[0].clone();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let answer = received(harness.youtube("videos", &[("part", "statistics"), ("id", &id), ("key", "k")])).await.json();
    assert_eq!(names(&answer["items"][0]), ["etag", "id", "kind", "statistics"]);
    let fields = "items(id,statistics/viewCount)";
    let query = [("part", "statistics,snippet"), ("id", &id), ("key", "k"), ("fields", fields)];
    let answer = received(harness.youtube("videos", &query)).await.json();
    assert_eq!(
        (names(&answer), names(&answer["items"][0])),
        (vec!["items".to_owned()], vec!["id".to_owned(), "statistics".to_owned()])
    );
    assert!(answer["items"][0]["statistics"]["viewCount"].as_str().unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn an_answer_is_compressed_only_if_both_headers_say_gzip() {
    let harness = start(1).await;
    let id = harness.honest_ids(Platform::YouTube)[0].clone();
    let query = [("part", "snippet"), ("id", id.as_str()), ("key", "k")];
    let plain = received(harness.youtube("videos", &query).header("Accept-Encoding", "gzip")).await;
    assert_eq!(plain.header("content-encoding"), "");
    let both = harness.youtube("videos", &query).header("Accept-Encoding", "gzip").header("User-Agent", "test (gzip)");
    let packed = received(both).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn set_counts_and_removals_show_at_once() {
    let harness = start(1).await;
    let id = harness.honest_ids(Platform::YouTube)[0].clone();
    let query = [("part", "statistics"), ("id", id.as_str()), ("key", "k")];
    let counts = Counts { views: Some(77), likes: None, ..Counts::default() };
    harness.world.set_counts(Platform::YouTube, &id, counts).unwrap();
    let statistics = received(harness.youtube("videos", &query)).await.json()["items"][0]["statistics"].clone();
    assert_eq!(statistics, json!({"viewCount": "77", "favoriteCount": "0"}));
    harness.world.remove_content(Platform::YouTube, &id).unwrap();
    assert_eq!(received(harness.youtube("videos", &query)).await.json()["items"], json!([]));
    assert!(harness.world.remove_content(Platform::YouTube, "no-such-id!").is_err());
}
