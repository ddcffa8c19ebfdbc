//! A sandbox's platforms beside a store on disk, in which YouTube's actor lives and dies any number of times.

use actix::{Actor, Addr};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix::adapters::clock::SystemClock;
use tensorflix::adapters::http::HttpClient;
use tensorflix::adapters::store::Database;
use tensorflix::wiring::connections;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::platforms::youtube::{BUCKET_PREFIX, YouTube, pacific_date};
use tensorflix_actors::platforms::{ContentsObserved, DailyBudget, ObserveContents, PlatformActor, PlatformParts};
use tensorflix_actors::ports::{Clock, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::platform::Platform;
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock};
use tensorflix_sandbox::platforms::Platforms;
use tensorflix_sandbox::platforms::faults::FaultRule;
use tensorflix_sandbox::world::{
    Conduct, Content, Platform as SandboxPlatform, SUBMISSION_FILE, World, WorldConfig, WorldHandle,
};
use tensorflix_testkit::logs::Logs;

/// Videos in one call of these tests: small, so that there are many calls.
const BATCH_SIZE: usize = 5;

/// Calls under way at one time.
const MAX_IN_FLIGHT: usize = 4;

/// Servers and the folder of the store; they outlive every actor.
pub struct Place {
    runtime: tokio::runtime::Runtime,
    world: WorldHandle,
    platforms: Option<Platforms>,
    folder: tempfile::TempDir,
}

/// A life of YouTube's actor.
pub struct Tracker {
    actor: Addr<PlatformActor>,
    pub store: Arc<dyn Store>,
    time: Moment,
}

/// The resident memory of this process.
pub fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

/// What `work` gives, and everything that it logs on this thread, in the finest detail and of every library.
pub fn logged<T>(work: impl FnOnce() -> T) -> (String, T) {
    let logs = Logs::capture();
    let done = work();
    (logs.text(), done)
}

