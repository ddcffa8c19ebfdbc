//! A thread that ends the process when the actors' thread is blocked: nothing on that thread can detect it, and no
//! restart can free it. The service manager starts the process again.
//!
//! A task on the actors' thread beats once per [`BEAT_PERIOD`]. The watchdog counts checks without a new beat, not
//! time: a process that was stopped and continued, or a machine that slept, does not count as blocked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often the actors' thread beats, and how often the watchdog checks.
pub const BEAT_PERIOD: Duration = Duration::from_secs(1);

/// Checks in a row without a beat after which the thread counts as blocked: a minute.
pub const MOST_SILENT_LOOKS: u32 = 60;

/// Time for the last lines of the log before the process is aborted.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A running watchdog; dropping it ends the watch.
#[derive(Debug)]
pub struct Watchdog {
    is_over: Arc<AtomicBool>,
}

/// The parameters of a watch. [`Watch::default`] is what a process uses.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// Time between two beats, and between two checks.
    pub period: Duration,
    /// Checks in a row without a beat.
    pub most_silent_looks: u32,
    /// What happens then, on the watchdog's thread.
    pub when_blocked: fn(),
}

impl Default for Watch {
    fn default() -> Self {
        Self { period: BEAT_PERIOD, most_silent_looks: MOST_SILENT_LOOKS, when_blocked: abort }
    }
}

impl Watchdog {
    /// Watches the current thread, which runs the actors.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn watch_this_thread(watch: Watch) -> std::io::Result<Self> {
        let (beats, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (Arc::clone(&beats), Arc::clone(&is_over));
        std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            let mut silence = Silence::default();
            while !ended.load(Ordering::Relaxed) {
                std::thread::sleep(watch.period);
                if silence.look(seen.load(Ordering::Relaxed)) >= watch.most_silent_looks
                    && !ended.load(Ordering::Relaxed)
                {
                    (watch.when_blocked)();
                    return;
                }
            }
        })?;
        let ended = Arc::clone(&is_over);
        actix_rt::spawn(async move {
            while !ended.load(Ordering::Relaxed) {
                beats.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(watch.period).await;
            }
        });
        Ok(Self { is_over })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Checks in a row that saw no beat.
#[derive(Debug, Default)]
struct Silence {
    beats: u64,
    looks: u32,
}

impl Silence {
    /// Notes what a check saw. Returns the checks without a beat so far.
    const fn look(&mut self, beats: u64) -> u32 {
        if beats == self.beats {
            self.looks = self.looks.saturating_add(1);
        } else {
            (self.beats, self.looks) = (beats, 0);
        }
        self.looks
    }
}

/// Logs the reason, and ends the process without unwinding: the blocked thread would never unwind. A separate thread
/// writes the log, since the log may be what blocks.
fn abort() {
    let words = || {
        tracing::error!(
            blocked_secs = MOST_SILENT_LOOKS,
            "the thread of the actors is blocked; aborting, for the service manager to restart"
        );
    };
    // If no thread can be started, the process ends without a log line.
    let _ = std::thread::Builder::new().spawn(words);
    std::thread::sleep(LAST_WORDS);
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_looks_in_a_row_without_a_beat_count() {
        let mut silence = Silence::default();
        let looks: Vec<u32> = [1, 1, 1, 2, 2, 3].map(|beats| silence.look(beats)).into();
        assert_eq!(looks, [0, 1, 2, 0, 1, 0]);
    }
}
