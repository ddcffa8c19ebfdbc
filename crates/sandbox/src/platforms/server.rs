//! The platforms over HTTP: one actix-web server each, on a thread that stops with the sandbox.
//!
//! A server takes no decision of its own. It turns a request into an exchange, counts it, asks the platform, and
//! applies the faults that a test injected.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use futures::stream::{self, Stream, StreamExt};
use tokio::sync::oneshot;
use url::form_urlencoded;

use super::counters::{self, Counters, RecordedRequest};
use super::disturbance;
use super::error::PlatformsError;
use super::exchange::{Answer, PlatformApi, Request};
use super::faults::{Fault, FaultHandle};

/// The largest request body that is read.
const MAX_REQUEST_BYTES: usize = 4 << 20;
/// Bytes in each piece of an endless body.
const ENDLESS_PIECE_BYTES: usize = 16 << 10;
/// How often a hanging request checks whether its client is still connected.
const GONE_CHECK: Duration = Duration::from_millis(20);
/// How long a stop waits for connections before it closes them.
const SHUTDOWN_SECS: u64 = 0;

/// A platform with everything that its server needs.
pub(super) struct Hosted {
    platform: Arc<dyn PlatformApi>,
    pub(super) counters: Arc<Counters>,
    pub(super) faults: FaultHandle,
}

impl Hosted {
    pub(super) fn new(platform: impl PlatformApi) -> Self {
        Self { platform: Arc::new(platform), counters: Arc::default(), faults: FaultHandle::default() }
    }
}

/// The running servers of several platforms.
#[derive(Debug)]
pub(super) struct Servers {
    addresses: Vec<SocketAddr>,
    handles: Vec<ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl Servers {
    pub(super) async fn start<const N: usize>(hosted: [Hosted; N]) -> Result<Self, PlatformsError> {
        let mut addresses = Vec::with_capacity(N);
        let mut listening = Vec::with_capacity(N);
        for host in hosted {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            addresses.push(listener.local_addr()?);
            listening.push((listener, host));
        }
        let (ready, started) = oneshot::channel();
        // A thread of its own: actix-web needs its own System, whatever runtime the caller lives in.
        let thread = std::thread::Builder::new()
            .name("sandbox-platforms".to_owned())
            .spawn(move || rt::System::new().block_on(serve_all(listening, ready)))?;
        let handles = started.await.map_err(|_| PlatformsError::Ended)??;
        Ok(Self { addresses, handles, thread: Some(thread) })
    }

    pub(super) fn url(&self, index: usize) -> String {
        format!("http://{}", self.addresses[index])
    }

    pub(super) async fn stop(mut self) {
        for handle in &self.handles {
            handle.stop(false).await;
        }
        if let Some(thread) = self.thread.take() {
            // Joining blocks, and the servers may take a moment to finish.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Servers {
    /// Asks the servers to stop; use `stop` to wait until they have stopped.
    fn drop(&mut self) {
        for handle in &self.handles {
            drop(handle.stop(false));
        }
    }
}

type Ready = oneshot::Sender<io::Result<Vec<ServerHandle>>>;

async fn serve_all(listening: Vec<(TcpListener, Hosted)>, ready: Ready) {
    let servers: io::Result<Vec<_>> = listening.into_iter().map(|(listener, host)| server(listener, host)).collect();
    match servers {
        Err(error) => drop(ready.send(Err(error))),
        Ok(servers) => {
            let handles = servers.iter().map(|server| server.handle()).collect();
            // Spawned before the start is announced, so that a stop finds every server polled.
            let running = futures::future::join_all(servers.into_iter().map(rt::spawn));
            if ready.send(Ok(handles)).is_ok() {
                running.await;
            }
        }
    }
}

fn server(listener: TcpListener, host: Hosted) -> io::Result<actix_web::dev::Server> {
    let host = Data::new(host);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(host.clone())
            .app_data(PayloadConfig::new(MAX_REQUEST_BYTES))
            .default_service(web::to(exchange))
    });
    Ok(server
        .workers(1)
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECS)
        .on_connect(|connection, extensions| {
            if let Some(stream) = connection.downcast_ref::<TcpStream>() {
                extensions.insert(Connection::of(stream));
            }
        })
        .listen(listener)?
        .run())
}

/// A second handle on a client's connection, so that a fault can make its end a reset.
struct Connection {
    stream: Option<std::net::TcpStream>,
}

impl Connection {
    fn of(stream: &TcpStream) -> Self {
        use std::os::fd::AsFd;
        Self { stream: stream.as_fd().try_clone_to_owned().ok().map(std::net::TcpStream::from) }
    }

    /// Whether the client has closed its side.
    fn is_gone(&self) -> bool {
        match self.stream.as_ref().map(|stream| stream.peek(&mut [0])) {
            // Bytes that a client sends after its request are ignored; a client that is gone sends no more.
            Some(Ok(bytes)) => bytes == 0,
            Some(Err(error)) => error.kind() != io::ErrorKind::WouldBlock,
            None => true,
        }
    }

