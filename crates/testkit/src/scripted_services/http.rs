//! The Http port by script: answers by method, path and query, faults on demand, and a record of every request.
//!
//! It keeps the port's contract: deadlines and the limit on body size apply here too. A request without a script gets
//! a 404, as on any server.

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tensorflix_actors::ports::{Credential, Http, HttpError, HttpRequest, HttpResponse, Method};
use tokio::time::Instant;

/// A secret that no record may show outside of a credential.
pub const SECRET: &str = "s3cr3t-k3y";

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its method.
    pub method: Method,
    /// The host.
    pub host: String,
    /// The path of its URL.
    pub path: String,
    /// Its query, decoded, without credentials.
    pub query: BTreeMap<String, String>,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// The text of a bearer credential.
    pub bearer: Option<String>,
    /// Name and text of a credential in the query.
    pub query_credential: Option<(String, String)>,
    /// The JSON that it carries.
    pub body: Option<Value>,
    /// Most bytes of an answer that it takes.
    pub max_body_bytes: usize,
    /// When it was sent, in the test's time.
    pub asked_at: Instant,
}

/// The fate of a request.
#[derive(Clone, Debug)]
pub struct Reply {
    exchange: Exchange,
    delay: Duration,
}

#[derive(Clone, Debug)]
enum Exchange {
    Answer(HttpResponse),
    Fail(HttpError),
    Hang,
    Stall,
    Panic,
}

impl Reply {
    /// A status with a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let answer = HttpResponse { status, headers: BTreeMap::new(), body: body.into() };
        Self { exchange: Exchange::Answer(answer), delay: Duration::ZERO }
    }

    /// 200 with JSON.
    pub fn json(body: &Value) -> Self {
        Self::new(200, body.to_string())
    }

    /// No answer, for this reason.
    pub fn fail(error: HttpError) -> Self {
        Self { exchange: Exchange::Fail(error), delay: Duration::ZERO }
    }

    /// Silence until the request's deadline, which the port keeps.
    pub fn hang() -> Self {
        Self { exchange: Exchange::Hang, delay: Duration::ZERO }
    }

    /// Silence for ever: a port that breaks its contract.
    pub fn stall() -> Self {
        Self { exchange: Exchange::Stall, delay: Duration::ZERO }
    }

    /// A panic within the port.
    pub fn panic() -> Self {
        Self { exchange: Exchange::Panic, delay: Duration::ZERO }
    }

    /// With a header, its name in lower case.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Exchange::Answer(answer) = &mut self.exchange {
            answer.headers.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// After a while.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

type Respond = Box<dyn FnMut(&Recorded) -> Reply + Send>;

struct Route {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    respond: Respond,
}

impl Route {
    fn matches(&self, request: &Recorded) -> bool {
        self.method == request.method
            && (self.path == request.path || self.path == "*")
            && self.query.iter().all(|(name, value)| request.query.get(name) == Some(value))
    }
}

/// The script and the record.
#[derive(Default)]
pub struct ScriptedHttp {
    routes: Mutex<Vec<Route>>,
    spoilt: Mutex<Vec<Spoilt>>,
    requests: Mutex<Vec<Recorded>>,
    traffic: Mutex<Traffic>,
}

/// Answers that replace those of a route for a while.
struct Spoilt {
    path: String,
    left: usize,
    reply: Reply,
}

/// Requests in flight.
#[derive(Default)]
struct Traffic {
    now: usize,
    peak: usize,
}

/// Counts a request as in flight until it is dropped, also when its caller gives up.
struct UnderWay<'a>(&'a Mutex<Traffic>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().expect("no panic while locked").now -= 1;
    }
}

impl ScriptedHttp {
    /// Answers requests of a method for `path`, or `path?name=value&…` with these parameters among others; `*` is any
    /// path. A route that is added later goes before those added earlier.
    pub fn on(&self, method: Method, address: &str, respond: impl FnMut(&Recorded) -> Reply + Send + 'static) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let route = Route { method, path: path.to_owned(), query, respond: Box::new(respond) };
        self.routes.lock().expect("no panic while locked").push(route);
    }

    /// Answers GETs one after the other with these replies, and from then on with the last.
    pub fn get(&self, address: &str, replies: impl IntoIterator<Item = Reply>) {
        self.on(Method::Get, address, in_turn(replies));
    }