impl Place {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let cast = Some(vec![vec![Conduct::Honest]]);
        let config = WorldConfig { seed: 5, miners: 12, tasks: 4, submissions_per_task: Some(5), cast };
        let world = WorldHandle::new(World::generate_with(config), SandboxClock::at(START_BLOCK));
        let platforms = runtime.block_on(Platforms::start(world.clone())).expect("servers");
        let folder = tempfile::tempdir().expect("a folder");
        Self { runtime, world, platforms: Some(platforms), folder }
    }

    fn platforms(&self) -> &Platforms {
        self.platforms.as_ref().expect("until it is dropped")
    }

    /// Runs an actor with these keys, each with this budget, while `work` lasts. Then everything is dropped as it is.
    pub fn live<T>(&self, keys: &[&str], budget: u64, work: impl AsyncFnOnce(&Tracker) -> T) -> T {
        self.live_at(keys, budget, &self.platforms().youtube_url(), work)
    }

    /// The same against another address.
    pub fn live_elsewhere<T>(&self, keys: &[&str], url: &str, work: impl AsyncFnOnce(&Tracker) -> T) -> T {
        self.live_at(keys, 9_000, url, work)
    }

    fn live_at<T>(&self, keys: &[&str], budget: u64, url: &str, work: impl AsyncFnOnce(&Tracker) -> T) -> T {
        actix_rt::System::new().block_on(async {
            let database = tensorflix_store::Store::open(&self.store_url()).await.expect("a store");
            let store: Arc<dyn Store> = Arc::new(Database::new(database));
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let stats = ActorStats::new("youtube");
            let limiter = connections::limiter(Rate { requests_per_second: 10_000.0, burst: 10_000 }, &clock, &stats);
            let outbound = Outbound::new(Arc::new(HttpClient::new().expect("a client")), limiter);
            let youtube = YouTube {
                api_url: url.parse().expect("a URL"),
                api_keys: keys.iter().map(|key| SecretString::from(*key)).collect(),
                batch_size: BATCH_SIZE,
                max_in_flight: MAX_IN_FLIGHT,
                daily_quota: DailyBudget::new(budget),
                deadline: Duration::from_secs(15),
            };
            let parts = PlatformParts::new(Arc::new(youtube), outbound, Arc::clone(&store), clock, stats);
            let actor = PlatformActor::new(&parts).start();
            work(&Tracker { actor, store, time: self.time() }).await
        })
    }

    fn store_url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("validator.db").display())
    }

    fn time(&self) -> Moment {
        Moment::from_unix_ms(i64::try_from(self.world.clock().unix_ms()).expect("a date"))
    }

    /// Videos that honest miners published.
    pub fn known_videos(&self, count: usize) -> Vec<ContentId> {
        let world = self.world.read();
        let mut videos = Vec::new();
        for miner in world.miners_who(Conduct::Honest) {
            let revision = world.gist(&miner.gist_id).expect("a gist").newest(START_BLOCK).expect("a revision");
            let file = revision.files.iter().find(|file| file.name == SUBMISSION_FILE).expect("the file");
            let document: serde_json::Value = serde_json::from_slice(&file.bytes).expect("JSON");
            let pairs: Vec<(String, String)> =
                serde_json::from_value(document["submissions"].clone()).expect("pairs of an honest miner");
            let is_there = |id: &str| world.visible_content(SandboxPlatform::YouTube, id, START_BLOCK).is_some();
            let ids = pairs.into_iter().map(|(_, id)| id).filter(|id| is_there(id));
            videos.extend(ids.map(|id| ContentId::new(Platform::YOUTUBE, &id).expect("an id")));
        }
        videos.sort_unstable();
        videos.truncate(count);
        assert_eq!(videos.len(), count);
        videos
    }

    /// Videos that are there, as many as wanted.
    pub fn videos(&self, numbers: std::ops::Range<u32>) -> Vec<ContentId> {
        let known = self.known_videos(1);
        let pattern = self.world.read().content(SandboxPlatform::YouTube, known[0].as_str()).expect("it is there");
        let add = |number| {
            let id = format!("more{number:07}");
            if self.world.read().content(SandboxPlatform::YouTube, &id).is_none() {
                self.world.add_content(Content { id: id.clone(), ..pattern.clone() });
            }
            ContentId::new(Platform::YOUTUBE, &id).expect("an id")
        };
        numbers.map(add).collect()
    }

    pub fn remove(&self, video: &ContentId) {
        self.world.remove_content(SandboxPlatform::YouTube, video.as_str()).expect("it was there");
    }

    pub fn set_daily_units(&self, units: u64) {
        self.platforms().youtube().set_daily_units(units);
    }

    pub fn disturb(&self, rule: FaultRule) {
        self.platforms().faults().youtube.inject(rule);
    }

    pub fn clear_faults(&self) {
        self.platforms().faults().clear();
    }

    /// Units that YouTube counted, by key and method.
    pub fn units(&self) -> BTreeMap<(String, &'static str), u64> {
        self.platforms().counters().youtube.units
    }

    pub fn requests(&self) -> u64 {
        self.platforms().counters().youtube.requests
    }

    pub fn peak_in_flight(&self) -> u64 {
        self.platforms().counters().youtube.peak_in_flight
    }

    /// Units in the ledger, by bucket.
    pub fn spent(&self) -> BTreeMap<String, u64> {
        self.runtime.block_on(async {
            let store = tensorflix_store::Store::open(&self.store_url()).await.expect("a store");
            store.spent(BUCKET_PREFIX, &pacific_date(self.time())).await.expect("read")
        })
    }

    /// Every byte of the database, its write-ahead log included.
    pub fn stored_bytes(&self) -> Vec<u8> {
        // Brings what is in the log into the file; connections of lives past may do the same just now.
        self.runtime.block_on(async {
            tensorflix_store::Store::open(&self.store_url()).await.expect("a store").close().await;
        });
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        files.flat_map(|file| std::fs::read(file.expect("a file").path()).unwrap_or_default()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(platforms) = self.platforms.take() {
            self.runtime.block_on(platforms.stop());
        }
    }
}

impl Tracker {
    pub async fn observe(&self, videos: &[ContentId]) -> ContentsObserved {
        self.observe_at(videos, START_BLOCK).await
    }

    /// Has videos observed as of a block, whatever was observed before it.
    pub async fn observe_at(&self, videos: &[ContentId], block: Block) -> ContentsObserved {
        let request = ObserveContents {
            contents: videos.to_vec(),
            since: block,
            as_of: BlockStamp { block, time: self.time },
            deadline: Duration::from_secs(60),
        };
        self.actor.send(request).await.expect("an answer")
    }
}
