//! Arguments of `explain`.

use crate::commands::arguments::{ConfigArgument, Output};
use tensorflix_domain::ids::Uid;

/// Explain the score of a submission or a miner.
#[derive(clap::Args)]
#[command(after_help = "\
Reads only the validator's store, also while `run` is using it; needs no chain and no network.

Examples:
  # a video, in the newest decided cycle
  tensorflix explain dQw4w9WgXcQ
  # in an earlier one; `--` comes before an id that begins with a hyphen
  tensorflix explain --cycle 12 -- -Qw4w9WgXcQ
  # all submissions of a miner, as one JSON object
  tensorflix explain --uid 5 --output json

Exit codes: 0 done, 1 there is no such submission (stderr says what to do), 2
  wrong usage or configuration")]
#[group(id = "question", required = true, multiple = true, args = ["content_id", "uid"])]
pub(crate) struct ExplainArguments {
    /// Id of the video or reel, as listed in the gist
    #[arg(value_name = "CONTENT_ID")]
    pub(super) content_id: Option<String>,
    /// UID of the miner at the cycle's block
    #[arg(long, value_name = "N")]
    pub(super) uid: Option<Uid>,
    /// Cycle number [default: the newest decided cycle]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
