//! Verifier: what each detector is shown and what is made of its answers; a failure is never a verdict.

mod days;
mod deadlines;
mod parts;

use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::ports::{HttpError, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{
    AskedQuestion, ContentToVerify, Detector, OpenAi, SightEngine, Terms, VerdictsReached, Verifier, VerifierParts,
    VerifyContents, Webhook, detector_bucket,
};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::{Details, Observation, Presence, Sighting};
use tensorflix_domain::verification::{Check, Provider, Question, Subject, Verdict};
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::logs::Logs;
use tensorflix_testkit::scripted_http::{Reply, SECRET};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::{simulate, within};
use tensorflix_testkit::world::{UNLIMITED, World};

/// The block of the tests, and its UTC date.
const BLOCK: Block = 72_000;
const TODAY: &str = "2026-08-31";

const TITLE: &str = "A fox";
const TEXT: &str = "Made with a model.";
const COVER: &str = "https://scontent.cdninstagram.com/cover.jpg";

pub fn path(provider: Provider) -> &'static str {
    match provider {
        Provider::Sightengine => "/1.0/check.json",
        Provider::Openai => "/v1/moderations",
        _ => "/hook",
    }
}

fn terms(provider: Provider, daily_requests: u64) -> Terms {
    let bucket = detector_bucket(provider, Some(&SECRET.into()));
    Terms { bucket, max_in_flight: 2, daily_requests, deadline: Duration::from_secs(15) }
}

pub fn detector(provider: Provider, daily_requests: u64) -> Arc<dyn Detector> {
    let terms = terms(provider, daily_requests);
    let api_url = "https://detector.example".parse().expect("a URL");
    let secret = || SecretString::from(SECRET);
    match provider {
        Provider::Sightengine => Arc::new(SightEngine { api_url, api_user: secret(), api_secret: secret(), terms }),
        Provider::Openai => Arc::new(OpenAi { api_url, api_key: secret(), terms }),
        _ => Arc::new(Webhook { url: api_url.join("hook").expect("a URL"), token: Some(secret()), terms }),
    }
}

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
        let parts = VerifierParts { detectors, store: world.store(), clock: world.clock(), stats: stats.clone() };
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

#[test]
fn the_middle_frame_tells_ai_and_the_worst_one_what_is_illicit() {
    simulate(async {
        let bench = Bench::start(Provider::Sightengine, 100).await;
        bench.answer([picture(0.9, 0.1), picture(0.2, 0.7), picture(0.1, 0.3)].map(|answer| Reply::json(&answer)));
        let reached = bench.ask(&[video(1)], &[Check::Ai, Check::Illicit]).await;
        assert_eq!(reached, VerdictsReached { reached_count: 2, errors: vec![] });
        let verdicts = bench.verdicts(&video(1)).await;
        let told: Vec<_> = verdicts.iter().map(|one| (one.check, one.provider, one.breach_permille)).collect();
        assert_eq!(told, [(Check::Ai, Provider::Sightengine, 800), (Check::Illicit, Provider::Sightengine, 700)]);
        assert_eq!(verdicts[0].scores["ai_generated (type) in picture 1"], 900);
        assert_eq!((verdicts[0].at, bench.spent()), (stamp(BLOCK), 3));
        let requests = bench.world.http.requests();
        let asked: Vec<&str> = requests.iter().map(|request| request.query["url"].as_str()).collect();
        let frames = [1, 2, 3].map(|number| format!("https://i.ytimg.com/vi/{}/{number}.jpg", video(1).as_str()));
        assert_eq!(asked, frames);
        assert_eq!(requests[0].query["models"], "genai,nudity-2.1,gore-2.0,violence");
        assert_eq!(requests[0].query_credential, Some(("api_secret".to_owned(), SECRET.to_owned())));
    });
}

