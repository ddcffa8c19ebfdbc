//! What `commit` takes from the command line.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output, WalletArguments};
use tensorflix_domain::commitment::GistPointer;

/// Write on chain where your gist is, and wait until it is final.
#[derive(clap::Args)]
#[command(after_help = "\
The gist is looked at first: it must exist, be public and yours, hold submissions or tasks that can
be read, and be committed by no other hotkey. Nothing is sent if the chain holds exactly this already.
Whatever happens, it can be run again.

Examples:
  tensorflix commit --wallet-name miner --commit alice:0123456789abcdef0123456789abcdef
  # sends nothing
  tensorflix commit --dry-run --commit alice:0123456789abcdef0123456789abcdef")]
pub(crate) struct CommitArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    #[command(flatten)]
    pub(super) wallet: WalletArguments,
    /// GitHub login and gist id, joined by a colon; with @REVISION behind it, that revision of the gist
    #[arg(long, value_name = "USER:GIST")]
    pub(super) commit: GistPointer,
    /// Do everything except signing and sending
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Commit the gist although it does not pass the checks: one that you publish later, one that another hotkey of yours
    /// commits too, or while GitHub cannot be asked
    #[arg(long)]
    pub(super) force: bool,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
