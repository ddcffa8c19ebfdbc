//! What `verifier-cost` takes from the command line.

use crate::commands::arguments::{ConfigArgument, Output};

/// What the configured checks will cost in a day.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the configuration, and the number of videos from the validator's newest
cycle. Prices are those of `usd_per_request`: look them up in your plan.

Examples:
  tensorflix verifier-cost
  # before there is any cycle: so many YouTube videos
  tensorflix verifier-cost --videos 5000 --output json
  # what a sample of a tenth would cost
  TENSORFLIX__VERIFIER__SAMPLE_SHARE=0.1 tensorflix verifier-cost

Exit codes: 0 told, 1 there is no cycle to count videos of, 2 wrong usage or
  configuration")]
pub(crate) struct VerifierCostArguments {
    /// So many videos, in place of those of the newest cycle
    #[arg(long, value_name = "N")]
    pub(super) videos: Option<u64>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
