//! `tasks`: every validator's tasks, as miners see them.

pub(super) mod args;
mod json;
pub(super) mod list;
mod text;

use super::arguments::Output;
use super::prepare::prepare;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, refuse, say};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
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
    let overrides = Overrides { netuid: network.netuid, network: network.network, ..Overrides::default() };
    let (config, _telemetry) = match prepare(&config, overrides, ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(list(&config, output))
}

async fn list(config: &Config, output: Output) -> Exit {
    let http = match HttpClient::new() {
        Ok(http) => Arc::new(http),
        Err(error) => return fail(&error),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let stats = ActorStats::new("tasks");
    let limiter = |rate| connections::limiter(rate, &clock, &stats);
    let client = match connections::chain_client(&config.network, limiter(connections::network_rate(config))) {
        Ok(client) => client,
        Err(error) => return refuse(&error),
    };
    let github = connections::github(config, http, &clock, limiter(connections::github_rate(config)));
    match TaskList::read(&client, &github, config, &|step| say(&visible(step))).await {
        Ok(list) => {
            let printed = print(&match output {
                Output::Text => to_text(&list),
                Output::Json => to_json(&list) + "\n",
            });
            ended(printed, Exit::Done)
        }
        Err(error) => fail(&error),
    }
}
