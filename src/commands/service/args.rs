//! Arguments of `chain-syncer` and `platform-tracker`.

use crate::commands::arguments::{ConfigArgument, NetworkArguments};

/// Serve every peer of the subnet and the submissions in its gist, over HTTP.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # on 127.0.0.1:8001, or the address in http.chain_syncer
  tensorflix chain-syncer
  curl -s http://127.0.0.1:8001/get_all_peers_metadata | jq
  # on the test network
  tensorflix chain-syncer --network test --netuid 89

`run` includes this service; this command is for a machine without a validator.
If a validator uses the same store, this command only reads from it. Logs go to
stderr only.")]
pub(crate) struct ChainSyncerArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
}

/// Serve public metrics of videos and reels, over HTTP.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  # on 127.0.0.1:8000, or the address in http.platform_tracker
  YOUTUBE_API_KEY=… tensorflix platform-tracker
  curl -s http://127.0.0.1:8000/youtube/video/dQw4w9WgXcQ | jq
  curl -s http://127.0.0.1:8000/health | jq

`run` includes this service; this command needs no chain and no wallet. It keeps
observations in memory, and uses the daily budget of the configured store. Logs
go to stderr only.")]
pub(crate) struct PlatformTrackerArguments {
    #[command(flatten)]
    pub(super) config: ConfigArgument,
}
