//! What `export` takes from the command line.

use crate::commands::arguments::ConfigArgument;
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
pub(crate) struct ExportArguments {
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    pub(super) cycle: Option<u32>,
    /// Form of the file
    #[arg(long, value_enum)]
    pub(super) format: Format,
    /// Write to this file, in place of one of its name [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) config: ConfigArgument,
}

/// The forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line a submission.
    Csv,
    /// One object with everything.
    Json,
}
