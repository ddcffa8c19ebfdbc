//! Logs: what an operator sees on stderr, and everything in full detail in a file of bounded size.
//!
//! Invariants:
//!
//! - Logging never panics, never waits and never ends the process: lines go into bounded queues, and lines that cannot be
//!   written are dropped and counted. A full disk, a closed pipe or a terminal that nobody reads does not stop weights.
//! - A line is one line: control characters that came with data are escaped, so that no miner can move a cursor or
//!   write an entry of its own. Fields and lines are cut where they are too long (`line_text.rs`, `text/visible.rs`).
//! - Repeated warnings and errors of one kind are suppressed and counted (`repeats.rs`): nobody outside can fill a log, or hide
//!   other entries in it.
//! - Dependencies never log more than `info`, and on the console no more than `warn`: below `info` they write requests
//!   and headers, keys included.
//! - The current log file always has the configured name, and all files together stay below
//!   `max_mb × (keep + 1)` MiB.
//!
//! Two processes must not share a log file. Answers of commands go to stdout and are not logs.

pub(crate) mod client_noise;
mod field_text;
mod line_queue;
mod line_text;
mod panics;
mod repeats;
mod rotating_file;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::{LogFormat, LogLevel, LogSettings};
use field_text::EscapedFields;
pub use line_queue::LostLines;
use line_queue::{LineQueue, LineWriter};
use repeats::OUR_CRATES;
use rotating_file::{Reopening, RotatingFile};

/// How long the end of the process waits for the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
const MEBIBYTE: u64 = 1024 * 1024;

/// What a command shows on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleMode {
    /// Logs at the configured level: for what runs for long, whatever form its answer on stdout has.
    Logs,
    /// Warnings and errors only: for commands that print a result on stdout.
    Warnings,
}

/// Logging as it was set up. Dropping it writes out what waits, for a short while at most.
#[derive(Debug)]
pub struct Telemetry {
    outputs: Vec<Output>,
}

/// One place that lines go to.
#[derive(Debug)]
struct Output {
    kind: OutputKind,
    queue: Arc<LineQueue>,
    filter: reload::Handle<Targets, Registry>,
    /// How to have it opened again, if it is a file.
    reopening: Option<Reopening>,
}

#[derive(Clone, Copy, Debug)]
enum OutputKind {
    Console(ConsoleMode),
    File,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The process logs already: a bug of ours.
    #[error("logging is set up already")]
    AlreadySetUp(#[from] TryInitError),
    /// The system gives no thread: out of memory or of threads.
    #[error("no thread can be started for logging: {0}")]
    NoThread(#[from] io::Error),
}

/// Sets logging up for the whole process. A log file that cannot be written is reported once, on stderr, and is tried
/// again from time to time.
///
/// # Errors
/// [`TelemetryError`], which does not depend on files or terminals.
pub fn init(log: &LogSettings, console: ConsoleMode) -> Result<Telemetry, TelemetryError> {
    let color = log.format == LogFormat::Text && wants_color();
    let (telemetry, layers) = build(log, console, Box::new(io::stderr()), color)?;
    tracing_subscriber::registry().with(layers).try_init()?;
    panics::log_them();
    Ok(telemetry)
}

impl Telemetry {
    /// Changes the level while running, for example after a configuration reload.
    pub fn set_level(&self, level: LogLevel) {
        for output in &self.outputs {
            // Fails only if the subscriber is gone, and then nothing logs.
            let _ = output.filter.reload(output.kind.filter(level));
        }
    }

    /// Reopens the log file before its next line, after it was rotated.
    pub fn reopen_file(&self) {
        for reopening in self.outputs.iter().filter_map(|output| output.reopening.as_ref()) {
            reopening.request();
        }
    }

    /// Lines that were lost so far.
    pub fn lost_lines(&self) -> LostLines {
        self.outputs.iter().map(|output| output.queue.lost()).fold(LostLines::default(), |sum, lost| LostLines {
            dropped: sum.dropped + lost.dropped,
            failed: sum.failed + lost.failed,
        })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // The file first: its queue may still have a warning for the console's.
        for output in self.outputs.iter().rev() {
            output.queue.flush(FLUSH_TIMEOUT);
        }
    }
}

impl OutputKind {
    fn filter(self, level: LogLevel) -> Targets {
        let level = level_filter(level);
        let ours = match self {
            Self::Console(ConsoleMode::Logs) => level,
            Self::Console(ConsoleMode::Warnings) => level.min(LevelFilter::WARN),
            Self::File => level.max(LevelFilter::DEBUG),
        };
        // What dependencies tell of themselves is for the file; a person at the console wants to know of trouble only.
        let theirs = match self {
            Self::Console(_) => LevelFilter::WARN,
            Self::File => LevelFilter::INFO,
        };
        Targets::new().with_default(ours.min(theirs)).with_target(OUR_CRATES, ours)
    }
}

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// The outputs and their layers, without touching the process.
fn build(
    log: &LogSettings,
    console: ConsoleMode,
    console_sink: Box<dyn Write + Send>,
    color: bool,
) -> Result<(Telemetry, Layers), TelemetryError> {
    let kind = OutputKind::Console(console);
    let queue = LineQueue::start("log-console", console_sink)?;
    let (layer, filter) = layer(&queue, log.format, color, kind.filter(log.level));
    let mut layers = vec![layer];
    let mut outputs = vec![Output { kind, queue, filter, reopening: None }];
    if let Some(path) = &log.file {
        let (layer, output) = file_output(log, path.clone(), Arc::clone(&outputs[0].queue))?;
        // Before the console: spans are formatted once, by the first layer, and the file must not get its colours.
        layers.insert(0, layer);
        outputs.push(output);
    }
    Ok((Telemetry { outputs }, layers))
}

fn file_output(
    log: &LogSettings,
    path: PathBuf,
    console: Arc<LineQueue>,
) -> Result<(Box<dyn Layer<Registry> + Send + Sync>, Output), TelemetryError> {
    let format = log.format;
    let name = path.display().to_string();
    let report = move |error: &io::Error| {
        let text =
            format!("the log file {name} cannot be written ({error}): logs go only to stderr until that is corrected");
        console.push(line_text::warning(format, &text));
    };
    let sink = RotatingFile::new(path, log.max_mb.saturating_mul(MEBIBYTE), log.keep, Box::new(report));
    let reopening = Some(sink.reopening());
    let queue = LineQueue::start("log-file", Box::new(sink))?;
    let (layer, filter) = layer(&queue, format, false, OutputKind::File.filter(log.level));
    Ok((layer, Output { kind: OutputKind::File, queue, filter, reopening }))
}

fn layer(
    queue: &Arc<LineQueue>,
    format: LogFormat,
    color: bool,
    filter: Targets,
) -> (Box<dyn Layer<Registry> + Send + Sync>, reload::Handle<Targets, Registry>) {
    let (filter, handle) = reload::Layer::new(filter);
    let writer = LineWriter::new(Arc::clone(queue), format, color);
    // An internal error would be printed to stderr in a way that panics when stderr is closed.
    let layer = fmt::layer().with_writer(writer).with_ansi(color).log_internal_errors(false);
    let layer = match format {
        LogFormat::Text => layer.fmt_fields(EscapedFields).with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    };
    (layer, handle)
}

fn level_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// See <https://no-color.org>.
fn wants_color() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && io::stderr().is_terminal()
}
