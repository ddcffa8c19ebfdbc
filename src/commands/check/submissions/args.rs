//! What `check-submissions` takes from the command line.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output};
use crate::commands::check::document::Source;
use tensorflix_domain::ids::{Hotkey, Uid};

/// What a validator would make of a submission gist, before it is committed.
#[derive(clap::Args)]
#[command(after_help = "\
Each pair would be accepted, rejected or pending; what nobody looked at is \"not checked\". The tasks are those of \
--tasks, else of the configured gist, else of all validators with a permit. A pair for another validator's task is no \
mistake. Whether another miner holds a content is never known here.

--fetch asks the platforms with YOUTUBE_API_KEY and APIFY_API_KEY. That costs quota of these keys, which is said before \
and not entered into a validator's ledger.

Exit codes: 0 fine, 1 something has to be corrected, 2 wrong usage.

Examples:
  tensorflix check-submissions gist.json --hotkey 5F… --offline
  tensorflix check-submissions alice:0123456789abcdef0123456789abcdef --hotkey 5F…
  tensorflix check-submissions gist.json --hotkey 5F… --tasks bob:0123456789abcdef0123456789abcdef --fetch")]
pub(crate) struct CheckSubmissionsArguments {
    /// GitHub login and gist id, joined by a colon, or the name of a file
    #[arg(value_name = "USER:GIST|FILE")]
    pub(super) source: Source,
    /// The hotkey that commits it
    #[arg(long, value_name = "SS58")]
    pub(super) hotkey: Hotkey,
    /// The UID that the hotkey should have
    #[arg(long)]
    pub(super) uid: Option<Uid>,
    /// Where the tasks are
    #[arg(long, value_name = "USER:GIST|FILE")]
    pub(super) tasks: Option<Source>,
    /// Ask the platforms about the contents, which costs quota
    #[arg(long)]
    pub(super) fetch: bool,
    /// Use no network at all: files only
    #[arg(long, conflicts_with = "fetch")]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