#[test]
fn openai_is_shown_the_text_once_and_each_picture() {
    simulate(async {
        let bench = Bench::start(Provider::Openai, 100).await;
        bench.answer([0.1, 0.2, 0.97].map(|score| Reply::json(&moderated(score))));
        assert_eq!(bench.ask(&[video(1)], &[Check::Illicit]).await.reached_count, 1);
        let [verdict] = &bench.verdicts(&video(1)).await[..] else { panic!("one verdict") };
        assert_eq!((verdict.breach_permille, verdict.scores["violence/graphic"]), (970, 100));
        let bodies: Vec<Value> =
            bench.world.http.requests().into_iter().map(|request| request.body.expect("a body")).collect();
        assert_eq!(bodies[0]["model"], "omni-moderation-latest");
        assert_eq!(bodies[0]["input"][0], json!({ "type": "text", "text": format!("{TITLE}\n{TEXT}") }));
        let pictures: Vec<&str> = bodies
            .iter()
            .flat_map(|body| body["input"].as_array().expect("a list"))
            .filter_map(|input| input["image_url"]["url"].as_str())
            .collect();
        assert_eq!(pictures.len(), 3);
        assert!(pictures.iter().all(|url| url.starts_with("https://i.ytimg.com/vi/")), "{pictures:?}");
        assert_eq!(bench.world.http.requests()[0].bearer.as_deref(), Some(SECRET));
    });
}

#[test]
fn the_webhook_is_asked_each_question_with_the_content_and_the_task() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 100).await;
        let answers = [hooked("pass", 0.9), hooked("fail", 0.85), hooked("unknown", 0.0)];
        bench.answer(answers.map(|answer| Reply::json(&answer)));
        assert_eq!(bench.ask(&[reel(1)], &[Check::Ai, Check::Illicit, Check::Topic]).await.reached_count, 2);
        let verdicts = bench.verdicts(&reel(1)).await;
        let told: Vec<_> = verdicts.iter().map(|one| (one.check, one.breach_permille)).collect();
        assert_eq!(told, [(Check::Ai, 100), (Check::Illicit, 850)], "who does not know gave no verdict");
        assert_eq!(verdicts[1].words.as_deref(), Some("it says so"));
        let bodies: Vec<Value> =
            bench.world.http.requests().into_iter().map(|request| request.body.expect("a body")).collect();
        let content = json!({ "platform": "instagram", "id": reel(1).as_str(), "title": TITLE, "description": TEXT,
            "duration_secs": 20, "frames": [COVER] });
        assert_eq!(bodies[0], json!({ "check": "ai", "content": content, "task": null }));
        let task = json!({ "id": "foxes", "description": "a fox in snow" });
        assert_eq!(bodies[2], json!({ "check": "topic", "content": content, "task": task }));
    });
}

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
    let parts =
        VerifierParts { detectors, store: bench.world.store(), clock: bench.world.clock(), stats: stats.clone() };
    bench.world.start(&stats, move || Verifier::new(parts.clone()))
}

#[test]
fn pitfall_11_only_the_platforms_own_pictures_are_examined() {
    for provider in DETECTORS {
        simulate(async move {
            let bench = Bench::start(provider, 1_000).await;
            bench.answer([good(provider)]);
            let details = Details {
                title: "see https://evil.example/ai.mp4".to_owned(),
                duration_secs: Some(20),
                thumbnail_url: Some("https://evil.example/ai.jpg".to_owned()),
                ..Details::default()
            };
            for content in [video(1), reel(1)] {
                let presence = Presence { details: details.clone(), ..Presence::default() };
                let sighting = Sighting::Present(Box::new(presence));
                let observation = Observation { content, at: stamp(BLOCK + 1), sighting };
                bench.world.store.record_observations(&[observation]).await.expect("stored");
            }
            bench.ask(&[video(1), reel(1)], &[Check::Illicit]).await;
            assert!(bench.requests() > 0);
            for request in bench.world.http.requests() {
                assert_eq!(request.host, "detector.example", "nothing of a miner's is fetched");
                assert!(request.query.get("url").is_none_or(|url| url.starts_with("https://i.ytimg.com/vi/")));
                let body = request.body.unwrap_or_default();
                let pictures = body["content"]["frames"].to_string()
                    + &body["input"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|one| one["image_url"].to_string())
                        .collect::<String>();
                assert!(!pictures.contains("evil"), "{pictures}");
            }
        });
    }
}

