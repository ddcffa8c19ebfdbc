//! A list of endpoints over one chain, each with troubles of its own.

use crate::fixture::{CountingGate, config, node, validator, within};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_chain::{ChainError, Client, Submitted, Tolerances};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{Disguise, Door, MethodFault, Node, NodeEndpoint, Times};
use tokio::time::Instant;

use crate::fixture::NETUID;

/// The promise: a dead endpoint costs at most this with the usual patience. These tests use a part of it, and wait far
/// longer than that, so that a busy machine does not break their bound.
const FAILOVER: Duration = Duration::from_secs(10);
const PATIENCE_SHARE: u32 = 10;
/// An endpoint that is well answers within this on a busy machine too.
const PROBE_SHARE: u32 = 2;
/// Longest wait for another endpoint; without the promise it would take as long as a request may.
const LONGEST_FAILOVER: Duration = Duration::from_secs(40);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);

fn brisk() -> Tolerances {
    let usual = Tolerances::default();
    Tolerances { probe_timeout: usual.probe_timeout / PROBE_SHARE, silence: Duration::from_millis(200), ..usual }
}

/// For tests in which it does not matter that a busy machine's endpoint is left for being slow.
fn hasty() -> Tolerances {
    Tolerances { hesitation: Tolerances::default().hesitation / PATIENCE_SHARE, ..brisk() }
}

struct World {
    node: Node,
    first: NodeEndpoint,
    second: NodeEndpoint,
}

impl World {
    async fn start() -> Self {
        let node = node(7, 2).await;
        let (first, second) = (node.handle().open_endpoint().await, node.handle().open_endpoint().await);
        Self { node, first: first.expect("an endpoint"), second: second.expect("an endpoint") }
    }

    fn client_with(&self, tolerances: Tolerances) -> Client {
        let gate = Arc::new(CountingGate::default());
        // Far beyond the promise: it is not the deadline of a request that keeps it.
        let urls = [self.first.url(), self.second.url()];
        Client::with_tolerances(config(&urls, gate, REQUEST_TIMEOUT), tolerances)
    }

    fn client(&self) -> Client {
        self.client_with(brisk())
    }
}

