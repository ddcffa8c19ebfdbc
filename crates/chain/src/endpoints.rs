//! Which endpoint is used: the first that is well, tried in order; another after a loss; the first again once it is well.
//!
//! Invariants: one connection at a time is handed out, and each has been examined before (same chain, not syncing, not
//! behind what is known); calls that hold an older one finish on it. Trying an endpoint is bounded by
//! [`Tolerances::probe_timeout`] for each of its few requests, all through the gate. There is no background reconnecting;
//! the one task that is ever started looks, at most once in [`Tolerances::recheck_interval`] and while another endpoint
//! is in use, whether an earlier one is well again, and ends.

use crate::client::Client;
use crate::connection::Connection;
use crate::errors::ChainError;
use crate::probe::{Candidate, Demands};
use crate::transport::shown;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use subxt::utils::H256;
use tensorflix_domain::ids::Block;
use tokio::time::Instant;

/// How much an endpoint is put up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerances {
    /// Time for connecting, and for each request by which an endpoint is examined.
    pub probe_timeout: Duration,
    /// Time that a request may be on its way before the endpoint is asked whether it is there at all; if that is not
    /// answered within the probe's time, the connection is given up.
    pub hesitation: Duration,
    /// Time that a subscription to heads may say nothing before the endpoint, and then the others, are asked outright.
    pub silence: Duration,
    /// Blocks that an endpoint may be behind the newest finalized block that is known.
    pub max_lag_blocks: u32,
    /// Age of an endpoint's newest finalized block, by the machine's clock, beyond which others are preferred; `None` for
    /// chains that do not keep time with the world.
    pub max_head_age: Option<Duration>,
    /// Time between two looks at the endpoints before the one in use.
    pub recheck_interval: Duration,
}

impl Default for Tolerances {
    /// A hanging endpoint is left after 8 s, a subscription counts as silent after three blocks.
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

/// The connection in use and what is known of the endpoints, by their place in the list.
#[derive(Default)]
pub(crate) struct Links {
    current: Option<(usize, Arc<Connection>)>,
    /// Where the next attempt begins.
    next_index: usize,
    /// The chain we talk to, from the first connection on: failing over never changes chains.
    pub(crate) genesis: Option<H256>,
    /// Why an endpoint is not used, as it was last logged.
    troubles: BTreeMap<usize, String>,
    /// The newest block of endpoints that stood still while others went on.
    stalled_at: BTreeMap<usize, Block>,
    /// When the endpoints before the one in use were last looked at; the first time counts from the switch.
    rechecked: Option<Instant>,
}

impl Links {
    fn demands(&self, client: &Client, index: usize) -> Demands {
        Demands {
            genesis: client.inner.config.expected_genesis.map(H256).or(self.genesis),
            newest_known: client.inner.newest_block.load(Ordering::Relaxed),
            stalled_at: self.stalled_at.get(&index).copied(),
        }
    }

    fn adopt(&mut self, client: &Client, index: usize, candidate: Candidate) -> Arc<Connection> {
        let connection = Arc::new(candidate.connection);
        let endpoint = &connection.endpoint;
        tracing::info!(endpoint, place = index + 1, head = candidate.head, "connected to the chain");
        client.inner.newest_block.fetch_max(candidate.head, Ordering::Relaxed);
        self.genesis = Some(candidate.genesis);
        self.troubles.remove(&index);
        self.stalled_at.remove(&index);
        self.current = Some((index, connection.clone()));
        self.next_index = (index + 1) % client.inner.config.endpoints.len().max(1);
        self.rechecked = Some(Instant::now());
        connection
    }

    /// Notes why an endpoint is not used; what lasts is logged once.
    fn note(&mut self, client: &Client, index: usize, trouble: &str) {
        if self.troubles.get(&index).is_none_or(|known| known != trouble) {
            let endpoint = shown(&client.inner.config.endpoints[index]);
            tracing::warn!(endpoint, place = index + 1, trouble, "an endpoint of the chain is not used");
            self.troubles.insert(index, trouble.to_owned());
        }
    }
}

impl Client {
    /// The current connection, or a new one to the next endpoint in order that is well.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, ChainError> {
        let mut links = self.inner.links.lock().await;
        if let Some((index, connection)) = links.current.clone().filter(|(_, connection)| connection.is_usable()) {
            let interval = self.inner.tolerances.recheck_interval;
            if index > 0 && links.rechecked.is_none_or(|rechecked| rechecked.elapsed() >= interval) {
                links.rechecked = Some(Instant::now());
                tokio::spawn(self.clone().look_for_an_earlier_one(index));
            }
            return Ok(connection);
        }
        if let Some((index, _)) = links.current.take() {
            links.note(self, index, "the connection was lost or fell silent");
        }
        self.connect_in_order(&mut links).await
    }

