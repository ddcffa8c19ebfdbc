//! What `backup` takes from the command line.

use crate::commands::arguments::ConfigArgument;
use std::path::PathBuf;

/// Copy the store to a new file, also while `run` works on it.
#[derive(clap::Args)]
#[command(after_help = "\
The copy is of one moment, and checked before it gets its name. A file that exists is never replaced.
To restore one: stop `run`, delete the store's -wal and -shm files, and copy the backup over the store.

Examples:
  tensorflix backup /var/backups/tensorflix-$(date +%F).db
  tensorflix backup --config other.toml before-update.db")]
pub(crate) struct BackupArguments {
    /// The new file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
}
