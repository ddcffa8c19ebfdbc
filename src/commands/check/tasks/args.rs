//! What `check-tasks` takes from the command line.

use crate::commands::arguments::{ConfigArgument, Output};
use crate::commands::check::document::Source;

/// A task gist, line by line, before it is committed.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 fine, 1 something has to be corrected, 2 wrong usage. Warnings
  do not count.

Examples:
  tensorflix check-tasks tasks.jsonl
  tensorflix check-tasks alice:0123456789abcdef0123456789abcdef --output json")]
pub(crate) struct CheckTasksArguments {
    /// GitHub login and gist id, joined by a colon, or the name of a file
    #[arg(value_name = "USER:GIST|FILE")]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
