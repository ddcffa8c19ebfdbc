//! `chain-syncer` and `platform-tracker`: one HTTP service in a process of its own.

pub(super) mod args;

use super::arguments::ConfigArgument;
use super::prepare::prepare_service;
use super::process::lost_store::end_without_store;
use super::process::metrics::report_metrics;
use super::process::reload::{Hangups, Reload};
use super::process::signals::StopSignals;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, refuse};
use crate::wiring::alone;
use crate::wiring::alone::{Alone, AloneError};
use crate::wiring::errors::AppError;
use args::{ChainSyncerArguments, PlatformTrackerArguments};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn run_chain_syncer(arguments: ChainSyncerArguments) -> Exit {
    let overrides = arguments.network.overrides();
    serve(&arguments.config, overrides, async |config: &Config| alone::chain_syncer(config).await)
}

pub(crate) fn run_platform_tracker(arguments: PlatformTrackerArguments) -> Exit {
    serve(&arguments.config, Overrides::default(), async |config: &Config| alone::platform_tracker(config).await)
}

fn serve(
    file: &ConfigArgument,
    overrides: Overrides,
    start: impl AsyncFnOnce(&Config) -> Result<Alone, AloneError>,
) -> Exit {
    let mut stop = StopSignals::new();
    let (config, telemetry) = match prepare_service(file, overrides.clone()) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let reload = Reload::new(file.config.clone(), overrides, config.clone(), &telemetry);
    actix_rt::System::new().block_on(async move {
        let hangups = Hangups::listen();
        match start(&config).await {
            Ok(alone) => until_stopped(alone, &config, &mut stop, hangups, reload).await,
            Err(error @ (AloneError::SwitchedOff(_) | AloneError::App(AppError::Network(_)))) => refuse(&error),
            Err(AloneError::Store(error) | AloneError::App(AppError::Store(error))) if error.is_wrong_setting() => {
                refuse(&error)
            }
            Err(error) => {
                tracing::error!(%error, "startup failed");
                Exit::Failed
            }
        }
    })
}

async fn until_stopped(
    mut alone: Alone,
    config: &Config,
    stop: &mut StopSignals,
    hangups: Hangups,
    reload: Reload<'_>,
) -> Exit {
    let database = alone.database.clone();
    let metrics = report_metrics(alone.stats.clone(), Duration::from_secs(config.log.metrics_interval_secs));
    let reloading = reload.at_each(hangups, Arc::clone(&alone.tuning));
    let exit = tokio::select! {
        ending = stop.wait() => ending.logged(),
        loss = database.lost() => end_without_store(&loss, &alone.services, stop).await,
        Some(actor) = alone.escalations.recv() => {
            tracing::error!(actor, "core actor reached its restart limit; exiting so that the service manager restarts the process");
            Exit::Failed
        }
        () = metrics => Exit::Failed,
        () = reloading => Exit::Failed,
    };
    alone.services.stop().await;
    exit
}
