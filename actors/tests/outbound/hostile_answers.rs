//! Whatever a platform or GitHub answers, reading it ends, panics nowhere, and speaks only of what was asked for.

use async_trait::async_trait;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tensorflix_actors::gist_fetcher::github::{GitHub, GitHubSettings};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::platforms::DailyBudget;
use tensorflix_actors::platforms::instagram::Instagram;
use tensorflix_actors::platforms::instagram::charge_units;
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::platforms::{BatchAnswer, BatchFailure, PlatformApi, Scope};
use tensorflix_actors::ports::{Clock, Http, HttpError, HttpRequest, HttpResponse};
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::ContentId;
use tensorflix_testkit::gists::{pointer, reel, video};
use tensorflix_testkit::time::TestClock;
use tensorflix_testkit::world::UNLIMITED;

/// Repeats the same answers in turn.
struct Repeating {
    answers: Vec<HttpResponse>,
    next: AtomicUsize,
}

#[async_trait]
impl Http for Repeating {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let answer = self.answers[number % self.answers.len()].clone();
        if answer.body.len() > request.max_body_bytes {
            return Err(HttpError::TooLarge(request.max_body_bytes));
        }
        Ok(answer)
    }
}

/// JSON that resembles what platforms answer, with anything anywhere.
fn value() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "dQw4w9WgXcQ",
        "v0000000001",
        "AAAAA1",
        "2026-08-01T00:00:00Z",
        "2026-13-99T99:99:99Z",
        "-1",
        "1",
        "1e400",
        "18446744073709551616",
        "live",
        "none",
        "SUCCEEDED",
        "RUNNING",
        "FAILED",
        "quotaExceeded",
        "keyInvalid",
        "youtube#videoListResponse",
        "not_found",
        "no_items",
        "",
        "\u{0}\u{202e}\u{1b}[31m",
        "../../etc",
        "PT1H2M3S",
        "P99999999999999999999D",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "kind",
        "items",
        "id",
        "snippet",
        "statistics",
        "viewCount",
        "likeCount",
        "commentCount",
        "publishedAt",
        "title",
        "description",
        "tags",
        "channelTitle",
        "liveBroadcastContent",
        "contentDetails",
        "duration",
        "thumbnails",
        "liveStreamingDetails",
        "error",
        "errors",
        "reason",
        "code",
        "message",
        "domain",
        "status",
        "data",
        "defaultDatasetId",
        "usageTotalUsd",
        "shortCode",
        "videoPlayCount",
        "videoViewCount",
        "timestamp",
        "caption",
        "ownerUsername",
        "url",
        "inputUrl",
        "files",
        "content",
        "filename",
        "truncated",
        "owner",
        "login",
        "public",
        "history",
        "version",
        "updated_at",
        "details",
    ]);
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..300),
        // Cut somewhere.
        1 => (value(), any::<prop::sample::Index>()).prop_map(|(value, cut)| {
            let mut text = value.to_string().into_bytes();
            text.truncate(cut.index(text.len() + 1));
            text
        }),
        1 => Just([b"[".repeat(100_000), b"{\"items\":".repeat(50_000)].concat()),
    ]
}

fn answer() -> impl Strategy<Value = HttpResponse> {
    let status =
        prop::sample::select(vec![200, 200, 200, 201, 204, 304, 400, 401, 402, 403, 404, 410, 429, 500, 503, 0, 999]);
    let header = prop_oneof![
        Just(None),
        (
            prop::sample::select(vec![
                "retry-after",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
                "etag",
                "x-ratelimit-limit"
            ]),
            prop_oneof![".{0,30}", "[0-9]{1,25}", Just("Wed, 21 Oct 2026 07:28:00 GMT".to_owned())],
        )
            .prop_map(Some),
    ];
    (status, header, body()).prop_map(|(status, header, body)| {
        let headers: BTreeMap<String, String> =
            header.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        HttpResponse { status, headers, body }
    })
}

