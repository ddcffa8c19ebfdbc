//! What `tasks` takes from the command line.

use crate::commands::arguments::{ConfigArgument, NetworkArguments, Output};

/// Every validator's tasks, as miners see them.
#[derive(clap::Args)]
#[command(after_help = "\
Needs no wallet and stores nothing. A gist that cannot be read is said beside the others.

Examples:
  tensorflix tasks
  tensorflix tasks --network test --netuid 89 --output json")]
pub(crate) struct TasksArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
