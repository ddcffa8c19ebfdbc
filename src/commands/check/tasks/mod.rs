//! `check-tasks`: checks a task gist line by line, before it is committed.

pub(crate) mod args;
pub(crate) mod report;

use super::document::{Source, unread};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::commands::arguments::Output;
use crate::commands::prepare::answer;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail};
use crate::console::stdout::print;
use crate::wiring::connections;
use args::CheckTasksArguments;
use report::check_tasks;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;

pub(crate) fn run(arguments: CheckTasksArguments) -> Exit {
    let CheckTasksArguments { source, config, output } = arguments;
    answer(&config, Overrides::default(), async |config: &Config| check(&source, config, output).await)
}

async fn check(source: &Source, config: &Config, output: Output) -> Result<Exit, Exit> {
    let http = Arc::new(HttpClient::new().map_err(|error| fail(&error))?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let limiter = connections::limiter(connections::github_rate(config), &clock, &ActorStats::new("check_tasks"));
    let github = connections::github(config, http, &clock, limiter);
    let document = source.read(&github, config.github.max_gist_bytes).await.map_err(|error| unread(&error))?;
    let report = check_tasks(source.to_string(), &document.bytes, document.checks, clock.wall());
    print(&match output {
        Output::Text => report.to_text(),
        Output::Json => report.to_json() + "\n",
    })?;
    Ok(if report.is_wrong() { Exit::Failed } else { Exit::Done })
}
