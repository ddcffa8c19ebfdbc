//! `explain`: why a submission scored what it scored.

use super::{ConfigArgument, Output, prepare, stored};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, say};
use crate::console::stdout::print;
use crate::story::{Question, Told, tell, to_json, to_text};
use crate::telemetry::ConsoleMode;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;
use tensorflix_domain::ids::Uid;

/// Why a submission scored what it scored.
#[derive(clap::Args)]
#[command(after_help = "\
Reads the validator's store alone: no chain, no network, also while `run` is at work on it.

Examples:
  # a video, in the newest decided cycle
  tensorflix explain dQw4w9WgXcQ
  # in an earlier one; `--` comes before an id that begins with a hyphen
  tensorflix explain --cycle 12 -- -Qw4w9WgXcQ
  # all submissions of a miner, as one JSON object
  tensorflix explain --uid 5 --output json

Exit codes: 0 told, 1 there is no such submission (and it says what to do), 2
  wrong usage or configuration")]
#[group(id = "question", required = true, multiple = true, args = ["content_id", "uid"])]
pub(super) struct ExplainArguments {
    /// The content, by its id as the gist lists it
    #[arg(value_name = "CONTENT_ID")]
    content_id: Option<String>,
    /// The miner, by its UID at the cycle's block
    #[arg(long, value_name = "N")]
    uid: Option<Uid>,
    /// The cycle [default: the newest decided one]
    #[arg(long, value_name = "N")]
    cycle: Option<u32>,
    #[command(flatten)]
    config: ConfigArgument,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(arguments: ExplainArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(explain(&config, arguments)).unwrap_or_else(|exit| exit)
}

async fn explain(config: &Config, arguments: ExplainArguments) -> Result<Exit, Exit> {
    let store = stored::open(config).await?;
    let cycle = stored::newest_or(&store, arguments.cycle).await?;
    let recorded = stored::load(&store, cycle).await?;
    let question = Question { content_id: arguments.content_id, uid: arguments.uid };
    match tell(&store, &recorded, &question).await.map_err(|error| fail(&error))? {
        Told::Answer(answer) => {
            print(&match arguments.output {
                Output::Text => to_text(&answer),
                Output::Json => to_json(&answer) + "\n",
            })?;
            Ok(Exit::Done)
        }
        Told::Unknown(words) => {
            for sentence in words {
                say(wrapped("", "", &visible(&sentence)).trim_end());
            }
            Ok(Exit::Failed)
        }
    }
}