/// Runs with paused time: whatever waits, waits no real time, and whatever does not end within a day fails.
fn run<T>(work: impl Future<Output = T>) -> T {
    const LONGEST: Duration = Duration::from_secs(86_400);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(LONGEST, work).await.expect("it must end") })
}

fn outbound(clock: &Arc<dyn Clock>, answers: Vec<HttpResponse>) -> Outbound {
    let limiter = Limiter::new(UNLIMITED, Arc::clone(clock), ActorStats::new("fuzzed"));
    Outbound::new(Arc::new(Repeating { answers, next: AtomicUsize::new(0) }), Arc::new(limiter))
}

fn check(asked: &[ContentId], answer: &Result<BatchAnswer, BatchFailure>) {
    match answer {
        Ok(answer) => assert!(answer.sightings.keys().all(|content| asked.contains(content)), "{answer:?}"),
        Err(failure) => assert!(failure.error.to_string().len() < 4_000, "an error that fits a report"),
    }
}

fn key() -> SecretString {
    SecretString::from("key")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn whatever_youtube_answers_is_read_to_the_end(answers in prop::collection::vec(answer(), 1..3)) {
        run(async {
            let clock: Arc<dyn Clock> = Arc::new(TestClock::new());
            let outbound = outbound(&clock, answers);
            let youtube = YouTube {
                api_url: "https://youtube.test".parse().expect("a URL"),
                api_keys: vec![key()],
                batch_size: 50,
                max_in_flight: 4,
                daily_quota: DailyBudget::new(9_000),
                deadline: Duration::from_secs(15),
            };
            let asked = [video(1), video(2)];
            for scope in [Scope::Everything, Scope::Numbers] {
                for route in youtube.routes(scope) {
                    check(&asked, &youtube.observe(&outbound, &route, &asked, Duration::MAX).await);
                }
            }
        });
    }

    #[test]
    fn whatever_apify_answers_is_read_to_the_end(answers in prop::collection::vec(answer(), 1..4)) {
        run(async {
            let clock: Arc<dyn Clock> = Arc::new(TestClock::new());
            let outbound = outbound(&clock, answers);
            let instagram = Instagram {
                api_url: "https://apify.test".parse().expect("a URL"),
                api_key: Some(key()),
                actor: "a~b".to_owned(),
                batch_size: 100,
                max_in_flight: 2,
                max_charge_usd: 1.0,
                daily_charge: DailyBudget::new(charge_units(5.0)),
                deadline: Duration::from_secs(180),
                clock: Arc::clone(&clock),
            };
            let asked = [reel(1), reel(2)];
            for route in instagram.routes(Scope::Everything) {
                let answer = instagram.observe(&outbound, &route, &asked, Duration::MAX).await;
                check(&asked, &answer);
                let unspent = answer.map_or_else(|failure| failure.unspent_units, |answer| answer.unspent_units);
                assert!(unspent <= instagram.terms().units_per_batch, "nothing is given back that was not taken");
            }
        });
    }

    #[test]
    fn whatever_github_answers_is_read_to_the_end(answers in prop::collection::vec(answer(), 1..3), has_token in any::<bool>()) {
        run(async {
            let clock: Arc<dyn Clock> = Arc::new(TestClock::new());
            let github = GitHub::new(GitHubSettings {
                api_url: "https://api.github.test".parse().expect("a URL"),
                raw_url: "https://raw.github.test".parse().expect("a URL"),
                token: has_token.then(key),
                deadline: Duration::from_secs(15),
                max_gist_bytes: 262_144,
            }, outbound(&clock, answers), Arc::clone(&clock));
            let pointer = pointer("alice", 1);
            let reading = github.gist(&pointer, Some("W/\"1\"")).await;
            if let tensorflix_domain::gist_record::GistOutcome::Fetched { document, .. } = &reading.outcome {
                assert!(document.len() <= 262_144);
            }
            github.date(&GistName::from(&pointer)).await;
            if let Err(error) = github.describe(&pointer).await {
                assert!(error.to_string().len() < 4_000);
            }
        });
    }
}
