//! `commit`: announces on chain where the hotkey's gist is.

use super::{ConfigArgument, NetworkArguments, Output, WalletArguments, prepare};
use crate::adapters::chain::FINALITY_DEADLINE;
use crate::adapters::clock::SystemClock;
use crate::adapters::http::HttpClient;
use crate::committing::gist_check::GistCheck;
use crate::committing::{Committed, Committer, Deed, shown};
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, refuse, say};
use crate::console::stdout::{ended, print};
use crate::telemetry::ConsoleMode;
use crate::text::json::one_line;
use crate::text::visible::visible;
use crate::wiring::connections;
use serde::Serialize;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::subnet::Subnet;

/// Write on chain where your gist is, and wait until it is final.
#[derive(clap::Args)]
#[command(after_help = "\
The gist is looked at first: it must exist, be public and yours, hold submissions or tasks that can
be read, and be committed by no other hotkey. Nothing is sent if the chain holds exactly this already.
Whatever happens, it can be run again.

Examples:
  tensorflix commit --wallet-name miner --commit alice:0123456789abcdef0123456789abcdef
  # sends nothing
  tensorflix commit --dry-run --commit alice:0123456789abcdef0123456789abcdef")]
pub(super) struct CommitArguments {
    #[command(flatten)]
    config: ConfigArgument,
    #[command(flatten)]
    network: NetworkArguments,
    #[command(flatten)]
    wallet: WalletArguments,
    /// GitHub login and gist id, joined by a colon; with @REVISION behind it, that revision of the gist
    #[arg(long, value_name = "USER:GIST")]
    commit: GistPointer,
    /// Do everything except signing and sending
    #[arg(long)]
    dry_run: bool,
    /// Commit the gist although it does not pass the checks: one that you publish later, one that another hotkey of yours
    /// commits too, or while GitHub cannot be asked
    #[arg(long)]
    force: bool,
    /// Form of the result on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// The result as JSON.
#[derive(Serialize)]
struct Report<'a> {
    hotkey: Hotkey,
    netuid: u16,
    commit: &'a GistPointer,
    previous: Option<&'a str>,
    previous_block: Option<Block>,
    block: Option<Block>,
    extrinsic: Option<String>,
    submitted: bool,
}

pub(super) fn run(arguments: CommitArguments) -> Exit {
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

fn text(pointer: &GistPointer, netuid: u16, committed: &Committed) -> String {
    let previous = shown(committed.previous.as_ref());
    match &committed.deed {
        Deed::Stood => format!("Nothing to do: subnet {netuid} holds {previous} already\n"),
        Deed::Withheld => format!("Dry run, nothing sent: {pointer} would take the place of {previous}\n"),
        Deed::Written { block, extrinsic_hash } => format!(
            "Committed {pointer} on subnet {netuid} in block {block}, final and read back\n  extrinsic 0x{}\n  before: \
             {previous}\n",
            hex::encode(extrinsic_hash)
        ),
    }
}

fn json(hotkey: Hotkey, commit: &GistPointer, netuid: u16, committed: &Committed) -> String {
    let (block, extrinsic) = match &committed.deed {
        Deed::Stood | Deed::Withheld => (None, None),
        Deed::Written { block, extrinsic_hash } => (Some(*block), Some(format!("0x{}", hex::encode(extrinsic_hash)))),
    };
    let previous = committed.previous.as_ref();
    let report = Report {
        hotkey,
        netuid,
        commit,
        previous: previous.and_then(|record| record.text.as_deref()),
        previous_block: previous.map(|record| record.block),
        block,
        extrinsic,
        submitted: block.is_some(),
    };
    one_line(&report) + "\n"
}
