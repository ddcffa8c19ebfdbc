//! `audit`: what an operator should check after a cycle.

pub(super) mod args;
mod text;

use super::arguments::Output;
use super::prepare::answer;
use super::stored;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail};
use crate::console::hints::audited;
use crate::console::stdout::print;
use args::AuditArguments;
use text::{to_json, to_text};

pub(crate) fn run(arguments: AuditArguments) -> Exit {
    answer(&arguments.config, Overrides::default(), async |config: &Config| look(config, &arguments).await)
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