    async fn connect_in_order(&self, links: &mut Links) -> Result<Arc<Connection>, ChainError> {
        let endpoints = &self.inner.config.endpoints;
        let (mut attempts, mut refusal) = (Vec::new(), None);
        let mut second_best: Option<(usize, Candidate, String)> = None;
        for offset in 0..endpoints.len() {
            let index = (links.next_index + offset) % endpoints.len();
            match self.examine(&endpoints[index], &links.demands(self, index)).await {
                Ok(candidate) => match candidate.doubt.clone() {
                    None => return Ok(links.adopt(self, index, candidate)),
                    Some(doubt) => {
                        if second_best.as_ref().is_none_or(|(_, best, _)| candidate.head > best.head) {
                            second_best = Some((index, candidate, doubt.clone()));
                        }
                        links.note(self, index, &doubt);
                    }
                },
                Err(error) => {
                    links.note(self, index, &error.to_string());
                    attempts.push(error.to_string());
                    if matches!(error, ChainError::WrongGenesis { .. }) {
                        refusal = Some(error);
                    }
                }
            }
        }
        if let Some((index, candidate, doubt)) = second_best {
            let endpoint = &candidate.connection.endpoint;
            tracing::warn!(endpoint, doubt, "no endpoint of the chain is better than this one");
            return Ok(links.adopt(self, index, candidate));
        }
        // A wrong chain is the operator's to correct, so it outranks an endpoint that may come back by itself.
        Err(match refusal {
            Some(refusal) => refusal,
            None if endpoints.is_empty() => ChainError::NoEndpoints,
            None => ChainError::Unreachable { attempts: attempts.join("; ") },
        })
    }

    /// Goes back to the first endpoint before `current` that is well. Nothing waits for this, and calls under way finish
    /// where they are.
    async fn look_for_an_earlier_one(self, current: usize) {
        for index in 0..current {
            let demands = self.inner.links.lock().await.demands(&self, index);
            let examined = self.examine(&self.inner.config.endpoints[index], &demands).await;
            let mut links = self.inner.links.lock().await;
            match examined {
                Ok(Candidate { doubt: Some(doubt), .. }) => links.note(&self, index, &doubt),
                Err(error) => links.note(&self, index, &error.to_string()),
                Ok(candidate) => {
                    if links.current.as_ref().is_none_or(|(now, _)| index < *now) {
                        links.adopt(&self, index, candidate);
                    }
                    return;
                }
            }
        }
    }

    /// Whether `connection` is the one that new calls use.
    pub(crate) async fn is_current(&self, connection: &Arc<Connection>) -> bool {
        let links = self.inner.links.lock().await;
        links.current.as_ref().is_some_and(|(_, current)| Arc::ptr_eq(current, connection))
    }

    /// Leaves `connection`, whose endpoint stands at `block`, if another endpoint knows a later one.
    pub(crate) async fn leave_if_stalled(&self, connection: &Arc<Connection>, block: Block) {
        let mut links = self.inner.links.lock().await;
        let current = links.current.as_ref().filter(|(_, current)| Arc::ptr_eq(current, connection));
        let Some(stalled) = current.map(|(index, _)| *index) else { return };
        let endpoints = &self.inner.config.endpoints;
        for index in (0..endpoints.len()).filter(|index| *index != stalled) {
            match self.examine(&endpoints[index], &links.demands(self, index)).await {
                Ok(candidate) if candidate.doubt.is_none() && candidate.head > block => {
                    let trouble = format!("it stands still at block {block} while another endpoint goes on");
                    links.note(self, stalled, &trouble);
                    links.stalled_at.insert(stalled, block);
                    links.adopt(self, index, candidate);
                    return;
                }
                Ok(_) => {}
                Err(error) => links.note(self, index, &error.to_string()),
            }
        }
    }

    /// The hash of block 0 of the chain that the endpoints serve, connecting if there is no connection.
    ///
    /// # Errors
    /// As [`Client::connect`](crate::Client::connect).
    pub async fn genesis_hash(&self) -> Result<[u8; 32], ChainError> {
        Ok(self.genesis().await?.0)
    }

    /// The hash of block 0 of the chain we are connected to.
    pub(crate) async fn genesis(&self) -> Result<H256, ChainError> {
        self.connection().await?;
        let genesis = self.inner.links.lock().await.genesis;
        genesis.ok_or(ChainError::NoEndpoints)
    }
}
