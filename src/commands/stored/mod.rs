//! Shared by commands that read a validator's store: opening it beside a running validator, and finding a cycle.

pub mod recorded;

use crate::adapters::files;
use crate::adapters::files::Obstacle;
use crate::config::Config;
use crate::console::exit::{Exit, fail, refuse};
use crate::console::stdout;
use recorded::RecordedCycle;
use std::io::{self, Write};
use std::path::Path;
use tensorflix_store::Store;

/// Opens the configured store for reading, or prints why that is not possible.
pub(crate) async fn open(config: &Config) -> Result<Store, Exit> {
    Store::open_to_read(&config.store.url)
        .await
        .map_err(|error| if error.is_wrong_setting() { refuse(&error) } else { fail(&error) })
}

/// The cycles that are asked for: `cycle`, or the newest one.
pub(crate) async fn newest_or(store: &Store, cycle: Option<u32>) -> Result<u32, Exit> {
    let decided = decided(store).await?;
    match (cycle, decided.last()) {
        (None, Some(newest)) => Ok(*newest),
        (Some(cycle), Some(_)) if decided.contains(&cycle) => Ok(cycle),
        (Some(cycle), Some(newest)) => {
            let oldest = decided.first().unwrap_or(newest);
            Err(fail(&format!(
                "cycle {cycle} is not decided yet, or was deleted after store.keep_days: {} has the decided cycles {oldest} to \
                 {newest}",
                store.file()
            )))
        }
        (_, None) => Err(nothing_decided(store)),
    }
}

/// All decided cycles; there is at least one.
pub(crate) async fn all(store: &Store) -> Result<Vec<u32>, Exit> {
    let decided = decided(store).await?;
    if decided.is_empty() { Err(nothing_decided(store)) } else { Ok(decided) }
}

async fn decided(store: &Store) -> Result<Vec<u32>, Exit> {
    store.decided_cycles().await.map_err(|error| fail(&error))
}

fn nothing_decided(store: &Store) -> Exit {
    fail(&format!("{} has no decided cycle yet: run `tensorflix run --once` to decide one", store.file()))
}

/// Reads a cycle, or prints that it was deleted.
pub(crate) async fn load(store: &Store, cycle: u32) -> Result<RecordedCycle, Exit> {
    match RecordedCycle::load(store, cycle).await {
        Ok(Some(recorded)) => Ok(recorded),
        Ok(None) => Err(fail(&format!("cycle {cycle} was deleted meanwhile: select a newer one with --cycle"))),
        Err(error) => Err(fail(&error)),
    }
}

/// Writes to a file, or to stdout if none is given. A file gets its name only when it is complete; a regular file of that name is
/// replaced. A closed stdout is not a failure.
pub(crate) fn write_out(file: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
    match file {
        None => stdout::ended(stdout::write(write), Exit::Done),
        Some(file) => match files::write(file, write) {
            Ok(()) => Exit::Done,
            Err(error) => {
                let instead = match files::obstacle(file) {
                    Some(Obstacle::Link | Obstacle::Special) => {
                        ". To write to stdout or a pipe, omit --out and redirect the output: `tensorflix export … > FILE`"
                    }
                    Some(Obstacle::Folder) | None => "",
                };
                fail(&format!("cannot write {}: {error}{instead}", file.display()))
            }
        },
    }
}
