//! `doctor`: whether the validator has all that it needs.

use super::{ConfigArgument, NetworkArguments, Output, WalletArguments, prepare};
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::Overrides;
use crate::console::exit::{Exit, fail};
use crate::console::stdout::{ended, print};
use crate::doctor::{examine, is_well, to_json, to_text};
use crate::telemetry::ConsoleMode;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;

/// Keys, endpoints, wallet, registration, permit, gists, clock and disk: a line each, and what to do.
#[derive(clap::Args)]
#[command(after_help = "\
It changes nothing, signs nothing and spends no quota: whether a key is good is seen when it is used.

Examples:
  tensorflix doctor
  # for a monitor
  tensorflix doctor --config /etc/tensorflix/config.toml --output json

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage or configuration")]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    wallet: WalletArguments,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(arguments: DoctorArguments) -> Exit {
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
