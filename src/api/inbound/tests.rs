//! Connections over pipes in paused time: nothing here depends on how fast anything is.

use super::bridge::Answerer;
use super::places::{Place, Places};
use super::serve;
use crate::telemetry::client_noise;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::web::Bytes;
use futures::FutureExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use std::cell::Cell;
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::Instant;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// What the pipe takes without anybody reading.
const PIPE_BYTES: usize = 1_024;

/// Answers with as many bytes, or never.
#[derive(Clone, Default)]
struct Answers {
    bytes: Option<usize>,
    asked: Rc<Cell<usize>>,
}

impl Answerer for Answers {
    async fn answer(&self, _: Request<Incoming>) -> Response<BoxBody> {
        self.asked.set(self.asked.get() + 1);
        match self.bytes {
            Some(bytes) => Response::new(Bytes::from(vec![b'x'; bytes]).boxed()),
            None => pending().await,
        }
    }
}

fn answers(bytes: usize) -> Answers {
    Answers { bytes: Some(bytes), ..Answers::default() }
}

/// Runs a test on one thread with paused time, which moves only when nothing else can.
fn simulate(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test);
}

/// A client's end of a new connection, and the service's task.
fn connect(place: Place, answers: &Answers) -> (DuplexStream, JoinHandle<()>) {
    let (client, stream) = duplex(PIPE_BYTES);
    let answers = answers.clone();
    (client, spawn_local(async move { serve(stream, place, &answers, pending::<()>()).await }))
}

async fn connect_one(answers: &Answers) -> (DuplexStream, JoinHandle<()>) {
    connect(Places::new(10).take([127, 0, 0, 1].into()).await, answers)
}

/// Seconds until the service is done with a connection.
async fn seconds(task: JoinHandle<()>) -> u64 {
    let begun = Instant::now();
    task.await.expect("no panic");
    begun.elapsed().as_secs()
}

