//! GistFetcher: every gist is read once a round, a failure costs only its own gist, and a round is stored before it is
//! announced.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod api;
mod dates;
mod outcomes;
mod owners;
mod refusals;
mod rounds;

use actix::Addr;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::CommitmentsChanged;
use tensorflix_actors::gist_fetcher::github::{GitHub, GitHubSettings};
use tensorflix_actors::gist_fetcher::{GistFetcher, GistFetcherParts, SubmissionsRecorded};
use tensorflix_actors::outbound::limiter::Rate;
use tensorflix_actors::ports::{HttpError, Store};
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::GistState;
use tensorflix_domain::ids::{Block, Uid};
use tensorflix_domain::subnet::Neuron;
use tensorflix_testkit::gists::{digest_of, pointer};
use tensorflix_testkit::listener::{Events, listen};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::subnets::{committed, committed_text, head, hotkey, neuron, stamp, subnet};
use tensorflix_testkit::time::{pass, simulate};
use tensorflix_testkit::world::{ROUND_BLOCKS, UNLIMITED, World};

const MAX_GIST_BYTES: usize = 1_000;
const MAX_IN_FLIGHT: usize = 8;

/// How a fetcher differs from the usual one.
struct Setup {
    token: bool,
    rate: Rate,
    task_gist: Option<GistPointer>,
    /// Owners asked for in a round: none, where a test counts other requests.
    owner_checks: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self { token: false, rate: UNLIMITED, task_gist: None, owner_checks: 0 }
    }
}

/// A fetcher in its world, and what it tells.
struct Fetch {
    world: World,
    address: Addr<GistFetcher>,
    stats: Arc<ActorStats>,
    rounds: Events<SubmissionsRecorded>,
}

impl Fetch {
    fn start(setup: Setup) -> Self {
        let world = World::new();
        let stats = ActorStats::new("gist_fetcher");
        let (listener, rounds) = listen();
        let github = GitHub::new(
            GitHubSettings {
                api_url: "https://api.example".parse().expect("a URL"),
                raw_url: "https://raw.example".parse().expect("a URL"),
                token: setup.token.then(|| SecretString::from(SECRET)),
                deadline: Duration::from_secs(15),
                max_gist_bytes: MAX_GIST_BYTES,
            },
            world.outbound(setup.rate, &stats),
            world.clock(),
        );
        let parts = GistFetcherParts {
            store: world.store(),
            clock: world.clock(),
            stats: Arc::clone(&stats),
            github: Arc::new(github),
            max_in_flight: MAX_IN_FLIGHT,
            round_blocks: ROUND_BLOCKS,
            owner_checks_per_round: setup.owner_checks,
            task_gist: setup.task_gist,
            listeners: vec![listener],
        };
        let address = world.start(&stats, move || GistFetcher::new(parts.clone()));
        Self { world, address, stats, rounds }
    }

    /// Stores a subnet as ChainWatcher does, and tells of it.
    async fn announce(&self, block: Block, neurons: impl IntoIterator<Item = Neuron>) {
        self.world.store.save_head(&head(block)).await.expect("stored");
        self.world.store.save_subnet(&subnet(block, neurons)).await.expect("stored");
        self.address.send(CommitmentsChanged { at: stamp(block) }).await.expect("handled");
    }

    /// A whole round.
    async fn round(&mut self, block: Block, neurons: impl IntoIterator<Item = Neuron>) {
        self.announce(block, neurons).await;
        assert_eq!(self.rounds.next().await, SubmissionsRecorded { round: block - block % ROUND_BLOCKS });
    }

    fn serve(&self, pointer: &GistPointer, replies: impl IntoIterator<Item = Reply>) {
        self.world.http.get(&raw_path(pointer), replies);
    }

    async fn state(&self, pointer: &GistPointer) -> GistState {
        self.world.store.gist_state(pointer).await.expect("read").expect("a state")
    }

    fn asked(&self) -> usize {
        self.world.http.requests().len()
    }
}

