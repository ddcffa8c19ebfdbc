//! Logging as a whole, without touching the process's own.

use std::sync::{Mutex, PoisonError};
use tensorflix_testkit::logs::ask_about_every_event;
use tracing::subscriber::with_default;

use super::*;

const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// Collects what would go to stderr.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("UTF-8")
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs what `events` logs, and gives what the screen and the file then hold.
fn logged(log: &LogSettings, console: ConsoleMode, color: bool, events: impl FnOnce(&Telemetry)) -> (String, String) {
    let screen = Screen::default();
    let (telemetry, layers) = build(log, console, Box::new(screen.clone()), color).expect("logging");
    ask_about_every_event();
    with_default(tracing_subscriber::registry().with(layers), || events(&telemetry));
    for output in telemetry.outputs.iter().rev() {
        output.queue.flush(LONG_ENOUGH);
    }
    drop(telemetry);
    let file = log.file.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    (screen.text(), file)
}

fn settings(format: LogFormat) -> (tempfile::TempDir, LogSettings) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = Some(directory.path().join("v.log"));
    (directory, LogSettings { format, file, ..LogSettings::default() })
}

fn one_event_of_each_level() {
    tracing::debug!(target: "tensorflix_actors::scorer", "our debug");
    tracing::info!(target: "tensorflix", "our info");
    tracing::warn!(target: "tensorflix::app", "our warn");
    tracing::debug!(target: "hyper::client", "their debug");
    tracing::info!(target: "sqlx", "their info");
    tracing::warn!(target: "subxt", "their warn");
}

#[test]
fn stderr_has_the_configured_level_and_the_file_full_detail_of_ours() {
    for (level, console, shown) in [
        (LogLevel::Info, ConsoleMode::Logs, "our info,our warn,their warn"),
        (LogLevel::Warn, ConsoleMode::Logs, "our warn,their warn"),
        (LogLevel::Trace, ConsoleMode::Logs, "our debug,our info,our warn,their warn"),
        (LogLevel::Debug, ConsoleMode::Warnings, "our warn,their warn"),
        (LogLevel::Error, ConsoleMode::Logs, ""),
    ] {
        let (_directory, log) = settings(LogFormat::Text);
        let log = LogSettings { level, ..log };
        let (screen, file) = logged(&log, console, false, |_| one_event_of_each_level());
        for message in ["our debug", "our info", "our warn", "their debug", "their info", "their warn"] {
            let expected = shown.split(',').any(|part| part == message);
            assert_eq!(screen.contains(message), expected, "{level:?} {console:?}: {message} in {screen}");
            assert_eq!(file.contains(message), message != "their debug", "{level:?}: {message} in {file}");
        }
    }
}

#[test]
fn the_level_changes_while_running() {
    let (_directory, log) = settings(LogFormat::Text);
    let (screen, _) = logged(&log, ConsoleMode::Logs, false, |telemetry| {
        tracing::debug!(target: "tensorflix", "before");
        telemetry.set_level(LogLevel::Debug);
        tracing::debug!(target: "tensorflix", "between");
        telemetry.set_level(LogLevel::Error);
        tracing::warn!(target: "tensorflix", "after");
    });
    assert!(screen.contains("between") && !screen.contains("before") && !screen.contains("after"), "{screen}");
}

#[test]
fn data_can_drive_no_terminal_and_write_no_entry_of_its_own() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{7}\r\n2026-01-01T00:00:00Z  INFO tensorflix: weights sent \u{202e}";
    let error: Box<dyn std::error::Error> = hostile.into();
    for (format, color) in [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)] {
        let (_directory, log) = settings(format);
        let (screen, file) = logged(&log, ConsoleMode::Logs, color, |_| {
            tracing::info!(target: "tensorflix", "in the message {hostile}");
            tracing::info!(target: "tensorflix", title = hostile, "as a text");
            tracing::info!(target: "tensorflix", title = %hostile, "as displayed");
            tracing::info!(target: "tensorflix", title = ?Some(hostile), "as debugged");
            tracing::info!(target: "tensorflix", error = &*error, "as an error");
            let span = tracing::info_span!(target: "tensorflix", "gist", title = hostile, other = %hostile);
            span.in_scope(|| tracing::info!(target: "tensorflix", "in a span"));
        });
        for (place, text) in [("screen", &screen), ("file", &file)] {
            assert_eq!(text.lines().count(), 6, "{format:?} {color} {place}: {text:?}");
            // Colours of our own are all `ESC [ digits m`; the data's would clear the screen.
            assert!(!text.contains("\u{1b}[2J"), "{format:?} {color} {place}: {text:?}");
            assert_eq!(text.contains('\u{1b}'), color && place == "screen", "{format:?} {color} {place}: {text:?}");
            for character in ['\u{9b}', '\u{7}', '\r', '\u{202e}'] {
                assert!(!text.contains(character), "{format:?} {color} {place}: {character:?} in {text:?}");
            }
            if format == LogFormat::Json {
                assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
            }
        }
    }
}

