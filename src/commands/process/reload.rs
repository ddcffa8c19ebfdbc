//! SIGHUP: reads the configuration again, and applies the settings that can change while the process runs.
//!
//! A configuration with any mistake changes nothing, nor does a file that is empty or truncated; the log says what is wrong. The
//! log file is opened again in any case, because log rotation uses this signal.

use super::signals;
use crate::config::{Config, Overrides, cut, environment};
use crate::telemetry::Telemetry;
use crate::wiring::tuning::{Tuning, changes};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP, which from now on does not end the process any more.
pub(crate) struct Hangups(Option<Signal>);

impl Hangups {
    /// Listens from now on; logs a warning if that is not possible.
    pub(crate) fn listen() -> Self {
        let signal = signal(SignalKind::hangup()).inspect_err(|error| {
            tracing::warn!(%error, "cannot listen for SIGHUP; settings change only with a restart");
        });
        if signal.is_ok() {
            signals::leave_hangups();
        }
        Self(signal.ok())
    }
}

/// The configuration of a running process, and where it comes from.
pub(crate) struct Reload<'a> {
    file: Option<PathBuf>,
    overrides: Overrides,
    /// The configuration at the start, for settings that need a restart.
    started: Config,
    /// The configuration last applied, for settings that reload.
    applied: Config,
    /// The file's text when it was last taken.
    text: Option<String>,
    telemetry: &'a Telemetry,
}

impl<'a> Reload<'a> {
    /// For a process that started with `started`, read from `file` under `overrides`.
    pub(crate) fn new(file: Option<PathBuf>, overrides: Overrides, started: Config, telemetry: &'a Telemetry) -> Self {
        let (applied, text) = (started.clone(), Config::file_text(file.as_deref()));
        Self { file, overrides, started, applied, text, telemetry }
    }

    /// Reads the configuration again at each hang-up. Never ends.
    pub(crate) async fn at_each(mut self, mut hangups: Hangups, tuning: Arc<Tuning>) {
        if let Some(signal) = &mut hangups.0 {
            while signal.recv().await.is_some() {
                self.telemetry.reopen_file();
                self.read_again(&tuning);
            }
        }
        std::future::pending().await
    }

    fn read_again(&mut self, tuning: &Tuning) {
        let text = Config::file_text(self.file.as_deref());
        if let Some(why) = self.text.as_deref().and_then(|before| cut::missing(before, text.as_deref())) {
            tracing::error!(
                why,
                "configuration reload rejected: the file seems incomplete; settings are unchanged; restart if the change is \
                intended"
            );
            return;
        }
        let new = match Config::load(self.file.as_deref(), environment(), self.overrides.clone()) {
            Ok(new) => new,
            Err(error) => {
                tracing::error!(%error, "configuration reload rejected; settings are unchanged");
                return;
            }
        };
        for warning in &new.warnings {
            tracing::warn!("{warning}");
        }
        let live = changes(&self.applied, &new).live;
        let after_restart = changes(&self.started, &new).after_restart;
        tuning.apply(&new);
        self.telemetry.set_level(new.log.level);
        tracing::info!(changed = ?live, "configuration reloaded");
        if !after_restart.is_empty() {
            tracing::warn!(settings = ?after_restart, "changed settings take effect only after a restart");
        }
        (self.applied, self.text) = (new, text);
    }
}
