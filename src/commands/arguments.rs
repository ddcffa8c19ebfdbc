//! Arguments that several commands share.

use crate::config::Overrides;
use clap::ValueEnum;
use std::path::PathBuf;

/// The format of results on stdout.
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
    /// Subnet id
    #[arg(long)]
    pub(super) netuid: Option<u16>,
    /// Network: mainnet, finney, testnet, test, local, or a ws:// or wss:// URL
    #[arg(long)]
    pub(super) network: Option<String>,
}

impl NetworkArguments {
    /// What they say in place of the configuration.
    pub(super) fn overrides(&self) -> Overrides {
        Overrides { netuid: self.netuid, network: self.network.clone(), ..Overrides::default() }
    }
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

impl WalletArguments {
    /// What they say in place of the configuration, with the rest of `overrides`.
    pub(super) fn over(self, overrides: Overrides) -> Overrides {
        Overrides { wallet_name: self.wallet_name, wallet_hotkey: self.wallet_hotkey, ..overrides }
    }
}
