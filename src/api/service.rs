//! Which services there are, and what is the same for all of them.

use std::fmt;
use std::time::Duration;

/// Time in which every request is answered, one way or the other. An answer that a platform still owes is stored when it
/// comes, and is there for whoever asks again.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(60);

/// A service of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Who committed what.
    ChainSyncer,
    /// A video or a reel.
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
