//! A bounded queue of lines and the thread that writes them.
//!
//! A caller that logs adds a line and continues; only the thread waits for a disk or a reader. The lock is held for
//! moving a line, never for writing one.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::time::Instant;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::line_text;
use super::repeats::Repeats;
use crate::config::LogFormat;

/// Lines that could not be written since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostLines {
    /// Lines that were dropped because the queue was full.
    pub dropped: u64,
    /// Lines that could not be written.
    pub failed: u64,
}

/// Most bytes that wait: some ten thousand ordinary lines.
const MOST_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Lines on their way to one sink.
#[derive(Debug, Default)]
pub(super) struct LineQueue {
    state: Mutex<State>,
    /// Notified when a line is added and when one is done.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<String>,
    waiting_bytes: usize,
    /// The thread has taken a line and is not done with it.
    writing: bool,
    lost: LostLines,
}

impl LineQueue {
    /// Starts the thread. It lives as long as the process, like the logs.
    pub fn start(name: &str, mut sink: Box<dyn Write + Send>) -> io::Result<Arc<Self>> {
        let queue = Arc::new(Self::default());
        let lines = Arc::downgrade(&queue);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(queue) = lines.upgrade() {
                queue.write_next(&mut *sink);
            }
        })?;
        Ok(queue)
    }

    /// Adds a line, or drops and counts it when too much waits already.
    pub fn push(&self, line: String) {
        let mut state = self.state();
        if state.waiting_bytes.saturating_add(line.len()) > MOST_WAITING_BYTES {
            state.lost.dropped += 1;
        } else {
            state.waiting_bytes += line.len();
            state.waiting.push_back(line);
            self.changed.notify_all();
        }
    }

    /// Waits until all is written, or for `timeout`.
    pub fn flush(&self, timeout: Duration) {
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        let waited = self.changed.wait_timeout_while(self.state(), timeout, busy);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    pub fn lost(&self) -> LostLines {
        self.state().lost
    }

    /// Writes one line, or comes back after a while if there is none.
    fn write_next(&self, sink: &mut dyn Write) {
        const LOOK_AGAIN: Duration = Duration::from_millis(500);
        let line = {
            let waited = self.changed.wait_timeout_while(self.state(), LOOK_AGAIN, |state| state.waiting.is_empty());
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let Some(line) = state.waiting.pop_front() else { return };
            state.waiting_bytes -= line.len();
            state.writing = true;
            line
        };
        let written = sink.write_all(line.as_bytes()).and_then(|()| sink.flush());
        let mut state = self.state();
        state.lost.failed += u64::from(written.is_err());
        state.writing = false;
        self.changed.notify_all();
    }

    /// The lock is never held while something can panic, so a poisoned one is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the formatter writes its events to: each call brings one event.
#[derive(Clone, Debug)]
pub(super) struct LineWriter {
    queue: Arc<LineQueue>,
    format: LogFormat,
    color: bool,
    repeats: Arc<Mutex<Repeats>>,
    /// The event is one more of its kind than is written.
    is_left_out: bool,
}

impl LineWriter {
    pub fn new(queue: Arc<LineQueue>, format: LogFormat, color: bool) -> Self {
        Self { queue, format, color, repeats: Arc::default(), is_left_out: false }
    }
}

impl Write for LineWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if !self.is_left_out {
            let text = String::from_utf8_lossy(event);
            self.queue.push(line_text::one_line(&text, self.format, self.color));
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LineWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }

    fn make_writer_for(&self, event: &Metadata<'_>) -> Self {
        let now = Instant::now();
        let (is_admitted, untold) = {
            let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
            let is_admitted = repeats.admit(event, now);
            (is_admitted, if is_admitted { repeats.untold(now) } else { Vec::new() })
        };
        untold.iter().for_each(|text| self.queue.push(line_text::warning(self.format, text)));
        Self { is_left_out: !is_admitted, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Writes nothing before it is released.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            // An error says that the test is over.
            let _ = self.0.recv();
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("no space left"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sink_that_hangs_delays_nobody_and_fills_no_memory() {
        let (release, stuck) = mpsc::channel();
        let queue = LineQueue::start("stuck", Box::new(Stuck(stuck))).expect("a thread");
        let line = "x".repeat(1000);
        let count = 3 * MOST_WAITING_BYTES / line.len();
        for _ in 0..count {
            queue.push(line.clone());
        }
        queue.flush(Duration::from_millis(1));
        assert!(queue.state().waiting_bytes <= MOST_WAITING_BYTES);
        let dropped = usize::try_from(queue.lost().dropped).expect("a count");
        assert!(dropped > count / 2 && dropped < count, "{dropped} of {count}");
        drop(release);
        queue.flush(Duration::from_secs(30));
        assert_eq!(queue.state().waiting_bytes, 0, "it goes on once the sink does");
    }

    #[test]
    fn a_sink_that_fails_is_counted() {
        let queue = LineQueue::start("broken", Box::new(Broken)).expect("a thread");
        queue.push("one".to_owned());
        queue.push("two".to_owned());
        queue.flush(Duration::from_secs(30));
        assert_eq!(queue.lost(), LostLines { dropped: 0, failed: 2 });
    }
}
