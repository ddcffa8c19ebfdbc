//! `check-submissions`: what a validator would make of a submission gist, before it is committed.

pub(crate) mod args;
mod checker;
mod judging;
mod observing;
mod report;
mod standing;

use super::document::Source;
use super::document::unread;
use crate::commands::arguments::Output;
use crate::commands::prepare::prepare;
use crate::config::Overrides;
use crate::console::exit::{Exit, refuse};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use args::CheckSubmissionsArguments;
use checker::Checker;

pub(crate) fn run(mut arguments: CheckSubmissionsArguments) -> Exit {
    let is_gist = |source: &Source| source.pointer().is_some();
    if arguments.offline && (is_gist(&arguments.source) || arguments.tasks.as_ref().is_some_and(is_gist)) {
        return refuse(&"--offline reads files only: save the gist as a file and name that, or leave --offline out");
    }
    let network = &mut arguments.network;
    let overrides =
        Overrides { netuid: network.netuid.take(), network: network.network.take(), ..Overrides::default() };
    let (config, _telemetry) = match prepare(&arguments.config, overrides, ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(async {
        let checker = match Checker::new(&config, &arguments) {
            Ok(checker) => checker,
            Err(exit) => return exit,
        };
        match checker.check().await {
            Ok(report) => {
                let printed = print(&match arguments.output {
                    Output::Text => report.to_text(),
                    Output::Json => report.to_json() + "\n",
                });
                ended(printed, if report.is_wrong() { Exit::Failed } else { Exit::Done })
            }
            Err(error) => unread(&error),
        }
    })
}
