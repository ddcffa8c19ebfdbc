//! Arguments of `doctor`.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output, WalletArguments};

/// Check keys, endpoints, wallet, registration, permit, gists, clock and disk, and say what to do.
#[derive(clap::Args)]
#[command(after_help = "\
Changes nothing, signs nothing and uses no quota. It therefore does not check whether an API key is valid.

Examples:
  tensorflix doctor
  # for a monitoring system
  tensorflix doctor --config /etc/tensorflix/config.toml --output json

Exit codes: 0 no check failed, 1 a check failed, 2 wrong usage or configuration")]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    #[command(flatten)]
    pub(super) wallet: WalletArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
