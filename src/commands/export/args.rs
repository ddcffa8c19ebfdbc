//! Arguments of `export`.

use crate::commands::arguments::ConfigArgument;
use clap::ValueEnum;
use std::path::PathBuf;

/// Export a cycle with all its evidence, as JSON or CSV.
#[derive(clap::Args)]
#[command(after_help = "\
JSON is one object: policy and its SHA-256, tasks, miners, claims, observations, submissions, scores, weights sent, the \
subnet, errors. `tensorflix replay --from FILE` recomputes it.
CSV has one line per submission. A cell that begins with = + - @ or a control character gets a leading apostrophe, because \
spreadsheets would read it as a formula.

Examples:
  tensorflix export --format csv --out cycle.csv
  tensorflix export --cycle 12 --format json | gzip > cycle-12.json.gz")]
pub(crate) struct ExportArguments {
    /// Cycle number [default: the newest decided cycle]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    /// File format
    #[arg(long, value_enum)]
    pub(super) format: Format,
    /// Write to this file, replacing it if it exists [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
}

/// The formats of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line per submission.
    Csv,
    /// One object with everything.
    Json,
}
