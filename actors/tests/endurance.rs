//! A week of all actors together, every platform gone for two days of it: the chain never comes near counting the
//! validator as inactive, and no window has two submissions.

use crate::support::gists::{pointer, submissions, task_line, video};
use crate::support::memory_store::MemoryStore;
use crate::support::model_chain::ModelChain;
use crate::support::subnets::{committed, hotkey, neuron, subnet, validator};
use crate::support::time::{TestClock, pass, simulate};
use crate::support::world::{ROUND_BLOCKS, SLOT_BLOCKS, UNLIMITED};
use actix::{Actor, Addr};
use async_trait::async_trait;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tensorflix_actors::chain_watcher::{ChainWatcher, Grids, Progress};
use tensorflix_actors::cycle::{CycleSettings, Opening};
use tensorflix_actors::gist_fetcher::GistFetcher;
use tensorflix_actors::github::{ApiAllowance, GitHub};
use tensorflix_actors::limiter::Limiter;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::owner_checks::CHECKS_PER_ROUND;
use tensorflix_actors::platform::{DailyBudget, PlatformActor};
use tensorflix_actors::ports::{Chain, Clock, Http, HttpError, HttpRequest, HttpResponse, Store};
use tensorflix_actors::scorer::Scorer;
use tensorflix_actors::sending::{OnForeignUpdate, SendingSettings};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::weight_setter::WeightSetter;
use tensorflix_actors::youtube::YouTube;
use tensorflix_domain::ids::{Block, Platform};
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;

/// The first block: the beginning of a slot.
const BEGIN: Block = SLOT_BLOCKS * 100;

const DAYS: u32 = 7;

/// The days, from 0, on which no platform answers.
const OUTAGE_DAYS: std::ops::Range<u32> = 2..4;

/// Blocks between the heads that the chain shows, and the time that they take.
const HEAD_STEP: u32 = 5;
const HEAD_PAUSE: Duration = Duration::from_secs(60);

/// GitHub and YouTube, or nothing at all.
#[derive(Default)]
struct Internet {
    is_down: AtomicBool,
}

#[async_trait]
impl Http for Internet {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(HttpError::Connection("no route".to_owned()));
        }
        let body = match request.url.path() {
            path if path.starts_with("/validator/") => task_line("t", Platform::YouTube, 0.0).into_bytes(),
            path if path.starts_with("/miner-1/") => submissions(&[("t", &video(1))]),
            path if path.starts_with("/miner-2/") => submissions(&[("t", &video(2))]),
            "/youtube/v3/videos" => {
                let item = |number: u32| {
                    json!({
                        "id": video(number).as_str(),
                        "snippet": {"publishedAt": "2027-01-01T00:00:00Z"},
                        "statistics": {"viewCount": (number * 1_000).to_string()},
                    })
                };
                json!({"items": [item(1), item(2)]}).to_string().into_bytes()
            }
            // GitHub's API does not answer: owners stay unknown, and nothing depends on them.
            path if path.starts_with("/gists/") => return Err(HttpError::Connection("reset".to_owned())),
            path => panic!("nobody serves {path}"),
        };
        Ok(HttpResponse { status: 200, headers: BTreeMap::new(), body })
    }
}

struct Validator {
    store: Arc<MemoryStore>,
    chain: Arc<ModelChain>,
    internet: Arc<Internet>,
    clock: Arc<TestClock>,
}

