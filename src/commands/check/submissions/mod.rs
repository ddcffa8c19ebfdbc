//! `check-submissions`: checks a submission gist as a validator would, before it is committed.

pub(crate) mod args;
mod checker;
mod judging;
mod observing;
mod report;
mod standing;

use super::document::Source;
use super::document::unread;
use crate::commands::arguments::Output;
use crate::commands::prepare::answer;
use crate::config::Config;
use crate::console::exit::{Exit, refuse};
use crate::console::stdout::print;
use args::CheckSubmissionsArguments;
use checker::Checker;

pub(crate) fn run(arguments: CheckSubmissionsArguments) -> Exit {
    let is_gist = |source: &Source| source.pointer().is_some();
    if arguments.offline && (is_gist(&arguments.source) || arguments.tasks.as_ref().is_some_and(is_gist)) {
        return refuse(&"--offline reads files only: save the gist to a file and pass the file, or omit --offline");
    }
    answer(&arguments.config, arguments.network.overrides(), async |config: &Config| {
        let report = Checker::new(config, &arguments)?.check().await.map_err(|error| unread(&error))?;
        print(&match arguments.output {
            Output::Text => report.to_text(),
            Output::Json => report.to_json() + "\n",
        })?;
        Ok(if report.is_wrong() { Exit::Failed } else { Exit::Done })
    })
}
