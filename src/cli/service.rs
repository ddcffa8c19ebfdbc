//! `chain-syncer` and `platform-tracker`: each HTTP service alone in its process.

use super::reload::{Hangups, Reload};
use super::run::{end_without_store, report_metrics};
use super::signals::StopSignals;
use super::{ConfigArgument, NetworkArguments, prepare_service};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, refuse};
use crate::wiring::alone;
use crate::wiring::alone::{Alone, AloneError};
use crate::wiring::app::AppError;
use std::sync::Arc;
use std::time::Duration;

/// Every peer of the subnet with its gist's submissions, over HTTP.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # on 127.0.0.1:8001, or where http.chain_syncer says
  tensorflix chain-syncer
  curl -s http://127.0.0.1:8001/get_all_peers_metadata | jq
  # on the test network
  tensorflix chain-syncer --network test --netuid 89

`run` serves the same: alone it is for a machine without a validator. Beside a
validator with the same store it only reads what that one writes. It logs to
stderr only.")]
pub(super) struct ChainSyncerArguments {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    network: NetworkArguments,
}

/// Public metrics of single videos and reels, over HTTP.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # on 127.0.0.1:8000, or where http.platform_tracker says
  YOUTUBE_API_KEY=… tensorflix platform-tracker
  curl -s http://127.0.0.1:8000/youtube/video/dQw4w9WgXcQ | jq
  curl -s http://127.0.0.1:8000/health | jq

`run` serves the same: alone it needs no chain and no wallet. It keeps what it
observes in memory, and spends the daily budget of the configured store. It logs
to stderr only.")]
pub(super) struct PlatformTrackerArguments {
    #[command(flatten)]
    config: ConfigArgument,
}

pub(super) fn run_chain_syncer(arguments: ChainSyncerArguments) -> Exit {
    let NetworkArguments { netuid, network } = arguments.network;
    serve(&arguments.config, Overrides { netuid, network, ..Overrides::default() }, async |config: &Config| {
        alone::chain_syncer(config).await
    })
}

pub(super) fn run_platform_tracker(arguments: PlatformTrackerArguments) -> Exit {
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
                tracing::error!(%error, "cannot start");
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
            tracing::error!(actor, "a core actor gave up; ending, for the service manager to restart");
            Exit::Failed
        }
        () = metrics => Exit::Failed,
        () = reloading => Exit::Failed,
    };
    alone.services.stop().await;
    exit
}
