//! Every call to the outside ends within its deadline, at real sockets that misbehave: a server that accepts and does not
//! answer, stops in the middle, drips bytes or never closes. The call ends as a temporary failure: unknown, and never an absence.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tensorflix::adapters::clock::SystemClock;
use tensorflix::adapters::http::HttpClient;
use tensorflix::wiring::connections;
use tensorflix_actors::gist_fetcher::github::{GitHub, GitHubSettings};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::platforms::{BatchError, BatchFailure, DailyBudget, PlatformApi, Scope};
use tensorflix_actors::ports::Clock;
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{
    Case, CaseQuestion, Detector, DetectorError, OpenAi, SightEngine, Terms, Unexamined, Webhook,
};
use tensorflix_chain::{ChainConfig, ChainError, Client, NoGate};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::OwnerAnswer;
use tensorflix_domain::gist_record::GistOutcome;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verification::Check;
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// The deadline of one request.
const DEADLINE: Duration = Duration::from_millis(300);

/// Beyond the deadlines and pauses of a call: for a machine that is busy. What ignores its deadline here never ends.
const MARGIN: Duration = Duration::from_secs(60);

/// Between two bytes of a server that drips.
const DRIP: Duration = Duration::from_millis(20);

/// What a server does once somebody has connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conduct {
    /// Does not even read.
    AcceptAndIgnore,
    /// Reads, and does not answer.
    HangBeforeHeaders,
    /// Never ends its headers.
    DripHeaders,
    /// Stops within the body.
    HangInBody,
    /// Never ends the body.
    DripBody,
    /// Has said everything, but not where it ends, and does not close.
    NeverClose,
}

const CONDUCTS: [Conduct; 6] = [
    Conduct::AcceptAndIgnore,
    Conduct::HangBeforeHeaders,
    Conduct::DripHeaders,
    Conduct::HangInBody,
    Conduct::DripBody,
    Conduct::NeverClose,
];

async fn serve(conduct: Conduct) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(misbehave(socket, conduct));
        }
    });
    address
}

async fn misbehave(mut socket: TcpStream, conduct: Conduct) {
    if conduct != Conduct::AcceptAndIgnore {
        let _ = socket.read(&mut [0; 65_536]).await;
    }
    let (start, dripped): (&[u8], Option<&[u8]>) = match conduct {
        Conduct::AcceptAndIgnore | Conduct::HangBeforeHeaders => (b"", None),
        Conduct::DripHeaders => (b"HTTP/1.1 200 OK\r\nx-slow: ", Some(b"x")),
        Conduct::HangInBody => (b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"items\": [", None),
        Conduct::DripBody => (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Some(b"1\r\n \r\n")),
        Conduct::NeverClose => {
            (b"HTTP/1.1 200 OK\r\n\r\n{\"items\": [], \"kind\": \"youtube#videoListResponse\"}", None)
        }
    };
    let _ = socket.write_all(start).await;
    while let Some(piece) = dripped {
        if socket.write_all(piece).await.is_err() {
            return;
        }
        tokio::time::sleep(DRIP).await;
    }
    std::future::pending().await
}

/// The result of a call, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Unknown: it may be tried again.
    Passing,
    /// Anything else, in its own words.
    Other(String),
}

/// The real client, as actors have it.
struct Outside {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    url: Url,
}

impl Outside {
    fn of(address: SocketAddr) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let rate = Rate { requests_per_second: 1_000.0, burst: 1_000 };
        let limiter = connections::limiter(rate, &clock, &ActorStats::new("test"));
        let outbound = Outbound::new(Arc::new(HttpClient::new().expect("a client")), limiter);
        Self { outbound, clock, url: format!("http://{address}/").parse().expect("a URL") }
    }

    fn github(self, token: Option<&str>) -> GitHub {
        GitHub::new(
            GitHubSettings {
                api_url: self.url.clone(),
                raw_url: self.url,
                token: token.map(Into::into),
                deadline: DEADLINE,
                max_gist_bytes: 10_000,
            },
            self.outbound,
            self.clock,
        )
    }
}

