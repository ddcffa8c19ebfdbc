//! Arguments of `run`.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output, WalletArguments};

/// Run the validator.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # with config.toml if it exists, else with all defaults
  tensorflix run
  # on the test network, sending nothing
  tensorflix run --network test --netuid 89 --dry-run
  # one cycle, one JSON object on stdout
  tensorflix run --once --output json")]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Id of the task gist [default: validator.gist_id, else the gist of our own commitment]
    #[arg(long, value_name = "ID")]
    pub(super) validator_gist_id: Option<String>,
    /// GitHub login of the task gist's owner
    #[arg(long, value_name = "LOGIN")]
    pub(super) validator_username: Option<String>,
    /// Hours of chain time from one cycle to the next
    #[arg(long, value_name = "HOURS")]
    pub(super) update_interval: Option<f64>,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    #[command(flatten)]
    pub(super) wallet: WalletArguments,
    /// Do everything except sending weights
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Run one cycle at the latest finalized block, then exit
    #[arg(long)]
    pub(super) once: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
