//! `verifier-cost`: estimates what the configured checks cost in a day.
//!
//! The estimate is an upper bound. The first day asks about everything that has no verdict yet, within the sample and the daily
//! budgets; later days about verdicts that are due to be renewed. New videos and changed texts add to that. No request is sent.

pub(super) mod args;
mod cost;
mod text;

use super::arguments::Output;
use super::prepare::prepare;
use super::stored;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, say};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use args::VerifierCostArguments;
use cost::cost;
use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::Status;
use text::text;

pub(crate) fn run(arguments: VerifierCostArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let videos = match arguments.videos {
        Some(count) => BTreeMap::from([(Platform::YOUTUBE, count)]),
        None => match actix_rt::System::new().block_on(present_videos(&config)) {
            Ok(videos) => videos,
            Err(exit) => {
                say("without a decided cycle, pass the number of videos with --videos N");
                return exit;
            }
        },
    };
    let cost = cost(&config, &videos);
    let printed = print(&match arguments.output {
        Output::Text => text(&cost),
        Output::Json => serde_json::to_string(&cost).unwrap_or_default() + "\n",
    });
    ended(printed, Exit::Done)
}

/// The items of the newest cycle, by platform, except those that were rejected for another reason than a verdict.
async fn present_videos(config: &Config) -> Result<BTreeMap<Platform, u64>, Exit> {
    let store = stored::open(config).await?;
    let recorded = stored::load(&store, stored::newest_or(&store, None).await?).await?;
    let decided = &recorded.decided;
    let counting: BTreeSet<ContentId> = decided
        .submissions
        .iter()
        .filter(|judged| judged.status != Status::Rejected || judged.reason.is_some_and(is_of_verdict))
        .filter_map(Judged::content)
        .collect();
    let mut videos = BTreeMap::new();
    for content in counting {
        *videos.entry(content.platform()).or_insert(0) += 1;
    }
    Ok(videos)
}

const fn is_of_verdict(reason: tensorflix_domain::verdict::Reason) -> bool {
    use tensorflix_domain::verdict::Reason::{IllicitContent, NotAiGenerated, OffTopic};
    matches!(reason, NotAiGenerated | IllicitContent | OffTopic)
}
