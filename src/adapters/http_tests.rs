//! The client against a small server of raw sockets on loopback, which misbehaves in every way a real one could.

use flate2::{Compression, write::GzEncoder};
use secrecy::SecretString;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;

const KEY: &str = "AIzaSecretSecretSecretSecretSecret12345";
/// Far more than loopback needs; only the tests of deadlines use a shorter one.
const AMPLE: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(200);
const LIMIT: usize = 10_000;

/// What the server does with a connection.
#[derive(Clone)]
enum Conduct {
    /// Sends these bytes, then closes.
    Send(Vec<u8>),
    /// The first request gets the first answer, and so on.
    InTurn(Vec<Vec<u8>>),
    /// Sends these bytes, then repeats this piece for as long as the client reads.
    Forever { start: &'static [u8], piece: Vec<u8> },
    /// Sends these bytes, then one byte each 10 ms.
    Drip(&'static [u8]),
    /// Reads and never answers.
    Hang,
    /// Reads the request, then closes without a byte.
    Close,
}

/// A server and the requests that it has read.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, requests: Arc::default() };
        let requests = Arc::clone(&server.requests);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, conduct.clone(), Arc::clone(&requests)));
            }
        });
        server
    }

    fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().expect("a URL")
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("the requests").clone()
    }
}

async fn answer(mut socket: TcpStream, conduct: Conduct, requests: Arc<Mutex<Vec<String>>>) {
    let request = read_request(&mut socket).await;
    let turn = {
        let mut requests = requests.lock().expect("the requests");
        requests.push(request);
        requests.len() - 1
    };
    // A client that has seen enough closes the connection, which ends the sending.
    match conduct {
        Conduct::Send(bytes) => drop(socket.write_all(&bytes).await),
        Conduct::InTurn(answers) => drop(socket.write_all(&answers[turn.min(answers.len() - 1)]).await),
        Conduct::Forever { start, piece } => {
            let mut next: &[u8] = start;
            while socket.write_all(next).await.is_ok() {
                next = &piece;
            }
        }
        Conduct::Drip(start) => {
            let _ = socket.write_all(start).await;
            while socket.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Conduct::Hang => std::future::pending().await,
        Conduct::Close => {}
    }
}

/// Reads a head and as much of a body as the head promises.
async fn read_request(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= promised.unwrap_or(0) {
                return text;
            }
        }
        let mut piece = [0; 1024];
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn response(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("written");
    encoder.finish().expect("compressed")
}

fn with_key(url: Url, deadline: Duration) -> HttpRequest {
    let credential = Some(Credential::Query("key", SecretString::from(KEY)));
    HttpRequest { credential, ..HttpRequest::get(url, deadline, LIMIT) }
}

async fn send(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    HttpClient::new().expect("a client").send(request).await
}

#[tokio::test]
async fn an_answer_has_its_status_headers_and_body_whatever_the_status() {
    for (head, status) in [("200 OK", 200), ("404 Not Found", 404), ("503 Busy", 503)] {
        let head = format!("{head}\r\nX-Twice: one\r\nX-Twice: two\r\nETag: \"e\"");
        let server = Server::start(Conduct::Send(response(&head, b"body"))).await;
        let answer = send(HttpRequest::get(server.url("/a?b=c"), AMPLE, 4)).await.expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (status, b"body".as_slice()));
        assert_eq!(answer.headers.get("x-twice").map(String::as_str), Some("one"));
        assert_eq!(answer.headers.get("etag").map(String::as_str), Some("\"e\""));
    }
}

#[tokio::test]
async fn a_request_carries_agent_headers_body_and_credential() {
    let server = Server::start(Conduct::Send(response("200 OK", b""))).await;
    let request = HttpRequest {
        method: Method::Post,
        credential: Some(Credential::Bearer(SecretString::from(KEY))),
        headers: vec![("if-none-match", "\"e\"".to_owned())],
        body: Some("{\"a\":1}".to_owned()),
        ..HttpRequest::get(server.url("/p"), AMPLE, LIMIT)
    };
    send(request).await.expect("an answer");
    send(with_key(server.url("/q?id=a,b"), AMPLE)).await.expect("an answer");
    let requests = server.requests();
    for part in [
        "POST /p HTTP/1.1",
        concat!("user-agent: tensorflix/", env!("CARGO_PKG_VERSION"), " (gzip)"),
        "accept-encoding: gzip",
        "content-type: application/json",
        "if-none-match: \"e\"",
        &format!("authorization: Bearer {KEY}"),
        "\r\n\r\n{\"a\":1}",
    ] {
        assert!(requests[0].contains(part), "no {part:?} in {}", requests[0]);
    }
    assert!(requests[1].starts_with(&format!("GET /q?id=a,b&key={KEY} HTTP/1.1")), "{}", requests[1]);
}