fn pointer() -> GistPointer {
    "alice:00ff".parse().expect("a pointer")
}

fn terms() -> Terms {
    Terms { bucket: "test".to_owned(), max_in_flight: 1, daily_requests: 1_000, deadline: DEADLINE }
}

fn content(platform: Platform) -> ContentId {
    ContentId::new(platform, "abcdefghijk").expect("an id")
}

async fn observe(platform: &dyn PlatformApi, outbound: &Outbound) -> End {
    let route = platform.routes(Scope::Everything).remove(0);
    match platform.observe(outbound, &route, &[content(platform.id())], Duration::MAX).await {
        Err(BatchFailure { error: BatchError::Passing { .. } | BatchError::Lost(_), .. }) => End::Passing,
        other => End::Other(format!("{:?}", other.map(|_| "an answer"))),
    }
}

async fn examine(detector: &dyn Detector, outbound: &Outbound) -> End {
    let case = Case {
        content: content(Platform::YOUTUBE),
        text: "a title".to_owned(),
        duration_secs: None,
        frames: vec!["https://i.ytimg.com/vi/abcdefghijk/0.jpg".parse().expect("a URL")],
        questions: vec![CaseQuestion { check: Check::Illicit, task: None }],
    };
    match detector.examine(outbound, &case, Duration::MAX).await {
        Err(Unexamined { error: DetectorError::Passing { .. }, .. }) => End::Passing,
        other => End::Other(format!("{other:?}")),
    }
}

/// An upstream with how long a call may take in all.
type Call = (&'static str, Duration, fn(Outside) -> std::pin::Pin<Box<dyn Future<Output = End>>>);

fn gist_end(outcome: GistOutcome) -> End {
    match outcome {
        GistOutcome::Failed { .. } => End::Passing,
        other => End::Other(format!("{other:?}")),
    }
}

fn calls() -> [Call; 8] {
    // GitHub is asked three times in all, with pauses of 0.5 s and 2 s.
    let github = DEADLINE * 3 + GITHUB_PAUSES;
    [
        ("raw gist", github, |outside| {
            Box::pin(async move { gist_end(outside.github(None).gist(&pointer(), None).await.outcome) })
        }),
        ("GitHub's API", github, |outside| {
            Box::pin(async move { gist_end(outside.github(Some("token")).gist(&pointer(), None).await.outcome) })
        }),
        ("GitHub's API, for an owner", github, |outside| {
            Box::pin(async move {
                match outside.github(None).owner(&pointer()).await {
                    Ok(OwnerAnswer::Unanswered) => End::Passing,
                    other => End::Other(format!("{other:?}")),
                }
            })
        }),
        ("YouTube", DEADLINE, |outside| {
            Box::pin(async move {
                let youtube = YouTube {
                    api_url: outside.url.clone(),
                    api_keys: vec!["key".into()],
                    batch_size: 50,
                    max_in_flight: 1,
                    daily_quota: DailyBudget::new(100),
                    deadline: DEADLINE,
                };
                observe(&youtube, &outside.outbound).await
            })
        }),
        ("Apify", DEADLINE, |outside| {
            Box::pin(async move {
                let instagram = Instagram {
                    api_url: outside.url.clone(),
                    api_key: Some("key".into()),
                    actor: "a~b".to_owned(),
                    batch_size: 50,
                    max_in_flight: 1,
                    max_charge_usd: 1.0,
                    daily_charge: DailyBudget::new(charge_units(5.0)),
                    deadline: DEADLINE,
                    clock: Arc::clone(&outside.clock),
                };
                observe(&instagram, &outside.outbound).await
            })
        }),
        ("SightEngine", DEADLINE, |outside| {
            Box::pin(async move {
                let (api_user, api_secret) = ("user".into(), "secret".into());
                let detector = SightEngine { api_url: outside.url, api_user, api_secret, terms: terms() };
                examine(&detector, &outside.outbound).await
            })
        }),
        ("OpenAI", DEADLINE, |outside| {
            Box::pin(async move {
                let detector = OpenAi { api_url: outside.url, api_key: "key".into(), terms: terms() };
                examine(&detector, &outside.outbound).await
            })
        }),
        ("webhook", DEADLINE, |outside| {
            Box::pin(async move {
                let detector = Webhook { url: outside.url, token: None, terms: terms() };
                examine(&detector, &outside.outbound).await
            })
        }),
    ]
}

/// Both of GitHub's pauses before it is asked again.
const GITHUB_PAUSES: Duration = Duration::from_millis(2_500);

#[tokio::test(flavor = "multi_thread")]
async fn upstreams_that_hang_drip_or_never_close_are_unknown_within_their_deadline() {
    // All of them at one time, on one thread as actors are: what waits must not hold up the others either.
    let checks = calls().into_iter().flat_map(|call| CONDUCTS.map(|conduct| (call, conduct))).map(
        |((name, longest, call), conduct)| async move {
            let outside = Outside::of(serve(conduct).await);
            let begun = Instant::now();
            let end = call(outside).await;
            assert_eq!(end, End::Passing, "{name}, {conduct:?}");
            let elapsed = begun.elapsed();
            assert!(elapsed <= longest + MARGIN, "{name}, {conduct:?}: {elapsed:?}");
            assert!(elapsed >= DEADLINE.mul_f64(0.9), "{name}, {conduct:?}: it was given its time, not {elapsed:?}");
        },
    );
    futures::future::join_all(checks).await;
}

/// What is between a client and a node that works.
#[derive(Clone, Copy, Debug)]
enum Relay {
    /// Connects, and lets nothing through.
    Silent,
    /// Lets this many bytes of the node through, then nothing more: the first hundred and some are the handshake's.
    Until(usize),
    /// One byte at a time.
    Drip,
}

async fn relay(to: SocketAddr, conduct: Relay) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let node = TcpStream::connect(to).await.expect("the node");
            tokio::spawn(pass_on(client, node, conduct));
        }
    });
    address
}

