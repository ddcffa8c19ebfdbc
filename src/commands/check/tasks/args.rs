//! Arguments of `check-tasks`.

use crate::commands::arguments::{ConfigArgument, Output};
use crate::commands::check::document::Source;

/// Check a task gist line by line, before you commit it.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 no problems (there may be warnings), 1 something has to be
  corrected, 2 wrong usage.

Examples:
  tensorflix check-tasks tasks.jsonl
  tensorflix check-tasks alice:0123456789abcdef0123456789abcdef --output json")]
pub(crate) struct CheckTasksArguments {
    /// Gist (GitHub login and gist id, joined by a colon) or file to check
    #[arg(value_name = "USER:GIST|FILE")]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
