//! A platform's actor under test, of whichever platform.

use crate::scripted_services::http::{SECRET, ScriptedHttp};
use crate::subnets::stamp;
use crate::time::within;
use crate::world::{UNLIMITED, World};
use actix::Addr;
use secrecy::SecretString;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::platforms::{ContentsObserved, ObserveContents, PlatformActor, PlatformApi, PlatformParts};
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::{Block, ContentId};
use tensorflix_domain::observation::Observation;

/// Time for a request of the tests.
pub const DEADLINE: Duration = Duration::from_secs(1_800);

/// The settings that every platform has.
#[derive(Clone)]
pub struct Settings {
    /// Whether it has a key.
    pub has_key: bool,
    /// Keys of a platform that takes several.
    pub key_count: usize,
    /// Contents in a request at most.
    pub batch_size: usize,
    /// Requests at a time at most.
    pub max_in_flight: usize,
    /// Batches that a day's budget pays for.
    pub batches_per_day: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { has_key: true, key_count: 1, batch_size: 50, max_in_flight: 4, batches_per_day: 100 }
    }
}

impl Settings {
    /// The key that the platform is given.
    pub fn key(&self) -> Option<SecretString> {
        self.has_key.then(|| SecretString::from(SECRET))
    }

    /// The keys that a platform which takes several is given; each begins with the one secret.
    pub fn keys(&self) -> Vec<SecretString> {
        let further = (1..self.key_count).map(|number| SecretString::from(format!("{SECRET}-{number}")));
        self.key().into_iter().chain(further).collect()
    }
}

/// What a test needs to know of a platform to check what all of them promise.
pub trait Subject {
    /// The platform.
    type Platform: PlatformApi;

    /// The platform with these settings.
    fn platform(world: &World, settings: &Settings) -> Self::Platform;

    /// One of its contents.
    fn content(number: u32) -> ContentId;

    /// Scripts a healthy service, which shows every requested video or reel.
    fn serve(http: &ScriptedHttp);

    /// Requests that a batch costs while all goes well.
    const REQUESTS_PER_BATCH: usize;
}

/// An actor for one platform in its world.
pub struct Observing<S: Subject> {
    /// Everything outside of it.
    pub world: World,
    /// Its counters.
    pub stats: Arc<ActorStats>,
    /// Where it takes orders.
    pub address: Addr<PlatformActor>,
    parts: PlatformParts,
    subject: PhantomData<S>,
}

impl<S: Subject> Observing<S> {
    /// Starts one in an empty world.
    pub fn start(settings: &Settings) -> Self {
        Self::start_in(World::new(), settings)
    }

    /// Starts another one in the same world, as after a restart of the process.
    pub fn start_in(world: World, settings: &Settings) -> Self {
        Self::start_at(UNLIMITED, world, settings)
    }

    /// The same at a rate of requests.
    pub fn start_at(rate: Rate, world: World, settings: &Settings) -> Self {
        let stats = ActorStats::new("platform");
        let outbound = world.outbound(rate, &stats);
        let platform = S::platform(&world, settings);
        let parts = PlatformParts::new(Arc::new(platform), outbound, world.store(), world.clock(), Arc::clone(&stats));
        let address = Self::made(&world, &stats, parts.clone());
        Self { world, stats, address, parts, subject: PhantomData }
    }

    /// The actor as its factory builds it again after a panic.
    pub fn built_again(&self) -> Self {
        let (world, stats, parts) = (self.world.clone(), Arc::clone(&self.stats), self.parts.clone());
        let address = Self::made(&world, &stats, parts.clone());
        Self { world, stats, address, parts, subject: PhantomData }
    }

    fn made(world: &World, stats: &Arc<ActorStats>, parts: PlatformParts) -> Addr<PlatformActor> {
        world.start(stats, move || PlatformActor::new(&parts))
    }

    /// Has contents observed as of block 100, regardless of earlier observations.
    pub async fn observe(&self, contents: &[ContentId]) -> ContentsObserved {
        self.observe_at(contents, 100, stamp(100)).await
    }

    /// Has contents observed that were not since that block.
    pub async fn observe_at(&self, contents: &[ContentId], since: Block, as_of: BlockStamp) -> ContentsObserved {
        self.try_observe(contents, since, as_of).await.expect("an answer")
    }

    /// Has contents observed as of block 100 by an order that ends after so long.
    pub async fn observe_within(&self, contents: &[ContentId], deadline: Duration) -> ContentsObserved {
        let request = ObserveContents { contents: contents.to_vec(), since: 100, as_of: stamp(100), deadline };
        within("an answer", self.address.send(request)).await.expect("an answer")
    }

    /// The same where the actor may fail; then the text says so.
    pub async fn try_observe(
        &self,
        contents: &[ContentId],
        since: Block,
        as_of: BlockStamp,
    ) -> Result<ContentsObserved, String> {
        let request = ObserveContents { contents: contents.to_vec(), since, as_of, deadline: DEADLINE };
        within("an answer", self.address.send(request)).await.map_err(|error| error.to_string())
    }

    /// All observations of contents.
    pub fn observations(&self, contents: &[ContentId]) -> Vec<Observation> {
        contents.iter().flat_map(|content| self.world.store.observations(content)).collect()
    }

    /// How many requests were sent.
    pub fn asked(&self) -> usize {
        self.world.http.requests().len()
    }
}
