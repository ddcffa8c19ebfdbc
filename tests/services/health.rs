//! Health tells the truth: about the chain, the gists, the store and the actors, by a clock that the test moves.

use crate::world::{Answer, check_published};
use async_trait::async_trait;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tensorflix::api::front::Front;
use tensorflix::api::guard::clients::Clients;
use tensorflix::api::server::Server;
use tensorflix::api::service::Service;
use tensorflix::api::syncer::chain_syncer::Document;
use tensorflix::api::tracker::source::Source;
use tensorflix::api::watch::health::{HealthReport, report};
use tensorflix::api::watch::status::HealthStatus;
use tensorflix::api::watch::vitals::{Dating, Vitals};
use tensorflix::config::Config;
use tensorflix::wiring::connections;
use tensorflix_actors::platforms::Scope;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::stats::outcomes::Outcomes;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Block;
use tensorflix_domain::platform::Platform;
use tensorflix_store::Store;
use tokio::sync::watch;
use utoipa::OpenApi;

/// Time that only the test moves.
pub struct HandMovedClock(watch::Sender<Duration>);

impl HandMovedClock {
    pub fn new() -> Self {
        Self(watch::Sender::new(Duration::from_secs(1_000)))
    }

    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }
}

#[async_trait]
impl Clock for HandMovedClock {
    fn monotonic(&self) -> Duration {
        *self.0.borrow()
    }

    fn wall(&self) -> Moment {
        Moment::from_unix_ms(0)
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.monotonic() + duration;
        let _ = self.0.subscribe().wait_for(|now| *now >= until).await;
    }
}

pub struct Subject {
    pub store: Store,
    clock: Arc<HandMovedClock>,
    pub vitals: Arc<Vitals>,
    instagram: Arc<ActorStats>,
}

impl Subject {
    /// A service that follows the chain, on a store that `prepare` has filled.
    pub async fn start(config: &Config, prepare: impl AsyncFnOnce(&Store)) -> Self {
        let store = Store::open("sqlite::memory:").await.expect("a store");
        prepare(&store).await;
        Self::on(store, config).await
    }

    async fn on(store: Store, config: &Config) -> Self {
        let clock = Arc::new(HandMovedClock::new());
        let instagram = ActorStats::new("instagram");
        let others = ["youtube", "verifier", "gist_fetcher", "weight_setter", "chain_watcher"].map(ActorStats::new);
        let stats = [vec![Arc::clone(&instagram)], others.to_vec()].concat();
        let port: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let youtube = config.platforms.of(Platform::YOUTUBE).expect("a platform of the release");
        let sources = vec![Source::new(connections::platform(config, youtube, &port), 1)];
        let vitals = Vitals::start(store.clone(), port, Dating::Chain, stats, sources, 25).await;
        Self { store, clock, vitals, instagram }
    }

    /// Moves the clock on, and waits until the store was read again.
    async fn later(&self, secs: u64) {
        // Time must not move while the store is being read: that reading would be an old one.
        while self.clock.0.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(Duration::from_secs(secs));
        while self.syncer().store_age_secs != Some(0) {
            tokio::task::yield_now().await;
        }
    }

    pub fn outcomes(&self, actor: &str) -> &Outcomes {
        self.vitals.stats.iter().find(|stats| stats.name() == actor).expect("an actor").outcomes()
    }

    pub fn syncer(&self) -> HealthReport {
        report(Service::ChainSyncer, &self.vitals)
    }

    pub fn tracker(&self) -> HealthReport {
        report(Service::PlatformTracker, &self.vitals)
    }
}

fn head(block: Block) -> Head {
    let time = Moment::from_unix_ms(i64::from(block) * 12_000);
    Head { stamp: BlockStamp { block, time }, hash: [0; 32] }
}

pub async fn chain_was_read(store: &Store) {
    store.save_head(&head(100)).await.expect("saved");
    let subnet = serde_json::from_value(serde_json::json!({
        "at": {"block": 100, "time": "2026-08-21T00:00:00Z"}, "netuid": 89, "neurons": [], "owner_hotkey": null,
        "hyperparameters": {"tempo": 360, "weights_rate_limit": 100, "min_allowed_weights": 1,
            "weights_version_key": 0, "stake_threshold_rao": 0, "activity_cutoff": 5000, "commit_reveal": false},
    }));
    store.save_subnet(&subnet.expect("a subnet")).await.expect("saved");
    store.finish_gist_round(100).await.expect("saved");
}

pub fn with_key() -> Config {
    let mut config = Config::default();
    config.secrets.platform_keys.insert(Platform::YOUTUBE, vec!["key".to_owned().into()]);
    config
}

