//! Verifier: what each detector is shown and what is made of its answers; a failure is never a verdict.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod budget;
mod days;
mod deadlines;
mod parts;
mod questions;

use serde_json::{Value, json};
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::ports::{HttpError, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{
    AskedQuestion, ContentToVerify, VerdictsReached, Verifier, VerifierParts, VerifyContents, detector_bucket,
};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Details, Observation, Presence, Sighting};
use tensorflix_domain::verification::{Check, Provider, Question, Subject, Verdict};
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::scripted_services::detectors::{detector, path};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{simulate, within};
use tensorflix_testkit::world::{UNLIMITED, World};

/// The block of the tests, and its UTC date.
const BLOCK: Block = 72_000;
const TODAY: &str = "2026-08-31";

const TITLE: &str = "A fox";
const TEXT: &str = "Made with a model.";
const COVER: &str = "https://scontent.cdninstagram.com/cover.jpg";

/// A verifier with one detector, in a world where the contents were seen.
struct Bench {
    world: World,
    verifier: actix::Addr<Verifier>,
    provider: Provider,
}

impl Bench {
    async fn start(provider: Provider, daily_requests: u64) -> Self {
        Self::start_at(UNLIMITED, provider, daily_requests).await
    }

    async fn start_at(rate: Rate, provider: Provider, daily_requests: u64) -> Self {
        let (world, stats) = (World::new(), ActorStats::new("verifier"));
        let details = Details {
            title: TITLE.to_owned(),
            description: TEXT.to_owned(),
            duration_secs: Some(20),
            thumbnail_url: Some(COVER.to_owned()),
            ..Details::default()
        };
        let presence = Presence { details, ..Presence::default() };
        let observation = |content| Observation {
            content,
            at: stamp(BLOCK),
            sighting: Sighting::Present(Box::new(presence.clone())),
        };
        let observations: Vec<_> = (1..=40).map(video).chain([reel(1)]).map(observation).collect();
        world.store.record_observations(&observations).await.expect("stored");
        let detectors = vec![(detector(provider, daily_requests), world.outbound(rate, &stats))];
        let parts = VerifierParts::new(detectors, world.store(), world.clock(), stats.clone());
        let verifier = world.start(&stats, move || Verifier::new(parts.clone()));
        Self { world, verifier, provider }
    }

    /// Asks the checks about contents.
    async fn ask(&self, contents: &[ContentId], checks: &[Check]) -> VerdictsReached {
        self.ask_within(contents, checks, Duration::from_secs(1_800)).await
    }

    /// The same by an order that ends after so long.
    async fn ask_within(&self, contents: &[ContentId], checks: &[Check], deadline: Duration) -> VerdictsReached {
        let asked = |check: &Check| {
            let description = (*check == Check::Topic).then(|| "a fox in snow".to_owned());
            let subject = Subject::of(&format!("{TITLE}\n{TEXT}"), Some(20), description.as_deref());
            AskedQuestion {
                question: Question {
                    check: *check,
                    task_id: (*check == Check::Topic).then(|| "foxes".to_owned()),
                    subject,
                },
                task_description: description,
                providers: [self.provider].into(),
            }
        };
        let contents = contents
            .iter()
            .map(|content| ContentToVerify { content: content.clone(), asked: checks.iter().map(asked).collect() })
            .collect();
        let request = VerifyContents { contents, as_of: stamp(BLOCK), deadline };
        within("verdicts", self.verifier.send(request)).await.expect("an answer")
    }

    async fn verdicts(&self, content: &ContentId) -> Vec<Verdict> {
        self.world.store.verifications(std::slice::from_ref(content)).await.expect("read").remove(0).verdicts
    }

    fn answer(&self, replies: impl IntoIterator<Item = Reply>) {
        match self.provider {
            Provider::Sightengine => self.world.http.get(path(self.provider), replies),
            _ => self.world.http.post(path(self.provider), replies),
        }
    }

    fn requests(&self) -> usize {
        self.world.http.requests_for(path(self.provider)).len()
    }

    fn spent(&self) -> u64 {
        self.world.store.units_spent("verifier/", TODAY)
    }
}

fn picture(ai: f64, nudity: f64) -> Value {
    json!({ "status": "success", "request": { "id": "req_1", "operations": 8 }, "type": { "ai_generated": ai },
        "nudity": { "sexual_activity": nudity, "sexual_display": 0.01, "none": 0.9 },
        "gore": { "prob": 0.02 }, "violence": { "prob": 0.03 } })
}

fn moderated(sexual: f64) -> Value {
    json!({ "id": "modr-1", "model": "omni-moderation-latest", "results": [{ "flagged": sexual > 0.5,
        "categories": { "sexual": sexual > 0.5 }, "category_scores": { "sexual": sexual, "violence/graphic": 0.1 } }] })
}

fn hooked(verdict: &str, confidence: f64) -> Value {
    json!({ "verdict": verdict, "confidence": confidence, "evidence": "it says so" })
}

/// A good answer of each detector, certain of a breach of the illicit check.
fn good(provider: Provider) -> Reply {
    Reply::json(&match provider {
        Provider::Sightengine => picture(0.5, 0.95),
        Provider::Openai => moderated(0.95),
        _ => hooked("fail", 0.95),
    })
}

const DETECTORS: [Provider; 3] = [Provider::Sightengine, Provider::Openai, Provider::Webhook];