async fn pass_on(client: TcpStream, node: TcpStream, conduct: Relay) {
    let ((mut from_client, mut to_client), (mut from_node, mut to_node)) = (client.into_split(), node.into_split());
    let asked = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_node).await });
    let (mut passed, mut byte) = (0, [0; 1]);
    while from_node.read_exact(&mut byte).await.is_ok() {
        match conduct {
            Relay::Silent => continue,
            Relay::Until(most) if passed >= most => continue,
            Relay::Until(_) => {}
            Relay::Drip => tokio::time::sleep(DRIP).await,
        }
        if to_client.write_all(&byte).await.is_err() {
            break;
        }
        passed += 1;
    }
    asked.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hangs_or_drips_is_left_within_the_deadline_wherever_it_stops() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
    let node: SocketAddr = sandbox.urls().node.trim_start_matches("ws://").parse().expect("an address");
    // Within the handshake, right after it, within the first answers.
    for conduct in
        [Relay::Silent, Relay::Drip, Relay::Until(40), Relay::Until(200), Relay::Until(300), Relay::Until(450)]
    {
        let url = format!("ws://{}", relay(node, conduct).await);
        let config = ChainConfig {
            endpoints: vec![url],
            expected_genesis: None,
            request_timeout: DEADLINE,
            gate: Arc::new(NoGate),
        };
        let begun = Instant::now();
        let error: ChainError = Client::unconnected(config).finalized_head().await.expect_err("no answer");
        assert!(error.is_retryable(), "{conduct:?}: {error}");
        // To connect, to learn the genesis hash, to ask for the head and its time.
        assert!(begun.elapsed() <= DEADLINE * 4 + MARGIN, "{conduct:?}: {:?}", begun.elapsed());
    }
    sandbox.stop().await;
}
