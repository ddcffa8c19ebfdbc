//! `run`: the long-running validator, or one cycle of it.

pub(super) mod args;
mod once;
pub(super) mod show;

use super::arguments::Output;
use super::prepare::prepare;
use super::process::reload::{Hangups, Reload};
use super::process::signals::StopSignals;
use crate::commands::process::lost_store::end_without_store;
use crate::commands::process::metrics::{log_metrics, report_metrics};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, refuse};
use crate::console::report::cycle::Sending;
use crate::console::session::{Session, Shown};
use crate::console::stdout;
use crate::telemetry::ConsoleMode;
use crate::wiring::app::{App, Mode};
use crate::wiring::errors::AppError;
use crate::wiring::serving::Services;
use args::RunArguments;
use show::{show, show_again};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::scorer::Opening;
use tensorflix_actors::supervision::watchdog::{Watch, Watchdog};

pub(crate) fn run(arguments: RunArguments) -> Exit {
    let stop = StopSignals::new();
    let overrides = Overrides {
        validator_gist_id: arguments.validator_gist_id,
        validator_username: arguments.validator_username,
        update_interval_hours: arguments.update_interval,
        ..arguments.wallet.over(arguments.network.overrides())
    };
    let (config, telemetry) = match prepare(&arguments.config, overrides.clone(), ConsoleMode::Logs) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let reload = Reload::new(arguments.config.config, overrides, config.clone(), &telemetry);
    let _bound = arguments.once.then(|| once::Bound::begin(once::LONGEST, once::give_up));
    let opening = if arguments.once { Opening::Once } else { Opening::Grid };
    let mode = Mode { opening, dry_run: arguments.dry_run };
    actix_rt::System::new().block_on(supervise_run(&config, mode, arguments.output, reload, stop))
}

/// Runs until the one cycle is done, a signal arrives, or a core actor reaches its restart limit.
async fn supervise_run(config: &Config, mode: Mode, output: Output, reload: Reload<'_>, mut stop: StopSignals) -> Exit {
    let hangups = Hangups::listen();
    let mut app = match App::start(config, mode).await {
        Ok(app) => app,
        Err(error @ (AppError::Wallet(_) | AppError::Network(_))) => return refuse(&error),
        Err(AppError::Store(error)) if error.is_wrong_setting() => return refuse(&error),
        Err(error) => {
            tracing::error!(%error, "startup failed");
            return Exit::Failed;
        }
    };
    let is_once = mode.opening == Opening::Once;
    // With one cycle, the operator is waiting and can end it; a validator that runs for months needs a watchdog.
    let watchdog = if is_once { Ok(None) } else { Watchdog::watch_this_thread(Watch::default()).map(Some) };
    let _watchdog = watchdog.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot start the watchdog thread; a blocked process will not be restarted");
        None
    });
    if !is_once {
        app.keep_store_bounded(config);
    }
    // One cycle ends too soon for services to be of use.
    let services = if is_once { Services::default() } else { Services::start(&app, config).await };
    let database = app.database.clone();
    let metrics = report_metrics(app.actors.stats.clone(), Duration::from_secs(config.log.metrics_interval_secs));
    let reloading = reload.at_each(hangups, Arc::clone(&app.tuning));
    let exit = tokio::select! {
        exit = show_cycles(&mut app, is_once, output) => exit,
        ending = stop.wait() => ending.logged(),
        loss = database.lost() => end_without_store(&loss, &services, &mut stop).await,
        () = metrics => Exit::Failed,
        () = reloading => Exit::Failed,
    };
    services.stop().await;
    exit
}

/// Shows the validator's cycles. Ends after the first one if `is_once`, else with the validator.
async fn show_cycles(app: &mut App, is_once: bool, output: Output) -> Exit {
    if !is_once {
        return show_all(app, output).await;
    }
    if let Some(exit) = once::wait_for_chain(app).await {
        return exit;
    }
    let impatience = once::out_of_patience(app.chain.clone(), Arc::clone(&app.store), app.database.clone());
    tokio::select! {
        exit = show_first(app, output) => exit,
        reason = impatience => {
            tracing::error!(reason, "cycle abandoned");
            Exit::Failed
        }
    }
}

/// Shows one cycle.
async fn show_first(app: &mut App, output: Output) -> Exit {
    let mut session = Session::default();
    loop {
        match session.next(app.feed()).await {
            Ok(Shown::Cycle(report)) => {
                let shown = show(&report, output, true);
                log_metrics(app);
                return stdout::ended(shown, once::exit_of(&report, &*app.chain).await);
            }
            Ok(Shown::Again { cycle, sending }) => {
                if let Err(exit) = show_again(cycle, &sending, false, output) {
                    return exit;
                }
            }
            Err(actor) => return gave_up(actor),
        }
    }
}

/// Shows one cycle after another. A closed stdout does not end the validator.
async fn show_all(app: &mut App, output: Output) -> Exit {
    let (mut session, mut sent) = (Session::default(), None);
    loop {
        let _ = match session.next(app.feed()).await {
            Ok(Shown::Cycle(report)) => {
                if matches!(report.sending, Sending::Confirmed { .. }) {
                    sent = Some(report.decided.cycle);
                }
                let shown = show(&report, output, true);
                log_metrics(app);
                shown
            }
            Ok(Shown::Again { cycle, sending }) => {
                let is_known = sent == Some(cycle);
                if matches!(sending, Sending::Confirmed { .. }) {
                    sent = Some(cycle);
                }
                show_again(cycle, &sending, is_known, output)
            }
            Err(actor) => return gave_up(actor),
        };
    }
}

fn gave_up(actor: &str) -> Exit {
    tracing::error!(
        actor,
        "core actor reached its restart limit; exiting so that the service manager restarts the process"
    );
    Exit::Failed
}
