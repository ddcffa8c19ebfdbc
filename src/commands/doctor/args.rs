//! What `doctor` takes from the command line.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output, WalletArguments};

/// Keys, endpoints, wallet, registration, permit, gists, clock and disk: a line each, and what to do.
#[derive(clap::Args)]
#[command(after_help = "\
It changes nothing, signs nothing and spends no quota: whether a key is good is seen when it is used.

Examples:
  tensorflix doctor
  # for a monitor
  tensorflix doctor --config /etc/tensorflix/config.toml --output json

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong usage or configuration")]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    #[command(flatten)]
    pub(super) wallet: WalletArguments,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
