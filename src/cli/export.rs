//! `export`: everything that a cycle decided from.

use super::{ConfigArgument, prepare, stored};
use crate::config::{Config, Overrides};
use crate::console::exit::Exit;
use crate::export::{write_csv, write_json};
use crate::telemetry::ConsoleMode;
use clap::ValueEnum;
use std::path::PathBuf;

/// Everything that a cycle decided from, as JSON or CSV.
#[derive(clap::Args)]
#[command(after_help = "\
JSON is one object: policy and its SHA-256, tasks, miners, claims, observations, submissions, scores, weights sent, the \
subnet, errors. `tensorflix replay --from FILE` recomputes it.
CSV is one line a submission. A cell that begins with = + - @ or a control character gets a leading apostrophe, because \
spreadsheets would take it for a formula.

Examples:
  tensorflix export --format csv --out cycle.csv
  tensorflix export --cycle 12 --format json | gzip > cycle-12.json.gz")]
pub(super) struct ExportArguments {
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    cycle: Option<u32>,
    /// Form of the file
    #[arg(long, value_enum)]
    format: Format,
    /// Write to this file, in place of one of its name [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgument,
}

/// The forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a submission.
    Csv,
    /// One object with everything.
    Json,
}

pub(super) fn run(arguments: ExportArguments) -> Exit {
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