    /// The same for POSTs.
    pub fn post(&self, address: &str, replies: impl IntoIterator<Item = Reply>) {
        self.on(Method::Post, address, in_turn(replies));
    }

    /// Answers the next `count` requests for a path with this reply, and then as before.
    pub fn spoil_next(&self, path: &str, count: usize, reply: Reply) {
        let spoilt = Spoilt { path: path.to_owned(), left: count, reply };
        self.spoilt.lock().expect("no panic while locked").push(spoilt);
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().expect("no panic while locked").clone()
    }

    /// The requests for a path.
    pub fn requests_for(&self, path: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// Most requests that were in flight at one time.
    pub fn peak_in_flight(&self) -> usize {
        self.traffic.lock().expect("no panic while locked").peak
    }

    fn begin(&self) -> UnderWay<'_> {
        let mut traffic = self.traffic.lock().expect("no panic while locked");
        traffic.now += 1;
        traffic.peak = traffic.peak.max(traffic.now);
        UnderWay(&self.traffic)
    }

    fn reply(&self, request: &Recorded) -> Reply {
        let mut spoilt = self.spoilt.lock().expect("no panic while locked");
        if let Some(spoilt) = spoilt.iter_mut().find(|spoilt| spoilt.left > 0 && spoilt.path == request.path) {
            spoilt.left -= 1;
            return spoilt.reply.clone();
        }
        let mut routes = self.routes.lock().expect("no panic while locked");
        match routes.iter_mut().rev().find(|route| route.matches(request)) {
            Some(route) => (route.respond)(request),
            None => Reply::new(404, "nobody scripted this"),
        }
    }
}

fn in_turn(replies: impl IntoIterator<Item = Reply>) -> impl FnMut(&Recorded) -> Reply + Send + 'static {
    let mut replies: std::collections::VecDeque<Reply> = replies.into_iter().collect();
    move |_| if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }.expect("a reply")
}

/// Records a request. Whatever of it may be logged or shown must hold no secret.
fn record(request: &HttpRequest) -> Recorded {
    let shown = format!("{} {:?} {:?}", request.url, request.headers, request.body);
    assert!(!shown.contains(SECRET), "a secret travels only as a credential: {shown}");
    let (bearer, query_credential) = match &request.credential {
        Some(Credential::Bearer(secret)) => (Some(secret.expose_secret().to_owned()), None),
        Some(Credential::Query(name, secret)) => (None, Some(((*name).to_owned(), secret.expose_secret().to_owned()))),
        Some(Credential::Queries(secrets)) => {
            let (name, secret) = secrets.last().expect("a secret");
            (None, Some(((*name).to_owned(), secret.expose_secret().to_owned())))
        }
        None => (None, None),
    };
    Recorded {
        method: request.method,
        host: request.url.host_str().unwrap_or_default().to_owned(),
        path: request.url.path().to_owned(),
        query: request.url.query_pairs().into_owned().collect(),
        headers: request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        bearer,
        query_credential,
        body: request.body.as_deref().map(|body| serde_json::from_str(body).expect("a JSON body")),
        max_body_bytes: request.max_body_bytes,
        asked_at: Instant::now(),
    }
}

#[async_trait]
impl Http for ScriptedHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let recorded = record(&request);
        self.requests.lock().expect("no panic while locked").push(recorded.clone());
        let _under_way = self.begin();
        let Reply { exchange, delay } = self.reply(&recorded);
        let silence = if matches!(exchange, Exchange::Hang) { request.deadline } else { delay };
        if !silence.is_zero() {
            tokio::time::sleep(silence.min(request.deadline)).await;
        }
        match exchange {
            _ if silence >= request.deadline => Err(HttpError::TimedOut(request.deadline)),
            Exchange::Answer(answer) if answer.body.len() > request.max_body_bytes => {
                Err(HttpError::TooLarge(request.max_body_bytes))
            }
            Exchange::Answer(answer) => Ok(answer),
            Exchange::Fail(error) => Err(error),
            Exchange::Panic => panic!("the port was made to panic"),
            Exchange::Hang | Exchange::Stall => std::future::pending().await,
        }
    }
}
