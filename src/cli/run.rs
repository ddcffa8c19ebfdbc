//! `run`: the long-running validator, or one cycle of it.

use super::reload::{Hangups, Reload};
use super::signals::StopSignals;
use super::stdout::{self, print};
use super::{ConfigArgument, Exit, NetworkArguments, Output, WalletArguments, once, prepare, refuse};
use crate::app::serving::Services;
use crate::app::{App, AppError, Mode};
use crate::config::{Config, Overrides};
use crate::report::{CycleReport, Detail, Sending, to_json, to_text};
use crate::session::{Session, Shown};
use crate::telemetry::ConsoleMode;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::scorer::Opening;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::supervision::watchdog::{Watch, Watchdog};
use tensorflix_store::Loss;

/// How long services tell that the store is lost before the process ends: a look of most monitors.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// Run the validator.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # with config.toml, or all defaults
  tensorflix run
  # on the test network, sending nothing
  tensorflix run --network test --netuid 89 --dry-run
  # one cycle, one JSON object on stdout
  tensorflix run --once --output json")]
pub(super) struct RunArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Gist with the tasks [default: validator.gist_id, else the gist of our own commitment]
    #[arg(long, value_name = "ID")]
    validator_gist_id: Option<String>,
    /// GitHub login of that gist's owner
    #[arg(long, value_name = "LOGIN")]
    validator_username: Option<String>,
    /// Hours of chain time from one cycle to the next
    #[arg(long, value_name = "HOURS")]
    update_interval: Option<f64>,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    wallet: WalletArguments,
    /// Do everything except sending weights
    #[arg(long)]
    dry_run: bool,
    /// Run one cycle at the latest finalized block, then exit
    #[arg(long)]
    once: bool,
    /// Form of the results on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(arguments: RunArguments) -> Exit {
    let stop = StopSignals::new();
    let overrides = Overrides {
        validator_gist_id: arguments.validator_gist_id,
        validator_username: arguments.validator_username,
        update_interval_hours: arguments.update_interval,
        netuid: arguments.network.netuid,
        network: arguments.network.network,
        wallet_name: arguments.wallet.wallet_name,
        wallet_hotkey: arguments.wallet.wallet_hotkey,
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

/// Runs until the one cycle is done, a signal comes, or a core actor gives up.
async fn supervise_run(config: &Config, mode: Mode, output: Output, reload: Reload<'_>, mut stop: StopSignals) -> Exit {
    let hangups = Hangups::listen();
    let mut app = match App::start(config, mode).await {
        Ok(app) => app,
        Err(error @ (AppError::Wallet(_) | AppError::Network(_))) => return refuse(&error),
        Err(AppError::Store(error)) if error.is_wrong_setting() => return refuse(&error),
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return Exit::Failed;
        }
    };
    let is_once = mode.opening == Opening::Once;
    // Whoever runs one cycle waits for it and can end it; one that runs for months has nobody beside it.
    let watchdog = if is_once { Ok(None) } else { Watchdog::watch_this_thread(Watch::default()).map(Some) };
    let _watchdog = watchdog.unwrap_or_else(|error| {
        tracing::warn!(%error, "no thread for the watchdog: a blocked thread would not be noticed");
        None
    });
    if !is_once {
        app.keep_store_bounded(config);
    }
    // One cycle is over before anybody could ask.
    let services = if is_once { Services::default() } else { Services::start(&app, config).await };
    let database = app.database.clone();
    let metrics = report_metrics(app.stats.clone(), Duration::from_secs(config.log.metrics_interval_secs));
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

/// Ends a process whose store is lost: whatever is tried again fails again, and nothing may be sent that cannot be recorded.
/// Where services run, they say so for a while first, so that whoever watches them learns the reason.
pub(super) async fn end_without_store(loss: &Loss, services: &Services, stop: &mut StopSignals) -> Exit {
    tracing::error!(error = %loss, "the store cannot be used any more; ending, as trying again changes nothing");
    if !services.addresses().is_empty() {
        // Whoever asks for the end meanwhile has it at once.
        let _ = tokio::time::timeout(LAST_ANSWERS, stop.wait()).await;
    }
    Exit::Failed
}

/// Shows what the validator does. Ends with the first cycle if `is_once`, or with the validator.
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
            tracing::error!(reason, "giving up on this cycle");
            Exit::Failed
        }
    }
}

/// Shows one cycle.
async fn show_first(app: &mut App, output: Output) -> Exit {
    let mut session = Session::default();
    loop {
        match session.next(app).await {
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

/// Shows one cycle after another. That nobody can read them ends no validator.
async fn show_all(app: &mut App, output: Output) -> Exit {
    let (mut session, mut sent) = (Session::default(), None);
    loop {
        let _ = match session.next(app).await {
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
    tracing::error!(actor, "a core actor gave up; ending, for the service manager to restart");
    Exit::Failed
}

/// Shows a cycle on stdout. `with_extrinsic` is off where the same bytes must come out each time.
pub(super) fn show(report: &CycleReport, output: Output, with_extrinsic: bool) -> Result<(), Exit> {
    match output {
        Output::Text => print(&to_text(report, Detail::Console)),
        Output::Json => print(&(to_json(report, with_extrinsic) + "\n")),
    }
}

/// `is_known`: this process has told of weights of this cycle on chain before.
fn show_again(cycle: u32, sending: &Sending, is_known: bool, output: Output) -> Result<(), Exit> {
    match (output, sending) {
        (Output::Text, Sending::Confirmed { block, .. }) => {
            let again = if is_known { " again" } else { "" };
            print(&format!("Weights of cycle {cycle} sent{again}, in block {block}\n"))
        }
        (Output::Text, Sending::Withheld { reason, .. }) => print(&format!("Weights not sent: {reason}\n")),
        // Programs read one object a cycle; the log has the rest.
        (Output::Json, _) => Ok(()),
    }
}

/// One line of counters per actor.
pub(super) fn log_metrics(app: &App) {
    for stats in &app.stats {
        tracing::info!("{}", stats.read());
    }
}

/// Writes the counters in each period. Never ends.
pub(super) async fn report_metrics(stats: Vec<Arc<ActorStats>>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        for stats in &stats {
            tracing::info!("{}", stats.read());
        }
    }
}
