//! `commit`: announces on chain where the hotkey's gist is.

use super::stdout::{ended, print};
use super::{ConfigArgument, Exit, NetworkArguments, Output, WalletArguments, fail, prepare, refuse, say};
use crate::adapters::chain::FINALITY_DEADLINE;
use crate::adapters::clock::SystemClock;
use crate::committing::{Committed, Committer, Deed, shown};
use crate::config::{Config, Overrides};
use crate::connections;
use crate::report::{hexadecimal, one_line};
use crate::telemetry::{ConsoleMode, visible};
use serde::Serialize;
use std::sync::Arc;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::{Block, Hotkey};

/// Write on chain where your gist is, and wait until it is final.
#[derive(clap::Args)]
#[command(after_help = "\
Nothing is sent if the chain holds exactly this already. Whatever happens, it can be run again.

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
    let CommitArguments { config, network, wallet, commit, dry_run, output } = arguments;
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
    actix_rt::System::new().block_on(write(&config, &commit, dry_run, output))
}

async fn write(config: &Config, pointer: &GistPointer, dry_run: bool, output: Output) -> Exit {
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
    match committer.commit(pointer, dry_run).await {
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

fn text(pointer: &GistPointer, netuid: u16, committed: &Committed) -> String {
    let previous = shown(committed.previous.as_ref());
    match &committed.deed {
        Deed::Stood => format!("Nothing to do: subnet {netuid} holds {previous} already\n"),
        Deed::Withheld => format!("Dry run, nothing sent: {pointer} would take the place of {previous}\n"),
        Deed::Written { block, extrinsic_hash } => format!(
            "Committed {pointer} on subnet {netuid} in block {block}, final and read back\n  extrinsic 0x{}\n  before: \
             {previous}\n",
            hexadecimal(extrinsic_hash)
        ),
    }
}

fn json(hotkey: Hotkey, commit: &GistPointer, netuid: u16, committed: &Committed) -> String {
    let (block, extrinsic) = match &committed.deed {
        Deed::Stood | Deed::Withheld => (None, None),
        Deed::Written { block, extrinsic_hash } => (Some(*block), Some(format!("0x{}", hexadecimal(extrinsic_hash)))),
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
