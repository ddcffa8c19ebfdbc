//! `commit`: announces on chain where the hotkey's gist is.

pub(super) mod args;
pub mod committer;
pub mod gist_check;
mod json;
mod text;

use super::arguments::Output;
use super::prepare::answer;
use crate::adapters::chain::FINALITY_DEADLINE;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::Config;
use crate::console::exit::{Exit, fail, refuse, say};
use crate::console::stdout::print;
use crate::text::visible::visible;
use crate::wiring::connections;
use args::CommitArguments;
use committer::Committer;
use gist_check::GistCheck;
use json::json;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::subnet::Subnet;
use text::text;

pub(crate) fn run(arguments: CommitArguments) -> Exit {
    let CommitArguments { config, network, wallet, commit, dry_run, force, output } = arguments;
    let overrides = wallet.over(network.overrides());
    answer(&config, overrides, async |config: &Config| write(config, &commit, Manner { dry_run, force }, output).await)
}

/// What is skipped (`--dry-run`) or done anyway (`--force`).
#[derive(Clone, Copy)]
struct Manner {
    dry_run: bool,
    force: bool,
}

async fn write(config: &Config, pointer: &GistPointer, manner: Manner, output: Output) -> Result<Exit, Exit> {
    let wallet = connections::open_wallet(&config.wallet).map_err(|error| refuse(&error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let limiter = connections::limiter(connections::network_rate(config), &clock, &ActorStats::new("commit"));
    let client = connections::chain_client(&config.network, limiter).map_err(|error| refuse(&error))?;
    let netuid = config.network.netuid;
    let progress = |step: &str| say(&visible(step));
    let committer =
        Committer { client: &client, wallet: &wallet, netuid, patience: FINALITY_DEADLINE, progress: &progress };
    let prepared = committer.prepare(pointer).await.map_err(|error| fail(&error))?;
    if !prepared.is_on_chain {
        let checked = check_gist(config, pointer, &prepared.subnet, &wallet.hotkey(), &clock, manner.force).await;
        checked.map_err(|withheld| fail(&withheld))?;
    }
    let committed = committer.finish(prepared, manner.dry_run).await.map_err(|error| fail(&error))?;
    print(&match output {
        Output::Text => text(pointer, netuid, &committed),
        Output::Json => json(wallet.hotkey(), pointer, netuid, &committed),
    })?;
    Ok(Exit::Done)
}

/// Why nothing was sent although the chain would accept it.
#[derive(Debug, thiserror::Error)]
#[error("nothing was sent: {}. Correct this first, or add --force to commit {pointer} as it is", concerns.join("; and "))]
struct Withheld {
    pointer: GistPointer,
    concerns: Vec<String>,
}

/// Checks the gist as validators will. Concerns are an error, or with `force` only warnings.
async fn check_gist(
    config: &Config,
    pointer: &GistPointer,
    subnet: &Subnet,
    hotkey: &Hotkey,
    clock: &Arc<dyn Clock>,
    force: bool,
) -> Result<(), Withheld> {
    let withheld = |concerns: Vec<String>| Withheld { pointer: pointer.clone(), concerns };
    let http = HttpClient::new().map_err(|error| withheld(vec![error.to_string()]))?;
    let limiter = connections::limiter(connections::github_rate(config), clock, &ActorStats::new("commit"));
    let github = connections::github(config, Arc::new(http), clock, limiter);
    let GistCheck { content, concerns } = GistCheck::of(&github, pointer, subnet, hotkey).await;
    if let Some(content) = content {
        say(&visible(&format!("the gist can be read: {content}")));
    }
    let concerns: Vec<String> = concerns.iter().map(ToString::to_string).collect();
    if force {
        concerns.iter().for_each(|concern| say(&visible(&format!("warning: {concern}"))));
    }
    if force || concerns.is_empty() { Ok(()) } else { Err(withheld(concerns)) }
}
