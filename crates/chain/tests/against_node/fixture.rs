//! A node with a subnet, and a client of it with counted requests.

use async_trait::async_trait;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tensorflix_chain::{ChainConfig, Client, HotkeyWallet, RequestGate};
use tensorflix_domain::extrinsic::SignedExtrinsic;
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock};
use tensorflix_sandbox::node::{Genesis, GenesisCommitment, GenesisNeuron, Hyperparameters, Node, Pace, Release};

pub const NETUID: u16 = 89;
/// UID of the validator that the tests sign as.
pub const VALIDATOR_UID: u16 = 1;
pub const VALIDATOR_STAKE_RAO: u64 = 5_000_000_000_000;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const TEST_TIMEOUT: Duration = Duration::from_secs(240);

/// Counts what passes, and lets everything pass.
#[derive(Default)]
pub struct CountingGate {
    passed: AtomicU64,
}

#[async_trait]
impl RequestGate for CountingGate {
    async fn pass(&self) {
        self.passed.fetch_add(1, Ordering::SeqCst);
    }
}

impl CountingGate {
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }
}

pub struct Fixture {
    pub node: Node,
    pub client: Client,
    pub gate: Arc<CountingGate>,
    pub wallet: HotkeyWallet,
}

/// Fails a test that would otherwise hang.
pub async fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, test).await.expect("the test took too long")
}

pub fn validator() -> HotkeyWallet {
    HotkeyWallet::from_uri("//Alice").expect("a key")
}

pub fn miner_hotkey(uid: u16) -> [u8; 32] {
    let [low, high] = uid.to_le_bytes();
    let mut key = [0x11; 32];
    key[..2].copy_from_slice(&[low, high]);
    key
}

pub fn genesis(seed: u64, size: u16) -> Genesis {
    let neuron = |uid| GenesisNeuron {
        uid,
        hotkey: if uid == VALIDATOR_UID { *validator().hotkey().public_key() } else { miner_hotkey(uid) },
        coldkey: [0x22; 32],
        stake_rao: if uid == VALIDATOR_UID { VALIDATOR_STAKE_RAO } else { u64::from(uid) },
        validator_permit: uid == VALIDATOR_UID,
        registered_at_block: 1_000 + u32::from(uid),
        last_update_block: if uid == VALIDATOR_UID { u64::from(START_BLOCK) - 500 } else { 0 },
        commitment: Some(GenesisCommitment { text: format!("miner-{uid}:0a").into_bytes(), block: START_BLOCK - 7 }),
    };
    Genesis {
        seed,
        netuid: NETUID,
        neurons: (0..size).map(neuron).collect(),
        at_work: Vec::new(),
        hyperparameters: Hyperparameters::default(),
        owner_hotkey: miner_hotkey(0),
        owner_coldkey: [0x22; 32],
    }
}

pub async fn node(seed: u64, size: u16) -> Node {
    Node::start(genesis(seed, size), SandboxClock::at(START_BLOCK), Pace::Hold).await.expect("a node")
}

pub fn config(endpoints: &[String], gate: Arc<CountingGate>, request_timeout: Duration) -> ChainConfig {
    ChainConfig { endpoints: endpoints.to_vec(), expected_genesis: None, request_timeout, gate }
}

/// A subnet of `size` neurons, and a client that is connected.
pub async fn start(size: u16) -> Fixture {
    start_with_timeout(size, REQUEST_TIMEOUT).await
}

/// The same on another runtime.
pub async fn start_on(release: Release, genesis: Genesis) -> Fixture {
    start_paced(release, genesis, Pace::Hold).await
}

/// The same with another way of making blocks.
pub async fn start_paced(release: Release, genesis: Genesis, pace: Pace) -> Fixture {
    let clock = SandboxClock::at(START_BLOCK);
    let node = Node::start_with(release, genesis, clock, pace).await.expect("a node");
    let gate = Arc::new(CountingGate::default());
    let config = config(&[node.url()], gate.clone(), REQUEST_TIMEOUT);
    let client = Client::connect(config).await.expect("a connection");
    Fixture { node, client, gate, wallet: validator() }
}

pub async fn start_with_timeout(size: u16, request_timeout: Duration) -> Fixture {
    let node = node(7, size).await;
    let gate = Arc::new(CountingGate::default());
    let client = Client::connect(config(&[node.url()], gate.clone(), request_timeout)).await.expect("a connection");
    Fixture { node, client, gate, wallet: validator() }
}

impl Fixture {
    /// Requests that the node has counted.
    pub fn requests(&self) -> u64 {
        self.node.handle().rpc_counts().values().sum()
    }

    pub async fn sign_weights(&self, weights: &[(u16, u16)]) -> SignedExtrinsic {
        let head = self.client.finalized_head().await.expect("a head");
        self.client.sign_weights(&self.wallet, NETUID, weights, 0, &head).await.expect("a signature").extrinsic
    }
}
