//! The batch collector by a clock that the test moves, with a platform's actor that answers when the test lets it.

use crate::health::HandMovedClock;
use actix::{Actor, Addr, Context, Handler, ResponseFuture};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix::api::tracker::observing::{BatchCollector, Collecting, ObserveNow, QUIET, Unobserved};
use tensorflix::api::tracker::source::Source;
use tensorflix::api::watch::vitals::{Dating, Vitals};
use tensorflix::config::Config;
use tensorflix::wiring::connections;
use tensorflix_actors::platforms::{ContentsObserved, ObserveContents};
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_store::Store;
use tokio::sync::Semaphore;

/// Time for one batch.
const DEADLINE: Duration = Duration::from_secs(30);

/// Notes what it is asked for, and answers as often as it has permits.
struct Observer {
    asked: Arc<Mutex<Vec<Vec<String>>>>,
    permits: Arc<Semaphore>,
}

impl Actor for Observer {
    type Context = Context<Self>;
}

impl Handler<ObserveContents> for Observer {
    type Result = ResponseFuture<ContentsObserved>;

    fn handle(&mut self, request: ObserveContents, _: &mut Self::Context) -> Self::Result {
        let ids = request.contents.iter().map(|content| content.as_str().to_owned()).collect();
        self.asked.lock().expect("no panic").push(ids);
        let (permits, observed_count) = (Arc::clone(&self.permits), request.contents.len());
        Box::pin(async move {
            permits.acquire().await.expect("open").forget();
            ContentsObserved { observed_count, ..ContentsObserved::default() }
        })
    }
}

struct Bench {
    clock: Arc<HandMovedClock>,
    asked: Arc<Mutex<Vec<Vec<String>>>>,
    permits: Arc<Semaphore>,
    collector: Addr<BatchCollector>,
}

impl Bench {
    /// A collector with batches of two items.
    async fn start() -> Self {
        let mut config = Config::default();
        config.platforms.set("youtube", "batch_size", 2);
        let clock = Arc::new(HandMovedClock::new());
        let port: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let youtube = config.platforms.of(Platform::YOUTUBE).expect("a platform of the release");
        let platform = connections::platform(&config, youtube, &port);
        let vitals = Vitals::start(store, Arc::clone(&port), Dating::Machine, Vec::new(), Vec::new(), 25).await;
        let (asked, permits) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let observer = Observer { asked: Arc::clone(&asked), permits: Arc::clone(&permits) }.start().recipient();
        let collecting = Collecting {
            source: Source::new(platform, 1),
            observer,
            deadline: DEADLINE,
            vitals,
            clock: port,
            stats: ActorStats::new("youtube_collector"),
        };
        Self { clock, asked, permits, collector: BatchCollector::new(collecting).start() }
    }

    /// Asks for an item, and lets everything happen that needs no time.
    async fn ask(&self, number: u32) -> tokio::task::JoinHandle<Result<(), Unobserved>> {
        let content = ContentId::new(Platform::YOUTUBE, &format!("v{number:010}")).expect("an id");
        let read_at = self.clock.monotonic() + Duration::from_nanos(1);
        let asking = self.collector.send(ObserveNow { content, read_at });
        let asking = tokio::task::spawn_local(async move { asking.await.expect("an actor") });
        settle().await;
        asking
    }

    fn batches(&self) -> Vec<usize> {
        self.asked.lock().expect("no panic").iter().map(Vec::len).collect()
    }
}

/// Lets every task on this thread run as far as it can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_full_batch_goes_at_once_and_its_return_does_not_shorten_the_next_window() {
    actix_rt::System::new().block_on(async {
        let bench = Bench::start().await;
        let (first, second, third) = (bench.ask(1).await, bench.ask(2).await, bench.ask(3).await);
        assert_eq!(bench.batches(), [2], "a full batch waits for nothing");
        bench.permits.add_permits(1);
        assert_eq!((first.await.expect("no panic"), second.await.expect("no panic")), (Ok(()), Ok(())));
        settle().await;
        assert_eq!(bench.batches(), [2], "the third may still be joined by others");
        bench.clock.advance(QUIET);
        settle().await;
        assert_eq!(bench.batches(), [2, 1]);
        let joined = bench.ask(3).await;
        bench.permits.add_permits(1);
        assert_eq!((third.await.expect("no panic"), joined.await.expect("no panic")), (Ok(()), Ok(())));
        assert_eq!(bench.batches(), [2, 1], "who asks for what is under way joins it");
    });
}

#[test]
fn an_actor_that_does_not_answer_is_given_up_and_the_next_ones_turn_comes() {
    actix_rt::System::new().block_on(async {
        let bench = Bench::start().await;
        let hung = bench.ask(1).await;
        bench.clock.advance(QUIET);
        settle().await;
        assert_eq!(bench.batches(), [1]);
        bench.clock.advance(DEADLINE + DEADLINE);
        assert!(matches!(hung.await.expect("no panic"), Err(Unobserved::Unavailable(_))));
        let next = bench.ask(2).await;
        bench.clock.advance(QUIET);
        settle().await;
        bench.permits.add_permits(2);
        assert_eq!(next.await.expect("no panic"), Ok(()));
    });
}
