//! One WebSocket connection through which every request passes a gate and has a deadline.
//!
//! Invariants: nothing reaches the socket without [`RequestGate::pass`] (the WebSocket's own pings aside); a request
//! ends within its deadline, counted from when the gate let it through, and earlier where the endpoint
//! gives no sign of life; no message larger than
//! [`MAX_RESPONSE_BYTES`] is read; unrequested messages are bounded by `notifications.rs`.

use crate::config::{RequestGate, Tolerances};
use crate::connection::notifications::{BoundedReceiver, Wire};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::Arc;
use std::time::Duration;
use subxt::ext::jsonrpsee::client_transport::ws::{Url, WsTransportClientBuilder};
use subxt::ext::jsonrpsee::core::client::Client as JsonRpcClient;
use subxt::ext::jsonrpsee::core::client::async_client::PingConfig;
use subxt::rpcs::Error as RpcError;
use subxt::rpcs::client::{RawRpcFuture, RawRpcSubscription, RawValue, RpcClientT};

/// Largest answer that is read. The largest legitimate ones are full blocks, a few MiB in hexadecimal.
const MAX_RESPONSE_BYTES: u32 = 16 << 20;
/// Largest request that is written: a batch of storage keys is some hundred KiB.
const MAX_REQUEST_BYTES: u32 = 2 << 20;
/// Requests in flight on one connection.
const MAX_CONCURRENT_REQUESTS: usize = 64;
/// Unread messages that a subscription holds before the library drops it.
const MAX_BUFFERED_NOTIFICATIONS: usize = 64;
/// What an endpoint is asked to find out whether it is there: the cheapest request that every node answers.
const SIGN_OF_LIFE: &str = "system_health";

/// How long a request is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as a request may take, while the endpoint gives a sign of life.
    Full,
    /// No longer than [`Tolerances::hesitation`]: another endpoint may be faster.
    Brief,
}

/// A request was not answered within its deadline.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {waited_ms} ms")]
pub(crate) struct DeadlinePassed {
    waited_ms: u64,
    /// Whether it was given no more than a moment.
    is_brief: bool,
}

/// Whether a connection to `address` is under TLS, by the library's own rule.
fn is_encrypted(address: &Url) -> bool {
    address.scheme() == "wss"
}

/// Settings of TLS that trust what the operating system trusts.
fn system_trust() -> Result<rustls::ClientConfig, String> {
    let provider = rustls::crypto::CryptoProvider::get_default()
        .map_or_else(|| Arc::new(rustls::crypto::ring::default_provider()), Arc::clone);
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|settings| settings.with_platform_verifier())
        .map(|settings| settings.with_no_client_auth())
        .map_err(|error| {
            format!("no TLS can be set up ({error}): install the system's CA certificates (package ca-certificates)")
        })
}

/// A connection as subxt's RPC methods use it.
#[derive(Clone)]
pub(crate) struct GatedTransport {
    socket: Arc<JsonRpcClient>,
    gate: Arc<dyn RequestGate>,
    timeout: Duration,
    hesitation: Duration,
    probe_timeout: Duration,
    patience: Patience,
    wire: Arc<Wire>,
}

impl GatedTransport {
    /// Opens a WebSocket to `url` (`ws://` as well as `wss://`).
    pub(crate) async fn open(
        url: &str,
        gate: Arc<dyn RequestGate>,
        timeout: Duration,
        tolerances: &Tolerances,
    ) -> Result<Self, String> {
        let connect_timeout = timeout.min(tolerances.probe_timeout);
        let address = Url::parse(url).map_err(|error| error.to_string())?;
        let opening = WsTransportClientBuilder::default()
            .connection_timeout(connect_timeout)
            .max_request_size(MAX_REQUEST_BYTES)
            .max_response_size(MAX_RESPONSE_BYTES)
            // The library counts the first hop: redirects are not followed. An endpoint is who the operator named.
            .max_redirections(1);
        // The library resolves names synchronously, and certificates are read from files: neither must block other
        // tasks on this thread.
        let runtime = tokio::runtime::Handle::current();
        let opening = tokio::task::spawn_blocking(move || {
            let opening =
                if is_encrypted(&address) { opening.with_custom_cert_store(system_trust()?) } else { opening };
            runtime.block_on(opening.build(address)).map_err(|error| error.to_string())
        });
        let (sender, receiver) = tokio::time::timeout(connect_timeout, opening)
            .await
            .map_err(|_| format!("no connection within {} ms", connect_timeout.as_millis()))?
            .map_err(|error| error.to_string())??;
        let wire = Arc::<Wire>::default();
        let receiver = BoundedReceiver::new(receiver, Arc::clone(&wire));
        let socket = JsonRpcClient::builder()
            // Ours fires first; this one only frees what the library holds.
            .request_timeout(timeout.saturating_add(Duration::from_secs(1)))
            .max_concurrent_requests(MAX_CONCURRENT_REQUESTS)
            .max_buffer_capacity_per_subscription(MAX_BUFFERED_NOTIFICATIONS)
            .enable_ws_ping(PingConfig::new())
            .build_with_tokio(sender, receiver);
        let (hesitation, probe_timeout) = (tolerances.hesitation, tolerances.probe_timeout);
        let (socket, patience) = (Arc::new(socket), Patience::Full);
        Ok(Self { socket, gate, timeout, hesitation, probe_timeout, patience, wire })
    }

