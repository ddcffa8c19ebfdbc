//! What `audit` takes from the command line.

use crate::commands::arguments::{ConfigArgument, Output};

/// What to look at after a cycle: untagged winners, shared gists, ties, sudden gains, shared channels.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the validator's store alone: no chain, no network, also while `run` is at work on it. Hints prove nothing and change
no score; `run` writes them into its log once a cycle.

Examples:
  tensorflix audit
  tensorflix audit --cycle 12 --output json | jq '.hints[] | select(.kind == \"tie\")'

Exit codes: 0 looked through, 1 there is no such cycle, 2 wrong usage or
  configuration")]
pub(crate) struct AuditArguments {
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
