//! One HTTP server: its address, its bounds, its start and its end.
//!
//! It runs on a thread of its own with one worker: what a client does there never holds up the actors. A port that
//! cannot be had is known before anything is served.

use super::front::{Front, configure, guard};
use crate::telemetry::client_noise;
use actix_web::dev::ServerHandle;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// Connections that are open at one time; further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 2_048;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 2_048;
/// Time for the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// Time that a connection may be idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Time for a client to close its side.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// Time for requests under way when the server stops.
const SHUTDOWN_SECS: u64 = 3;
/// Time after which nobody waits any longer for a server to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(4);

/// A service that cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else has the port.
    #[error(
        "{address} is in use: another program, or another validator, listens there. Set http.{service} to another \
         address, or to \"\" to switch the service off"
    )]
    InUse {
        /// The service, as in the configuration.
        service: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on ({error}): set http.{service} to an address of this machine")]
    Unusable {
        /// The service, as in the configuration.
        service: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// A running server. It ends with [`stop`](Self::stop), or at once when the process does.
#[derive(Debug)]
pub struct Server {
    handle: ServerHandle,
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
        let service = front.service;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(front.clone())
                .wrap(from_fn(guard))
                .wrap(
                    DefaultHeaders::new().add(("X-Content-Type-Options", "nosniff")).add(("Cache-Control", "no-store")),
                )
                .configure(&routes)
                .configure(configure)
        });
        let server = server
            .workers(1)
            .disable_signals()
            .backlog(BACKLOG)
            .max_connections(MAX_CONNECTIONS)
            .client_request_timeout(HEAD_DEADLINE)
            .client_disconnect_timeout(CLOSE_DEADLINE)
            .keep_alive(KEEP_ALIVE)
            .shutdown_timeout(SHUTDOWN_SECS)
            .bind(address)
            .map_err(|error| match error.kind() {
                ErrorKind::AddrInUse => ServeError::InUse { service, address },
                _ => ServeError::Unusable { service, address, error },
            })?;
        // Port 0 asked the system for a free one.
        let address = server.addrs().first().copied().unwrap_or(address);
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(service, %error, "a service ended; the validator goes on without it");
            }
        });
        actix_rt::spawn(async {
            loop {
                tokio::time::sleep(client_noise::LOOK).await;
                client_noise::report();
            }
        });
        tracing::info!(service, address = %format_args!("http://{address}"), "listening");
        if !address.ip().is_loopback() {
            tracing::warn!(service, "whoever can reach this address can use the service: there is no authentication");
        }
        Ok(Self { handle, service, address })
    }

    /// Lets requests under way end, for some seconds, and stops.
    pub async fn stop(self) {
        if tokio::time::timeout(STOP_DEADLINE, self.handle.stop(true)).await.is_err() {
            tracing::warn!(service = self.service, "requests did not end in time; they are broken off");
        }
    }
}
