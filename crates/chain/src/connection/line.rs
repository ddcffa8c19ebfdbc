//! One connection to one endpoint: its requests, and what their failures mean for it.
//!
//! Invariant: a connection that was lost, or fell silent, is not used again.

use crate::config::{ChainConfig, Tolerances};
use crate::connection::address::shown;
use crate::connection::health::Health;
use crate::connection::transport::{GatedTransport, Patience, WireFailure};
use crate::errors::ChainError;
use crate::head::{ChainHeader, checked};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use subxt::config::{RpcConfigFor, SubstrateConfig};
use subxt::rpcs::{Error as RpcError, LegacyRpcMethods, RpcClient};
use subxt::utils::H256;
use tensorflix_domain::ids::Block;

/// The legacy RPC methods with Substrate's types.
pub(crate) type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// Codes with which nodes say that they lack a block or its state.
const STATE_ERROR_CODES: [i32; 2] = [4003, -32000];

/// An open connection to one endpoint.
pub(crate) struct Connection {
    pub(crate) methods: Methods,
    /// The URL as it may be shown.
    pub(crate) endpoint: String,
    /// The place of the endpoint in the list.
    pub(crate) index: usize,
    pub(crate) health: Health,
    transport: GatedTransport,
    is_sound: AtomicBool,
}

/// A connection as one question uses it.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) connection: Arc<Connection>,
    pub(crate) methods: Methods,
}

impl Deref for Line {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Line {
    /// The header with this hash, and its number.
    pub(crate) async fn header(&self, hash: H256) -> Result<(ChainHeader, Block), ChainError> {
        const METHOD: &str = "chain_getHeader";
        let header = self.methods.chain_get_header(Some(hash)).await.map_err(|error| self.failed(METHOD, error))?;
        let header = header.ok_or_else(|| self.lacks_block(METHOD, hash))?;
        let number = checked(&header, hash).map_err(|detail| self.misanswered(METHOD, detail))?;
        Ok((header, number))
    }
}

impl Connection {
    pub(crate) async fn open(index: usize, config: &ChainConfig, tolerances: &Tolerances) -> Result<Self, String> {
        let endpoint = &config.endpoints[index];
        let transport = GatedTransport::open(endpoint, config.gate.clone(), config.request_timeout, tolerances).await?;
        Ok(Self {
            methods: Methods::new(RpcClient::new(transport.clone())),
            endpoint: shown(endpoint),
            index,
            health: Health::new(),
            transport,
            is_sound: AtomicBool::new(true),
        })
    }

    /// The connection for one question.
    pub(crate) fn line(self: &Arc<Self>, patience: Patience) -> Line {
        let methods = Methods::new(RpcClient::new(self.transport.with_patience(patience)));
        Line { connection: Arc::clone(self), methods }
    }

    /// The same connection, with this time for each request.
    pub(crate) fn probing(&self, timeout: Duration) -> Methods {
        Methods::new(RpcClient::new(self.transport.with_timeout(timeout)))
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.is_sound.load(Ordering::Relaxed) && self.transport.is_connected()
    }

    /// The unrequested messages of the endpoint, if there are too many.
    pub(crate) fn flood(&self) -> Option<&str> {
        self.transport.flood()
    }

    /// Translates a failed request; a lost or silent connection is not used again.
    pub(crate) fn failed(&self, method: &'static str, error: RpcError) -> ChainError {
        let endpoint = self.endpoint.clone();
        match WireFailure::from(error) {
            WireFailure::Deadline { timeout_ms } => {
                self.abandon();
                ChainError::Deadline { endpoint, method, timeout_ms }
            }
            WireFailure::Slow { timeout_ms } => ChainError::Deadline { endpoint, method, timeout_ms },
            WireFailure::Lost(detail) => self.lost(method, detail),
            WireFailure::Answered { code, message } if is_about_missing_block(code, &message) => {
                ChainError::BlockUnavailable { endpoint, method, message }
            }
            WireFailure::Answered { code, message } => ChainError::Refused { endpoint, method, code, message },
            WireFailure::Undecodable(detail) => ChainError::Misanswered { endpoint, method, detail },
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

    /// The error of an invalid answer.
    pub(crate) fn misanswered(&self, method: &'static str, detail: impl Into<String>) -> ChainError {
        ChainError::Misanswered { endpoint: self.endpoint.clone(), method, detail: detail.into() }
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