fn raw_path(pointer: &GistPointer) -> String {
    format!("/{}/{}/raw", pointer.username(), pointer.gist_id())
}

/// Miners with UIDs from 0, each of whom committed the gist at its place.
fn miners(gists: &[&GistPointer]) -> Vec<Neuron> {
    let miner = |(uid, gist): (Uid, &&GistPointer)| committed(neuron(uid, u8::try_from(uid).expect("few")), gist, 50);
    (0..).zip(gists).map(miner).collect()
}

#[test]
fn a_round_asks_for_each_gist_once_also_when_hotkeys_share_it() {
    simulate(async {
        let task_gist = pointer("owner", 9);
        let mut fetch = Fetch::start(Setup { task_gist: Some(task_gist.clone()), ..Setup::default() });
        let (shared, own) = (pointer("alice", 1), pointer("bob", 2));
        for gist in [&shared, &own, &task_gist] {
            fetch.serve(gist, [Reply::new(200, gist.to_string())]);
        }
        let mut neurons = miners(&[&shared, &own, &shared, &shared]);
        neurons.push(committed_text(neuron(4, 4), "https://gist.github.com/carol", 50));
        neurons.push(neuron(5, 5));
        fetch.round(103, neurons).await;

        let requests = fetch.world.http.requests();
        assert!(requests.iter().all(|request| request.max_body_bytes == MAX_GIST_BYTES && request.bearer.is_none()));
        let mut paths: Vec<String> = requests.into_iter().map(|request| request.path).collect();
        paths.sort_unstable();
        assert_eq!(paths, [raw_path(&shared), raw_path(&own), raw_path(&task_gist)]);
        let mut holdings: Vec<_> =
            fetch.world.store.holdings().into_iter().map(|held| (held.hotkey, held.round)).collect();
        holdings.sort_unstable();
        assert_eq!(holdings, [0, 1, 2, 3].map(|key| (hotkey(key), 100)), "dated by the round, whichever came first");
        assert_eq!(fetch.state(&task_gist).await.digest, Some(digest_of(task_gist.to_string().as_bytes())));
    });
}

#[test]
fn every_round_asks_anew_with_the_etag_and_sees_what_changed() {
    // Pitfall: content was stale for minutes.
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pointer("alice", 1);
        fetch.serve(
            &gist,
            [
                Reply::new(200, "one").header("etag", "\"v1\""),
                Reply::new(304, ""),
                Reply::new(200, "two").header("etag", "\"v2\""),
                Reply::new(304, ""),
            ],
        );
        let mut seen = Vec::new();
        for block in [100, 125, 150, 175] {
            fetch.round(block, miners(&[&gist])).await;
            let state = fetch.state(&gist).await;
            seen.push((state.digest, state.fetched_round, state.etag));
        }
        let sent: Vec<_> =
            fetch.world.http.requests().iter().map(|request| request.headers.get("if-none-match").cloned()).collect();
        let (v1, v2) = ("\"v1\"".to_owned(), "\"v2\"".to_owned());
        assert_eq!(sent, [None, Some(v1.clone()), Some(v1.clone()), Some(v2.clone())]);
        let (one, two) = (Some(digest_of(b"one")), Some(digest_of(b"two")));
        let expected = [(one, 100, &v1), (one, 125, &v1), (two, 150, &v2), (two, 175, &v2)];
        assert_eq!(seen, expected.map(|(digest, round, etag)| (digest, Some(round), Some(etag.clone()))));
        let holdings: Vec<_> = fetch.world.store.holdings().iter().map(|held| (held.digest, held.round)).collect();
        assert_eq!(holdings, [(digest_of(b"one"), 100), (digest_of(b"two"), 150)]);
    });
}

#[test]
fn a_hotkey_that_points_to_an_unchanged_gist_later_holds_it_from_then_on() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pointer("alice", 1);
        fetch.serve(&gist, [Reply::new(200, "one").header("etag", "v1"), Reply::new(304, "")]);
        fetch.round(100, miners(&[&gist])).await;
        fetch.round(125, miners(&[&gist, &gist])).await;
        let holdings: Vec<_> = fetch.world.store.holdings().iter().map(|held| (held.hotkey, held.round)).collect();
        assert_eq!(holdings, [(hotkey(0), 100), (hotkey(1), 125)]);
    });
}

