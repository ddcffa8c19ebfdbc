//! Why the servers of platforms do not run.

use thiserror::Error;

/// Why the servers did not start.
#[derive(Debug, Error)]
pub enum PlatformsError {
    /// A socket on loopback could not be opened, or the thread of the servers not be started: try again.
    #[error("the sandbox could not open a server on 127.0.0.1: {0}")]
    Start(#[from] std::io::Error),
    /// The thread ended before its servers were up; the log has the reason.
    #[error("the thread of the sandbox's servers ended while starting")]
    Ended,
}
