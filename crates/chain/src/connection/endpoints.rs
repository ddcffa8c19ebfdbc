//! Which endpoint is used: the first that is well, tried in order; another after a loss; the first again once it is well.
//!
//! `links.rs` determines for how long an endpoint that was left is passed over.
//!
//! Invariants: one connection at a time is handed out, and each has been examined before (same chain, not syncing); calls
//! that hold an older one finish on it. Trying an endpoint is bounded by
//! [`Tolerances::probe_timeout`](crate::Tolerances::probe_timeout) for each of its few requests, all through the gate. There
//! is no background reconnecting; the one task that is ever started looks, at most once in
//! [`Tolerances::recheck_interval`](crate::Tolerances::recheck_interval) and while another endpoint is in use, whether an
//! earlier one is well again, and ends.

use crate::client::Client;
use crate::connection::line::Connection;
use crate::connection::links::Links;
use crate::connection::probe::{Candidate, examine};
use crate::errors::ChainError;
use std::sync::Arc;
use subxt::utils::H256;
use tokio::time::Instant;

impl Client {
    /// The current connection, or a new one to the next endpoint in order that is well.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, ChainError> {
        let mut links = self.links().await;
        if let Some(connection) = links.in_use() {
            let interval = self.inner.settings.tolerances.recheck_interval;
            if connection.index > 0 && links.rechecked.is_none_or(|rechecked| rechecked.elapsed() >= interval) {
                links.rechecked = Some(Instant::now());
                tokio::spawn(self.clone().look_for_an_earlier_one(connection.index));
            }
            return Ok(connection);
        }
        if let Some(lost) = links.current.take() {
            links.note(&self.inner.settings, lost.index, "the connection was lost or fell silent");
        }
        self.connect_in_order(&mut links).await
    }

    async fn connect_in_order(&self, links: &mut Links) -> Result<Arc<Connection>, ChainError> {
        let settings = &self.inner.settings;
        let (mut attempts, mut refusal) = (Vec::new(), None);
        let mut second_best: Option<(Candidate, String)> = None;
        for index in links.in_order(settings, links.next_index) {
            match examine(settings, index, &links.demands(settings, index, None)).await {
                Ok(candidate) => match candidate.doubt.clone() {
                    None => return Ok(links.adopt(settings, candidate)),
                    Some(doubt) => {
                        links.note(settings, index, &doubt);
                        if second_best.as_ref().is_none_or(|(best, _)| candidate.head > best.head) {
                            second_best = Some((candidate, doubt));
                        }
                    }
                },
                Err(error) => {
                    links.note(settings, index, &error.to_string());
                    attempts.push(error.to_string());
                    if matches!(error, ChainError::WrongGenesis { .. }) {
                        refusal = Some(error);
                    }
                }
            }
        }
        if let Some((candidate, doubt)) = second_best {
            let endpoint = &candidate.connection.endpoint;
            tracing::warn!(endpoint, doubt, "no better endpoint of the chain is available; using this one");
            return Ok(links.adopt(settings, candidate));
        }
        // A wrong chain is the operator's to correct, so it outranks an endpoint that may come back by itself.
        Err(match refusal {
            Some(refusal) => refusal,
            None if settings.config.endpoints.is_empty() => ChainError::NoEndpoints,
            None => ChainError::Unreachable { attempts: attempts.join("; ") },
        })
    }

    /// Goes back to the first endpoint before `current` that is well. Nothing waits for this, and calls under way finish
    /// where they are.
    async fn look_for_an_earlier_one(self, current: usize) {
        let settings = &self.inner.settings;
        for index in 0..current {
            let demands = {
                let links = self.links().await;
                if links.is_passed_over(index) {
                    continue;
                }
                links.demands(settings, index, None)
            };
            let examined = examine(settings, index, &demands).await;
            let mut links = self.links().await;
            match examined {
                Ok(Candidate { doubt: Some(doubt), .. }) => links.note(settings, index, &doubt),
                Err(error) => links.note(settings, index, &error.to_string()),
                Ok(candidate) => {
                    if links.current.as_ref().is_none_or(|now| index < now.index) {
                        links.adopt(settings, candidate);
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

    /// Switches to the next endpoint after one rejected an extrinsic or did not report its outcome: it may have been built from
    /// wrong answers of that endpoint, or be valid. If every endpoint rejects it, the extrinsic is at fault, and none is left.
    pub(crate) async fn turn_away(&self, connection: &Arc<Connection>) {
        let mut links = self.links().await;
        links.refusals = links.refusals.saturating_add(1);
        if links.refusals < self.inner.settings.config.endpoints.len() && links.is_in_use(connection) {
            tracing::info!(endpoint = connection.endpoint, "the next endpoint will be asked to take the extrinsic");
            links.current = None;
        }
    }

    /// An extrinsic was accepted.
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
