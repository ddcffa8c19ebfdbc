//! The command line: one folder a command, with what it takes (`args.rs`), what it does (`mod.rs`) and what it prints. Results go to stdout, everything else to stderr and the log file.

mod arguments;
pub mod audit;
pub mod backup;
pub mod check;
pub mod commit;
#[cfg(feature = "sandbox")]
mod demo;
pub mod doctor;
pub mod explain;
pub mod export;
mod prepare;
mod process;
pub mod replay;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod service;
pub mod stored;
pub mod tasks;
mod verifier_cost;

use crate::adapters::file_limit;
use crate::console::exit::Exit;
use crate::console::stdout;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use tensorflix_actors::platforms;

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
    Run(run::args::RunArguments),
    /// Write on chain where your gist is, and wait until it is final.
    Commit(commit::args::CommitArguments),
    /// Every validator's tasks, as miners see them.
    Tasks(tasks::args::TasksArguments),
    /// A task gist, line by line, before it is committed.
    CheckTasks(check::tasks::args::CheckTasksArguments),
    /// What a validator would make of a submission gist, before it is committed.
    CheckSubmissions(check::submissions::args::CheckSubmissionsArguments),
    /// Why a submission scored what it scored, with all evidence.
    Explain(explain::args::ExplainArguments),
    /// What to look at after a cycle: untagged winners, ties, sudden gains, shared gists and channels.
    Audit(audit::args::AuditArguments),
    /// Everything that a cycle decided from, as JSON or CSV.
    Export(export::args::ExportArguments),
    /// Decide cycles again from their own evidence, or under another configuration.
    Replay(replay::args::ReplayArguments),
    /// Keys, endpoints, wallet, registration, permit, gists, clock and disk: a line each, and what to do.
    Doctor(doctor::args::DoctorArguments),
    /// Copy the store to a new file, also while `run` works on it.
    Backup(backup::args::BackupArguments),
    /// What the configured checks of contents will cost in a day.
    VerifierCost(verifier_cost::args::VerifierCostArguments),
    /// Every peer of the subnet with its gist's submissions, over HTTP.
    ChainSyncer(service::args::ChainSyncerArguments),
    /// Public metrics of single videos and reels, over HTTP.
    PlatformTracker(service::args::PlatformTrackerArguments),
    /// Sandbox and validator together in one process: no keys, no network.
    #[cfg(feature = "sandbox")]
    Demo(demo::args::DemoArguments),
    /// The sandbox world alone: a chain, GitHub, YouTube and Apify on loopback, for `run` to work against.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::args::SandboxArguments),
}

/// Parses the command line and runs the command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    process::hardening::harden();
    process::signals::take();
    // A test may have installed others before, which it keeps.
    _ = platforms::install(&platforms::PLATFORMS);
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
        Command::CheckTasks(arguments) => check::tasks::run(arguments),
        Command::CheckSubmissions(arguments) => check::submissions::run(arguments),
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