#[test]
fn a_gist_that_cannot_be_read_costs_only_itself_and_keeps_its_last_good_content() {
    let failures: [(&str, Reply, usize); 9] = [
        ("a page", Reply::new(200, "<html>out of order").header("content-type", "text/html; charset=utf-8"), 1),
        ("404", Reply::new(404, ""), 1),
        ("401", Reply::new(401, ""), 1),
        ("redirect", Reply::fail(HttpError::Redirected), 1),
        ("huge", Reply::new(200, vec![b'x'; MAX_GIST_BYTES + 1]), 1),
        ("hangs", Reply::hang(), 1),
        ("500", Reply::new(500, "oops"), 3),
        ("reset", Reply::fail(HttpError::Connection("reset".to_owned())), 3),
        ("never answers, whatever its deadline", Reply::stall(), 1),
    ];
    for (name, failure, attempts) in failures {
        simulate(async move {
            let mut fetch = Fetch::start(Setup::default());
            let (bad, good) = (pointer("bad", 1), pointer("good", 2));
            fetch.serve(&bad, [Reply::new(200, "one").header("etag", "v1"), failure]);
            fetch.serve(&good, [Reply::new(200, "one"), Reply::new(200, "two")]);
            fetch.round(100, miners(&[&bad, &good])).await;
            fetch.round(125, miners(&[&bad, &good])).await;

            let state = fetch.state(&bad).await;
            assert_eq!((state.digest, state.fetched_round), (Some(digest_of(b"one")), Some(100)), "{name}");
            assert_eq!((state.failures, state.error.is_some()), (1, true), "{name}");
            assert_eq!(fetch.state(&good).await.digest, Some(digest_of(b"two")), "{name}");
            let asked = fetch.world.http.requests_for(&raw_path(&bad)).len();
            assert_eq!(asked, 1 + attempts, "{name}: bounded retries");
            let held: Vec<_> = fetch.world.store.holdings().iter().map(|held| held.round).collect();
            assert_eq!(held, [100, 100, 125], "{name}: a failure is no new sighting");
        });
    }
}

#[test]
fn while_github_asks_to_wait_no_gist_is_read_and_all_keep_their_last_good_copy() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let (first, second) = (pointer("first", 1), pointer("second", 2));
        let asking = Reply::new(429, "").header("retry-after", "3600");
        fetch.serve(&first, [Reply::new(200, "one"), asking, Reply::new(200, "two")]);
        fetch.serve(&second, [Reply::new(200, "one"), Reply::new(200, "two")]);
        fetch.round(100, miners(&[&first, &second])).await;
        fetch.round(125, miners(&[&first, &second])).await;
        for gist in [&first, &second] {
            let state = fetch.state(gist).await;
            assert_eq!((state.digest, state.fetched_round), (Some(digest_of(b"one")), Some(100)));
            assert!(state.error.is_some(), "it is said that it could not be read");
        }
        assert_eq!(fetch.world.http.requests().len(), 3, "the second was not asked for");
        pass(Duration::from_secs(3_600)).await;
        fetch.round(425, miners(&[&first, &second])).await;
        for gist in [&first, &second] {
            assert_eq!(fetch.state(gist).await.digest, Some(digest_of(b"two")));
        }
    });
}

#[test]
fn what_failed_in_passing_is_read_in_the_same_round() {
    simulate(async {
        let mut fetch = Fetch::start(Setup::default());
        let gist = pointer("alice", 1);
        let reset = Reply::fail(HttpError::Connection("reset".to_owned()));
        fetch.serve(&gist, [Reply::new(502, ""), reset, Reply::new(200, "one")]);
        fetch.round(100, miners(&[&gist])).await;
        let state = fetch.state(&gist).await;
        assert_eq!((state.digest, state.failures, state.error), (Some(digest_of(b"one")), 0, None));
    });
}