impl Validator {
    fn new() -> Self {
        let subnet = subnet(
            BEGIN,
            [
                validator(0, 1),
                committed(neuron(1, 2), &pointer("miner-1", 1), BEGIN - 10),
                committed(neuron(2, 3), &pointer("miner-2", 2), BEGIN - 10),
            ],
        );
        Self {
            store: Arc::new(MemoryStore::default()),
            chain: Arc::new(ModelChain::new(subnet, hotkey(1))),
            internet: Arc::default(),
            clock: Arc::new(TestClock::new()),
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as _
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn chain(&self) -> Arc<dyn Chain> {
        Arc::clone(&self.chain) as _
    }

    fn outbound(&self, stats: &Arc<ActorStats>) -> Outbound {
        let limiter = Limiter::new(UNLIMITED, self.clock(), Arc::clone(stats));
        Outbound::new(Arc::clone(&self.internet) as _, Arc::new(limiter))
    }

    /// Starts every actor that the week needs.
    fn start(&self) -> Addr<ChainWatcher> {
        let setter = self.weight_setter().start();
        let scorer = self.scorer(&setter).start();
        let fetcher = self.gist_fetcher(&scorer).start();
        let watcher = ChainWatcher {
            chain: self.chain(),
            store: self.store(),
            clock: self.clock(),
            stats: ActorStats::new("chain_watcher"),
            grids: Grids { round_blocks: ROUND_BLOCKS, slot_blocks: SLOT_BLOCKS },
            head_listeners: vec![setter.recipient()],
            subnet_listeners: vec![fetcher.recipient(), scorer.recipient()],
            progress: Progress::default(),
        };
        watcher.start()
    }

    fn weight_setter(&self) -> WeightSetter {
        let settings = SendingSettings {
            resend_blocks: 0,
            slot_blocks: SLOT_BLOCKS,
            version_key: 0,
            on_foreign_update: OnForeignUpdate::Continue,
            dry_run: false,
        };
        let stats = ActorStats::new("weight_setter");
        WeightSetter::new(settings, false, self.chain(), self.store(), stats, Vec::new(), Vec::new())
    }

    fn scorer(&self, setter: &Addr<WeightSetter>) -> Scorer {
        let youtube = YouTube {
            api_url: "https://youtube.test".parse().expect("a URL"),
            api_keys: vec!["key".to_owned().into()],
            batch_size: 50,
            max_in_flight: 4,
            daily_quota: DailyBudget::new(9_000),
            deadline: Duration::from_secs(15),
        };
        let stats = ActorStats::new("youtube");
        let outbound = self.outbound(&stats);
        let youtube = PlatformActor::new(youtube, outbound, self.store(), self.clock(), stats).start();
        let settings = CycleSettings {
            policy: Policy::default(),
            task_source: TaskSource::Gist,
            task_gist: Some(pointer("validator", 9)),
            own_hotkey: Some(hotkey(1)),
            slot_blocks: SLOT_BLOCKS,
            round_blocks: ROUND_BLOCKS,
            opening: Opening::Grid,
            release: String::new(),
        };
        let platforms = BTreeMap::from([(Platform::YouTube, youtube.recipient())]);
        let listeners = vec![setter.clone().recipient()];
        Scorer::new(settings, platforms, listeners, self.store(), self.clock(), ActorStats::new("scorer"))
    }

    fn gist_fetcher(&self, scorer: &Addr<Scorer>) -> GistFetcher {
        let stats = ActorStats::new("gist_fetcher");
        let github = GitHub {
            outbound: self.outbound(&stats),
            clock: self.clock(),
            api_url: "https://api.github.test".parse().expect("a URL"),
            raw_url: "https://raw.github.test".parse().expect("a URL"),
            token: None,
            deadline: Duration::from_secs(15),
            max_gist_bytes: 262_144,
            allowance: ApiAllowance::default(),
        };
        GistFetcher {
            store: self.store(),
            clock: self.clock(),
            stats,
            github: Arc::new(github),
            max_in_flight: 8,
            round_blocks: ROUND_BLOCKS,
            owner_checks_per_round: CHECKS_PER_ROUND,
            task_gist: Some(pointer("validator", 9)),
            listeners: vec![scorer.clone().recipient()],
            is_busy: false,
        }
    }
}

#[test]
fn a_week_with_two_days_without_platforms_never_nears_inactivity_and_sends_once_a_window() {
    simulate(async {
        let validator = Validator::new();
        let _watcher = validator.start();
        let rules = subnet(BEGIN, []).hyperparameters;
        let half_of_cutoff = rules.activity_cutoff / 2;
        let (mut longest_silence, mut decided) = (0, Vec::new());
        for passed in (0..DAYS * SLOT_BLOCKS).step_by(HEAD_STEP as usize) {
            let day = passed / SLOT_BLOCKS;
            validator.internet.is_down.store(OUTAGE_DAYS.contains(&day), Ordering::Relaxed);
            if passed > 0 {
                validator.chain.advance_to(BEGIN + passed);
            }
            pass(HEAD_PAUSE).await;
            if validator.chain.last_update() > 0 {
                longest_silence = longest_silence.max(BEGIN + passed - validator.chain.last_update());
            }
            if passed % SLOT_BLOCKS == SLOT_BLOCKS - HEAD_STEP {
                let latest = validator.store.latest_cycle().await.expect("read").expect("a cycle");
                decided.push((latest.cycle, latest.decided));
            }
        }
        assert!(longest_silence < half_of_cutoff, "silent for {longest_silence} blocks");
        let expected: Vec<(u32, bool)> = (1..=DAYS).map(|cycle| (cycle, true)).collect();
        assert_eq!(decided, expected, "each day has its cycle, decided");
        let mut per_window: BTreeMap<Block, u32> = BTreeMap::new();
        for record in validator.chain.records() {
            assert_eq!(record.failure, None, "{record:?}");
            *per_window.entry(record.block / rules.tempo).or_default() += 1;
        }
        assert!(per_window.values().all(|count| *count == 1), "{per_window:?}");
        let windows = usize::try_from(DAYS * SLOT_BLOCKS / rules.tempo).expect("few");
        assert_eq!(per_window.len(), windows, "and each window has one");
    });
}
