//! `tasks`: lists every validator's tasks.

pub(super) mod args;
mod json;
pub(super) mod list;
mod text;

use super::arguments::Output;
use super::prepare::answer;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::Config;
use crate::console::exit::{Exit, fail, refuse, say};
use crate::console::stdout::print;
use crate::text::visible::visible;
use crate::wiring::connections;
use args::TasksArguments;
use json::to_json;
use list::TaskList;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use text::to_text;

pub(crate) fn run(arguments: TasksArguments) -> Exit {
    let TasksArguments { config, network, output } = arguments;
    answer(&config, network.overrides(), async |config: &Config| list(config, output).await)
}

async fn list(config: &Config, output: Output) -> Result<Exit, Exit> {
    let http = Arc::new(HttpClient::new().map_err(|error| fail(&error))?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let stats = ActorStats::new("tasks");
    let limiter = |rate| connections::limiter(rate, &clock, &stats);
    let client = connections::chain_client(&config.network, limiter(connections::network_rate(config)))
        .map_err(|error| refuse(&error))?;
    let github = connections::github(config, http, &clock, limiter(connections::github_rate(config)));
    let list = TaskList::read(&client, &github, config, &|step| say(&visible(step))).await;
    let list = list.map_err(|error| fail(&error))?;
    print(&match output {
        Output::Text => to_text(&list),
        Output::Json => to_json(&list) + "\n",
    })?;
    Ok(Exit::Done)
}
