//! The command line: one folder per command, with its arguments (`args.rs`), what it does (`mod.rs`) and what it prints.
//! Results go to stdout, everything else to stderr and the log file.

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
  # try the validator in an embedded sandbox: no keys, no network
  tensorflix demo
  # run the validator until it is stopped
  tensorflix run --config config.toml
  # run one cycle, send nothing, print one JSON object
  tensorflix run --once --dry-run --output json
  # check that the validator has everything that it needs
  tensorflix doctor
  # announce on chain where your gist is
  tensorflix commit --commit alice:0123abcd
  # list every validator's tasks
  tensorflix tasks
  # show how a video got its score
  tensorflix explain dQw4w9WgXcQ
  # decide every stored cycle again, bit for bit
  tensorflix replay --all
  # back up the store, also while the validator runs
  tensorflix backup tensorflix-backup.db
  # estimate the cost of the configured checks
  tensorflix verifier-cost
  # run one HTTP service without a validator
  tensorflix chain-syncer
  tensorflix platform-tracker
  # check a gist as a validator would
  tensorflix check-submissions gist.json --hotkey 5F…

Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration, 3 --once
  and nothing to score";

#[derive(Subcommand)]
enum Command {
    /// Run the validator.
    Run(run::args::RunArguments),
    /// Announce your gist on chain, and wait until the commitment is final.
    Commit(commit::args::CommitArguments),
    /// List every validator's tasks.
    Tasks(tasks::args::TasksArguments),
    /// Check a task gist line by line, before you commit it.
    CheckTasks(check::tasks::args::CheckTasksArguments),
    /// Check a submission gist as a validator would, before you commit it.
    CheckSubmissions(check::submissions::args::CheckSubmissionsArguments),
    /// Explain the score of a submission or a miner, with all evidence.
    Explain(explain::args::ExplainArguments),
    /// List what to check after a cycle: untagged winners, ties, sudden gains, shared gists and channels.
    Audit(audit::args::AuditArguments),
    /// Export a cycle with all its evidence, as JSON or CSV.
    Export(export::args::ExportArguments),
    /// Recompute cycles from their stored evidence, or under another configuration.
    Replay(replay::args::ReplayArguments),
    /// Check keys, endpoints, wallet, registration, permit, gists, clock and disk, and say what to do.
    Doctor(doctor::args::DoctorArguments),
    /// Copy the store to a new file, also while `run` is using it.
    Backup(backup::args::BackupArguments),
    /// Estimate what the configured checks of videos and reels cost in a day.
    VerifierCost(verifier_cost::args::VerifierCostArguments),
    /// Serve every peer of the subnet and the submissions in its gist, over HTTP.
    ChainSyncer(service::args::ChainSyncerArguments),
    /// Serve public metrics of videos and reels, over HTTP.
    PlatformTracker(service::args::PlatformTrackerArguments),
    /// Run a sandbox and a validator together in one process: no keys, no network.
    #[cfg(feature = "sandbox")]
    Demo(demo::args::DemoArguments),
    /// Run only the sandbox: a chain, GitHub, YouTube and Apify on loopback, for `run` to work against.
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
            // `--help` is a result, so failing to print it is an error; failing to print a usage error is not.
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
