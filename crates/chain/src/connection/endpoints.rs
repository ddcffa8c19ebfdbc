//! Which endpoint is used: the first that is well, tried in order; another after a loss; the first again once it is well.
//!
//! An endpoint that was left although it was there (`asking.rs`, `heads.rs`) is passed over for [`Tolerances::recheck_interval`],
//! and for twice as long each time that this happens again soon, up to [`LONGEST_ABSENCE`] times; where no other can be used, it
//! is used meanwhile.
//!
//! Invariants: one connection at a time is handed out, and each has been examined before (same chain, not syncing); calls
//! that hold an older one finish on it. Trying an endpoint is bounded by
//! [`Tolerances::probe_timeout`] for each of its few requests, all through the gate. There is no background reconnecting;
//! the one task that is ever started looks, at most once in [`Tolerances::recheck_interval`] and while another endpoint
//! is in use, whether an earlier one is well again, and ends.

use crate::client::Client;
use crate::connection::line::Connection;
use crate::connection::probe::{Candidate, Demands};
use crate::connection::transport::shown;
use crate::errors::ChainError;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use subxt::utils::H256;
use tensorflix_domain::ids::Block;
use tokio::time::Instant;

/// Longest time for which an endpoint is passed over, in intervals of rechecking.
const LONGEST_ABSENCE: u32 = 16;

/// How much an endpoint is put up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerances {
    /// Time for connecting, and for each request by which an endpoint is examined.
    pub probe_timeout: Duration,
    /// Time that a request may be on its way before another endpoint is asked the same. Where no other can answer, the
    /// endpoint is asked whether it is there at all; if that is not answered within the probe's time, the connection is
    /// given up.
    pub hesitation: Duration,
    /// Time for which no newer finalized block may be told, whatever else is, before the endpoint, and then the others, are
    /// asked outright.
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

/// For how long an endpoint that was left is passed over.
struct Absence {
    until: Instant,
    pause: Duration,
}

/// The connection in use and what is known of the endpoints, by their place in the list.
#[derive(Default)]
pub(crate) struct Links {
    current: Option<Arc<Connection>>,
    /// Where the next attempt begins.
    next_index: usize,
    /// The chain we talk to, from the first connection on: failing over never changes chains.
    pub(crate) genesis: Option<H256>,
    /// Why an endpoint is not used, as it was last logged.
    troubles: BTreeMap<usize, String>,
    /// The newest block of endpoints that stood still while others went on.
    stalled_at: BTreeMap<usize, Block>,
    /// The newest finalized block that each endpoint told, as long as its word is taken.
    told: BTreeMap<usize, Block>,
    absences: BTreeMap<usize, Absence>,
    /// Refusals of extrinsics in a row, each by another endpoint.
    refusals: usize,
    /// When the endpoints before the one in use were last looked at; the first time counts from the switch.
    rechecked: Option<Instant>,
}

impl Links {
    /// The connection in use, if it can be used.
    pub(crate) fn in_use(&self) -> Option<Arc<Connection>> {
        self.current.clone().filter(|connection| connection.is_usable())
    }

    fn is_in_use(&self, connection: &Arc<Connection>) -> bool {
        self.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection))
    }

    /// What the endpoint at `index` must be, by all but the word of the one at `doubted`.
    pub(crate) fn demands(&self, client: &Client, index: usize, doubted: Option<usize>) -> Demands {
        let told = self.told.iter().filter(|(teller, _)| Some(**teller) != doubted);
        Demands {
            genesis: client.inner.config.expected_genesis.map(H256).or(self.genesis),
            newest_known: told.map(|(_, block)| *block).max().unwrap_or_default(),
            stalled_at: self.stalled_at.get(&index).copied(),
        }
    }

    /// The endpoints in the order in which they are tried from `from` on: first those that are not passed over.
    fn in_order(&self, client: &Client, from: usize) -> Vec<usize> {
        let count = client.inner.config.endpoints.len();
        let mut order: Vec<usize> = (0..count).map(|offset| (from + offset) % count).collect();
        order.sort_by_key(|index| self.is_passed_over(*index));
        order
    }

    /// The same, for those beside the one at `index`.
    pub(crate) fn others(&self, client: &Client, index: usize) -> Vec<usize> {
        self.in_order(client, index).into_iter().filter(|other| *other != index).collect()
    }

    fn is_passed_over(&self, index: usize) -> bool {
        self.absences.get(&index).is_some_and(|absence| Instant::now() < absence.until)
    }

    /// The endpoint of the connection in use told of a finalized block that it has.
    pub(crate) fn note_told(&mut self, connection: &Arc<Connection>, block: Block) {
        if self.is_in_use(connection) {
            self.told.insert(connection.index, block);
        }
    }

    /// Puts a candidate in the place of `connection`, whose endpoint is passed over for a while.
    pub(crate) fn replace(
        &mut self,
        client: &Client,
        connection: &Arc<Connection>,
        reason: &str,
        candidate: Candidate,
    ) {
        if !self.is_in_use(connection) {
            return;
        }
        self.pass_over(client, connection.index, reason);
        self.adopt(client, candidate);
    }

    /// Passes an endpoint over for a while; another one is in use.
    pub(crate) fn pass_over(&mut self, client: &Client, index: usize, reason: &str) {
        // Of an endpoint that was lost it was told already.
        if !self.troubles.contains_key(&index) {
            self.note(client, index, reason);
        }
        self.told.remove(&index);
        let shortest = client.inner.tolerances.recheck_interval;
        let now = Instant::now();
        let again = self.absences.get(&index).filter(|absence| now < absence.until + absence.pause);
        let pause = again.map_or(shortest, |absence| (absence.pause * 2).min(shortest * LONGEST_ABSENCE));
        self.absences.insert(index, Absence { until: now + pause, pause });
    }

    /// Notes that an endpoint stands at `block`, while others go on.
    pub(crate) fn note_stalled(&mut self, index: usize, block: Block) {
        self.stalled_at.insert(index, block);
    }

    fn adopt(&mut self, client: &Client, candidate: Candidate) -> Arc<Connection> {
        let Candidate { connection, genesis, head, .. } = candidate;
        let (endpoint, index) = (&connection.endpoint, connection.index);
        tracing::info!(endpoint, place = index + 1, head, "connected to the chain");
        if self.troubles.remove(&index).is_some() {
            tracing::info!(endpoint, place = index + 1, "an endpoint of the chain is used again");
        }
        self.genesis = Some(genesis);
        self.stalled_at.remove(&index);
        self.told.insert(index, head);
        self.current = Some(Arc::clone(&connection));
        self.next_index = (index + 1) % client.inner.config.endpoints.len().max(1);
        self.rechecked = Some(Instant::now());
        connection
    }

    /// Notes why an endpoint is not used. The first reason is a warning, others until it is used again are not; what lasts is
    /// logged once.
    pub(crate) fn note(&mut self, client: &Client, index: usize, trouble: &str) {
        let endpoint = shown(&client.inner.config.endpoints[index]);
        match self.troubles.get(&index) {
            None => tracing::warn!(endpoint, place = index + 1, trouble, "an endpoint of the chain is not used"),
            Some(known) if is_same(known, trouble) => return,
            Some(_) => {
                tracing::info!(endpoint, place = index + 1, trouble, "an endpoint of the chain is still not used")
            }
        }
        self.troubles.insert(index, trouble.to_owned());
    }
}

