//! What `explain` takes from the command line.

use crate::commands::arguments::{ConfigArgument, Output};
use tensorflix_domain::ids::Uid;

/// Why a submission scored what it scored.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the validator's store alone: no chain, no network, also while `run` is at work on it.

Examples:
  # a video, in the newest decided cycle
  tensorflix explain dQw4w9WgXcQ
  # in an earlier one; `--` comes before an id that begins with a hyphen
  tensorflix explain --cycle 12 -- -Qw4w9WgXcQ
  # all submissions of a miner, as one JSON object
  tensorflix explain --uid 5 --output json

Exit codes: 0 told, 1 there is no such submission (and it says what to do), 2
  wrong usage or configuration")]
#[group(id = "question", required = true, multiple = true, args = ["content_id", "uid"])]
pub(crate) struct ExplainArguments {
    /// The content, by its id as the gist lists it
    #[arg(value_name = "CONTENT_ID")]
    pub(super) content_id: Option<String>,
    /// The miner, by its UID at the cycle's block
    #[arg(long, value_name = "N")]
    pub(super) uid: Option<Uid>,
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
