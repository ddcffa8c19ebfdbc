//! The command line: one file per command. Results go to stdout, everything else to stderr and the log file.

mod audit;
mod backup;
mod check_submissions;
mod check_tasks;
mod commit;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod explain;
mod export;
mod hardening;
mod once;
mod reload;
mod replay;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod service;
mod signals;
mod stored;
mod tasks;
mod verifier_cost;

use crate::adapters::file_limit;
use crate::config::{Config, LogSettings, Overrides, environment};
use crate::console::exit::{Exit, refuse};
use crate::console::stdout;
use crate::telemetry::{self, ConsoleMode, Telemetry};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// A validator for subnet 89 (TensorFlix) of the Bittensor chain.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  # everything on an embedded sandbox: no keys, no network
  tensorflix demo
  # the validator, until it is stopped
  tensorflix run --config config.toml
  # one cycle, nothing sent, one JSON object on stdout
  tensorflix run --once --dry-run --output json
  # whether it has all that it needs
  tensorflix doctor
  # announce on chain where your gist is
  tensorflix commit --commit alice:0123abcd
  # every validator's tasks
  tensorflix tasks
  # why a video scored what it scored
  tensorflix explain dQw4w9WgXcQ
  # decide every stored cycle again, bit for bit
  tensorflix replay --all
  # a copy of the store, also while it runs
  tensorflix backup tensorflix-backup.db
  # what the checks of contents will cost
  tensorflix verifier-cost
  # the HTTP services, each alone
  tensorflix chain-syncer
  tensorflix platform-tracker
  # what a validator would make of it
  tensorflix check-submissions gist.json --hotkey 5F…

Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration, 3 --once
  and nothing to score";

#[derive(Subcommand)]
enum Command {
    /// Run the validator.
    Run(run::RunArguments),
    /// Write on chain where your gist is, and wait until it is final.
    Commit(commit::CommitArguments),
    /// Every validator's tasks, as miners see them.
    Tasks(tasks::TasksArguments),
    /// A task gist, line by line, before it is committed.
    CheckTasks(check_tasks::CheckTasksArguments),
    /// What a validator would make of a submission gist, before it is committed.
    CheckSubmissions(check_submissions::CheckSubmissionsArguments),
    /// Why a submission scored what it scored, with all evidence.
    Explain(explain::ExplainArguments),
    /// What to look at after a cycle: untagged winners, ties, sudden gains, shared gists and channels.
    Audit(audit::AuditArguments),
    /// Everything that a cycle decided from, as JSON or CSV.
    Export(export::ExportArguments),
    /// Decide cycles again from their own evidence, or under another configuration.
    Replay(replay::ReplayArguments),
    /// Keys, endpoints, wallet, registration, permit, gists, clock and disk: a line each, and what to do.
    Doctor(doctor::DoctorArguments),
    /// Copy the store to a new file, also while `run` works on it.
    Backup(backup::BackupArguments),
    /// What the configured checks of contents will cost in a day.
    VerifierCost(verifier_cost::VerifierCostArguments),
    /// Every peer of the subnet with its gist's submissions, over HTTP.
    ChainSyncer(service::ChainSyncerArguments),
    /// Public metrics of single videos and reels, over HTTP.
    PlatformTracker(service::PlatformTrackerArguments),
    /// Sandbox and validator together in one process: no keys, no network.
    #[cfg(feature = "sandbox")]
    Demo(demo::DemoArguments),
    /// The sandbox world alone: a chain, GitHub, YouTube and Apify on loopback, for `run` to work against.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArguments),
}

/// The form of results on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Which configuration file.
#[derive(clap::Args)]
struct ConfigArgument {
    /// Configuration file [default: config.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Which subnet of which chain.
#[derive(clap::Args)]
struct NetworkArguments {
    /// The subnet
    #[arg(long)]
    netuid: Option<u16>,
    /// mainnet, finney, testnet, test, local, or a ws:// or wss:// URL
    #[arg(long)]
    network: Option<String>,
}

/// Who signs.
#[derive(clap::Args)]
struct WalletArguments {
    /// Name of the wallet's directory
    #[arg(long, value_name = "NAME")]
    wallet_name: Option<String>,
    /// Name of the hotkey in the wallet
    #[arg(long, value_name = "NAME")]
    wallet_hotkey: Option<String>,
}

/// Reads the configuration and sets up logs; says what is wrong otherwise. Only a command that runs for long writes the
/// log file: two processes must not share it.
fn prepare(file: &ConfigArgument, overrides: Overrides, console: ConsoleMode) -> Result<(Config, Telemetry), Exit> {
    prepare_with_file(file, overrides, console, console == ConsoleMode::Logs)
}

/// The same for a service, which logs as a validator does but leaves the log file to it.
fn prepare_service(file: &ConfigArgument, overrides: Overrides) -> Result<(Config, Telemetry), Exit> {
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

/// Parses the command line and runs the command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    hardening::harden();
    signals::take();
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let printed = error.print();
            // What was asked for, as `--help` is, is a result; a terminal that is gone cannot be told of a mistake.
            return if error.use_stderr() {
                Exit::BadUsage
            } else {
                stdout::ended(printed.or_else(stdout::lost), Exit::Done)
            };
        }
    };
    file_limit::raise();
    match arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Commit(arguments) => commit::run(arguments),
        Command::Tasks(arguments) => tasks::run(arguments),
        Command::CheckTasks(arguments) => check_tasks::run(arguments),
        Command::CheckSubmissions(arguments) => check_submissions::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Audit(arguments) => audit::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Backup(arguments) => backup::run(arguments),
        Command::VerifierCost(arguments) => verifier_cost::run(arguments),
        Command::ChainSyncer(arguments) => service::run_chain_syncer(arguments),
        Command::PlatformTracker(arguments) => service::run_platform_tracker(arguments),
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(arguments),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(arguments),
    }
}