/// Whether two troubles differ in no more than their numbers, such as those of blocks.
fn is_same(one: &str, other: &str) -> bool {
    let words = |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    words(one) == words(other)
}

impl Client {
    /// The current connection, or a new one to the next endpoint in order that is well.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, ChainError> {
        let mut links = self.links().await;
        if let Some(connection) = links.in_use() {
            let interval = self.inner.tolerances.recheck_interval;
            if connection.index > 0 && links.rechecked.is_none_or(|rechecked| rechecked.elapsed() >= interval) {
                links.rechecked = Some(Instant::now());
                tokio::spawn(self.clone().look_for_an_earlier_one(connection.index));
            }
            return Ok(connection);
        }
        if let Some(lost) = links.current.take() {
            links.note(self, lost.index, "the connection was lost or fell silent");
        }
        self.connect_in_order(&mut links).await
    }

    async fn connect_in_order(&self, links: &mut Links) -> Result<Arc<Connection>, ChainError> {
        let (mut attempts, mut refusal) = (Vec::new(), None);
        let mut second_best: Option<(Candidate, String)> = None;
        for index in links.in_order(self, links.next_index) {
            match self.examine(index, &links.demands(self, index, None)).await {
                Ok(candidate) => match candidate.doubt.clone() {
                    None => return Ok(links.adopt(self, candidate)),
                    Some(doubt) => {
                        links.note(self, index, &doubt);
                        if second_best.as_ref().is_none_or(|(best, _)| candidate.head > best.head) {
                            second_best = Some((candidate, doubt));
                        }
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
        if let Some((candidate, doubt)) = second_best {
            let endpoint = &candidate.connection.endpoint;
            tracing::warn!(endpoint, doubt, "no endpoint of the chain is better than this one");
            return Ok(links.adopt(self, candidate));
        }
        // A wrong chain is the operator's to correct, so it outranks an endpoint that may come back by itself.
        Err(match refusal {
            Some(refusal) => refusal,
            None if self.inner.config.endpoints.is_empty() => ChainError::NoEndpoints,
            None => ChainError::Unreachable { attempts: attempts.join("; ") },
        })
    }

    /// Goes back to the first endpoint before `current` that is well. Nothing waits for this, and calls under way finish
    /// where they are.
    async fn look_for_an_earlier_one(self, current: usize) {
        for index in 0..current {
            let demands = {
                let links = self.links().await;
                if links.is_passed_over(index) {
                    continue;
                }
                links.demands(&self, index, None)
            };
            let examined = self.examine(index, &demands).await;
            let mut links = self.links().await;
            match examined {
                Ok(Candidate { doubt: Some(doubt), .. }) => links.note(&self, index, &doubt),
                Err(error) => links.note(&self, index, &error.to_string()),
                Ok(candidate) => {
                    if links.current.as_ref().is_none_or(|now| index < now.index) {
                        links.adopt(&self, candidate);
                    }
                    return;
                }
            }
        }
    }

    /// Whether `connection` is the one that new calls use.
    pub(crate) async fn is_current(&self, connection: &Arc<Connection>) -> bool {
        self.links().await.is_in_use(connection)
    }

    /// Turns to the next endpoint after one refused an extrinsic, or did not say what became of it: it may have been built from
    /// what that one got wrong, or be right. What every endpoint refuses is the extrinsic's fault, and nobody is left.
    pub(crate) async fn turn_away(&self, connection: &Arc<Connection>) {
        let mut links = self.links().await;
        links.refusals = links.refusals.saturating_add(1);
        if links.refusals < self.inner.config.endpoints.len() && links.is_in_use(connection) {
            tracing::info!(endpoint = connection.endpoint, "the next endpoint is asked to take the extrinsic");
            links.current = None;
        }
    }

    /// An extrinsic was taken.
    pub(crate) async fn note_taken(&self) {
        self.links().await.refusals = 0;
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
        let genesis = self.links().await.genesis;
        genesis.ok_or(ChainError::NoEndpoints)
    }
}
