//! `demo`: sandbox and validator together in one process, in lockstep.
//!
//! The validator is the one that `run` starts, with the sandbox's addresses in its configuration. This module only advances
//! the chain's blocks, from one cycle's slot to the next.

pub(super) mod args;

use super::arguments::Output;
use super::process::metrics::log_metrics;
use super::process::signals::StopSignals;
use super::run::show::show as show_cycle;
use crate::config::{Config, LogSettings};
use crate::console::exit::{Exit, refuse};
use crate::console::report::cycle::{CycleReport, Sending};
use crate::console::session::{Session, Shown};
use crate::console::stdout::print;
use crate::telemetry;
use crate::telemetry::ConsoleMode;
use crate::wiring::app::{App, Mode};
use crate::wiring::sandbox_config;
use crate::wiring::slot_blocks;
use args::DemoArguments;
use std::path::Path;
use std::time::Duration;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::chain_time::{BLOCKS_PER_HOUR, grid_start};
use tensorflix_domain::ids::Block;
use tensorflix_sandbox::node::Pace;
use tensorflix_sandbox::{NETUID, Sandbox};

/// Longest real time that one cycle of the demo may take.
const CYCLE_PATIENCE: Duration = Duration::from_secs(300);

/// Speed with text output, so that a person can follow it.
const TEXT_SPEED: f64 = 20_000.0;

/// Why a demo failed.
type DemoError = Box<dyn std::error::Error>;

pub(crate) fn run(arguments: DemoArguments) -> Exit {
    let mut stop = StopSignals::new();
    let _telemetry = match telemetry::init(&LogSettings::default(), ConsoleMode::Logs) {
        Ok(telemetry) => telemetry,
        Err(error) => return refuse(&error),
    };
    actix_rt::System::new().block_on(async move {
        tokio::select! {
            result = show(&arguments) => match result {
                Ok(exit) => exit,
                Err(error) => {
                    tracing::error!(%error, "demo failed");
                    Exit::Failed
                }
            },
            ending = stop.wait() => ending.logged(),
        }
    })
}

/// Shows all cycles, or those before stdout is closed.
async fn show(arguments: &DemoArguments) -> Result<Exit, DemoError> {
    let sandbox = Sandbox::start(arguments.world.config(Pace::Hold)).await?;
    let folder = tempfile::tempdir()?;
    let mut config = sandbox_config::write(&sandbox, folder.path(), "demo.db")?;
    if let Some(file) = &arguments.store {
        config.store.url = new_store(file)?;
    }
    let mut app = App::start(&config, Mode { opening: Opening::Grid, dry_run: false }).await?;
    let mut session = Session::default();
    for cycle in 1..=arguments.cycles {
        if cycle > 1 && !arguments.world.commit_reveal {
            pass_to_next_slot(&sandbox, &config, arguments).await;
        }
        let next = tokio::time::timeout(CYCLE_PATIENCE, session.next(app.feed())).await;
        let shown = next.map_err(|_| format!("cycle {cycle} took longer than {} s", CYCLE_PATIENCE.as_secs()))?;
        let Shown::Cycle(report) = shown.map_err(|actor| format!("the actor {actor} reached its restart limit"))?
        else {
            return Err(format!("cycle {cycle} was not decided before weights were sent again").into());
        };
        let shown = show_cycle(&report, arguments.output, false);
        let found = if arguments.world.commit_reveal {
            // The chain reveals on the way to the next slot; the validator does nothing before that slot.
            pass_to_next_slot(&sandbox, &config, arguments).await;
            found_revealed(&sandbox, &report)?
        } else {
            compare_with_chain(&sandbox, &report)?
        };
        let shown = if arguments.output == Output::Text { shown.and_then(|()| print(&found)) } else { shown };
        log_metrics(&app);
        if let Err(exit) = shown {
            return Ok(exit);
        }
    }
    sandbox.stop().await;
    Ok(Exit::Done)
}

/// The URL of a store in a file that does not exist yet: each demo begins a new chain.
fn new_store(file: &Path) -> Result<String, DemoError> {
    if file.exists() {
        return Err(format!("{} exists already: pass a new file with --store", file.display()).into());
    }
    let path = file.to_str().ok_or("the file name of --store is not valid Unicode")?;
    Ok(format!("sqlite://{path}"))
}

/// Lets the time between two cycles pass at the demo's speed, then moves the chain to the next slot.
async fn pass_to_next_slot(sandbox: &Sandbox, config: &Config, arguments: &DemoArguments) {
    let slot_blocks = slot_blocks(config);
    let speed = arguments.speed.unwrap_or(match arguments.output {
        Output::Text => TEXT_SPEED,
        Output::Json => 0.0,
    });
    if speed > 0.0 {
        let seconds = f64::from(slot_blocks) / f64::from(BLOCKS_PER_HOUR) * 3_600.0 / speed;
        tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
    }
    sandbox.advance_to(grid_start(sandbox.block(), slot_blocks) + slot_blocks);
}

/// Checks that the sandbox's chain holds what the validator reports as sent.
fn compare_with_chain(sandbox: &Sandbox, report: &CycleReport) -> Result<String, DemoError> {
    let (block, count) = held_weights(sandbox, report)?;
    Ok(format!("Found on the sandbox's chain at block {block}: the same {count} weights.\n\n"))
}

/// Checks that the sandbox's chain has revealed what the validator committed earlier.
fn found_revealed(sandbox: &Sandbox, report: &CycleReport) -> Result<String, DemoError> {
    let (block, count) = held_weights(sandbox, report)?;
    let now = sandbox.block();
    Ok(format!(
        "Committed at block {block} and revealed since: the sandbox's chain holds the same {count} weights at block {now}.\n\n"
    ))
}

/// The block that a cycle's weights were sent in, and their number, if the chain holds exactly these.
fn held_weights(sandbox: &Sandbox, report: &CycleReport) -> Result<(Block, usize), DemoError> {
    let Sending::Confirmed { block, .. } = &report.sending else {
        return Err("the weights of this cycle were not sent; the report says why".into());
    };
    let stored = sandbox.node().weights(NETUID, sandbox.validator().uid);
    let mut sent: Vec<(u16, u16)> = report.entries.iter().copied().filter(|(_, weight)| *weight > 0).collect();
    let mut stored: Vec<(u16, u16)> = stored.into_iter().filter(|(_, weight)| *weight > 0).collect();
    sent.sort_unstable();
    stored.sort_unstable();
    if sent != stored {
        return Err(format!("the chain holds other weights than were sent: {stored:?} instead of {sent:?}").into());
    }
    Ok((*block, stored.len()))
}