pub fn run(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

#[track_caller]
pub fn check(report: &HealthReport, status: HealthStatus, pieces: &[&str]) {
    assert_eq!(report.status, status, "{report:?}");
    assert_eq!(report.reasons.len(), pieces.len(), "{report:?}");
    for (reason, piece) in report.reasons.iter().zip(pieces) {
        assert!(reason.contains(piece), "{piece:?} in {report:?}");
    }
}

#[test]
fn a_reader_of_a_store_written_once_a_round_does_not_report_a_stalled_chain() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("validator.db").display());
        let validator = Store::open(&url).await.expect("a store");
        chain_was_read(&validator).await;
        let watched = Subject::on(Store::open_to_read(&url).await.expect("readable"), &with_key()).await;
        watched.later(300).await;
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        watched.later(121).await;
        check(&watched.syncer(), HealthStatus::Degraded, &["no new finalized block for 421 s"]);
        validator.save_head(&head(125)).await.expect("saved");
        watched.later(1).await;
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
    });
}

#[test]
fn a_stalled_chain_is_degraded_then_unhealthy_and_healthy_again_when_it_moves() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        watched.later(100).await;
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        watched.later(21).await;
        check(&watched.syncer(), HealthStatus::Degraded, &["no new finalized block for 121 s"]);
        check(&watched.tracker(), HealthStatus::Degraded, &["no new finalized block for 121 s"]);
        watched.later(480).await;
        check(&watched.syncer(), HealthStatus::Unhealthy, &["no new finalized block for 601 s"]);
        watched.store.save_head(&head(101)).await.expect("saved");
        watched.later(1).await;
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        assert_eq!((watched.syncer().head_block, watched.syncer().head_age_secs), (Some(101), Some(0)));
    });
}

#[test]
fn what_a_process_before_this_one_read_is_not_taken_for_the_chain() {
    run(async {
        let only_head = async |store: &Store| store.save_head(&head(100)).await.expect("saved");
        let watched = Subject::start(&with_key(), only_head).await;
        check(&watched.syncer(), HealthStatus::Degraded, &["the chain has not been read", "no polling round"]);
        watched.later(121).await;
        check(&watched.syncer(), HealthStatus::Unhealthy, &["the chain has not been read", "no polling round"]);
    });
}

#[test]
fn gists_that_are_not_read_any_more_degrade_the_syncer_alone() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        watched.store.save_head(&head(175)).await.expect("saved");
        watched.later(1).await;
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        watched.store.save_head(&head(176)).await.expect("saved");
        watched.later(1).await;
        check(&watched.syncer(), HealthStatus::Degraded, &["76 blocks old"]);
        check(&watched.tracker(), HealthStatus::Healthy, &[]);
    });
}

#[test]
fn a_store_that_does_not_answer_is_unhealthy() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        watched.store.close().await;
        watched.clock.advance(Duration::from_secs(31));
        check(&watched.tracker(), HealthStatus::Unhealthy, &["the store has not answered for 31 s"]);
    });
}

#[test]
fn an_actor_that_rests_a_missing_key_and_a_budget_at_its_end_degrade_the_tracker() {
    run(async {
        let watched = Subject::start(&Config::default(), chain_was_read).await;
        check(&watched.tracker(), HealthStatus::Degraded, &["no API key for youtube: set YOUTUBE_API_KEY"]);
        let watched = Subject::start(&with_key(), chain_was_read).await;
        watched.instagram.set_resting(true);
        check(&watched.tracker(), HealthStatus::Degraded, &["instagram reached its restart limit and is paused"]);
        check(&watched.syncer(), HealthStatus::Healthy, &[]);
        watched.instagram.set_resting(false);
        for bucket in watched.vitals.sources[0].buckets(Scope::Everything) {
            assert!(watched.store.debit(&bucket, "1969-12-31", 9_000, 9_000).await.expect("asked"));
        }
        watched.later(1).await;
        check(&watched.tracker(), HealthStatus::Degraded, &["youtube is used up (9000 of 9000 units)"]);
        assert!(watched.tracker().reasons[0].contains("resets at 1970-01-01T08:00:00.000Z"));
    });
}

#[test]
fn unhealthy_is_503_and_degraded_is_not() {
    run(async {
        let watched = Subject::start(&with_key(), chain_was_read).await;
        tensorflix::adapters::http::install_crypto_provider();
        let clients = Clients::new(100.0, 100);
        let front = Front::new(Service::ChainSyncer, clients, Arc::clone(&watched.vitals), &Document::openapi());
        let server = Server::start(([127, 0, 0, 1], 0).into(), front, |_| {}).expect("a server");
        let url = format!("http://{}/health", server.address);
        let document = serde_json::from_str(&Document::openapi().to_json().expect("JSON")).expect("JSON");
        for (secs, status, standing) in [(0, 200, "healthy"), (121, 200, "degraded"), (480, 503, "unhealthy")] {
            watched.later(secs).await;
            let answer = Answer::of(reqwest::get(&url).await.expect("an answer")).await;
            assert_eq!((answer.status, answer.body["status"].as_str()), (status, Some(standing)), "{answer:?}");
            check_published(&document, "/health", &answer);
        }
        server.stop().await;
    });
}
