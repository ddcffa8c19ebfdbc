//! Arguments of `audit`.

use crate::commands::arguments::{ConfigArgument, Output};

/// List what to check after a cycle: untagged winners, shared gists, ties, sudden gains, shared channels.
#[derive(clap::Args)]
#[command(after_help = "\
Reads only the validator's store, also while `run` is using it; needs no chain and no network. A hint is not a proof and
changes no score. `run` logs the hints of each cycle.

Examples:
  tensorflix audit
  tensorflix audit --cycle 12 --output json | jq '.hints[] | select(.kind == \"tie\")'

Exit codes: 0 done, 1 there is no such cycle, 2 wrong usage or configuration")]
pub(crate) struct AuditArguments {
    /// Cycle number [default: the newest decided cycle]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
