//! `doctor`: whether the validator has all that it needs.

pub(super) mod args;
mod chain;
mod examine;
mod finding;
mod here;
mod json;
mod text;

use super::arguments::Output;
use super::prepare::prepare;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::Overrides;
use crate::console::exit::{Exit, fail};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use args::DoctorArguments;
use examine::examine;
use finding::is_well;
use json::to_json;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use text::to_text;

pub(crate) fn run(arguments: DoctorArguments) -> Exit {
    let DoctorArguments { config, network, wallet, output } = arguments;
    let overrides = Overrides {
        netuid: network.netuid,
        network: network.network,
        wallet_name: wallet.wallet_name,
        wallet_hotkey: wallet.wallet_hotkey,
        ..Overrides::default()
    };
    let (config, _telemetry) = match prepare(&config, overrides, ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let http = match HttpClient::new() {
        Ok(http) => Arc::new(http),
        Err(error) => return fail(&error),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let findings = actix_rt::System::new().block_on(examine(&config, http, &clock));
    let printed = print(&match output {
        Output::Text => to_text(&findings),
        Output::Json => to_json(&findings) + "\n",
    });
    ended(printed, if is_well(&findings) { Exit::Done } else { Exit::Failed })
}
