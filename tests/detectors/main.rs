//! Detectors against the sandbox's servers over real HTTP: what they answer is read rightly, and whatever goes wrong is no
//! verdict, is not stored, and spends no more than the budget, as the servers count it.
//!
//! Beside them: the circuit breaker as a server sees it, and whole validators that have items verified.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its world must fail")]
#![cfg(feature = "sandbox")]

mod assembled;
mod breaker;

use actix::Actor;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tensorflix::adapters::clock::SystemClock;
use tensorflix::adapters::http::HttpClient;
use tensorflix::adapters::store::Database;
use tensorflix::wiring::connections;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::ports::{Clock, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{
    AskedQuestion, Case, CaseQuestion, ContentToVerify, Detector, DetectorError, OpenAi, SightEngine, Terms, Verifier,
    VerifierParts, VerifyContents, Webhook, detector_bucket,
};
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Details, Observation, Presence, Sighting};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::{Check, Provider, Question, Subject};
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock};
use tensorflix_sandbox::platforms::Platforms;
use tensorflix_sandbox::platforms::counters::ServerSnapshot;
use tensorflix_sandbox::platforms::faults::{Fault, FaultHandle, FaultRule};
use tensorflix_sandbox::world::{
    Conduct, Platform as SandboxPlatform, SUBMISSION_FILE, World, WorldConfig, WorldHandle,
};
use tensorflix_sandbox::{OPENAI_API_KEY, SIGHTENGINE_API_SECRET, SIGHTENGINE_API_USER, WEBHOOK_TOKEN};

const DETECTORS: [Provider; 3] = [Provider::Sightengine, Provider::Openai, Provider::Webhook];

/// A key that every server of the sandbox refuses.
const BAD_KEY: &str = "invalid-key";

/// Deadline of a request that is to be answered: far more than loopback takes on any machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Deadline of a request that is never answered.
const SHORT_DEADLINE: Duration = Duration::from_millis(300);

struct Place {
    runtime: tokio::runtime::Runtime,
    world: WorldHandle,
    platforms: Option<Platforms>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.platforms = None;
    }
}

impl Place {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let cast = Some(vec![vec![Conduct::Honest]]);
        let config = WorldConfig { seed: 5, miners: 12, tasks: 4, submissions_per_task: Some(5), cast };
        let world = WorldHandle::new(World::generate_with(config), SandboxClock::at(START_BLOCK));
        let platforms = runtime.block_on(Platforms::start(world.clone())).expect("servers");
        Self { runtime, world, platforms: Some(platforms) }
    }

    fn platforms(&self) -> &Platforms {
        self.platforms.as_ref().expect("until it is dropped")
    }

    /// Videos of honest miners.
    fn videos(&self) -> Vec<ContentId> {
        let world = self.world.read();
        let mut videos = Vec::new();
        for miner in world.miners_who(Conduct::Honest) {
            let revision = world.gist(&miner.gist_id).expect("a gist").newest(START_BLOCK).expect("a revision");
            let file = revision.files.iter().find(|file| file.name == SUBMISSION_FILE).expect("the file");
            let document: serde_json::Value = serde_json::from_slice(&file.bytes).expect("JSON");
            let pairs: Vec<(String, String)> = serde_json::from_value(document["submissions"].clone()).expect("pairs");
            let is_there = |id: &String| world.visible_content(SandboxPlatform::YouTube, id, START_BLOCK).is_some();
            let ids = pairs.into_iter().map(|(_, id)| id).filter(is_there);
            videos.extend(ids.map(|id| ContentId::new(Platform::YOUTUBE, &id).expect("an id")));
        }
        assert!(videos.len() >= 10, "{}", videos.len());
        videos
    }

    fn detector(&self, provider: Provider, is_key_good: bool, daily_requests: u64) -> Arc<dyn Detector> {
        self.detector_within(DEADLINE, provider, is_key_good, daily_requests)
    }

    fn detector_within(
        &self,
        deadline: Duration,
        provider: Provider,
        is_key_good: bool,
        daily_requests: u64,
    ) -> Arc<dyn Detector> {
        let secret = |good: &str| SecretString::from(if is_key_good { good } else { BAD_KEY });
        let bucket = detector_bucket(provider, Some(&SecretString::from("key")));
        let terms = Terms { bucket, max_in_flight: 1, daily_requests, deadline };
        let url = |url: String| url.parse().expect("a URL");
        match provider {
            Provider::Sightengine => Arc::new(SightEngine {
                api_url: url(self.platforms().sightengine_url()),
                api_user: SIGHTENGINE_API_USER.into(),
                api_secret: secret(SIGHTENGINE_API_SECRET),
                terms,
            }),
            Provider::Openai => {
                Arc::new(OpenAi { api_url: url(self.platforms().openai_url()), api_key: secret(OPENAI_API_KEY), terms })
            }
            _ => Arc::new(Webhook {
                url: url(self.platforms().webhook_url()),
                token: Some(secret(WEBHOOK_TOKEN)),
                terms,
            }),
        }
    }

    fn faults(&self, provider: Provider) -> &FaultHandle {
        let faults = self.platforms().faults();
        match provider {
            Provider::Sightengine => &faults.sightengine,
            Provider::Openai => &faults.openai,
            _ => &faults.webhook,
        }
    }

    fn counted(&self, provider: Provider) -> ServerSnapshot {
        let counters = self.platforms().counters();
        match provider {
            Provider::Sightengine => counters.sightengine,
            Provider::Openai => counters.openai,
            _ => counters.webhook,
        }
    }
}

