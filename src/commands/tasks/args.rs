//! Arguments of `tasks`.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output};

/// List every validator's tasks.
#[derive(clap::Args)]
#[command(after_help = "\
Needs no wallet and stores nothing. A gist that cannot be read is reported; the others are listed.

Examples:
  tensorflix tasks
  tensorflix tasks --network test --netuid 89 --output json")]
pub(crate) struct TasksArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
