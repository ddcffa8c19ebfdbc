//! The listening socket, and cutting connections at once: what a client sees when a node dies or a proxy gives up.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::FutureExt;
use jsonrpsee::Methods;
use jsonrpsee::server::middleware::rpc::RpcServiceBuilder;
use jsonrpsee::server::{BatchRequestConfig, Server, ServerConfig, StopHandle, serve_with_graceful_shutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::node::serving::gate::{Gate, MAX_RESPONSE_BYTES, Traffic};

/// Most connections at a time.
pub const MAX_CONNECTIONS: u32 = 256;

/// Largest request, batches included.
pub const MAX_REQUEST_BYTES: u32 = 16 * 1024 * 1024;

/// Most subscriptions of one connection.
pub const MAX_SUBSCRIPTIONS_PER_CONNECTION: u32 = 1_024;

/// Most requests in one batch.
pub const MAX_BATCH_REQUESTS: u32 = 10_000;

/// Connections that a silent door keeps; more are cut.
const MAX_KEPT_WAITING: usize = 64;

/// What happens to new connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// Clients are served.
    #[default]
    Open,
    /// The connection is cut as soon as it is made.
    Slammed,
    /// The connection is made, but nothing is ever sent.
    Silent,
}

/// The open connections, by their number.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    open: Arc<Mutex<BTreeMap<u32, oneshot::Sender<()>>>>,
    door: Arc<Mutex<(Door, Vec<TcpStream>)>>,
}

impl Connections {
    /// Cuts one connection; nothing more is read from it or written to it.
    pub fn cut(&self, id: u32) {
        let switch = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        drop(switch);
    }

    /// Cuts every open connection; new ones are accepted.
    pub fn cut_all(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        drop(open);
    }

    /// Changes what happens to new connections; those that were kept waiting are cut.
    pub fn set_door(&self, door: Door) {
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = (door, Vec::new());
    }

    /// The stream, if it is to be served.
    fn at_the_door(&self, stream: TcpStream) -> Option<TcpStream> {
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *door {
            (Door::Open, _) => return Some(stream),
            (Door::Silent, waiting) if waiting.len() < MAX_KEPT_WAITING => waiting.push(stream),
            _ => drop(stream),
        }
        None
    }

    /// How many connections are open.
    pub fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn admit(&self, id: u32, stream: TcpStream) -> CuttableStream {
        let (switch, cut) = oneshot::channel();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, switch);
        CuttableStream { stream, cut, is_cut: false, id, connections: self.clone() }
    }
}

/// Accepts connections until the node stops.
pub(crate) async fn serve(
    listener: TcpListener,
    methods: Methods,
    traffic: Traffic,
    connections: Connections,
    stop: StopHandle,
) {
    let config = ServerConfig::builder()
        .max_connections(MAX_CONNECTIONS)
        .max_request_body_size(MAX_REQUEST_BYTES)
        .max_response_body_size(MAX_RESPONSE_BYTES)
        .max_subscriptions_per_connection(MAX_SUBSCRIPTIONS_PER_CONNECTION)
        .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH_REQUESTS))
        .build();
    let gate = RpcServiceBuilder::new().layer_fn(move |service| Gate { service, traffic: traffic.clone() });
    let services = Server::builder().set_config(config).set_rpc_middleware(gate).to_service_builder();
    let mut next_id = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.clone().shutdown() => return,
        };
        let Ok((stream, _)): io::Result<(TcpStream, SocketAddr)> = accepted else { continue };
        let Some(stream) = connections.at_the_door(stream) else { continue };
        let _ = stream.set_nodelay(true);
        let service = services.clone().connection_id(next_id).build(methods.clone(), stop.clone());
        let stream = connections.admit(next_id, stream);
        next_id = next_id.wrapping_add(1);
        let stopped = stop.clone().shutdown();
        tokio::spawn(async move {
            if let Err(error) = serve_with_graceful_shutdown(stream, service, stopped).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

/// A TCP stream that fails as soon as its connection is cut.
struct CuttableStream {
    stream: TcpStream,
    cut: oneshot::Receiver<()>,
    is_cut: bool,
    id: u32,
    connections: Connections,
}

impl CuttableStream {
    /// An error once the connection is cut; else the task is woken when that happens.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.is_cut = self.is_cut || self.cut.poll_unpin(context).is_ready();
        if self.is_cut { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for CuttableStream {
    fn drop(&mut self) {
        self.connections.cut(self.id);
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        // Reading is what waits for the cut; waiting here too would take the reader's waker away.
        self.is_cut = self.is_cut || self.cut.try_recv() != Err(TryRecvError::Empty);
        if self.is_cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
