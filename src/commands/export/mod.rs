//! `export`: a cycle with all its evidence.

pub(super) mod args;
pub mod csv;
pub mod json;

use super::prepare::answer;
use super::stored;
use crate::config::{Config, Overrides};
use crate::console::exit::Exit;
use args::{ExportArguments, Format};
use csv::write_csv;
use json::write_json;

pub(crate) fn run(arguments: ExportArguments) -> Exit {
    answer(&arguments.config, Overrides::default(), async |config: &Config| export(config, &arguments).await)
}

async fn export(config: &Config, arguments: &ExportArguments) -> Result<Exit, Exit> {
    let store = stored::open(config).await?;
    let cycle = stored::newest_or(&store, arguments.cycle).await?;
    let recorded = stored::load(&store, cycle).await?;
    Ok(stored::write_out(arguments.out.as_deref(), |writer| match arguments.format {
        Format::Csv => write_csv(&recorded, writer),
        Format::Json => write_json(&recorded, writer),
    }))
}