/// Sends a byte a second for as long as anybody takes them.
async fn drip(mut client: DuplexStream, bytes: &[u8]) {
    for byte in bytes.iter().cycle() {
        if client.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[test]
fn each_phase_ends_at_its_deadline() {
    simulate(async {
        let (client, task) = connect_one(&answers(5)).await;
        assert_eq!(seconds(task).await, 5, "a new connection stays silent");
        drop(client);

        let (client, task) = connect_one(&answers(5)).await;
        spawn_local(async move { drip(client, b"GET / HTTP/1.1\r\nX: ").await });
        assert_eq!(seconds(task).await, 5, "a head drips in");

        let (mut client, task) = connect_one(&answers(5)).await;
        client.write_all(GET).await.expect("written");
        assert_eq!(seconds(task).await, 15, "no further request");
        drop(client);

        let (mut client, task) = connect_one(&answers(5)).await;
        client.write_all(&[GET, &GET[..9]].concat()).await.expect("written");
        assert!(seconds(task).await <= 20, "half of a further request");
        drop(client);

        let (mut client, task) = connect_one(&Answers::default()).await;
        client.write_all(GET).await.expect("written");
        assert_eq!(seconds(task).await, 65, "the service has no answer");
        drop(client);

        let (mut client, task) = connect_one(&answers(10 * PIPE_BYTES)).await;
        client.write_all(GET).await.expect("written");
        assert_eq!(seconds(task).await, 60, "nobody reads");
        drop(client);

        let (mut client, task) = connect_one(&answers(10 * PIPE_BYTES)).await;
        client.write_all(GET).await.expect("written");
        spawn_local(async move {
            while client.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(seconds(task).await, 60, "a byte a second is read");

        let (mut client, task) = connect_one(&answers(5)).await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.expect("written");
        assert_eq!(seconds(task).await, 1, "the client does not close its side");
        drop(client);
    });
}

#[test]
fn one_answer_at_a_time_is_made_however_many_are_asked_for() {
    simulate(async {
        let answers = answers(4 * PIPE_BYTES);
        let (mut client, task) = connect_one(&answers).await;
        client.write_all(&GET.repeat(20)).await.expect("written");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(answers.asked.get(), 1, "the first is not read yet");
        let mut read = vec![0; 4 * PIPE_BYTES];
        for read_answers in 1..=20 {
            // Head and body of one answer; what the pipe holds beyond it lets at most one more begin.
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.expect("a head"));
            }
            client.read_exact(&mut read).await.expect("a body");
            assert!(answers.asked.get() <= read_answers + 1, "{} of {read_answers}", answers.asked.get());
        }
        drop(client);
        task.await.expect("no panic");
        assert_eq!(answers.asked.get(), 20);
    });
}

#[test]
fn with_all_places_taken_the_one_that_waited_longest_for_its_client_goes() {
    simulate(async {
        let (idle, busy) = (answers(5), Answers::default());
        let places = Places::new(4);
        let take = async |client: [u8; 4]| places.take(client.into()).await;
        let (mut asking, asked) = connect(take([192, 0, 2, 1]).await, &busy);
        asking.write_all(GET).await.expect("written");
        tokio::time::sleep(Duration::from_millis(10)).await;
        let (_first, first) = connect(take([192, 0, 2, 1]).await, &idle);
        tokio::time::sleep(Duration::from_millis(10)).await;
        let (_second, second) = connect(take([192, 0, 2, 1]).await, &idle);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        let (_third, third) = connect(take([192, 0, 2, 1]).await, &idle);
        assert_eq!(begun.elapsed(), Duration::ZERO, "the newcomer does not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
        first.await.expect("no panic");
        assert!(!asked.is_finished() && !second.is_finished() && !third.is_finished());
    });
}

#[test]
fn a_client_with_many_connections_drives_out_its_own() {
    simulate(async {
        let idle = answers(5);
        let places = Places::new(5);
        let (_alone, alone) = connect(places.take([198, 51, 100, 7].into()).await, &idle);
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut crowd = Vec::new();
        for _ in 0..10 {
            crowd.push(connect(places.take([192, 0, 2, 1].into()).await, &idle));
        }
        assert!(!alone.is_finished(), "it has waited longest, but is one of one");
        assert_eq!(crowd.iter().filter(|(_, task)| !task.is_finished()).count(), 3);
    });
}

#[test]
fn a_crowd_that_comes_at_once_finds_places_without_waiting_for_others_to_leave() {
    simulate(async {
        let idle = answers(5);
        let places = Places::new(65);
        let mut crowd = Vec::new();
        for _ in 0..56 {
            crowd.push(connect(places.take([192, 0, 2, 1].into()).await, &idle));
        }
        for _ in 0..8 {
            // Ready at once: no other task has had a turn.
            let place = places.take([192, 0, 2, 1].into()).now_or_never().expect("a place that was kept free");
            crowd.push(connect(place, &idle));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        crowd.push(connect(places.take([192, 0, 2, 1].into()).await, &idle));
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(
            crowd.iter().filter(|(_, task)| !task.is_finished()).count(),
            56,
            "the places kept free are so again"
        );
    });
}

#[test]
fn a_burst_of_clients_that_all_ask_is_served_however_few_places_there_are() {
    simulate(async {
        let (answers, places) = (answers(5), Places::new(5));
        let mut clients = Vec::new();
        for _ in 0..100 {
            let (mut client, task) = connect(places.take([192, 0, 2, 1].into()).await, &answers);
            // Each thinks for a moment before it asks, as one on a busy machine does.
            clients.push(spawn_local(async move {
                tokio::time::sleep(Duration::from_millis(200)).await;
                client.write_all(GET).await.expect("written");
                let mut answer = [0; 12];
                client.read_exact(&mut answer).await.expect("an answer");
                drop(client);
                task.await.expect("no panic");
                answer
            }));
        }
        for client in clients {
            assert_eq!(client.await.expect("no panic"), *b"HTTP/1.1 200");
        }
    });
}

#[test]
fn heads_and_answers_that_nobody_ends_or_reads_are_bounded_together() {
    const MEBIBYTE: usize = 1024 * 1024;
    simulate(async {
        let places = Places::new(1_000);
        let (large, mut clients) = (answers(MEBIBYTE), Vec::new());
        for _ in 0..40 {
            let (mut client, task) = connect(places.take([192, 0, 2, 1].into()).await, &large);
            client.write_all(GET).await.expect("written");
            tokio::time::sleep(Duration::from_millis(10)).await;
            clients.push((client, task));
        }
        let held = clients.iter().filter(|(_, task)| !task.is_finished()).count();
        assert!((16..=17).contains(&held), "{held} answers of 1 MiB");
        assert!(!clients[39].1.is_finished() && clients[0].1.is_finished(), "who waits longest goes");

        let (places, mut clients) = (Places::new(1_000), Vec::new());
        let head = [GET[..GET.len() - 2].to_vec(), b"X: ".to_vec(), vec![b'a'; 60_000]].concat();
        for _ in 0..400 {
            let (mut client, task) = connect(places.take([192, 0, 2, 1].into()).await, &large);
            // Those for whom there is no memory are not heard to the end.
            let _ = client.write_all(&head).await;
            clients.push((client, task));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let held = clients.iter().filter(|(_, task)| !task.is_finished()).count() * head.len();
        assert!((7 * MEBIBYTE..=8 * MEBIBYTE).contains(&held), "{held}");
        let (mut client, task) = connect(places.take([192, 0, 2, 1].into()).await, &answers(5));
        client.write_all(GET).await.expect("written");
        let mut answer = [0; 12];
        client
            .read_exact(&mut answer)
            .await
            .expect("an ordinary head is read, and those before make room for its answer");
        drop(client);
        task.await.expect("no panic");

        let (places, huge) = (Places::new(1_000), answers(40 * MEBIBYTE));
        let (mut client, task) = connect(places.take([192, 0, 2, 1].into()).await, &huge);
        client.write_all(GET).await.expect("written");
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!task.is_finished(), "one alone may have an answer of any size");
    });
}

#[test]
fn while_every_place_is_worked_for_a_newcomer_waits() {
    simulate(async {
        let busy = Answers::default();
        let places = Places::new(2);
        let (mut asking, asked) = connect(places.take([192, 0, 2, 1].into()).await, &busy);
        asking.write_all(GET).await.expect("written");
        tokio::time::sleep(Duration::from_millis(10)).await;
        let begun = Instant::now();
        let _place = places.take([192, 0, 2, 1].into()).await;
        assert!(asked.is_finished());
        assert_eq!(begun.elapsed().as_secs(), 64, "until the answer's deadline");
    });
}

#[test]
fn what_is_no_http_is_counted_and_a_client_that_leaves_is_not() {
    simulate(async {
        let before = client_noise::count();
        for bytes in [&b"\x16\x03\x01 hello\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
            let (mut client, task) = connect_one(&answers(5)).await;
            client.write_all(bytes).await.expect("written");
            task.await.expect("no panic");
        }
        assert_eq!(client_noise::count() - before, 2);
        for bytes in [&b""[..], b"GET / HT", GET] {
            let (mut client, task) = connect_one(&answers(5)).await;
            client.write_all(bytes).await.expect("written");
            drop(client);
            task.await.expect("no panic");
        }
        assert_eq!(client_noise::count() - before, 2);
    });
}
