//! The services, and what they have in common.

use std::fmt;
use std::time::Duration;

/// Time in which every request is answered, if only with an error. A platform's late answer is still stored, and is available
/// to the next request.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(60);

/// A service of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Commitments and gists of all peers.
    ChainSyncer,
    /// Metrics of a video or a reel.
    PlatformTracker,
}

impl Service {
    /// Its name, as in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChainSyncer => "chain_syncer",
            Self::PlatformTracker => "platform_tracker",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
