//! The machine's clocks behind the port.
//!
//! Monotonic time is Tokio's, so that a test that pauses Tokio's time steers it together with all waiting; wall time is
//! the system's. Neither may reach a score: that is what chain time is for.

use async_trait::async_trait;
use std::time::Duration;
use tensorflix_actors::ports::Clock;
use tensorflix_domain::chain_time::Moment;
use tokio::time::Instant;

/// Tokio's monotonic clock and the system's wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock with a monotonic time that starts now.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    fn wall(&self) -> Moment {
        Moment::from_unix_ms(chrono::Utc::now().timestamp_millis())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn paused_time_steers_monotonic_time_and_sleep() {
        let clock = SystemClock::new();
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.sleep(Duration::from_secs(86_400)).await;
        assert_eq!(clock.monotonic(), Duration::from_secs(86_400));
    }

    #[test]
    fn wall_time_is_the_systems_in_utc_and_needs_no_runtime() {
        let system = || {
            let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
            i64::try_from(since.as_millis()).expect("before the year 292278994")
        };
        let (before, wall, after) = (system(), SystemClock::new().wall().unix_ms(), system());
        assert!((before..=after).contains(&wall), "{before} {wall} {after}");
    }
}