#[tokio::test]
async fn compressed_bodies_are_read_and_counted_as_what_they_unpack_to() {
    let bomb = gzipped(&vec![0; 50_000_000]);
    for (body, packed, expected) in [
        (vec![7; LIMIT], gzipped(&vec![7; LIMIT]), None),
        (vec![], gzipped(&vec![7; LIMIT + 1]), Some(HttpError::TooLarge(LIMIT))),
        (vec![], bomb, Some(HttpError::TooLarge(LIMIT))),
    ] {
        let server = Server::start(Conduct::Send(response("200 OK\r\ncontent-encoding: gzip", &packed))).await;
        let answer = send(HttpRequest::get(server.url("/"), AMPLE, LIMIT)).await;
        match expected {
            None => assert_eq!(answer.expect("an answer").body, body),
            Some(error) => assert_eq!(answer, Err(error)),
        }
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_before_it_is_read() {
    for (length, accepted) in [(LIMIT, true), (LIMIT + 1, false)] {
        let server = Server::start(Conduct::Send(response("200 OK", &vec![b'x'; length]))).await;
        let answer = send(HttpRequest::get(server.url("/"), AMPLE, LIMIT)).await;
        assert_eq!(answer.is_ok(), accepted, "{length}: {answer:?}");
    }
    // The promise alone is enough: this server would send for hundreds of years.
    let promise = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n";
    let server = Server::start(Conduct::Drip(promise)).await;
    let answer = send(HttpRequest::get(server.url("/"), AMPLE, LIMIT)).await;
    assert_eq!(answer, Err(HttpError::TooLarge(LIMIT)));
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let start = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut piece = b"400\r\n".to_vec();
    piece.extend_from_slice(&[b'x'; 0x400]);
    piece.extend_from_slice(b"\r\n");
    let server = Server::start(Conduct::Forever { start, piece }).await;
    let answer = send(HttpRequest::get(server.url("/"), AMPLE, LIMIT)).await;
    assert_eq!(answer, Err(HttpError::TooLarge(LIMIT)));
}

#[tokio::test]
async fn one_deadline_covers_headers_and_body() {
    let stalled_head = b"HTTP/1.1 200 OK\r\nx-slow: ".as_slice();
    let stalled_body = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n".as_slice();
    for conduct in [Conduct::Hang, Conduct::Drip(stalled_head), Conduct::Drip(stalled_body)] {
        let server = Server::start(conduct).await;
        let began = std::time::Instant::now();
        let answer = send(with_key(server.url("/"), SHORT)).await;
        assert_eq!(answer, Err(HttpError::TimedOut(SHORT)));
        assert!(began.elapsed() < AMPLE, "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_redirect_to_the_same_host_is_followed_three_times_at_most() {
    let redirect = |number| response(&format!("302 Found\r\nlocation: /{number}"), b"");
    let answers = |redirects| (0..redirects).map(redirect).chain([response("200 OK", b"there")]).collect();
    for (redirects, followed) in [(1, true), (3, true), (4, false)] {
        let server = Server::start(Conduct::InTurn(answers(redirects))).await;
        let answer = send(with_key(server.url("/"), AMPLE)).await;
        match answer {
            Ok(answer) => assert_eq!((followed, answer.body.as_slice()), (true, b"there".as_slice())),
            Err(HttpError::Connection(text)) => assert!(!followed && text.contains("more than 3"), "{text}"),
            Err(other) => panic!("{redirects}: {other}"),
        }
        let requests = server.requests();
        assert_eq!(requests.len(), redirects.min(3) + 1);
        for later in &requests[1..] {
            assert!(!later.contains(KEY), "the key went along: {later}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_port_or_scheme_is_refused() {
    let other = Server::start(Conduct::Send(response("200 OK", b"elsewhere"))).await;
    for location in [
        other.url("/").to_string(),
        format!("http://localhost:{}/", other.address.port()),
        format!("//{}/", other.address),
        "file:///etc/passwd".to_owned(),
    ] {
        let head = format!("302 Found\r\nlocation: {location}");
        let server = Server::start(Conduct::Send(response(&head, b""))).await;
        let request = HttpRequest {
            credential: Some(Credential::Bearer(SecretString::from(KEY))),
            ..HttpRequest::get(server.url("/"), AMPLE, LIMIT)
        };
        assert_eq!(send(request).await, Err(HttpError::Redirected), "{location}");
        let scheme = format!("302 Found\r\nlocation: https://{}/", server.address);
        let server = Server::start(Conduct::Send(response(&scheme, b""))).await;
        assert_eq!(send(with_key(server.url("/"), AMPLE)).await, Err(HttpError::Redirected));
    }
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_not_modified_answer_is_an_answer() {
    let server = Server::start(Conduct::Send(b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_vec())).await;
    assert_eq!(send(with_key(server.url("/"), AMPLE)).await.expect("an answer").status, 304);
}

#[tokio::test]
async fn no_error_names_the_key_or_the_url() {
    let free_port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf".to_vec();
    let not_gzip = response("200 OK\r\ncontent-encoding: gzip", b"not gzip at all");
    let loop_of_redirects = response(&format!("302 Found\r\nlocation: /?key={KEY}"), b"");
    let unusable = response("302 Found\r\nlocation: http://[::bad/", b"");
    let mut urls = vec![Url::parse(&format!("http://{free_port}/secret-path")).expect("a URL")];
    urls.push(Url::parse("http://name.invalid/secret-path").expect("a URL"));
    urls.push(Url::parse("ftp://127.0.0.1/secret-path").expect("a URL"));
    let conducts = [
        Conduct::Close,
        Conduct::Hang,
        Conduct::Send(cut),
        Conduct::Send(not_gzip),
        Conduct::Send(b"this is not HTTP\r\n\r\n".to_vec()),
        Conduct::Send(loop_of_redirects),
    ];
    for conduct in conducts {
        urls.push(Server::start(conduct).await.url("/secret-path"));
    }
    for url in urls {
        let error = send(with_key(url.clone(), SHORT * 5)).await.expect_err("an error");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(KEY) && !text.contains("secret-path"), "{url}: {text}");
        }
    }
    let server = Server::start(Conduct::Send(unusable)).await;
    if let Err(error) = send(with_key(server.url("/"), AMPLE)).await {
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
    let credential = Some(Credential::Bearer(SecretString::from(format!("{KEY}\n"))));
    let request = HttpRequest { credential, ..HttpRequest::get(server.url("/"), AMPLE, LIMIT) };
    assert!(!format!("{request:?}").contains(KEY));
    let error = send(request).await.expect_err("an error");
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
}
