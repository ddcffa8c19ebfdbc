//! The command line: one file per command. Results go to stdout, everything else to stderr and the log file.

#[cfg(feature = "sandbox")]
mod demo;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(feature = "sandbox")]
mod sandbox_config;

use crate::config::{Config, ConfigError, Overrides, environment};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done, or stopped as asked.
    Done,
    /// The job failed.
    Failed,
    /// Wrong usage or configuration: nothing was begun.
    BadUsage,
    /// `--once`, and there was nothing to score, or everything is pending.
    NothingToScore,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadUsage => 2,
            Exit::NothingToScore => 3,
        })
    }
}

/// A validator for subnet 89 (TensorFlix) of the Bittensor chain.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tensorflix demo                                   everything on an embedded sandbox: no keys, no network
  tensorflix run --config config.toml               the validator, until it is stopped
  tensorflix run --once --dry-run --output json     one cycle, nothing sent, one JSON object on stdout

Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration, 3 --once and nothing to score";

#[derive(Subcommand)]
enum Command {
    /// Run the validator.
    Run(run::RunArguments),
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

impl ConfigArgument {
    fn load(&self, overrides: Overrides) -> Result<Config, ConfigError> {
        Config::load(self.config.as_deref(), environment(), overrides)
    }
}

/// Parses the command line and runs the command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::BadUsage } else { Exit::Done };
            // A closed terminal cannot be told anything.
            let _ = error.print();
            return exit;
        }
    };
    match arguments.command {
        Command::Run(arguments) => run::run(arguments),
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(arguments),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(arguments),
    }
}

/// Says on stderr what is wrong with the usage or the configuration.
fn refuse(error: &dyn std::fmt::Display) -> Exit {
    eprintln!("error: {error}");
    Exit::BadUsage
}
