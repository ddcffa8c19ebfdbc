//! Time that the tests control: Tokio's, paused, on one thread.
//!
//! Time does not advance while anything can run, and then jumps to the next timer, so hours pass at once and nothing
//! races.

use crate::living;
use async_trait::async_trait;
use std::future::Future;
use std::time::Duration;
use tensorflix_actors::ports::Clock;
use tensorflix_domain::chain_time::Moment;
use tokio::time::Instant;

/// Longest that a test may take, in its own time.
const LONGEST_TEST: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Longest that anything awaited may take, in the test's time.
pub const PATIENCE: Duration = Duration::from_secs(6 * 3_600);

/// Runs a test with paused time on one thread, where actors can live.
pub fn simulate<T>(test: impl Future<Output = T>) -> T {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    };
    actix_rt::System::with_tokio_rt(runtime)
        .block_on(async { tokio::time::timeout(LONGEST_TEST, test).await.expect("the test must end") })
}

/// The same for a test that no actor may outlive: those that it started in a [`World`](crate::world::World) must end
/// soon after it. Actors with a tick of their own do not end: their context waits for the tick, even if no
/// address refers to them.
pub fn simulate_to_the_end<T>(test: impl Future<Output = T>) -> T {
    simulate(async {
        living::forget();
        let outcome = test.await;
        let left_over = living::left_over().await;
        assert!(left_over.is_empty(), "actors outlive their test: {left_over:?}");
        outcome
    })
}

/// Lets everything that can run do so. Time advances by a millisecond, which it does only once nothing else can run.
pub async fn settle() {
    pass(Duration::from_millis(1)).await;
}

/// Lets time pass.
pub async fn pass(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Awaits something that must come.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within {PATIENCE:?}"),
    }
}

/// The Clock port over paused time. Its wall time is far from every chain time of the tests: if it reached a score,
/// an age or a date, that would show.
pub struct TestClock {
    origin: Instant,
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl TestClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

#[async_trait]
impl Clock for TestClock {
    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    fn wall(&self) -> Moment {
        let elapsed_ms = i64::try_from(self.monotonic().as_millis()).expect("a short test");
        Moment::from_unix_ms(elapsed_ms)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