/// What no detector may be taken to have answered.
fn nonsense() -> Vec<Reply> {
    let mut bodies: Vec<Vec<u8>> = ["", "<html>", "null", "[]", "{}", "{\"status\": \"success\"}", "7"]
        .map(|body| body.as_bytes().to_vec())
        .to_vec();
    bodies.extend([
        json!({ "status": "success", "type": { "ai_generated": 1.5 }, "nudity": 3 }).to_string().into_bytes(),
        json!({ "results": [] }).to_string().into_bytes(),
        json!({ "results": [{ "category_scores": { "sexual": "0.9" } }] }).to_string().into_bytes(),
        json!({ "results": [{ "category_scores": { "sexual": -0.1 } }] }).to_string().into_bytes(),
        json!({ "verdict": "fail" }).to_string().into_bytes(),
        json!({ "verdict": "fail", "confidence": "high" }).to_string().into_bytes(),
        json!({ "verdict": "fail", "confidence": 97 }).to_string().into_bytes(),
        json!({ "verdict": "perhaps", "confidence": 0.9 }).to_string().into_bytes(),
        json!({ "verdict": true, "confidence": 0.9 }).to_string().into_bytes(),
    ]);
    bodies.into_iter().map(|body| Reply::new(200, body)).collect()
}

fn failures() -> Vec<Reply> {
    let mut replies = nonsense();
    replies.extend([400, 401, 403, 404, 429, 500, 502, 503].map(|status| Reply::new(status, "{}")));
    replies.push(Reply::json(&json!({ "status": "failure", "error": { "type": "media_error", "code": 2 } })));
    replies.push(Reply::new(400, json!({ "status": "failure", "error": { "type": "usage_limit" } }).to_string()));
    replies.push(Reply::new(429, json!({ "error": { "code": "insufficient_quota" } }).to_string()));
    replies.push(Reply::fail(HttpError::Connection("refused".to_owned())));
    replies.push(Reply::fail(HttpError::TooLarge(1)));
    replies.push(Reply::fail(HttpError::Redirected));
    replies.push(Reply::hang());
    replies
}

#[test]
fn pitfall_10_whatever_goes_wrong_with_a_detector_is_no_verdict_and_is_not_cached() {
    for provider in DETECTORS {
        for reply in failures() {
            simulate(async move {
                let bench = Bench::start(provider, 1_000).await;
                bench.answer([reply.clone()]);
                let reached = bench.ask(&[video(1)], &[Check::Illicit]).await;
                assert_eq!(reached.reached_count, 0, "{provider} {reply:?}");
                assert_eq!(reached.errors.len(), 1, "{provider} {reply:?}");
                assert_eq!(bench.verdicts(&video(1)).await, [], "{provider} {reply:?}");
                // Tomorrow it answers, and is asked: nothing was remembered of the failure.
                let other = Bench { verifier: again(&bench, provider), world: bench.world.clone(), provider };
                other.world.http.get(path(provider), [good(provider)]);
                other.world.http.post(path(provider), [good(provider)]);
                let bucket = detector_bucket(provider, Some(&SECRET.into()));
                other.world.store.credit(&bucket, TODAY, 1_000).await.expect("a new day");
                assert_eq!(other.ask(&[video(1)], &[Check::Illicit]).await.reached_count, 1, "{provider} {reply:?}");
                assert_eq!(other.verdicts(&video(1)).await[0].breach_permille, 950);
            });
        }
    }
}

/// The same verifier in a new process.
fn again(bench: &Bench, provider: Provider) -> actix::Addr<Verifier> {
    let stats = ActorStats::new("verifier");
    let detectors = vec![(detector(provider, 1_000), bench.world.outbound(UNLIMITED, &stats))];
    let parts = VerifierParts::new(detectors, bench.world.store(), bench.world.clock(), stats.clone());
    bench.world.start(&stats, move || Verifier::new(parts.clone()))
}

#[test]
fn slow_detectors_end_with_the_deadline_and_what_came_before_is_kept() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer([good(Provider::Webhook).after(Duration::from_secs(14))]);
        let contents: Vec<ContentId> = (1..=40).map(video).collect();
        let asked = AskedQuestion {
            question: Question { check: Check::Illicit, task_id: None, subject: Subject::of("", None, None) },
            task_description: None,
            providers: [Provider::Webhook].into(),
        };
        let contents = contents.into_iter().map(|content| ContentToVerify { content, asked: vec![asked.clone()] });
        let deadline = Duration::from_secs(60);
        let request = VerifyContents { contents: contents.collect(), as_of: stamp(BLOCK), deadline };
        let begin = tokio::time::Instant::now();
        let reached = within("verdicts", bench.verifier.send(request)).await.expect("an answer");
        assert_eq!(reached.reached_count, 8, "two at a time, fourteen seconds each");
        assert!(begin.elapsed() < Duration::from_secs(61));
        assert_eq!(reached.errors, ["webhook: no time was left"]);
    });
}

#[test]
fn secrets_are_in_no_log_no_error_and_no_verdict() {
    for provider in DETECTORS {
        simulate(async move {
            let logs = Logs::capture();
            let bench = Bench::start(provider, 1_000).await;
            let echo = |status| {
                Reply::new(
                    status,
                    json!({ "error": { "message": SECRET, "type": SECRET, "code": SECRET } }).to_string(),
                )
            };
            bench.answer([echo(500), echo(400), echo(429), echo(401), good(provider)]);
            let contents: Vec<ContentId> = (1..=5).map(video).collect();
            let reached = bench.ask(&contents, &[Check::Illicit]).await;
            let buckets = bench.world.store.spent("", TODAY).await.expect("read");
            let mut shown = format!("{reached:?} {buckets:?} {}", logs.text());
            for content in &contents {
                shown.push_str(&format!("{:?}", bench.verdicts(content).await));
            }
            assert!(!shown.contains(SECRET), "{shown}");
        });
    }
}
