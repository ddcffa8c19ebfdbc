//! Arguments of `replay`.

use crate::commands::arguments::{ConfigArgument, Output};
use std::path::PathBuf;

/// Recompute cycles from their stored evidence.
#[derive(clap::Args)]
#[command(after_help = "\
Under its own policy, a cycle must give identical results, bit for bit: submissions, scores, and the weights that were \
first sent for it. Later weights of the same cycle are not compared, because they use the UIDs of later blocks.
With --config, or with a policy in TENSORFLIX__ variables, it also shows what that policy would have paid. The cycles are \
read from the configured store.url. With --all, smoothed scores and what is owed for earlier cycles are carried from the \
oldest cycle on, as that policy would have left them.

A cycle is recomputed with the version of the rules that it was decided with. Cycles of development builds have no \
version and are not replayed; --all reports them and continues.

Examples:
  # the newest decided cycle
  tensorflix replay
  # every cycle in the store
  tensorflix replay --all
  # what `export --format json` wrote
  tensorflix replay --from cycle.json
  # what another configuration would have paid
  tensorflix replay --cycle 12 --config other.toml
  # what one other setting would have paid
  TENSORFLIX__WEIGHTS__AGGREGATE=best tensorflix replay --all

Exit codes: 0 all replayed cycles are identical, 1 a cycle differs, or nothing
  could be replayed or read, 2 wrong usage or configuration")]
pub(crate) struct ReplayArguments {
    /// Cycle number [default: the newest decided cycle]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    /// Replay every decided cycle in the store
    #[arg(long, conflicts_with = "cycle")]
    pub(super) all: bool,
    /// Read a cycle from a file that `export --format json` wrote, instead of the store
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cycle", "all"])]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
