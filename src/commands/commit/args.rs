//! Arguments of `commit`.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output, WalletArguments};
use tensorflix_domain::commitment::GistPointer;

/// Announce your gist on chain, and wait until the commitment is final.
#[derive(clap::Args)]
#[command(after_help = "\
Checks the gist first: it must exist, be public, belong to you, contain valid submissions or tasks,
and be committed by no other hotkey. Sends nothing if the chain holds this commitment already. It is
always safe to run this command again.

Examples:
  tensorflix commit --wallet-name miner --commit alice:0123456789abcdef0123456789abcdef
  # check everything, send nothing
  tensorflix commit --dry-run --commit alice:0123456789abcdef0123456789abcdef")]
pub(crate) struct CommitArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    #[command(flatten)]
    pub(super) wallet: WalletArguments,
    /// GitHub login and gist id, joined by a colon; append @REVISION to pin that revision of the gist
    #[arg(long, value_name = "USER:GIST")]
    pub(super) commit: GistPointer,
    /// Do everything except signing and sending
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Commit the gist even if it fails the checks: because you publish it later, because another hotkey of yours commits
    /// it too, or because GitHub does not answer
    #[arg(long)]
    pub(super) force: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
