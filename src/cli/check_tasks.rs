//! `check-tasks`: a task gist, line by line, before it is committed.

use super::{ConfigArgument, Output, prepare};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::checking::{Source, Unread, check_tasks};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, refuse};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use crate::wiring::connections;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;

/// A task gist, line by line, before it is committed.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 fine, 1 something has to be corrected, 2 wrong usage. Warnings
  do not count.

Examples:
  tensorflix check-tasks tasks.jsonl
  tensorflix check-tasks alice:0123456789abcdef0123456789abcdef --output json")]
pub(super) struct CheckTasksArguments {
    /// GitHub login and gist id, joined by a colon, or the name of a file
    #[arg(value_name = "USER:GIST|FILE")]
    source: Source,
    #[command(flatten)]
    config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(arguments: CheckTasksArguments) -> Exit {
    let CheckTasksArguments { source, config, output } = arguments;
    let (config, _telemetry) = match prepare(&config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(check(&source, &config, output))
}

async fn check(source: &Source, config: &Config, output: Output) -> Exit {
    let http = match HttpClient::new() {
        Ok(http) => Arc::new(http),
        Err(error) => return fail(&error),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let limiter = connections::limiter(connections::github_rate(config), &clock, &ActorStats::new("check_tasks"));
    let github = connections::github(config, http, &clock, limiter);
    let document = match source.read(&github, config.github.max_gist_bytes).await {
        Ok(document) => document,
        Err(error) => return unread(&error),
    };
    let report = check_tasks(source.to_string(), &document.bytes, document.checks, clock.wall());
    let printed = print(&match output {
        Output::Text => report.to_text(),
        Output::Json => report.to_json() + "\n",
    });
    ended(printed, if report.is_wrong() { Exit::Failed } else { Exit::Done })
}

/// A file that is not there is wrong usage; anything else is wrong with the document.
pub(super) fn unread(error: &Unread) -> Exit {
    match error {
        Unread::NoFile { .. } => refuse(error),
        Unread::TooLarge(_) | Unread::Gist(_) => fail(error),
    }
}