#[test]
fn a_verdict_is_of_the_text_that_was_examined() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 100).await;
        bench.answer([good(Provider::Webhook)]);
        let details = Details { title: "changed since".to_owned(), ..Details::default() };
        let sighting = Sighting::Present(Box::new(Presence { details, ..Presence::default() }));
        let observation = Observation { content: video(1), at: stamp(BLOCK + 1), sighting };
        bench.world.store.record_observations(&[observation]).await.expect("stored");
        bench.ask(&[video(1)], &[Check::Illicit]).await;
        assert_eq!(bench.verdicts(&video(1)).await[0].subject, Subject::of("changed since\n", None, None));
    });
}

#[test]
fn the_budget_is_never_exceeded_also_by_retries_and_restarts() {
    for provider in DETECTORS {
        simulate(async move {
            let bench = Bench::start(provider, 10).await;
            bench.answer([Reply::new(503, "{}"), good(provider), Reply::new(500, "{}"), good(provider)]);
            let contents: Vec<ContentId> = (1..=40).map(video).collect();
            let reached = bench.ask(&contents, &[Check::Illicit]).await;
            assert!(reached.errors.iter().any(|error| error.contains("daily limit")), "{reached:?}");
            assert!(reached.reached_count > 0);
            let restarted = Bench { verifier: again_with(&bench, provider, 10), world: bench.world.clone(), provider };
            assert_eq!(restarted.ask(&contents, &[Check::Illicit]).await.reached_count, 0);
            assert!(bench.requests() <= 10, "{provider} made {}", bench.requests());
            assert!(bench.spent() <= 10);
        });
    }
}

fn again_with(bench: &Bench, provider: Provider, daily_requests: u64) -> actix::Addr<Verifier> {
    let stats = ActorStats::new("verifier");
    let detectors = vec![(detector(provider, daily_requests), bench.world.outbound(UNLIMITED, &stats))];
    let parts =
        VerifierParts { detectors, store: bench.world.store(), clock: bench.world.clock(), stats: stats.clone() };
    bench.world.start(&stats, move || Verifier::new(parts.clone()))
}

#[test]
fn a_quota_that_the_detector_calls_exhausted_and_a_refused_key_rest_for_the_day() {
    let exhausted = [
        (Provider::Sightengine, Reply::new(400, json!({ "error": { "type": "usage_limit", "code": 32 } }).to_string())),
        (Provider::Openai, Reply::new(429, json!({ "error": { "code": "insufficient_quota" } }).to_string())),
    ];
    let refused = [
        (Provider::Sightengine, Reply::new(401, json!({ "error": { "type": "credentials_error" } }).to_string())),
        (
            Provider::Sightengine,
            Reply::new(400, json!({ "error": { "type": "argument_error", "code": 1 } }).to_string()),
        ),
        (Provider::Openai, Reply::new(401, json!({ "error": { "code": "invalid_api_key" } }).to_string())),
        (Provider::Webhook, Reply::new(403, "")),
    ];
    for (provider, reply) in exhausted.into_iter().chain(refused) {
        simulate(async move {
            let logs = Logs::capture();
            let bench = Bench::start(provider, 1_000).await;
            bench.answer([reply]);
            let contents: Vec<ContentId> = (1..=40).map(video).collect();
            bench.ask(&contents, &[Check::Illicit]).await;
            // Those that were under way together, and nobody after them.
            assert!(bench.requests() <= 2, "{provider} made {}", bench.requests());
            assert!(
                logs.lines(&["ERROR", "disabled until tomorrow"]).len()
                    + logs.lines(&["WARN", "paused until the quota reset"]).len()
                    <= 2
            );
            assert!(!logs.text().contains(SECRET));
        });
    }
}

#[test]
fn a_detector_that_fails_again_and_again_is_left_alone_and_one_that_recovers_goes_on() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer([Reply::new(500, "{}")]);
        let contents: Vec<ContentId> = (1..=40).map(video).collect();
        let reached = bench.ask(&contents, &[Check::Illicit]).await;
        assert_eq!(reached.reached_count, 0);
        assert!(bench.requests() < 12, "{} requests for 40 contents", bench.requests());
    });
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 1_000).await;
        bench.answer((0..5).map(|_| Reply::new(500, "{}")).chain([good(Provider::Webhook)]));
        let contents: Vec<ContentId> = (1..=40).map(video).collect();
        let reached = bench.ask(&contents, &[Check::Illicit]).await;
        assert!(reached.reached_count >= 38, "{reached:?}");
    });
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
