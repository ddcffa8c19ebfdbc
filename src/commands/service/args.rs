//! What `chain-syncer` and `platform-tracker` take from the command line.

use crate::commands::arguments::{ConfigArgument, NetworkArguments};

/// Every peer of the subnet with its gist's submissions, over HTTP.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # on 127.0.0.1:8001, or where http.chain_syncer says
  tensorflix chain-syncer
  curl -s http://127.0.0.1:8001/get_all_peers_metadata | jq
  # on the test network
  tensorflix chain-syncer --network test --netuid 89

`run` serves the same: alone it is for a machine without a validator. Beside a
validator with the same store it only reads what that one writes. It logs to
stderr only.")]
pub(crate) struct ChainSyncerArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
}

/// Public metrics of single videos and reels, over HTTP.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # on 127.0.0.1:8000, or where http.platform_tracker says
  YOUTUBE_API_KEY=… tensorflix platform-tracker
  curl -s http://127.0.0.1:8000/youtube/video/dQw4w9WgXcQ | jq
  curl -s http://127.0.0.1:8000/health | jq

`run` serves the same: alone it needs no chain and no wallet. It keeps what it
observes in memory, and spends the daily budget of the configured store. It logs
to stderr only.")]
pub(crate) struct PlatformTrackerArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
}