    /// The same socket, with this patience for each request.
    pub(crate) fn with_patience(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The unrequested messages of the node, if there are too many.
    pub(crate) fn flood(&self) -> Option<&str> {
        self.wire.flood()
    }

    /// The same socket, with this time for each request.
    pub(crate) fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// Whether the socket is still open, as far as this side knows.
    pub(crate) fn is_connected(&self) -> bool {
        self.socket.is_connected()
    }

    async fn within_deadline<T>(&self, request: RawRpcFuture<'_, T>) -> Result<T, RpcError> {
        let passed = |waited: Duration, is_brief| {
            let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            Err(RpcError::Client(Box::new(DeadlinePassed { waited_ms, is_brief })))
        };
        let is_brief = self.patience == Patience::Brief && self.hesitation < self.timeout;
        let answered = async {
            let mut request = request;
            if let Ok(answer) = tokio::time::timeout(self.hesitation, &mut request).await {
                return answer;
            }
            if is_brief {
                return passed(self.hesitation, true);
            }
            // A slow request gets its full time, but not if the endpoint has stopped answering altogether.
            tokio::select! {
                answer = &mut request => answer,
                () = self.until_silent() => passed(self.hesitation + self.probe_timeout, false),
            }
        };
        tokio::time::timeout(self.timeout, answered).await.unwrap_or_else(|_| passed(self.timeout, false))
    }

    /// Asks for a sign of life; returns if there is none, and never if there is one.
    async fn until_silent(&self) {
        self.gate.pass().await;
        self.wire.expect_answers(1);
        let sign = self.socket.request_raw(SIGN_OF_LIFE, None);
        if tokio::time::timeout(self.probe_timeout, sign).await.is_ok() {
            std::future::pending().await
        }
    }
}

impl RpcClientT for GatedTransport {
    fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move {
            self.gate.pass().await;
            self.wire.expect_answers(1);
            self.within_deadline(self.socket.request_raw(method, params)).await
        })
    }

    fn subscribe_raw<'a>(
        &'a self,
        subscribe: &'a str,
        params: Option<Box<RawValue>>,
        unsubscribe: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            // Twice: jsonrpsee unsubscribes by itself when the subscription is dropped, past any gate, so that
            // request is let through beforehand.
            self.gate.pass().await;
            self.gate.pass().await;
            self.wire.expect_answers(2);
            self.within_deadline(self.socket.subscribe_raw(subscribe, params, unsubscribe)).await
        })
    }
}

/// How a request failed, as seen by the transport.
pub(crate) enum WireFailure {
    /// The deadline passed.
    Deadline {
        /// How long was waited.
        timeout_ms: u64,
    },
    /// It took longer than a moment, and no more was given.
    Slow {
        /// How long was waited.
        timeout_ms: u64,
    },
    /// The node answered with an error.
    Answered {
        /// The JSON-RPC error code.
        code: i32,
        /// Message and data.
        message: String,
    },
    /// The answer is not what the method gives.
    Undecodable(String),
    /// The connection is gone.
    Lost(String),
}

impl From<RpcError> for WireFailure {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::User(answer) => {
                let data = answer.data.as_ref().map(|data| format!(": {}", data.get().trim_matches('"')));
                Self::Answered { code: answer.code, message: answer.message + &data.unwrap_or_default() }
            }
            RpcError::Client(cause) => match cause.downcast_ref::<DeadlinePassed>() {
                Some(&DeadlinePassed { waited_ms: timeout_ms, is_brief: true }) => Self::Slow { timeout_ms },
                Some(&DeadlinePassed { waited_ms: timeout_ms, .. }) => Self::Deadline { timeout_ms },
                None => Self::Lost(cause.to_string()),
            },
            RpcError::Deserialization(cause) => Self::Undecodable(cause.to_string()),
            RpcError::Decode(cause) => Self::Undecodable(cause.to_string()),
            other => Self::Lost(other.to_string()),
        }
    }
}