fn outbound() -> Outbound {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rate = Rate { requests_per_second: 10_000.0, burst: 10_000 };
    let limiter = connections::limiter(rate, &clock, &ActorStats::new("verifier"));
    Outbound::new(Arc::new(HttpClient::new().expect("a client")), limiter)
}

/// The illicit check of an item with one picture of it.
fn case(content: &ContentId, picture: &str) -> Case {
    Case {
        content: content.clone(),
        text: "A fox".to_owned(),
        duration_secs: Some(20),
        frames: vec![picture.parse().expect("a URL")],
        questions: vec![CaseQuestion { check: Check::Illicit, task: None }],
    }
}

fn own_picture(content: &ContentId) -> String {
    format!("https://i.ytimg.com/vi/{}/1.jpg", content.as_str())
}

/// The block at which contents are examined.
fn at() -> BlockStamp {
    BlockStamp { block: START_BLOCK, time: Moment::from_unix_ms(1_787_000_000_000) }
}

/// A store on disk that has seen these contents.
async fn store_of(folder: &tempfile::TempDir, contents: &[ContentId]) -> Arc<dyn Store> {
    let url = format!("sqlite://{}", folder.path().join("validator.db").display());
    let database = tensorflix_store::Store::open(&url).await.expect("a store");
    let store: Arc<dyn Store> = Arc::new(Database::new(database));
    let details = Details { title: "A fox".to_owned(), ..Details::default() };
    let presence = Presence { details, ..Presence::default() };
    let seen = |content: &ContentId| Observation {
        content: content.clone(),
        at: at(),
        sighting: Sighting::Present(Box::new(presence.clone())),
    };
    store.record_observations(&contents.iter().map(seen).collect::<Vec<_>>()).await.expect("stored");
    store
}

/// The illicit check of contents, asked of one detector.
fn illicit(provider: Provider, contents: &[ContentId], deadline: Duration) -> VerifyContents {
    let asked = AskedQuestion {
        question: Question { check: Check::Illicit, task_id: None, subject: Subject::of("", None, None) },
        task_description: None,
        providers: [provider].into(),
    };
    let wanted = |content: &ContentId| ContentToVerify { content: content.clone(), asked: vec![asked.clone()] };
    VerifyContents { contents: contents.iter().map(wanted).collect(), as_of: at(), deadline }
}

#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Passing(Option<u64>),
    Lasting,
    Spent,
    KeyRefused,
}

fn failure(error: &DetectorError) -> Failure {
    match error {
        DetectorError::Passing { retry_after, .. } => Failure::Passing(retry_after.map(|pause| pause.as_secs())),
        DetectorError::Lasting(_) | DetectorError::Held(_) | DetectorError::OutOfTime(_) => Failure::Lasting,
        DetectorError::QuotaExhausted(_) => Failure::Spent,
        DetectorError::KeyRefused(_) => Failure::KeyRefused,
    }
}

