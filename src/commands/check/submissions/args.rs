//! Arguments of `check-submissions`.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output};
use crate::commands::check::document::Source;
use tensorflix_domain::ids::{Hotkey, Uid};

/// Check a submission gist as a validator would, before you commit it.
#[derive(clap::Args)]
#[command(after_help = "\
Shows for each pair whether it would be accepted, rejected or pending, or \"not checked\" if that was not checked. The \
tasks are those of --tasks, else of the configured gist, else of all validators with a permit. A pair for another \
validator's task is not a mistake. This command cannot know whether another miner has claimed the same item.

--fetch asks the platforms, with YOUTUBE_API_KEY and APIFY_API_KEY. That uses quota of these keys; the amount is shown \
before, and is not counted in a validator's ledger.

Exit codes: 0 no problems, 1 something has to be corrected, 2 wrong usage.

Examples:
  tensorflix check-submissions gist.json --hotkey 5F… --offline
  tensorflix check-submissions alice:0123456789abcdef0123456789abcdef --hotkey 5F…
  tensorflix check-submissions gist.json --hotkey 5F… --tasks bob:0123456789abcdef0123456789abcdef --fetch")]
pub(crate) struct CheckSubmissionsArguments {
    /// Gist (GitHub login and gist id, joined by a colon) or file to check
    #[arg(value_name = "USER:GIST|FILE")]
    pub(super) source: Source,
    /// Hotkey that commits the gist
    #[arg(long, value_name = "SS58")]
    pub(super) hotkey: Hotkey,
    /// UID that the hotkey should have
    #[arg(long)]
    pub(super) uid: Option<Uid>,
    /// Gist or file with the tasks
    #[arg(long, value_name = "USER:GIST|FILE")]
    pub(super) tasks: Option<Source>,
    /// Ask the platforms about the videos and reels; this uses quota
    #[arg(long)]
    pub(super) fetch: bool,
    /// Use no network: read files only
    #[arg(long, conflicts_with = "fetch")]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
