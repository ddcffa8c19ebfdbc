//! Arguments of `backup`.

use crate::commands::arguments::ConfigArgument;
use std::path::PathBuf;

/// Copy the store to a new file, also while `run` is using it.
#[derive(clap::Args)]
#[command(after_help = "\
The copy is a consistent snapshot, and is verified before it gets its name. An existing file is never replaced.
To restore a backup: stop `run`, delete the store's -wal and -shm files, and copy the backup over the store.

Examples:
  tensorflix backup /var/backups/tensorflix-$(date +%F).db
  tensorflix backup --config other.toml before-update.db")]
pub(crate) struct BackupArguments {
    /// File to create
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
}
