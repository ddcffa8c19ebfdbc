//! `backup`: a copy of the validator's store, also while `run` is using it.

pub(super) mod args;

use super::prepare::answer;
use super::stored;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail};
use crate::console::stdout::print;
use crate::text::visible::visible;
use args::BackupArguments;
use std::path::Path;

pub(crate) fn run(arguments: BackupArguments) -> Exit {
    answer(&arguments.config, Overrides::default(), async |config: &Config| back_up(config, &arguments.file).await)
}

async fn back_up(config: &Config, file: &Path) -> Result<Exit, Exit> {
    let store = stored::open(config).await?;
    let backup = store.back_up(file).await.map_err(|error| fail(&error))?;
    let line = format!(
        "backed up {} to {}: {} bytes, {} decided cycles, {} claims, integrity ok",
        store.file(),
        file.display(),
        backup.bytes,
        backup.cycles,
        backup.claims
    );
    print(&(visible(&line) + "\n"))?;
    Ok(Exit::Done)
}
