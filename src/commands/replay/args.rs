//! What `replay` takes from the command line.

use crate::commands::arguments::{ConfigArgument, Output};
use std::path::PathBuf;

/// Decide cycles again from their own evidence.
#[derive(clap::Args)]
#[command(after_help = "\
Under its own policy a cycle has to come out identical, bit for bit: submissions, scores, and the weights that were sent \
for them first. Later weights of the same cycle are not compared, as they use the UIDs of later blocks.
With --config, or with a policy in TENSORFLIX__ variables, it also shows what that policy would have paid. The file's \
store.url says where the cycles are, as always.

A cycle is decided again by the version of the rules that it names. One of a development build names none and is not \
replayed; --all says so and goes on.

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

Exit codes: 0 all that was replayed is identical, 1 it differs, or nothing
  could be replayed or read, 2 wrong usage or configuration")]
pub(crate) struct ReplayArguments {
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    /// Every decided cycle in the store
    #[arg(long, conflicts_with = "cycle")]
    pub(super) all: bool,
    /// A file that `export --format json` wrote, in place of the store
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cycle", "all"])]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Form of the results on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
