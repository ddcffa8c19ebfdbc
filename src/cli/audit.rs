//! `audit`: what an operator should look at after a cycle.

use super::{ConfigArgument, Output, prepare, stored};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail};
use crate::console::hints::{audited, to_json, to_text};
use crate::console::stdout::print;
use crate::telemetry::ConsoleMode;

/// What to look at after a cycle: untagged winners, shared gists, ties, sudden gains, shared channels.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the validator's store alone: no chain, no network, also while `run` is at work on it. Hints prove nothing and change
no score; `run` writes them into its log once a cycle.

Examples:
  tensorflix audit
  tensorflix audit --cycle 12 --output json | jq '.hints[] | select(.kind == \"tie\")'

Exit codes: 0 looked through, 1 there is no such cycle, 2 wrong usage or
  configuration")]
pub(super) struct AuditArguments {
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    cycle: Option<u32>,
    #[command(flatten)]
    config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(arguments: AuditArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(look(&config, &arguments)).unwrap_or_else(|exit| exit)
}

async fn look(config: &Config, arguments: &AuditArguments) -> Result<Exit, Exit> {
    let store = stored::open(config).await?;
    let cycle = stored::newest_or(&store, arguments.cycle).await?;
    let recorded = stored::load(&store, cycle).await?;
    let before = store.scores_before(cycle).await.map_err(|error| fail(&error))?;
    let audited = audited(&recorded.decided, &recorded.subnet, before.as_ref());
    print(&match arguments.output {
        Output::Text => to_text(&audited),
        Output::Json => to_json(&audited) + "\n",
    })?;
    Ok(Exit::Done)
}
