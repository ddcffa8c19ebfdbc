//! Connections that hold what they never use: bodies that never end, answers that nobody reads, storms of connections.

use crate::world::{PATIENCE, World};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use tokio::net::TcpSocket;

/// What a service may hold in memory at most while it is attacked, kB as the kernel counts them.
const MOST_MEMORY_KB: u64 = 100 * 1024;

pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// A connection that takes little of an answer before somebody reads it.
async fn connect_reading_little(url: &str) -> TcpStream {
    const BUFFER_BYTES: u32 = 4 * 1024;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(BUFFER_BYTES).expect("set");
    let address = url.trim_start_matches("http://").parse().expect("an address");
    socket.connect(address).await.expect("a connection").into_std().expect("a socket")
}

/// Everything that a server says until it closes the connection.
pub fn said_until_closed(url: &str, bytes: &[u8]) -> String {
    let mut stream = connect(url);
    // A server that has heard enough may close before all is written.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it is not closed; it said {said:?}"),
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The largest memory that a process ever had, kB.
pub fn peak_memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

/// Writes requests that it never reads the answers of, as many as the connection takes.
fn pipeline(stream: &mut TcpStream, request: &str, most_bytes: usize) {
    stream.set_nonblocking(true).expect("set");
    let requests = request.repeat(64);
    let mut written = 0;
    while written < most_bytes {
        match stream.write(requests.as_bytes()) {
            Ok(length) => written += length,
            Err(error) => {
                assert!(matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
                ));
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_refused_at_once_and_never_waited_for() {
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    const CHUNKED: &str = "Transfer-Encoding: chunked";
    for (line, more, body, status) in [
        ("GET /health HTTP/1.1", CHUNKED, "", "400"),
        ("GET /health HTTP/1.1", CHUNKED, "5\r\nab", "400"),
        ("GET /health HTTP/1.1", "Content-Length: 10", "", "400"),
        ("GET /health HTTP/1.1", "Content-Length: 10\r\nExpect: 100-continue", "", "400"),
        ("HEAD /health HTTP/1.1", CHUNKED, "", "400"),
        ("GET /nothing-here HTTP/1.1", CHUNKED, "", "400"),
        ("GET /health HTTP/1.0", "Content-Length: 10", "", "400"),
        ("POST /health HTTP/1.1", "Content-Length: 1000000000", "x", "405"),
        ("PUT /health HTTP/1.1", "Transfer-Encoding: chunked\r\nExpect: 100-continue", "", "405"),
        ("POST /nothing-here HTTP/1.1", CHUNKED, "", "404"),
    ] {
        let head = format!("{line}\r\nHost: localhost\r\n{more}\r\n\r\n");
        let (url, bytes) = (tracker.urls[0].clone(), format!("{head}{body}"));
        let said = tokio::task::spawn_blocking(move || said_until_closed(&url, bytes.as_bytes()));
        let said = said.await.expect("no panic");
        assert_eq!(said.split_whitespace().nth(1), Some(status), "{head:?}: {said}");
        assert_eq!(said.matches("HTTP/1.").count(), 1, "{head:?}: one answer, and no 100: {said}");
        assert!(said.to_ascii_lowercase().contains("connection: close"), "{head:?}: {said}");
    }
    let (url, empty) = (
        tracker.urls[0].clone(),
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let said = tokio::task::spawn_blocking(move || said_until_closed(&url, empty)).await.expect("no panic");
    assert!(said.starts_with("HTTP/1.1 200"), "an empty body is none: {said}");
}

async fn holds_little_memory_while_nobody_reads(connections: usize, request: &'static str) {
    const MOST_BYTES: usize = 256 * 1024;
    const PROBES: usize = 10;
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    let before = peak_memory_kb(tracker.pid());
    let mut attackers = Vec::new();
    for _ in 0..connections {
        attackers.push(connect_reading_little(&tracker.urls[0]).await);
    }
    let mut served = 0;
    // The answers between show that what was sent has been read.
    for _ in 0..PROBES {
        attackers = tokio::task::spawn_blocking(move || {
            attackers.iter_mut().for_each(|stream| pipeline(stream, request, MOST_BYTES));
            attackers
        })
        .await
        .expect("no panic");
        let answer = tracker.client.get(format!("{}/health", tracker.urls[0])).send().await;
        served += usize::from(answer.is_ok_and(|answer| [200, 429].contains(&answer.status().as_u16())));
    }
    let peak = peak_memory_kb(tracker.pid());
    println!(
        "{connections} connections that never read: {served} of {PROBES} served, peak {} MiB, before {} MiB",
        peak / 1024,
        before / 1024
    );
    assert!(peak <= MOST_MEMORY_KB, "{connections} connections: {peak} kB, before {before} kB");
    assert_eq!(served, PROBES, "{connections} connections");
}

const DOCUMENT: &str = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
const UNKNOWN: &str = "GET /0 HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_and_eighty_connections_that_never_read_cost_little_memory() {
    holds_little_memory_while_nobody_reads(180, DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_hundred_connections_that_never_read_cost_little_memory() {
    holds_little_memory_while_nobody_reads(800, DOCUMENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_nobody_reads_cost_little_memory() {
    holds_little_memory_while_nobody_reads(300, UNKNOWN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_keep_nobody_from_an_answer() {
    const CONNECTIONS: usize = 3_000;
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    let url = tracker.urls[0].clone();
    let attackers = tokio::task::spawn_blocking(move || {
        let attack = |number: usize| {
            let mut stream = connect(&url);
            let beginning: &[u8] = match number % 8 {
                0 => b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
                1 => b"",
                _ => b"GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
            };
            // It may have been closed to make room already.
            let _ = stream.write_all(beginning);
            stream
        };
        (0..CONNECTIONS).map(attack).collect::<Vec<_>>()
    });
    let attackers = attackers.await.expect("no panic");
    let answer = tracker.client.get(format!("{}/health", tracker.urls[0])).timeout(PATIENCE).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    drop(attackers);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_a_row_on_one_connection_are_answered_in_their_order() {
    let world = World::start(|_| {}).await;
    let tracker = world.tracker().await;
    let url = tracker.urls[0].clone();
    let head = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let requests = [head("/health", ""), head("/nope", ""), head("/youtube/video/x", "Connection: close\r\n")].concat();
    let said =
        tokio::task::spawn_blocking(move || said_until_closed(&url, requests.as_bytes())).await.expect("no panic");
    let statuses: Vec<&str> =
        said.split("HTTP/1.1 ").skip(1).map(|answer| answer.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(statuses, ["200", "404", "422"], "{said}");
}
