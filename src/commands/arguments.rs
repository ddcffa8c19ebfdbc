//! What several commands take from the command line.

use clap::ValueEnum;
use std::path::PathBuf;

/// The form of results on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Which configuration file.
#[derive(clap::Args)]
pub(crate) struct ConfigArgument {
    /// Configuration file [default: config.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Which subnet of which chain.
#[derive(clap::Args)]
pub(crate) struct NetworkArguments {
    /// The subnet
    #[arg(long)]
    pub(super) netuid: Option<u16>,
    /// mainnet, finney, testnet, test, local, or a ws:// or wss:// URL
    #[arg(long)]
    pub(super) network: Option<String>,
}

/// Who signs.
#[derive(clap::Args)]
pub(crate) struct WalletArguments {
    /// Name of the wallet's directory
    #[arg(long, value_name = "NAME")]
    pub(super) wallet_name: Option<String>,
    /// Name of the hotkey in the wallet
    #[arg(long, value_name = "NAME")]
    pub(super) wallet_hotkey: Option<String>,
}