#[test]
fn whatever_a_stranger_wrote_a_line_has_an_end_and_says_how_long_it_was() {
    let huge = "node says \u{1b}[2J no ".repeat(5_000);
    let error: Box<dyn std::error::Error> = huge.clone().into();
    for format in [LogFormat::Text, LogFormat::Json] {
        let (_directory, log) = settings(format);
        let (screen, file) = logged(&log, ConsoleMode::Logs, false, |_| {
            tracing::warn!(target: "tensorflix", "in the message {huge}");
            tracing::warn!(target: "tensorflix", uid = 7, error = huge, "as a text");
            tracing::warn!(target: "tensorflix", uid = 7, error = %huge, "as displayed");
            tracing::warn!(target: "tensorflix", uid = 7, error = ?Some(&huge), "as debugged");
            tracing::warn!(target: "tensorflix", uid = 7, error = &*error, "as an error");
            tracing::warn_span!(target: "tensorflix", "gist", error = %huge)
                .in_scope(|| tracing::warn!(target: "tensorflix", uid = 7, "in a span"));
        });
        for text in [screen, file] {
            assert_eq!(text.lines().count(), 6, "{text}");
            for line in text.lines() {
                assert!(line.len() < 7 * 1024 && line.contains("(cut: "), "{} bytes: {line}", line.len());
                assert!(line.contains("in the message") || line.contains("uid"), "{line}");
                assert_eq!(
                    serde_json::from_str::<serde_json::Value>(line).is_ok(),
                    format == LogFormat::Json,
                    "{line}"
                );
            }
        }
    }
}

#[test]
fn a_kind_of_line_that_repeats_is_counted_and_hides_no_other() {
    let (_directory, log) = settings(LogFormat::Text);
    let (screen, file) = logged(&log, ConsoleMode::Logs, false, |_| {
        for number in 0..2_000 {
            tracing::warn!(target: "tensorflix", number, "cannot read a gist");
            tracing::info!(target: "tensorflix", number, "our own work");
        }
        tracing::error!(target: "tensorflix", "weights were not sent");
    });
    for text in [screen, file] {
        assert_eq!(text.matches("cannot read a gist").count(), 300, "{}", text.len());
        assert_eq!(text.matches("our own work").count(), 2_000);
        assert!(
            text.contains("weights were not sent") && text.contains("suppressed repeated log lines"),
            "{}",
            text.len()
        );
    }
}

#[test]
fn a_file_that_cannot_be_written_gives_one_warning_and_logging_goes_on() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let (directory, log) = settings(format);
        let log = LogSettings { file: Some(directory.path().to_owned()), ..log };
        let mut lost = LostLines::default();
        let (screen, _) = logged(&log, ConsoleMode::Logs, false, |telemetry| {
            one_event_of_each_level();
            telemetry.outputs[1].queue.flush(LONG_ENOUGH);
            lost = telemetry.lost_lines();
        });
        assert_eq!(screen.matches("cannot be written").count(), 1, "{screen}");
        assert!(screen.contains("our info") && screen.contains(&*directory.path().to_string_lossy()), "{screen}");
        assert_eq!(lost, LostLines { dropped: 0, failed: 5 });
    }
}

#[test]
fn an_empty_file_setting_writes_no_file() {
    let log = LogSettings { file: None, ..LogSettings::default() };
    let (screen, _) = logged(&log, ConsoleMode::Logs, false, |telemetry| {
        assert_eq!(telemetry.outputs.len(), 1);
        one_event_of_each_level();
    });
    assert!(screen.contains("our info"), "{screen}");
}

#[test]
fn a_closed_stderr_stops_nothing() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_directory, log) = settings(LogFormat::Text);
    let (telemetry, layers) = build(&log, ConsoleMode::Logs, Box::new(Closed), false).expect("logging");
    ask_about_every_event();
    with_default(tracing_subscriber::registry().with(layers), one_event_of_each_level);
    telemetry.outputs.iter().for_each(|output| output.queue.flush(LONG_ENOUGH));
    assert_eq!(telemetry.lost_lines(), LostLines { dropped: 0, failed: 3 });
    let file = std::fs::read_to_string(log.file.expect("a file")).expect("a text");
    assert_eq!(file.lines().count(), 5, "{file}");
}