#[test]
fn each_failure_of_a_detectors_server_is_told_apart_and_none_is_an_answer() {
    let place = Place::start();
    let content = place.videos().remove(0);
    let status = |status, retry_after_secs| Fault::Status { status, retry_after_secs };
    let passing = [
        status(429, None),
        status(500, None),
        status(503, None),
        Fault::CutBody,
        Fault::TruncatedJson,
        Fault::WrongTypes,
        Fault::Html,
        Fault::Reset,
        Fault::EndlessBody,
        Fault::Body("{}".to_owned()),
        Fault::Hang,
        Fault::Latency(DEADLINE),
    ];
    actix_rt::System::new().block_on(async {
        for provider in DETECTORS {
            let detector = place.detector(provider, true, 1_000);
            let impatient = place.detector_within(SHORT_DEADLINE, provider, true, 1_000);
            let own = case(&content, &own_picture(&content));
            let good = detector.examine(&outbound(), &own, Duration::MAX).await.expect("an answer");
            assert_eq!((good.len(), good[0].check), (1, Check::Illicit), "{provider}");
            assert!(good[0].breach_permille < 200, "{provider}: {good:?}");
            let mut cases: Vec<(Fault, Failure)> =
                passing.iter().map(|fault| (fault.clone(), Failure::Passing(None))).collect();
            cases.push((status(429, Some(9)), Failure::Passing(Some(9))));
            if provider != Provider::Webhook {
                cases.push((Fault::QuotaExceeded, Failure::Spent));
            }
            cases.push((status(403, None), Failure::KeyRefused));
            for (fault, expected) in cases {
                place.faults(provider).inject(FaultRule::new(fault.clone()));
                let is_silent = matches!(fault, Fault::Hang | Fault::Latency(_));
                let detector = if is_silent { &impatient } else { &detector };
                let error = detector.examine(&outbound(), &own, Duration::MAX).await.expect_err("no answer").error;
                assert_eq!(failure(&error), expected, "{provider} {fault:?}: {error}");
                place.faults(provider).clear();
            }
            let refused = place.detector(provider, false, 1_000).examine(&outbound(), &own, Duration::MAX).await;
            assert_eq!(failure(&refused.expect_err("no answer").error), Failure::KeyRefused, "{provider}");
            if provider != Provider::Webhook {
                let unreadable = case(&content, "https://elsewhere.example/1.jpg");
                let error =
                    detector.examine(&outbound(), &unreadable, Duration::MAX).await.expect_err("no answer").error;
                assert_eq!(failure(&error), Failure::Lasting, "{provider}: unreadable media");
            }
        }
    });
}

#[test]
fn budgets_quotas_and_refused_keys_hold_as_the_server_counts_and_store_nothing() {
    for provider in DETECTORS {
        let place = Place::start();
        let contents = place.videos();
        // Budget, whether the key is good, whether the server says that its quota is used up, requests, verdicts.
        let mut cases = vec![(6_u64, true, false, 6_u64, true), (1_000, false, false, 1, false)];
        if provider != Provider::Webhook {
            cases.push((1_000, true, true, 1, false));
        }
        for (budget, is_key_good, is_spent, requests, has_verdicts) in cases {
            let before = place.counted(provider).requests;
            if is_spent {
                place.faults(provider).inject(FaultRule::new(Fault::QuotaExceeded));
            }
            let folder = tempfile::tempdir().expect("a folder");
            actix_rt::System::new().block_on(async {
                let store = store_of(&folder, &contents).await;
                let detectors = vec![(place.detector(provider, is_key_good, budget), outbound())];
                let stats = ActorStats::new("verifier");
                let (store_of_it, clock) = (Arc::clone(&store), Arc::new(SystemClock::new()));
                let verifier = Verifier::new(VerifierParts::new(detectors, store_of_it, clock, stats));
                let request = illicit(provider, &contents, Duration::from_secs(60));
                let reached = verifier.start().send(request).await.expect("an answer");
                let what = format!("{provider} {budget} {is_key_good} {is_spent}: {reached:?}");
                let records = store.verifications(&contents).await.expect("read");
                let stored: usize = records.iter().map(|record| record.verdicts.len()).sum();
                assert_eq!(stored, reached.reached_count, "{what}");
                assert_eq!(stored > 0, has_verdicts, "{what}");
                assert!(!reached.errors.is_empty(), "{what}");
                assert_eq!(place.counted(provider).requests - before, requests, "{what}");
            });
            place.faults(provider).clear();
        }
    }
}
