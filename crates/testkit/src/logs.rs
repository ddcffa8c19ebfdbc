//! What is logged on a test's thread, in full detail.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex, Once};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

/// Has every event ask the log of its own thread whether to record it.
///
/// `tracing` stores for each event in the code whether any log wants it. While the process has only one log, the first thread that
/// reaches the event decides that for all threads, even if it has no log itself. A test that reads its log would then depend on the
/// tests beside it. A log for the whole process that records nothing, and asks to be consulted each time, prevents that.
pub fn ask_about_every_event() {
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        let asked = tracing_subscriber::registry().with(dynamic_filter_fn(|_, _| false));
        tracing::subscriber::set_global_default(asked).expect("no other log for the whole process");
        tracing::callsite::rebuild_interest_cache();
    });
}

/// The log of the thread that made it, until it is dropped.
pub struct Logs {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// Records from now on what this thread logs.
    pub fn capture() -> Self {
        ask_about_every_event();
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(written.clone())
            .finish();
        Self { written, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().expect("no panic while locked").clone()).expect("text")
    }

    /// The lines that hold all of these pieces.
    pub fn lines(&self, pieces: &[&str]) -> Vec<String> {
        let holds = |line: &&str| pieces.iter().all(|piece| line.contains(piece));
        self.text().lines().filter(holds).map(str::to_owned).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().expect("no panic while locked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Logs;

    fn says() {
        tracing::warn!("heard");
    }

    /// The first thread that reaches an event decides for the whole process whether a log wants it.
    #[test]
    fn what_a_thread_without_a_log_said_first_is_recorded_on_the_thread_that_has_one() {
        let logs = Logs::capture();
        std::thread::spawn(says).join().expect("a thread");
        says();
        assert_eq!(logs.lines(&["heard"]).len(), 1);
    }
}
