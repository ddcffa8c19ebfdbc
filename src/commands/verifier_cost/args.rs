//! Arguments of `verifier-cost`.

use crate::commands::arguments::{ConfigArgument, Output};

/// Estimate what the configured checks of videos and reels cost in a day.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the configuration, and the number of videos from the validator's newest
cycle. Prices come from the `usd_per_request` settings: set them to your plan's.

Examples:
  tensorflix verifier-cost
  # without a cycle: for this many YouTube videos
  tensorflix verifier-cost --videos 5000 --output json
  # with one video in ten checked
  TENSORFLIX__VERIFIER__SAMPLE_SHARE=0.1 tensorflix verifier-cost

Exit codes: 0 done, 1 there is no cycle to count videos in, 2 wrong usage or
  configuration")]
pub(crate) struct VerifierCostArguments {
    /// Number of YouTube videos, instead of those of the newest cycle
    #[arg(long, value_name = "N")]
    pub(super) videos: Option<u64>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
