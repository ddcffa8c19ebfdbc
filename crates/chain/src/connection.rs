//! One connection to one endpoint: its requests, and what their failures mean for it.
//!
//! Invariant: a connection that was lost, or fell silent, is not used again.

use crate::client::ChainConfig;
use crate::endpoints::Tolerances;
use crate::errors::ChainError;
use crate::transport::{GatedTransport, WireFailure, shown};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use subxt::config::{RpcConfigFor, SubstrateConfig};
use subxt::rpcs::{Error as RpcError, LegacyRpcMethods, RpcClient};

/// The legacy RPC methods with Substrate's types.
pub(crate) type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;

/// Codes with which nodes say that they lack a block or its state.
const STATE_ERROR_CODES: [i32; 2] = [4003, -32000];

/// An open connection to one endpoint.
pub(crate) struct Connection {
    pub(crate) methods: Methods,
    /// The URL as it may be shown.
    pub(crate) endpoint: String,
    transport: GatedTransport,
    timeout_ms: u64,
    is_sound: AtomicBool,
}

impl Connection {
    pub(crate) async fn open(endpoint: &str, config: &ChainConfig, tolerances: &Tolerances) -> Result<Self, String> {
        let transport = GatedTransport::open(endpoint, config.gate.clone(), config.request_timeout, tolerances).await?;
        Ok(Self {
            methods: Methods::new(RpcClient::new(transport.clone())),
            endpoint: shown(endpoint),
            transport,
            timeout_ms: u64::try_from(config.request_timeout.as_millis()).unwrap_or(u64::MAX),
            is_sound: AtomicBool::new(true),
        })
    }

    /// The same connection, with this time for each request.
    pub(crate) fn probing(&self, timeout: Duration) -> Methods {
        Methods::new(RpcClient::new(self.transport.with_timeout(timeout)))
    }

    pub(crate) fn is_usable(&self) -> bool {
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
