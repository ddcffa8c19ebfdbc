//! Which endpoint we talk to: connect in order, check the chain, move on after a loss.
//!
//! Invariants: at most one connection at a time; every connection has passed the genesis check before its first use;
//! nothing happens here unless a call asks for a connection, so there is no background reconnecting to run away.

use crate::client::{ChainConfig, Client};
use crate::errors::ChainError;
use crate::transport::{GatedTransport, WireFailure, shown};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use subxt::config::{RpcConfigFor, SubstrateConfig};
use subxt::rpcs::{Error as RpcError, LegacyRpcMethods, RpcClient};
use subxt::utils::H256;

/// The legacy RPC methods with Substrate's types.
pub(crate) type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// Codes with which nodes say that they lack a block or its state.
const STATE_ERROR_CODES: [i32; 2] = [4003, -32000];

/// An open connection to one endpoint, its genesis checked.
pub(crate) struct Connection {
    pub(crate) methods: Methods,
    /// The URL as it may be shown.
    pub(crate) endpoint: String,
    transport: GatedTransport,
    timeout_ms: u64,
    is_sound: AtomicBool,
}

impl Connection {
    async fn open(endpoint: &str, config: &ChainConfig) -> Result<Self, String> {
        let transport = GatedTransport::open(endpoint, config.gate.clone(), config.request_timeout).await?;
        Ok(Self {
            methods: Methods::new(RpcClient::new(transport.clone())),
            endpoint: shown(endpoint),
            transport,
            timeout_ms: u64::try_from(config.request_timeout.as_millis()).unwrap_or(u64::MAX),
            is_sound: AtomicBool::new(true),
        })
    }

    fn is_usable(&self) -> bool {
        self.is_sound.load(Ordering::Relaxed) && self.transport.is_connected()
    }

    /// Translates a failed request; a lost or silent connection is not used again.
    pub(crate) fn failed(&self, method: &'static str, error: RpcError) -> ChainError {
        let endpoint = self.endpoint.clone();
        match WireFailure::from(error) {
            WireFailure::Deadline => {
                self.abandon();
                ChainError::Deadline { endpoint, method, timeout_ms: self.timeout_ms }
            }
            WireFailure::Lost(detail) => self.lost(method, detail),
            WireFailure::Answered { code, message } if is_about_missing_block(code, &message) => {
                ChainError::BlockUnavailable { endpoint, method, message }
            }
            WireFailure::Answered { code, message } => ChainError::Refused { endpoint, method, code, message },
            WireFailure::Undecodable(detail) => {
                ChainError::Undecodable { what: format!("the answer to {method}"), spec_version: 0, detail }
            }
        }
    }

    /// Notes that the connection is gone and says so.
    pub(crate) fn lost(&self, method: &'static str, detail: String) -> ChainError {
        self.abandon();
        ChainError::ConnectionLost { endpoint: self.endpoint.clone(), method, detail }
    }

    /// The error of a block that the node says it does not have.
    pub(crate) fn lacks_block(&self, method: &'static str, block: impl std::fmt::Display) -> ChainError {
        let message = format!("no block {block}");
        ChainError::BlockUnavailable { endpoint: self.endpoint.clone(), method, message }
    }

    fn abandon(&self) {
        self.is_sound.store(false, Ordering::Relaxed);
    }
}

/// Nodes word it in several ways, under several codes: "State already discarded", "Unknown block", "Header was not
/// found", "UnknownBlock: …".
fn is_about_missing_block(code: i32, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    STATE_ERROR_CODES.contains(&code)
        && ["discarded", "unknown block", "unknownblock", "not found"].iter().any(|phrase| message.contains(phrase))
}

/// The connection in use and where to go next.
#[derive(Default)]
pub(crate) struct Links {
    current: Option<Arc<Connection>>,
    next_index: usize,
    /// The chain we talk to, from the first connection on: failing over never changes chains.
    genesis: Option<H256>,
}

impl Client {
    /// The current connection, or a new one to the next endpoint in order that can be reached.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, ChainError> {
        let mut links = self.inner.links.lock().await;
        if let Some(connection) = links.current.as_ref().filter(|connection| connection.is_usable()) {
            return Ok(connection.clone());
        }
        links.current = None;
        let endpoints = &self.inner.config.endpoints;
        let mut attempts = Vec::new();
        let mut refusal = None;
        for offset in 0..endpoints.len() {
            let index = (links.next_index + offset) % endpoints.len();
            match self.connect_to(&endpoints[index], links.genesis).await {
                Ok((connection, genesis)) => {
                    tracing::info!(endpoint = connection.endpoint, "connected to the chain");
                    let connection = Arc::new(connection);
                    links.genesis = Some(genesis);
                    links.current = Some(connection.clone());
                    links.next_index = (index + 1) % endpoints.len();
                    return Ok(connection);
                }
                Err(error @ ChainError::WrongGenesis { .. }) => refusal = Some(error),
                Err(ChainError::Unreachable { attempts: detail }) => {
                    attempts.push(format!("{}: {detail}", shown(&endpoints[index])));
                }
                Err(error) => attempts.push(error.to_string()),
            }
        }
        // A wrong chain is the operator's to correct, so it outranks an endpoint that may come back by itself.
        Err(match refusal {
            Some(refusal) => refusal,
            None if endpoints.is_empty() => ChainError::NoEndpoints,
            None => ChainError::Unreachable { attempts: attempts.join("; ") },
        })
    }

    async fn connect_to(&self, endpoint: &str, known: Option<H256>) -> Result<(Connection, H256), ChainError> {
        let config = &self.inner.config;
        let connection =
            Connection::open(endpoint, config).await.map_err(|attempts| ChainError::Unreachable { attempts })?;
        let method = "chain_getBlockHash";
        let found = connection.methods.genesis_hash().await.map_err(|error| connection.failed(method, error))?;
        match config.expected_genesis.map(H256).or(known) {
            Some(expected) if expected != found => Err(ChainError::WrongGenesis {
                endpoint: shown(endpoint),
                expected: hex::encode(expected),
                found: hex::encode(found),
            }),
            _ => Ok((connection, found)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_blocks_are_told_from_other_refusals() {
        for (code, message, missing) in [
            (4003, "Client error: UnknownBlock: State already discarded for 0x00", true),
            (-32000, "Client error: Header was not found in the database", true),
            (4003, "Client error: Execution failed", false),
            (1010, "Invalid Transaction: not found", false),
            (-32601, "Method not found", false),
        ] {
            assert_eq!(is_about_missing_block(code, message), missing, "{code} {message}");
        }
    }
}
