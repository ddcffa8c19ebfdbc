//! What only watches stops no weight: a console that reads nothing, and a server with handlers that crash.
//!
//! It is alone in its test binary: it sets the log and the panic hook of the whole process.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot run must fail")]

use actix_web::web;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tensorflix::api::front::Front;
use tensorflix::api::guard::clients::Clients;
use tensorflix::api::server::Server;
use tensorflix::api::service::Service;
use tensorflix::api::watch::vitals::{Dating, Vitals};
use tensorflix::config::LogSettings;
use tensorflix::console::reporter::{Event, Reporter, recipient};
use tensorflix::telemetry::{self, ConsoleMode};
use tensorflix_actors::scorer::ScoresDecided;
use tensorflix_store::Store;
use tensorflix_testkit::time::{TestClock, pass, simulate};
use tensorflix_testkit::validator::{BEGIN, Validator};
use tokio::sync::oneshot;
use utoipa::openapi::OpenApi;

/// More than the console's channel holds.
const UNREAD_EVENTS: u32 = 1_000;

const WINDOWS: u32 = 5;
const WINDOW_BLOCKS: u32 = 360;

#[test]
fn pitfall_16_a_console_that_never_reads_stops_no_weight() {
    simulate(async {
        let (reporter, mut events) = Reporter::start_new();
        for cycle in 0..UNREAD_EVENTS {
            reporter.send(ScoresDecided { cycle }).await.expect("the reporter lives, and takes what it cannot pass on");
        }
        let mut validator = Validator::new();
        validator.listeners = vec![recipient(&reporter)];
        send_windows(&validator, || {}).await;
        let waiting = std::iter::from_fn(|| events.try_recv().ok()).collect::<Vec<_>>();
        assert!(waiting.len() < UNREAD_EVENTS as usize, "the channel is bounded: {}", waiting.len());
        let all_decided = waiting.iter().all(|event| matches!(event, Event::Decided(_)));
        assert!(all_decided, "there was no room for what was confirmed");
    });
}

#[test]
fn pitfall_16_handlers_that_crash_stop_no_weight_and_no_other_handler() {
    let folder = tempfile::tempdir().expect("a folder");
    let (served, stop) = serve(format!("sqlite://{}", folder.path().join("validator.db").display()));
    simulate(async move {
        send_windows(&Validator::new(), || {
            for _ in 0..20 {
                assert_eq!(get(served, "/crashes"), "", "the connection ends without an answer");
            }
            let metrics = get(served, "/metrics");
            assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("tensorflix_uptime"), "{metrics}");
        })
        .await;
    });
    drop(stop);
}

#[test]
fn a_panic_is_one_line_of_the_log_whatever_its_text_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("v.log");
    let settings = LogSettings { file: Some(file.clone()), ..LogSettings::default() };
    let _telemetry = telemetry::init(&settings, ConsoleMode::Warnings).expect("logging");
    let text = "\u{1b}[2J\n2026-01-01T00:00:00Z  INFO tensorflix: weights sent ".repeat(1_000);
    let reader = std::thread::Builder::new().name("reader".to_owned()).spawn(move || panic!("{text}"));
    reader.expect("a thread").join().expect_err("it panicked");
    let begun = Instant::now();
    let log = loop {
        let log = std::fs::read_to_string(&file).unwrap_or_default();
        if log.contains("reader") {
            break log;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "not logged: {log}");
        std::thread::sleep(Duration::from_millis(5));
    };
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("weights sent")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(
        lines[0].contains("ERROR") && lines[0].contains("onlookers.rs") && lines[0].contains("(cut: "),
        "{lines:?}"
    );
    assert!(lines[0].len() < 3_000 && !lines[0].contains('\u{1b}'), "{lines:?}");
}

/// A service with a handler that crashes, on a thread and in a time of its own; it lives as long as the sender.
fn serve(store: String) -> (SocketAddr, oneshot::Sender<()>) {
    let (started, address) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let store = Store::open(&store).await.expect("a store");
            let clock = Arc::new(TestClock::new());
            let vitals = Vitals::start(store, clock, Dating::Chain, Vec::new(), Vec::new(), 25).await;
            let front = Front::new(Service::ChainSyncer, Clients::new(1e6, 1_000), vitals, &OpenApi::default());
            let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
            let routes = |config: &mut web::ServiceConfig| {
                config.route("/crashes", web::get().to(crashes));
            };
            let server = Server::start(any_port, front, routes).expect("listens");
            started.send(server.address).expect("the test waits");
            stopped.await.expect_err("nothing is ever sent");
            server.stop().await;
        });
    });
    (address.recv().expect("started"), stop)
}

async fn crashes() -> &'static str {
    panic!("made to panic: a handler")
}

/// Runs a validator for some windows; each gets its submission, whatever happens `between` the heads.
async fn send_windows(validator: &Validator, between: impl Fn()) {
    let running = validator.start();
    for window in 0..WINDOWS {
        for head in [1, 5] {
            between();
            validator.chain.advance_to(BEGIN + window * WINDOW_BLOCKS + head);
            pass(Duration::from_secs(60)).await;
        }
    }
    assert_eq!(validator.chain.records().len(), WINDOWS as usize);
    assert!(running.stats.values().all(|stats| stats.read().restarts == 0), "no actor noticed");
}

/// The whole answer to a request, or nothing if the connection ended without one.
fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(120))).expect("set");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the other side closes");
    answer
}
