//! How the chain is reached: the endpoints, what each request passes and may take, and what is tolerated of an endpoint.

use crate::connection::address::shown;
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How to reach the chain.
#[derive(Clone)]
pub struct ChainConfig {
    /// WebSocket URLs, best first: the first that is well is used, and come back to; after a loss the next one is tried
    /// first.
    pub endpoints: Vec<String>,
    /// The hash that block 0 must have; `None` takes the chain of the first connection, and stays with it.
    pub expected_genesis: Option<[u8; 32]>,
    /// Total time for one request, from when the gate let it through.
    pub request_timeout: Duration,
    /// What every request passes before it is sent.
    pub gate: Arc<dyn RequestGate>,
}

impl fmt::Debug for ChainConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChainConfig")
            .field("endpoints", &self.endpoints.iter().map(|url| shown(url)).collect::<Vec<_>>())
            .field("expected_genesis", &self.expected_genesis.map(hex::encode))
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

/// What is tolerated of an endpoint before another is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerances {
    /// Time for connecting, and for each request by which an endpoint is examined.
    pub probe_timeout: Duration,
    /// Time that a request may take before another endpoint is asked the same. Where no other can answer, the
    /// endpoint is asked whether it is there at all; if that is not answered within the probe's time, the connection is
    /// given up.
    pub hesitation: Duration,
    /// Longest time without a newer finalized block from the subscription before the endpoint, and then the others, are
    /// asked directly.
    pub silence: Duration,
    /// Blocks that an endpoint may be behind the newest finalized block that is known.
    pub max_lag_blocks: u32,
    /// Age of an endpoint's newest finalized block, by the machine's clock, beyond which others are preferred; `None` for
    /// chains that do not keep time with the world.
    pub max_head_age: Option<Duration>,
    /// Time between two examinations of the endpoints before the one in use.
    pub recheck_interval: Duration,
}

impl Default for Tolerances {
    /// A hanging endpoint is left after 8 s, a subscription counts as silent after the time of three blocks.
    fn default() -> Self {
        Self {
            probe_timeout: Duration::from_secs(3),
            hesitation: Duration::from_secs(5),
            silence: Duration::from_secs(36),
            max_lag_blocks: 10,
            max_head_age: None,
            recheck_interval: Duration::from_secs(60),
        }
    }
}

/// What every request waits for before it is sent: a rate limit, a counter, or both.
#[async_trait]
pub trait RequestGate: Send + Sync {
    /// Returns when one more request may be sent.
    async fn pass(&self);
}

/// A gate that is always open.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGate;

#[async_trait]
impl RequestGate for NoGate {
    async fn pass(&self) {}
}

/// All of it, as a client keeps it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: ChainConfig,
    pub(crate) tolerances: Tolerances,
}
