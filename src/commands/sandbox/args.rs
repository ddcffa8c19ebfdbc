//! Arguments of `sandbox`.

use std::path::PathBuf;
use tensorflix_sandbox::SandboxConfig;
use tensorflix_sandbox::node::{Hyperparameters, Pace};
use tensorflix_sandbox::world::WorldConfig;

/// Run only the sandbox: a chain, GitHub, YouTube and Apify on loopback.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tensorflix sandbox --seed 7 --hold --write-config sandbox.toml
  # in another terminal
  tensorflix run --config sandbox.toml --once --output json
  # a subnet on which weights are committed first and revealed by the chain
  tensorflix sandbox --commit-reveal --speed 100 --write-config sandbox.toml")]
pub(crate) struct SandboxArguments {
    #[command(flatten)]
    pub(super) world: WorldArguments,
    /// Write a configuration for `run` to this file, and a wallet, keys and a folder for the store beside it
    #[arg(long, value_name = "FILE")]
    pub(super) write_config: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "write_config")]
    pub(super) force: bool,
    /// Make a block only when an extrinsic is waiting
    #[arg(long, conflicts_with = "speed")]
    pub(super) hold: bool,
    /// Block speed, in multiples of the real chain's
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub(super) speed: f64,
}

/// What the world is made of.
#[derive(clap::Args)]
pub(crate) struct WorldArguments {
    /// Number of miners, honest and hostile
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=252))]
    miners: u16,
    /// Number of tasks
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    tasks: u16,
    /// Random seed: the same seed gives the same world
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Make the subnet accept weights only as timelocked commits, which the chain reveals an epoch later
    #[arg(long)]
    pub(crate) commit_reveal: bool,
}

impl WorldArguments {
    pub(crate) fn config(&self, pace: Pace) -> SandboxConfig {
        let world = WorldConfig {
            seed: self.seed,
            miners: u32::from(self.miners),
            tasks: u32::from(self.tasks),
            ..WorldConfig::default()
        };
        let hyperparameters =
            Hyperparameters { commit_reveal_weights_enabled: self.commit_reveal, ..Hyperparameters::default() };
        SandboxConfig { world, pace, hyperparameters }
    }
}
