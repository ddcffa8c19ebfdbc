//! Answers against the official schemas in `data/specs`.

use reqwest::Method;
use serde_json::{Map, Value, json};
use tensorflix_sandbox::world::{Conduct, Member, Platform};

use crate::harness::{Harness, received, start, start_cast};

const YOUTUBE: &str = include_str!("../../data/specs/youtube-v3-videos.json");
const GITHUB: &str = include_str!("../../data/specs/github-gists-openapi.json");

const ALL_PARTS: &str = "snippet,statistics,status,contentDetails,liveStreamingDetails,player,topicDetails,id";

/// A schema of Google's discovery format as JSON Schema; fields that it does not name are refused.
fn from_discovery(schema: &Value) -> Value {
    let mut converted = Map::new();
    for (keyword, value) in schema.as_object().unwrap() {
        let value = match (keyword.as_str(), value) {
            ("$ref", name) => json!(format!("#/$defs/{}", name.as_str().unwrap())),
            ("type", kind) if kind != "any" => kind.clone(),
            ("enum", names) => names.clone(),
            ("format", format) if format == "date-time" => format.clone(),
            ("properties", fields) => {
                converted.insert("additionalProperties".to_owned(), json!(false));
                let fields = fields.as_object().unwrap().iter();
                fields.map(|(name, field)| (name.clone(), from_discovery(field))).collect()
            }
            ("items" | "additionalProperties", below) => from_discovery(below),
            _ => continue,
        };
        converted.insert(keyword.clone(), value);
    }
    Value::Object(converted)
}

fn youtube_schema(name: &str) -> Value {
    let discovery: Value = serde_json::from_str(YOUTUBE).unwrap();
    let schemas = discovery["schemas"].as_object().unwrap().iter();
    let definitions: Map<String, Value> =
        schemas.map(|(name, schema)| (name.clone(), from_discovery(schema))).collect();
    json!({"$ref": format!("#/$defs/{name}"), "$defs": definitions})
}

/// OpenAPI 3.0 says `nullable` where JSON Schema lists the type null.
fn with_null(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_null).collect(),
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, with_null(value))).collect();
            if fields.get("nullable") == Some(&json!(true))
                && let Some(kind) = fields.get("type").cloned()
            {
                fields.insert("type".to_owned(), json!([kind, "null"]));
            }
            Value::Object(fields)
        }
        leaf => leaf,
    }
}

fn github_schema(mut schema: Value) -> Value {
    let document: Value = serde_json::from_str(GITHUB).unwrap();
    schema["components"] = with_null(document["components"].clone());
    schema
}

fn github_schema_named(name: &str) -> Value {
    github_schema(json!({"$ref": format!("#/components/schemas/{name}")}))
}

#[track_caller]
fn check(schema: &Value, document: &Value) {
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:#?}\n{document:#}");
}

/// One miner of every conduct, so that every sort of video and gist is in the answers.
async fn everybody() -> Harness {
    start_cast(&Conduct::ALL).await
}

fn every_youtube_id(harness: &Harness) -> Vec<String> {
    let members: Vec<Member> = harness.world.read().members().to_vec();
    let world = harness.world.read();
    let mut ids = Vec::new();
    for member in members.iter().filter(|member| !member.conducts().is_empty()) {
        if member.conducts().iter().any(|conduct| matches!(conduct, Conduct::MissingGist | Conduct::BrokenGist)) {
            continue;
        }
        ids.extend(harness.pairs(member).into_iter().map(|(_, id)| id));
    }
    ids.retain(|id| world.kind_of(Platform::YouTube, id).is_some());
    ids.sort();
    ids.dedup();
    ids
}

#[tokio::test]
async fn every_video_of_the_world_validates_against_the_discovery_schema() {
    let harness = everybody().await;
    let ids = every_youtube_id(&harness);
    assert!(ids.len() > 50, "{}", ids.len());
    let (list, stats) = (youtube_schema("VideoListResponse"), youtube_schema("BatchGetStatsResponse"));
    for chunk in ids.chunks(50) {
        let ids = chunk.join(",");
        let answer = received(harness.youtube("videos", &[("part", ALL_PARTS), ("id", &ids), ("key", "k")])).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!answer.json()["items"].as_array().unwrap().is_empty());
        check(&list, &answer.json());
        let parts = "snippet,statistics,contentDetails,id";
        let query = [("part", parts), ("id", &ids), ("key", "k")];
        let answer = received(harness.youtube("videos:batchGetStats", &query)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        check(&stats, &answer.json());
    }
}

#[tokio::test]
async fn every_gist_of_the_world_validates_against_the_openapi_schema() {
    let harness = everybody().await;
    let members: Vec<Member> = harness.world.read().members().to_vec();
    let gist_schema = github_schema_named("gist-simple");
    let commits_schema = github_schema(json!({"type": "array", "items": {"$ref": "#/components/schemas/gist-commit"}}));
    let (mut found, mut missing) = (0, 0);
    for member in members {
        let path = format!("/gists/{}", member.gist_id);
        let answer = received(harness.api(&path).bearer_auth("t")).await;
        if answer.status == 404 {
            check(&github_schema_named("basic-error"), &answer.json());
            missing += 1;
            continue;
        }
        check(&gist_schema, &answer.json());
        let commits = received(harness.api(&format!("{path}/commits")).bearer_auth("t")).await.json();
        check(&commits_schema, &commits);
        let sha = commits[0]["version"].as_str().unwrap();
        check(&gist_schema, &received(harness.api(&format!("{path}/{sha}")).bearer_auth("t")).await.json());
        found += 1;
    }
    assert_eq!(missing, 2, "the owner has no gist, and one miner's is missing");
    assert!(found > 20);
}

#[tokio::test]
async fn the_rate_limit_and_its_refusal_validate_against_the_openapi_schema() {
    let harness = start(1).await;
    let answer = received(harness.api("/rate_limit")).await;
    check(&github_schema_named("rate-limit-overview"), &answer.json());
    let refused = received(harness.request(Method::GET, harness.platforms.github_api_url() + "/gists/none")).await;
    check(&github_schema_named("basic-error"), &refused.json());
}

#[test]
fn the_converted_schemas_refuse_what_the_platforms_never_send() {
    for (schema, document) in [
        (youtube_schema("VideoListResponse"), json!({"items": [{"statistics": {"viewCount": 5}}]})),
        (youtube_schema("VideoListResponse"), json!({"items": [{"statistics": {"views": "5"}}]})),
        (youtube_schema("VideoListResponse"), json!({"items": [{"snippet": {"publishedAt": "yesterday"}}]})),
        (youtube_schema("BatchGetStatsResponse"), json!({"pageInfo": {}})),
        (github_schema_named("gist-simple"), json!({"owner": {"login": "only"}})),
        (github_schema_named("rate-limit-overview"), json!({"resources": {}})),
    ] {
        let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        assert!(!validator.is_valid(&document), "{document}");
    }
}
