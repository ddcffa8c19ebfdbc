//! What `demo` takes from the command line.

use crate::commands::arguments::Output;
use crate::commands::sandbox::args::WorldArguments;
use std::path::PathBuf;

/// Sandbox and validator together: no keys, no network.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # two cycles, shown to a person
  tensorflix demo
  # one JSON object a cycle; the same bytes for the same seed
  tensorflix demo --cycles 5 --seed 1 --output json
  # weights are timelocked: committed first, and revealed by the sandbox's chain an epoch later
  tensorflix demo --commit-reveal --cycles 2
  # keeps the store, for `explain`, `export` and `replay`
  tensorflix demo --store demo.db
  TENSORFLIX__STORE__URL=sqlite://demo.db tensorflix explain --uid 5")]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(super) world: WorldArguments,
    /// Cycles to run, a day of chain time each
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) cycles: u32,
    /// How many times faster than the real chain the time between cycles passes; 0: not at all waited for
    /// [default: 20000 with text, 0 with json]
    #[arg(long, value_name = "X")]
    pub(super) speed: Option<f64>,
    /// Keep the validator's store in this new file, for `explain`, `export` and `replay` [default: not kept]
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
    /// Form of the results on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: Output,
}
