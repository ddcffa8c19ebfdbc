//! `doctor`: checks whether the validator has everything that it needs.

pub(super) mod args;
mod chain;
mod examine;
mod finding;
mod here;
mod json;
mod text;

use super::arguments::Output;
use super::prepare::answer;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::Config;
use crate::console::exit::{Exit, fail};
use crate::console::stdout::print;
use args::DoctorArguments;
pub use examine::examine;
use finding::is_well;
pub use finding::{Finding, State};
use json::to_json;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use text::to_text;

pub(crate) fn run(arguments: DoctorArguments) -> Exit {
    let DoctorArguments { config, network, wallet, output } = arguments;
    answer(&config, wallet.over(network.overrides()), async |config: &Config| {
        let http = Arc::new(HttpClient::new().map_err(|error| fail(&error))?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let findings = examine(config, http, &clock).await;
        print(&match output {
            Output::Text => to_text(&findings),
            Output::Json => to_json(&findings) + "\n",
        })?;
        Ok(if is_well(&findings) { Exit::Done } else { Exit::Failed })
    })
}
