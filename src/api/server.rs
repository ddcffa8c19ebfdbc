//! One HTTP server: its address, its thread, its start and its end.
//!
//! It runs on its own thread, so clients never hold up the actors. The address is bound before anything is served.

use super::front::{Front, configure, guard};
use super::inbound::{Places, Routes, serve, share_of_a_service};
use crate::telemetry::client_noise;
use actix_service::{IntoServiceFactory, ServiceFactory};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{Data, ServiceConfig};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};
use tokio::task::{LocalSet, spawn_local};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 2_048;
/// Bytes of an answer that the system buffers for a client that does not read.
const SEND_BUFFER_BYTES: u32 = 256 * 1024;
/// Pause after a connection could not be accepted for lack of files or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time for requests under way when the server stops.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(3);
/// Longest wait for a server to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(4);

/// Why a service cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program uses the port.
    #[error(
        "{address} is in use by another program or another validator. Set http.{service} to another address, or to \"\" to \
         switch the service off"
    )]
    InUse {
        /// The service, as in the configuration.
        service: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be bound.
    #[error("cannot bind {address} ({error}): set http.{service} to an address of this machine")]
    Unusable {
        /// The service, as in the configuration.
        service: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The system gives no thread: out of memory, threads or files.
    #[error("cannot start a thread for http.{service}: {error}")]
    NoThread {
        /// The service, as in the configuration.
        service: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

/// A running server. It ends with [`stop`](Self::stop), with the value, or at once when the process does.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    stopped: oneshot::Receiver<()>,
    service: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Listens on `address` and serves what `routes` registers, behind the [`guard`].
    ///
    /// # Errors
    /// [`ServeError`] says which setting to change.
    pub fn start(
        address: SocketAddr,
        front: Data<Front>,
        routes: impl Fn(&mut ServiceConfig) + Send + Clone + 'static,
    ) -> Result<Self, ServeError> {
        let service = front.service.name();
        let listener = listen(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => ServeError::InUse { service, address },
            _ => ServeError::Unusable { service, address, error },
        })?;
        // Port 0 asked the system for a free one.
        let address = listener.local_addr().unwrap_or(address);
        let no_thread = |error| ServeError::NoThread { service, error };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let ((stop, stopping), (ended, stopped)) = (watch::channel(false), oneshot::channel());
        let serving = move || {
            let served = LocalSet::new().block_on(&runtime, serve_all(listener, front, routes, stopping));
            if let Err(error) = served {
                tracing::error!(service, %error, "HTTP service stopped; the validator continues without it");
            }
            let _ = ended.send(());
        };
        std::thread::Builder::new().name(service.to_owned()).spawn(serving).map_err(no_thread)?;
        actix_rt::spawn(async {
            loop {
                tokio::time::sleep(client_noise::LOOK).await;
                client_noise::report();
            }
        });
        tracing::info!(service, address = %format_args!("http://{address}"), "listening");
        if !address.ip().is_loopback() {
            tracing::warn!(service, "anyone who can reach this address can use the service: it has no authentication");
        }
        Ok(Self { stop, stopped, service, address })
    }

    /// Waits some seconds for requests under way, then stops.
    pub async fn stop(self) {
        // If the receiver is gone, the server has stopped already.
        let _ = self.stop.send(true);
        if tokio::time::timeout(STOP_DEADLINE, self.stopped).await.is_err() {
            tracing::warn!(service = self.service, "requests did not finish in time and are aborted");
        }
    }
}

/// Binds the port, for another runtime to serve it.
fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Connections have this from their listener.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves until it receives the stop signal.
async fn serve_all(
    listener: std::net::TcpListener,
    front: Data<Front>,
    routes: impl Fn(&mut ServiceConfig),
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let app = App::new()
        .app_data(front)
        .wrap(from_fn(guard))
        .wrap(DefaultHeaders::new().add(("X-Content-Type-Options", "nosniff")).add(("Cache-Control", "no-store")))
        .configure(routes)
        .configure(configure);
    let app = app.into_factory().new_service(AppConfig::default()).await;
    let service = Rc::new(app.map_err(|()| io::Error::other("its routes cannot be set up"))?);
    let listener = TcpListener::from_std(listener)?;
    let places = Places::new(share_of_a_service());
    let mut has_failed = false;
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    has_failed = false;
                    let place = places.take(peer.ip()).await;
                    let (routes, mut stopping) = (Routes { service: Rc::clone(&service), peer }, stopping.clone());
                    spawn_local(async move { serve(stream, place, &routes, stopping.wait_for(|stops| *stops)).await });
                }
                // The client was gone before it was accepted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if !std::mem::replace(&mut has_failed, true) {
                        tracing::warn!(%error, "cannot accept connections; will retry");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    let mut told = stopping.clone();
    tokio::select! {
        () = accepting => {}
        // An error means that the sender is gone.
        _ = told.wait_for(|stops| *stops) => {}
    }
    drop(listener);
    let _ = tokio::time::timeout(SHUTDOWN_DEADLINE, places.emptied()).await;
    Ok(())
}
