//! `backup`: a copy of the validator's store, also while `run` works on it.

use super::{ConfigArgument, prepare, stored};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail};
use crate::console::stdout::print;
use crate::telemetry::ConsoleMode;
use crate::text::visible::visible;
use std::path::{Path, PathBuf};

/// Copy the store to a new file, also while `run` works on it.
#[derive(clap::Args)]
#[command(after_help = "\
The copy is of one moment, and checked before it gets its name. A file that exists is never replaced.
To restore one: stop `run`, delete the store's -wal and -shm files, and copy the backup over the store.

Examples:
  tensorflix backup /var/backups/tensorflix-$(date +%F).db
  tensorflix backup --config other.toml before-update.db")]
pub(super) struct BackupArguments {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgument,
}

pub(super) fn run(arguments: BackupArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(back_up(&config, &arguments.file)).unwrap_or_else(|exit| exit)
}

async fn back_up(config: &Config, file: &Path) -> Result<Exit, Exit> {
    let store = stored::open(config).await?;
    let backup = store.back_up(file).await.map_err(|error| fail(&error))?;
    let line = format!(
        "{} is backed up to {}: {} bytes, {} decided cycles, {} claims, integrity ok",
        store.file(),
        file.display(),
        backup.bytes,
        backup.cycles,
        backup.claims
    );
    print(&(visible(&line) + "\n"))?;
    Ok(Exit::Done)
}
