//! `export`: everything that a cycle decided from.

pub(super) mod args;
pub mod csv;
pub mod json;

use super::prepare::prepare;
use super::stored;
use crate::config::{Config, Overrides};
use crate::console::exit::Exit;
use crate::telemetry::ConsoleMode;
use args::{ExportArguments, Format};
use csv::write_csv;
use json::write_json;

pub(crate) fn run(arguments: ExportArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(export(&config, &arguments)).unwrap_or_else(|exit| exit)
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
