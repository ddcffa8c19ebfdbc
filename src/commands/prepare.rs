//! Preparation before a command does anything: its configuration and logs.

use super::arguments::ConfigArgument;
use crate::config::{Config, LogSettings, Overrides, environment};
use crate::console::exit::{Exit, refuse};
use crate::telemetry::{self, ConsoleMode, Telemetry};

/// Reads the configuration and sets up logs; prints what is wrong otherwise. Only a long-running command writes the log file:
/// two processes must not share it.
pub(crate) fn prepare(
    file: &ConfigArgument,
    overrides: Overrides,
    console: ConsoleMode,
) -> Result<(Config, Telemetry), Exit> {
    prepare_with_file(file, overrides, console, console == ConsoleMode::Logs)
}

/// The same for a service, which logs as a validator does, but not to the log file.
pub(crate) fn prepare_service(file: &ConfigArgument, overrides: Overrides) -> Result<(Config, Telemetry), Exit> {
    prepare_with_file(file, overrides, ConsoleMode::Logs, false)
}

fn prepare_with_file(
    file: &ConfigArgument,
    overrides: Overrides,
    console: ConsoleMode,
    has_log_file: bool,
) -> Result<(Config, Telemetry), Exit> {
    let config = Config::load(file.config.as_deref(), environment(), overrides).map_err(|error| refuse(&error))?;
    let log = config.log.clone();
    let log = if has_log_file { log } else { LogSettings { file: None, ..log } };
    let telemetry = telemetry::init(&log, console).map_err(|error| refuse(&error))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok((config, telemetry))
}

/// Runs a command that only prints a result on stdout: reads the configuration, then does `work`.
pub(crate) fn answer(
    file: &ConfigArgument,
    overrides: Overrides,
    work: impl AsyncFnOnce(&Config) -> Result<Exit, Exit>,
) -> Exit {
    match prepare(file, overrides, ConsoleMode::Warnings) {
        Ok((config, _telemetry)) => actix_rt::System::new().block_on(work(&config)).unwrap_or_else(|exit| exit),
        Err(exit) => exit,
    }
}
