//! Arguments of `demo`.

use crate::commands::arguments::Output;
use crate::commands::sandbox::args::WorldArguments;
use std::path::PathBuf;

/// Run a sandbox and a validator together in one process: no keys, no network.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # two cycles, as text
  tensorflix demo
  # one JSON object per cycle; the same seed gives the same output
  tensorflix demo --cycles 5 --seed 1 --output json
  # timelocked weights: committed first, then revealed by the sandbox's chain an epoch later
  tensorflix demo --commit-reveal --cycles 2
  # keep the store for `explain`, `export` and `replay`
  tensorflix demo --store demo.db
  TENSORFLIX__STORE__URL=sqlite://demo.db tensorflix explain --uid 5")]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(super) world: WorldArguments,
    /// Number of cycles to run, each a day of chain time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) cycles: u32,
    /// Speed of the time between cycles, in multiples of the real chain's; 0: do not wait
    /// [default: 20000 with text, 0 with json]
    #[arg(long, value_name = "X")]
    pub(super) speed: Option<f64>,
    /// Keep the validator's store in this new file, for `explain`, `export` and `replay` [default: discard it]
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
