//! Clients that ask too much, too slowly or for nonsense hurt nobody else.

use crate::world::{PATIENCE, World};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;
use tensorflix_sandbox::world::{Counts, Platform};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_much_is_told_when_to_come_again() {
    let world = World::start(|config| (config.http.requests_per_second, config.http.burst) = (0.001, 5)).await;
    let tracker = world.tracker().await;
    for _ in 0..5 {
        assert_eq!(tracker.get("/nope").await.status, 404);
    }
    let refused = tracker.get("/health").await;
    assert_eq!(refused.status, 429);
    assert!(!refused.detail().is_empty());
    assert!((800..=1_000).contains(&refused.retry_after.expect("when to come again")), "{refused:?}");
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// What a server says to these bytes, up to its closing of the connection or the first piece.
fn said_to(url: &str, bytes: &[u8]) -> String {
    let mut stream = connect(url);
    // A server that has heard enough may close before all is written.
    let _ = stream.write_all(bytes);
    let mut piece = [0; 1024];
    let length = stream.read(&mut piece).unwrap_or(0);
    String::from_utf8_lossy(&piece[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_clients_hurt_nobody() {
    let world = World::start(|_| {}).await;
    world.add(Platform::YouTube, "AAAAAAAAAAA", Counts { views: Some(1), ..Counts::default() });
    let tracker = world.tracker().await;
    let url = tracker.urls[0].clone();
    // Some begin a request and never end it, some promise a body that never comes, some say nothing at all.
    let slow: Vec<TcpStream> = (0..150)
        .map(|number| {
            let mut stream = connect(&url);
            let beginning: &[u8] = match number % 3 {
                0 => b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
                1 => b"POST /youtube/video/AAAAAAAAAAA HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nx",
                _ => b"",
            };
            stream.write_all(beginning).expect("written");
            stream
        })
        .collect();
    let huge_path = format!("GET /youtube/video/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(60_000));
    let huge_header = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(1 << 20));
    for (bytes, allowed) in [
        (huge_path.as_bytes(), vec!["422"]),
        (huge_header.as_bytes(), vec!["400", "431", ""]),
        (b"\0\x1b[2J\r\n\r\n", vec!["400", ""]),
        (b"GET /youtube/video/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", vec!["404"]),
        (b"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: localhost\r\n\r\n", vec!["404"]),
        (
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
            vec!["200", "400", ""],
        ),
    ] {
        let (bytes, address) = (bytes.to_vec(), url.clone());
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let said = tokio::task::spawn_blocking(move || said_to(&address, &bytes)).await.expect("no panic");
        let status = said.split_whitespace().nth(1).unwrap_or_default();
        assert!(allowed.contains(&status), "{shown:?}: {said}");
        assert!(!said.contains('\u{1b}') && !said.contains("passwd"), "{said}");
    }
    let begun = Instant::now();
    assert_eq!(tracker.get("/youtube/video/AAAAAAAAAAA").await.status, 200);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    // The server closes what never becomes a request.
    let gone = tokio::task::spawn_blocking(move || {
        slow.into_iter().step_by(3).all(|mut stream| {
            let mut rest = Vec::new();
            match stream.read_to_end(&mut rest) {
                Ok(_) => true,
                Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        })
    });
    assert!(gone.await.expect("no panic"));
    assert_eq!(tracker.get("/health").await.status, 200);
    assert!(!tracker.log().contains("panicked"), "{}", tracker.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_speak_no_http_are_one_line_in_the_log_with_their_number() {
    const CONNECTIONS: usize = 200;
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    let url = tracker.urls[0].clone();
    let sent = tokio::task::spawn_blocking(move || {
        (0..CONNECTIONS).for_each(|_| _ = said_to(&url, b"\x16\x03\x01 not HTTP at all\r\n\r\n"));
    });
    sent.await.expect("no panic");
    tracker.logged("did not send an HTTP request").await;
    let log = tracker.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("did not send an HTTP request")).collect();
    assert!(told.len() == 1 && told[0].contains("WARN") && told[0].contains("count="), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    assert_eq!(tracker.get("/health").await.status, 200);
}
