//! The circuit breaker as a detector's server sees it: five failures in a row, a pause of half a minute, one try, a pause of a
//! minute; and all requests again once it answers.
//!
//! Time is the test's: it goes on only when the verifier pauses, and then at once.

use crate::{DETECTORS, Place, at, illicit, outbound, store_of};
use actix::{Actor, Addr};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::ports::{Clock, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{VerdictsReached, Verifier, VerifierParts};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::Provider;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};

/// Time for all contents: the tests take less.
const DEADLINE: Duration = Duration::from_secs(10_000);

/// No pause is that long: a longer sleep awaits the deadline.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The pauses of a verifier after five failures of its detector: two between the three attempts at the first item, two after those
/// at the second, and the remainder of the half-minute pause. When, how long, and the requests that the server had then.
const PAUSES: [Pause; 5] = [(0, 1, 1), (1, 5, 2), (6, 1, 4), (7, 5, 5), (12, 25, 5)];

type Pause = (u64, u64, u64);

/// With one item at a time nothing else runs while somebody pauses.
struct Stopwatch {
    now: Mutex<Duration>,
    pauses: Mutex<Vec<Pause>>,
    place: Arc<Place>,
    provider: Provider,
}

impl Stopwatch {
    fn pass(&self, time: Duration) {
        *self.now.lock().expect("no panic while locked") += time;
    }

    fn pauses(&self) -> Vec<Pause> {
        self.pauses.lock().expect("no panic while locked").clone()
    }
}

#[async_trait]
impl Clock for Stopwatch {
    fn monotonic(&self) -> Duration {
        *self.now.lock().expect("no panic while locked")
    }

    fn wall(&self) -> Moment {
        at().time
    }

    async fn sleep(&self, duration: Duration) {
        if duration > LONGEST_PAUSE {
            return std::future::pending().await;
        }
        let requests = self.place.counted(self.provider).requests;
        let pause = (self.monotonic().as_secs(), duration.as_secs(), requests);
        self.pauses.lock().expect("no panic while locked").push(pause);
        self.pass(duration);
    }
}

struct Bench {
    verifier: Addr<Verifier>,
    clock: Arc<Stopwatch>,
    store: Arc<dyn Store>,
    contents: Vec<ContentId>,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn start(place: &Arc<Place>, provider: Provider) -> Self {
        let (folder, contents) = (tempfile::tempdir().expect("a folder"), place.videos());
        let store = store_of(&folder, &contents).await;
        let (now, pauses) = (Mutex::default(), Mutex::default());
        let clock = Arc::new(Stopwatch { now, pauses, place: Arc::clone(place), provider });
        let detectors = vec![(place.detector(provider, true, 10_000), outbound())];
        let stats = ActorStats::new("verifier");
        let parts = VerifierParts::new(detectors, Arc::clone(&store) as _, Arc::clone(&clock) as _, stats);
        let verifier = Verifier::new(parts).start();
        Self { verifier, clock, store, contents, _folder: folder }
    }

    async fn ask(&self) -> VerdictsReached {
        let request = illicit(self.clock.provider, &self.contents, DEADLINE);
        let answer = tokio::time::timeout(Duration::from_secs(60), self.verifier.send(request));
        answer.await.expect("in time").expect("an answer")
    }

    async fn stored(&self) -> usize {
        let records = self.store.verifications(&self.contents).await.expect("read");
        records.iter().map(|record| record.verdicts.len()).sum()
    }

    fn requests(&self) -> u64 {
        self.clock.place.counted(self.clock.provider).requests
    }
}

fn out_of_order() -> FaultRule {
    FaultRule::new(Fault::Status { status: 503, retry_after_secs: None })
}

/// Requests for one item: one for each picture, or one question.
fn requests_of_one(provider: Provider) -> u64 {
    if provider == Provider::Webhook { 1 } else { 3 }
}

#[test]
fn after_five_failures_a_detector_is_paused_tried_once_and_then_used_again() {
    for provider in DETECTORS {
        let place = Arc::new(Place::start());
        actix_rt::System::new().block_on(async {
            let bench = Bench::start(&place, provider).await;
            place.faults(provider).inject(out_of_order());
            assert_eq!(bench.ask().await.reached_count, 0);
            assert_eq!(bench.clock.pauses(), PAUSES, "{provider}");
            assert_eq!(bench.requests(), 6, "{provider}: one tried after the pause, for all items");

            // It failed at second 37, and is paused for twice as long.
            for seconds in [0, 59] {
                bench.clock.pass(Duration::from_secs(seconds));
                let reached = bench.ask().await;
                assert!(
                    reached.errors.iter().any(|error| error.contains("keeps failing and is paused")),
                    "{provider}: {reached:?}"
                );
                assert_eq!(bench.requests(), 6, "{provider}: nobody asks during the pause");
            }
            assert_eq!(
                (bench.stored().await, bench.clock.pauses().len()),
                (0, PAUSES.len()),
                "and nobody waits for it"
            );

            place.faults(provider).clear();
            bench.clock.pass(Duration::from_secs(1));
            let contents = bench.contents.len();
            assert_eq!(
                bench.ask().await,
                VerdictsReached { reached_count: contents, errors: Vec::new() },
                "{provider}"
            );
            assert_eq!(bench.stored().await, contents);
            assert_eq!(bench.requests(), 6 + contents as u64 * requests_of_one(provider), "{provider}");
        });
    }
}

#[test]
fn a_server_that_recovers_during_the_pause_is_asked_about_everything_that_is_left() {
    for provider in DETECTORS {
        let place = Arc::new(Place::start());
        actix_rt::System::new().block_on(async {
            let bench = Bench::start(&place, provider).await;
            place.faults(provider).inject(out_of_order().next(5));
            let reached = bench.ask().await;
            let left = bench.contents.len() - 1;
            assert_eq!((reached.reached_count, bench.stored().await), (left, left), "{provider}: all but the first");
            assert_eq!(bench.clock.pauses(), PAUSES, "{provider}");
            assert_eq!(bench.requests(), 5 + left as u64 * requests_of_one(provider), "{provider}");
        });
    }
}
