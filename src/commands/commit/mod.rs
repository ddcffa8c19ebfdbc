//! `commit`: announces on chain where the hotkey's gist is.

pub(super) mod args;
pub mod committer;
pub mod gist_check;
mod json;
mod text;

use super::arguments::Output;
use super::prepare::prepare;
use crate::adapters::chain::FINALITY_DEADLINE;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, refuse, say};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
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
    let overrides = Overrides {
        netuid: network.netuid,
        network: network.network,
        wallet_name: wallet.wallet_name,
        wallet_hotkey: wallet.wallet_hotkey,
        ..Overrides::default()
    };
    let (config, _telemetry) = match prepare(&config, overrides, ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    actix_rt::System::new().block_on(write(&config, &commit, Manner { dry_run, force }, output))
}

/// What is left out, or done all the same.
#[derive(Clone, Copy)]
struct Manner {
    dry_run: bool,
    force: bool,
}

async fn write(config: &Config, pointer: &GistPointer, manner: Manner, output: Output) -> Exit {
    let wallet = match connections::open_wallet(&config.wallet) {
        Ok(wallet) => wallet,
        Err(error) => return refuse(&error),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let limiter = connections::limiter(connections::network_rate(config), &clock, &ActorStats::new("commit"));
    let client = match connections::chain_client(&config.network, limiter) {
        Ok(client) => client,
        Err(error) => return refuse(&error),
    };
    let netuid = config.network.netuid;
    let progress = |step: &str| say(&visible(step));
    let committer =
        Committer { client: &client, wallet: &wallet, netuid, patience: FINALITY_DEADLINE, progress: &progress };
    let prepared = match committer.prepare(pointer).await {
        Ok(prepared) => prepared,
        Err(error) => return fail(&error),
    };
    if !prepared.stands
        && let Err(doubted) = look_at(config, pointer, &prepared.subnet, &wallet.hotkey(), &clock, manner.force).await
    {
        return fail(&doubted);
    }
    match committer.finish(prepared, manner.dry_run).await {
        Ok(committed) => {
            let printed = print(&match output {
                Output::Text => text(pointer, netuid, &committed),
                Output::Json => json(wallet.hotkey(), pointer, netuid, &committed),
            });
            ended(printed, Exit::Done)
        }
        Err(error) => fail(&error),
    }
}

/// Why nothing was sent, though the chain would take it.
#[derive(Debug, thiserror::Error)]
#[error("nothing was sent: {}. Correct this first, or add --force to commit {pointer} as it is", doubts.join("; and "))]
struct Doubted {
    pointer: GistPointer,
    doubts: Vec<String>,
}

/// Looks at the gist as validators will; what speaks against it is an error, or with `force` only said.
async fn look_at(
    config: &Config,
    pointer: &GistPointer,
    subnet: &Subnet,
    hotkey: &Hotkey,
    clock: &Arc<dyn Clock>,
    force: bool,
) -> Result<(), Doubted> {
    let doubted = |doubts: Vec<String>| Doubted { pointer: pointer.clone(), doubts };
    let http = HttpClient::new().map_err(|error| doubted(vec![error.to_string()]))?;
    let limiter = connections::limiter(connections::github_rate(config), clock, &ActorStats::new("commit"));
    let github = connections::github(config, Arc::new(http), clock, limiter);
    let GistCheck { content, doubts } = GistCheck::of(&github, pointer, subnet, hotkey).await;
    if let Some(content) = content {
        say(&visible(&format!("the gist can be read: {content}")));
    }
    let doubts: Vec<String> = doubts.iter().map(ToString::to_string).collect();
    if force {
        doubts.iter().for_each(|doubt| say(&visible(&format!("warning: {doubt}"))));
    }
    if force || doubts.is_empty() { Ok(()) } else { Err(doubted(doubts)) }
}
