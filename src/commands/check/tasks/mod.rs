//! `check-tasks`: a task gist, line by line, before it is committed.

pub(crate) mod args;
pub(crate) mod report;

use super::document::{Source, unread};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::commands::arguments::Output;
use crate::commands::prepare::prepare;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use crate::wiring::connections;
use args::CheckTasksArguments;
use report::check_tasks;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;

pub(crate) fn run(arguments: CheckTasksArguments) -> Exit {
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
