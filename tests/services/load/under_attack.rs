//! Weights depend on nothing that only watches: a validator with stormed services sends the same weights in the same windows
//! as its twin that nobody disturbs.

use crate::support::tensorflix;
use crate::world::{PATIENCE, Service, World};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// File descriptors of the attacked validator.
const FILES: usize = 1_024;
/// Connections of the storm: more than that.
const CONNECTIONS: usize = 1_100;
/// Windows, with a cycle in each.
const WINDOWS: u32 = 3;
const WINDOW_BLOCKS: u32 = 360;
/// The same in hours.
const WINDOW_HOURS: f64 = 1.2;

/// What clients of the storm begin and never end.
const BEGINNINGS: [&[u8]; 4] = [
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"",
    // These never read.
    b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
];

/// Many connections to some servers, each opened again whenever it ends.
struct Storm {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Storm {
    /// Begins; comes back once all of it was there at one time.
    fn begin(servers: Vec<SocketAddr>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut streams: Vec<Option<TcpStream>> = (0..CONNECTIONS).map(|number| attack(&servers, number)).collect();
        let ends = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                for (number, stream) in streams.iter_mut().enumerate() {
                    if stream.as_mut().is_none_or(|stream| !goes_on(stream, number)) {
                        *stream = attack(&servers, number);
                    }
                }
            }
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A connection of the storm, if the server's queue takes it.
fn attack(servers: &[SocketAddr], number: usize) -> Option<TcpStream> {
    const CONNECT: Duration = Duration::from_millis(50);
    let mut stream = TcpStream::connect_timeout(&servers[number % servers.len()], CONNECT).ok()?;
    stream.set_nonblocking(true).ok()?;
    stream.write_all(BEGINNINGS[number % BEGINNINGS.len()]).ok()?;
    Some(stream)
}

/// Whether the connection is still there; those that ask go on asking.
fn goes_on(stream: &mut TcpStream, number: usize) -> bool {
    let is_there = |outcome: std::io::Result<usize>| match outcome {
        Ok(length) => length > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    };
    match number % BEGINNINGS.len() {
        3 => is_there(stream.write(&BEGINNINGS[3].repeat(64))),
        _ => is_there(stream.read(&mut [0; 256])),
    }
}

/// What a validator sent and decided: the number of submissions in each window, and each raw score.
#[derive(Debug, PartialEq)]
struct Outcome {
    submissions: BTreeMap<u32, usize>,
    scores: BTreeMap<(u32, u16, String, String), Option<u64>>,
}

/// A command of the binary that may have only [`FILES`] open.
fn with_few_files(world: &World, command: &str) -> Command {
    let command = tensorflix(world.folder.path(), &[command, "--config", "w.toml"]);
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", &format!("ulimit -n {FILES} && exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args()).current_dir(world.folder.path()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

/// Runs a validator for some windows.
async fn outcome(is_attacked: bool) -> Outcome {
    let world = World::start(|config| config.validator.update_interval_hours = WINDOW_HOURS).await;
    let run = Service::start(with_few_files(&world, "run"), 2).await;
    let servers: Vec<SocketAddr> =
        run.urls.iter().map(|url| url.trim_start_matches("http://").parse().expect("an address")).collect();
    let storm = is_attacked.then(|| Storm::begin(servers));
    let submissions = || {
        let mut counts = BTreeMap::new();
        for record in world.sandbox.node().submissions() {
            assert!(record.outcome.is_ok(), "{record:?}");
            *counts.entry(record.block / WINDOW_BLOCKS).or_default() += 1;
        }
        counts
    };
    for _ in 0..WINDOWS {
        let (window, begun) = (world.sandbox.block() / WINDOW_BLOCKS, Instant::now());
        while !submissions().contains_key(&window) {
            assert!(begun.elapsed() < PATIENCE, "nothing is sent in window {window}:\n{}", run.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        world.sandbox.advance_to((window + 1) * WINDOW_BLOCKS);
    }
    let health = run.client.get(format!("{}/health", run.urls[1])).timeout(PATIENCE).send().await;
    assert!([200, 429, 503].contains(&health.expect("an answer").status().as_u16()), "it answers under attack");
    drop(storm);
    let log = run.log();
    assert!(!log.contains("Too many open files") && !log.contains("panicked"), "{log}");
    drop(run);
    let store = Store::open(&format!("sqlite://{}", world.folder.path().join("validator.db").display())).await;
    let store = store.expect("a store");
    let mut scores = BTreeMap::new();
    for cycle in store.decided_cycles().await.expect("readable").into_iter().take(WINDOWS as usize) {
        let decided = store.decided_cycle(cycle).await.expect("readable").expect("a cycle");
        for judged in decided.submissions {
            let pair = (cycle, judged.uid, judged.task_id, judged.content_id);
            scores.insert(pair, judged.score.map(f64::to_bits));
        }
    }
    // The last window was begun only to see the result of the one before.
    let submissions = submissions().into_iter().take(WINDOWS as usize).collect();
    Outcome { submissions, scores }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_whose_services_are_stormed_sends_what_its_undisturbed_twin_sends() {
    tensorflix::adapters::file_limit::raise();
    let attacked = outcome(true).await;
    assert_eq!(attacked.submissions.len(), WINDOWS as usize);
    assert!(attacked.submissions.values().all(|count| *count == 1), "{:?}", attacked.submissions);
    assert!(attacked.scores.values().filter(|score| score.is_some()).count() > 10, "somebody earned something");
    assert_eq!(attacked, outcome(false).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_a_platform_leave_connections_for_quick_answers() {
    const ASKED: usize = 400;
    /// More than have a connection each.
    const REFUSED: usize = 300;
    let world = World::start(|_| {}).await;
    world.sandbox.faults().youtube.inject(FaultRule::new(Fault::Hang));
    let tracker = Service::start(with_few_files(&world, "platform-tracker"), 1).await;
    let server = tracker.urls[0].trim_start_matches("http://").to_owned();
    let ask = |number| {
        let server = server.clone();
        async move {
            let mut stream = tokio::net::TcpStream::connect(server).await.ok()?;
            let head =
                format!("GET /youtube/video/video{number:06} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            Some(answer.to_ascii_lowercase())
        }
    };
    let mut asked: FuturesUnordered<_> = (0..ASKED).map(ask).collect();
    let mut refused = 0;
    while refused < REFUSED {
        let answer = tokio::time::timeout(PATIENCE, asked.next()).await.expect("in time").expect("enough are refused");
        if let Some(answer) = answer {
            assert!(answer.starts_with("http/1.1 503") && answer.contains("retry-after: 2\r\n"), "{answer}");
            refused += 1;
        }
    }
    assert_eq!(tracker.get("/health").await.status, 200);
}
