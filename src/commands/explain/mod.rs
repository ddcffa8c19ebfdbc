//! `explain`: how a submission got its score.

mod answer;
pub(super) mod args;
mod miner;
mod recovery;
mod score;
mod submission;
mod telling;
mod text;
mod unknown;

use super::arguments::Output;
use super::prepare::answer;
use super::stored;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, say};
use crate::console::stdout::print;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;
use answer::{Question, Told, to_json};
use args::ExplainArguments;
use telling::tell;
use text::to_text;

pub(crate) fn run(arguments: ExplainArguments) -> Exit {
    answer(&arguments.config, Overrides::default(), async |config: &Config| explain(config, &arguments).await)
}

async fn explain(config: &Config, arguments: &ExplainArguments) -> Result<Exit, Exit> {
    let store = stored::open(config).await?;
    let cycle = stored::newest_or(&store, arguments.cycle).await?;
    let recorded = stored::load(&store, cycle).await?;
    let question = Question { content_id: arguments.content_id.clone(), uid: arguments.uid };
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