    /// From now on closing this connection sends a reset, and it is closed.
    fn reset(&self) {
        let Some(stream) = self.stream.as_ref().and_then(|stream| stream.try_clone().ok()) else { return };
        if let Ok(stream) = TcpStream::from_std(stream) {
            let _ = stream.set_zero_linger();
        }
    }
}

/// Counts a request out again when it is answered or its client has gone.
struct InFlight(Arc<Counters>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.left();
    }
}

async fn exchange(http: HttpRequest, body: Bytes, host: Data<Hosted>) -> HttpResponse {
    let mut request = read(&http, body);
    let route = host.platform.route(&request);
    let ids = host.platform.ids(&request);
    let recorded = RecordedRequest {
        method: request.method.clone(),
        target: counters::redacted(&request.path, &request.query),
        route,
        block: host.platform.block(),
        authorized: request.header("authorization").is_some(),
    };
    let faults = host.faults.striking(route, &ids);
    request.in_flight = host.counters.received(recorded, ids);
    let in_flight = InFlight(host.counters.clone());
    let mut last = None;
    for fault in faults {
        host.counters.disturbed();
        match fault {
            Fault::Latency(pause) => rt::time::sleep(pause).await,
            Fault::Hang => {
                until_gone(&http).await;
                last = Some(Fault::Reset);
                break;
            }
            fault => last = Some(fault),
        }
    }
    let answer = match &last {
        // Nobody is charged for a request that the platform never saw.
        Some(
            Fault::Status { .. }
            | Fault::Refusal { .. }
            | Fault::QuotaExceeded
            | Fault::Html
            | Fault::Body(_)
            | Fault::Redirect(_)
            | Fault::Reset,
        ) => Answer::empty(200),
        _ => host.platform.answer(&request, &host.counters),
    };
    let answer = match &last {
        Some(fault) => disturbance::spoilt(host.platform.as_ref(), fault, answer),
        None => answer,
    };
    sent(&http, &host, in_flight, &request, answer, last)
}

/// Waits for the client to disconnect. actix-web itself does not report it: it finishes an answer that nobody reads.
async fn until_gone(http: &HttpRequest) {
    while http.conn_data::<Connection>().is_some_and(|connection| !connection.is_gone()) {
        rt::time::sleep(GONE_CHECK).await;
    }
}

fn read(http: &HttpRequest, body: Bytes) -> Request {
    let headers = http
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    Request {
        method: http.method().to_string(),
        path: http.path().to_owned(),
        query: form_urlencoded::parse(http.query_string().as_bytes()).into_owned().collect(),
        headers: headers.collect(),
        body,
        origin: format!("http://{}", http.app_config().local_addr()),
        in_flight: 0,
    }
}

/// Sends an answer, in the way that a fault of the connection demands.
fn sent(
    http: &HttpRequest,
    host: &Hosted,
    in_flight: InFlight,
    request: &Request,
    answer: Answer,
    fault: Option<Fault>,
) -> HttpResponse {
    if fault == Some(Fault::Reset) {
        if let Some(connection) = http.conn_data::<Connection>() {
            connection.reset();
        }
        return HttpResponse::Ok()
            .body(actix_web::body::BodyStream::new(stream::once(async { Err::<Bytes, _>(broken()) })));
    }
    host.counters.answered(answer.status, answer.body.len());
    let answer = match fault {
        // What never ends is sent as it is made.
        Some(Fault::EndlessBody) => answer,
        _ => host.platform.encoded(request, answer),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in &answer.headers {
        response.insert_header((*name, value.as_str()));
    }
    match fault {
        Some(Fault::SlowDrip { piece_bytes, pause }) => {
            response.streaming(dripping(answer.body, piece_bytes.max(1), pause, in_flight))
        }
        Some(Fault::EndlessBody) => response.streaming(endless(in_flight)),
        Some(Fault::CutBody) => response.streaming(cut(answer.body)),
        _ => response.body(BoxBody::new(answer.body)),
    }
}

/// Half of a body, then the end of the connection.
fn cut(body: Bytes) -> impl Stream<Item = Result<Bytes, io::Error>> {
    let half = body.slice(..body.len() / 2);
    let end = stream::once(async {
        // Lets what was sent reach the client before the connection goes.
        tokio::task::yield_now().await;
        Err(broken())
    });
    stream::once(async { Ok(half) }).chain(end)
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

fn dripping(
    body: Bytes,
    piece_bytes: usize,
    pause: Duration,
    in_flight: InFlight,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((body, in_flight), move |(mut body, in_flight)| async move {
        if body.is_empty() {
            return None;
        }
        rt::time::sleep(pause).await;
        let piece = body.split_to(piece_bytes.min(body.len()));
        Some((Ok(piece), (body, in_flight)))
    })
}

/// Spaces before any JSON, for ever; they cost the reader memory and never end.
fn endless(in_flight: InFlight) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let piece = Bytes::from(vec![b' '; ENDLESS_PIECE_BYTES]);
    stream::unfold((piece, in_flight), |(piece, in_flight)| async move {
        // Lets the worker's other connections have their turn, however fast this client reads.
        tokio::task::yield_now().await;
        Some((Ok(piece.clone()), (piece, in_flight)))
    })
}