/// The first head that is answered, retrying what may be retried.
async fn head_of(client: &Client) -> u32 {
    loop {
        match client.finalized_head().await {
            Ok(head) => return head.stamp.block,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

#[test]
fn the_usual_patience_keeps_the_promise() {
    let usual = Tolerances::default();
    // A request that hangs, the sign of life that does not come, and connecting to the next.
    assert!(usual.hesitation + usual.probe_timeout < FAILOVER);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_is_passed_over() {
    within(async {
        for trouble in ["gone", "slammed", "silent", "hanging", "failing", "other genesis", "syncing", "slow"] {
            let world = World::start().await;
            let mut expecting = config(&[world.first.url(), world.second.url()], Arc::default(), REQUEST_TIMEOUT);
            expecting.expected_genesis = Some(world.node.handle().genesis_hash());
            let World { node: _node, first, second } = world;
            let mut first = Some(first);
            let endpoint = first.as_ref().expect("an endpoint");
            match trouble {
                "slammed" => endpoint.set_door(Door::Slammed),
                "silent" => endpoint.set_door(Door::Silent),
                "hanging" => endpoint.set_method("*", MethodFault::Hang, Times::Always),
                "slow" => endpoint.set_method("*", MethodFault::Delay(REQUEST_TIMEOUT), Times::Always),
                "failing" => {
                    let fault = MethodFault::Error { code: -32603, message: "Internal error".to_owned() };
                    endpoint.set_method("chain_getFinalizedHead", fault, Times::Always);
                }
                "other genesis" => endpoint.disguise(Disguise::OtherGenesis),
                "syncing" => endpoint.disguise(Disguise::Syncing),
                _ => drop(first.take()),
            }
            let started = Instant::now();
            let client = Client::with_tolerances(expecting, brisk());
            assert_eq!(head_of(&client).await, START_BLOCK, "{trouble}");
            assert!(started.elapsed() < LONGEST_FAILOVER, "{trouble}: {:?}", started.elapsed());
            assert_eq!(client.endpoint().await, Ok(second.url()), "{trouble}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_fails_in_use_is_left_in_time() {
    within(async {
        for trouble in ["hanging", "reset", "gone"] {
            let world = World::start().await;
            let client = world.client_with(hasty());
            head_of(&client).await;
            let World { node: _node, first, second } = world;
            assert_eq!(client.endpoint().await, Ok(first.url()));
            let started = Instant::now();
            match trouble {
                "hanging" => first.set_method("*", MethodFault::Hang, Times::Always),
                "reset" => first.close_connections(),
                _ => drop(first),
            }
            head_of(&client).await;
            assert!(started.elapsed() < LONGEST_FAILOVER, "{trouble}: {:?}", started.elapsed());
            assert_eq!(client.endpoint().await, Ok(second.url()), "{trouble}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_slow_request_of_a_living_endpoint_is_waited_for_where_no_other_is_faster() {
    within(async {
        let world = World::start().await;
        world.second.set_door(Door::Slammed);
        let client = world.client_with(hasty());
        head_of(&client).await;
        let late = hasty().hesitation + hasty().probe_timeout * 2;
        world.first.set_method("chain_getFinalizedHead", MethodFault::Delay(late), Times::Next(2));
        client.finalized_head().await.expect("a late answer");
        assert_eq!(client.endpoint().await, Ok(world.first.url()));
        assert!(world.first.calls_of("system_health") >= 2, "it was asked for a sign of life");
    })
    .await;
}

#[tokio::test]
async fn a_stalled_endpoint_is_replaced_and_not_used_again_before_it_makes_progress() {
    within(async {
        let world = World::start().await;
        let client = world.client_with(Tolerances { recheck_interval: Duration::ZERO, ..brisk() });
        let first = client.next_head(0).await.expect("a head").stamp.block;
        world.first.disguise(Disguise::StalledAt(first));
        world.node.handle().advance_to(first + 3);
        assert_eq!(client.next_head(first).await.expect("a head").stamp.block, first + 3);
        assert_eq!(client.endpoint().await, Ok(world.second.url()));
        // It is rechecked, and not used while it makes no progress.
        let looks = world.first.calls_of("system_health");
        while world.first.calls_of("system_health") < looks + 3 {
            head_of(&client).await;
            assert_eq!(client.endpoint().await, Ok(world.second.url()));
        }
        world.first.disguise(Disguise::None);
        while client.endpoint().await != Ok(world.first.url()) {
            tokio::task::yield_now().await;
        }
        world.node.handle().advance_to(first + 4);
        assert_eq!(client.next_head(first + 3).await.expect("a head").stamp.block, first + 4);
    })
    .await;
}

#[tokio::test]
async fn where_all_stand_still_nobody_is_left() {
    within(async {
        let world = World::start().await;
        let client = world.client();
        let head = client.next_head(0).await.expect("a head").stamp.block;
        let waiting = client.next_head(head);
        let moving = async {
            // Both were asked, after a silence.
            while world.second.calls_of("system_health") == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(client.endpoint().await, Ok(world.first.url()));
            world.node.handle().advance_to(head + 1);
        };
        let (next, ()) = tokio::join!(waiting, moving);
        assert_eq!(next.expect("a head").stamp.block, head + 1);
        assert_eq!(client.endpoint().await, Ok(world.first.url()));
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_behind_what_is_known_is_refused() {
    within(async {
        let world = World::start().await;
        world.node.handle().advance_to(START_BLOCK + 50);
        let client = world.client();
        head_of(&client).await;
        let lag = Tolerances::default().max_lag_blocks;
        world.second.disguise(Disguise::StalledAt(START_BLOCK + 50 - lag - 1));
        world.first.close_connections();
        // The second is passed over for the first, which is welcome again.
        assert_eq!(head_of(&client).await, START_BLOCK + 50);
        assert_eq!(client.endpoint().await, Ok(world.first.url()));
        world.second.disguise(Disguise::StalledAt(START_BLOCK + 50 - lag));
        world.first.close_connections();
        head_of(&client).await;
        assert_eq!(client.endpoint().await, Ok(world.second.url()));
    })
    .await;
}

#[tokio::test]
async fn of_endpoints_that_are_all_too_old_the_newest_is_used() {
    within(async {
        let world = World::start().await;
        world.node.handle().advance_to(START_BLOCK + 5);
        world.first.disguise(Disguise::StalledAt(START_BLOCK + 2));
        let client = world.client_with(Tolerances { max_head_age: Some(Duration::ZERO), ..brisk() });
        assert_eq!(head_of(&client).await, START_BLOCK + 5);
        assert_eq!(client.endpoint().await, Ok(world.second.url()));
    })
    .await;
}

#[tokio::test]
async fn work_under_way_finishes_where_it_is_when_the_first_endpoint_is_well_again() {
    within(async {
        let world = World::start().await;
        world.first.set_door(Door::Slammed);
        let client = world.client_with(Tolerances { recheck_interval: Duration::ZERO, ..brisk() });
        head_of(&client).await;
        world.second.set_method("system_accountNextIndex", MethodFault::Hang, Times::Always);
        let hotkey = validator().hotkey();
        let long = client.account_nonce(&hotkey);
        let returning = async {
            while world.second.calls_of("system_accountNextIndex") == 0 {
                tokio::task::yield_now().await;
            }
            world.first.set_door(Door::Open);
            while client.endpoint().await != Ok(world.first.url()) {
                tokio::task::yield_now().await;
            }
            world.second.clear_faults();
        };
        let (nonce, ()) = tokio::join!(long, returning);
        assert_eq!(nonce, Ok(0));
    })
    .await;
}

#[tokio::test]
async fn the_first_endpoint_is_looked_at_no_oftener_than_its_interval() {
    within(async {
        let world = World::start().await;
        world.first.disguise(Disguise::Syncing);
        // Nobody has the parent of the first block, so the others would be asked for it.
        world.node.handle().advance_to(START_BLOCK + 1);
        let client = world.client();
        for _ in 0..20 {
            head_of(&client).await;
        }
        assert_eq!(world.first.calls_of("system_health"), 1);
    })
    .await;
}

#[tokio::test]
async fn an_extrinsic_is_included_once_though_its_endpoint_dies_before_it_answers() {
    within(async {
        let world = World::start().await;
        let (client, wallet) = (world.client(), validator());
        let head = client.finalized_head().await.expect("a head");
        let signed =
            client.sign_weights(&wallet, NETUID, &[(0, 65535)], 0, &head).await.expect("a signature").extrinsic;
        world.first.lose_next_answers(1);
        world.first.set_door(Door::Slammed);
        let sent = client.submit(&signed.bytes, FAILOVER).await.expect("sent");
        assert!(matches!(sent, Submitted::Unknown(_)), "{sent:?}");
        // The same bytes again, elsewhere: the pool knows them, or the chain does.
        let again = client.submit(&signed.bytes, FAILOVER).await.expect("sent");
        assert!(matches!(again, Submitted::Refused(_)), "{again:?}");
        assert_eq!(client.endpoint().await, Ok(world.second.url()));
        let now = client.finalized_head().await.expect("a head");
        let found =
            client.find_extrinsic(signed.hash, &signed.signer, signed.nonce, head.stamp.block, now.stamp.block).await;
        assert!(matches!(found, Ok(tensorflix_domain::extrinsic::Fate::Included(_))), "{found:?}");
        assert_eq!(world.node.handle().submissions().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn where_every_endpoint_is_of_another_chain_the_operator_must_act() {
    within(async {
        let world = World::start().await;
        let client = world.client();
        head_of(&client).await;
        // No genesis is configured: the one of the first good endpoint is kept.
        world.first.set_door(Door::Slammed);
        world.second.disguise(Disguise::OtherGenesis);
        world.first.close_connections();
        let error = loop {
            match client.finalized_head().await {
                Err(error) if !error.is_retryable() => break error,
                other => assert!(other.is_err(), "{other:?}"),
            }
        };
        assert!(matches!(&error, ChainError::WrongGenesis { endpoint, .. } if *endpoint == world.second.url()));
    })
    .await;
}

#[tokio::test]
async fn a_wss_endpoint_is_spoken_to_in_tls_and_nothing_else() {
    use tokio::io::AsyncReadExt;
    const TLS_HANDSHAKE: u8 = 22;
    within(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        for (scheme, first_byte) in [("wss", TLS_HANDSHAKE), ("ws", b'G')] {
            let gate = Arc::new(CountingGate::default());
            let client = Client::with_tolerances(config(&[format!("{scheme}://{address}")], gate, FAILOVER), brisk());
            let answering = async {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                stream.read_u8().await.expect("a byte")
            };
            let (refused, byte) = tokio::join!(client.finalized_head(), answering);
            assert_eq!(byte, first_byte, "{scheme}");
            assert!(matches!(refused, Err(ChainError::Unreachable { .. })), "{refused:?}");
        }
    })
    .await;
}
