//! A small subnet with a node, a client of it, and the keys of everybody.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value as Json;
use subxt::backend::LegacyBackend;
use subxt::client::OnlineClientAtBlockImpl;
use subxt::config::DefaultExtrinsicParamsBuilder;
use subxt::dynamic::{self, Value};
use subxt::rpcs::client::{RpcClient, RpcParams};
use subxt::transactions::{DynamicPayload, SubmittableTransaction};
use subxt::{OnlineClient, SubstrateConfig};
use subxt_signer::sr25519::Keypair;
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock};
use tensorflix_sandbox::node::{
    AccountId, DispatchError, Genesis, GenesisCommitment, GenesisNeuron, Hyperparameters, Node, NodeHandle, Pace,
    Release, SubmissionRecord,
};

pub const NETUID: u16 = 89;
pub const RAO_PER_TAO: u64 = 1_000_000_000;

/// Longer than any await of a healthy test takes.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub type Client = OnlineClient<SubstrateConfig>;
pub type Signed = SubmittableTransaction<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// Fails instead of waiting for ever.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long")
}

/// A key of this name. Derived from the bare name, because a phrase takes long to turn into a seed.
pub fn key(name: &str) -> Keypair {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    Keypair::from_secret_key(seed).unwrap()
}

pub fn account(name: &str) -> AccountId {
    key(name).public_key().0
}

/// UIDs 0 and 1 are validators, 2 to 7 miners; the owner's hotkey is that of UID 7.
pub fn genesis() -> Genesis {
    let neurons = (0..8u16).map(|uid| {
        let is_validator = uid < 2;
        GenesisNeuron {
            uid,
            hotkey: account(&format!("hotkey{uid}")),
            coldkey: account(&format!("coldkey{uid}")),
            stake_rao: if is_validator { (3_000 - u64::from(uid) * 1_000) * RAO_PER_TAO } else { 0 },
            validator_permit: is_validator,
            registered_at_block: 1_000 + u32::from(uid),
            last_update_block: if is_validator { u64::from(START_BLOCK) - 1_000 } else { 0 },
            commitment: (uid % 2 == 0).then(|| GenesisCommitment {
                text: format!("user{uid}:gist{uid}").into_bytes(),
                block: START_BLOCK - 500,
            }),
        }
    });
    Genesis {
        seed: 7,
        netuid: NETUID,
        neurons: neurons.collect(),
        at_work: Vec::new(),
        hyperparameters: Hyperparameters::default(),
        owner_hotkey: account("hotkey7"),
        owner_coldkey: account("coldkey7"),
    }
}

/// A node and one client of it.
pub struct World {
    pub node: Node,
    pub handle: NodeHandle,
    pub rpc: RpcClient,
    pub client: Client,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(genesis()).await
    }

    pub async fn start_with(genesis: Genesis) -> Self {
        Self::start_on(Release::default(), genesis).await
    }

    pub async fn start_on(release: Release, genesis: Genesis) -> Self {
        let node = Node::start_with(release, genesis, SandboxClock::at(START_BLOCK), Pace::Hold).await.unwrap();
        let (rpc, client) = connect(&node).await;
        Self { handle: node.handle(), node, rpc, client }
    }

    /// A raw request.
    pub async fn request(&self, method: &str, params: Vec<Json>) -> Result<Json, subxt::rpcs::Error> {
        request(&self.rpc, method, params).await
    }

    /// Signs with the nonce that the client finds, for an era of 64 blocks.
    pub async fn sign(&self, call: &DynamicPayload<Vec<Value>>, signer: &str) -> Signed {
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().mortal(64).build();
        let mut transactions = soon(self.client.transactions()).await.unwrap();
        soon(transactions.create_signed(call, &key(signer), params)).await.unwrap()
    }

    pub async fn sign_with_nonce(&self, call: &DynamicPayload<Vec<Value>>, signer: &str, nonce: u64) -> Signed {
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().mortal(64).nonce(nonce).build();
        let mut transactions = soon(self.client.transactions()).await.unwrap();
        soon(transactions.create_signed(call, &key(signer), params)).await.unwrap()
    }

    /// Submits, waits for finality, and tells the error as the client reads it from the events.
    pub async fn outcome(&self, call: &DynamicPayload<Vec<Value>>, signer: &str) -> Result<(), String> {
        let signed = self.sign(call, signer).await;
        let progress = soon(signed.submit_and_watch()).await.map_err(|error| error.to_string())?;
        soon(progress.wait_for_finalized_success()).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Submits the signed bytes and expects the pool's refusal: code, message and data.
    pub async fn refusal(&self, signed: &Signed) -> (i32, String, Option<String>) {
        let extrinsic = serde_json::json!(hex_of(signed.encoded()));
        rpc_error(self.request("author_submitExtrinsic", vec![extrinsic]).await.expect_err("it is refused"))
    }

    /// A storage value at the finalized head.
    pub async fn fetch<T>(&self, pallet: &str, entry: &str, keys: Vec<Value>) -> T
    where
        T: subxt::ext::scale_decode::DecodeAsType,
    {
        let at = soon(self.client.at_current_block()).await.unwrap();
        let address = dynamic::storage::<Vec<Value>, T>(pallet.to_string(), entry.to_string());
        soon(at.storage().fetch(address, keys)).await.unwrap().decode().unwrap()
    }

    pub fn last_submission(&self) -> SubmissionRecord {
        self.handle.submissions().pop().expect("something was included")
    }
}

pub async fn connect(node: &Node) -> (RpcClient, Client) {
    let rpc = soon(RpcClient::from_insecure_url(node.url())).await.unwrap();
    let backend = LegacyBackend::<SubstrateConfig>::builder().storage_page_size(512).build(rpc.clone());
    let config = shared_config();
    let client = soon(OnlineClient::from_backend_with_config(config, Arc::new(backend))).await.unwrap();
    (rpc, client)
}

/// Decoding the metadata is most of a test's work, so clients share what the first of them decoded.
fn shared_config() -> SubstrateConfig {
    static CONFIG: OnceLock<SubstrateConfig> = OnceLock::new();
    CONFIG.get_or_init(SubstrateConfig::new).clone()
}

pub async fn request(rpc: &RpcClient, method: &str, params: Vec<Json>) -> Result<Json, subxt::rpcs::Error> {
    let mut built = RpcParams::new();
    for param in params {
        built.push(param).unwrap();
    }
    soon(rpc.request(method, built)).await
}

pub fn set_weights(uids: &[u16], values: &[u16], version_key: u64) -> DynamicPayload<Vec<Value>> {
    let list = |items: &[u16]| Value::unnamed_composite(items.iter().map(|item| Value::u128(u128::from(*item))));
    let arguments =
        vec![Value::u128(u128::from(NETUID)), list(uids), list(values), Value::u128(u128::from(version_key))];
    dynamic::transaction("SubtensorModule", "set_weights", arguments)
}

pub fn set_commitment(text: &str) -> DynamicPayload<Vec<Value>> {
    let data = Value::unnamed_variant(format!("Raw{}", text.len()), [Value::from_bytes(text)]);
    let info = Value::named_composite([("fields", Value::unnamed_composite([data]))]);
    dynamic::transaction("Commitments", "set_commitment", vec![Value::u128(u128::from(NETUID)), info])
}

/// `Err` with a `SubtensorModule` error.
pub fn subtensor_error(name: &str) -> Result<(), DispatchError> {
    Err(DispatchError::Module { pallet: "SubtensorModule".into(), name: name.into() })
}

/// Code, message and data of a JSON-RPC error.
pub fn rpc_error(error: subxt::rpcs::Error) -> (i32, String, Option<String>) {
    match error {
        subxt::rpcs::Error::User(user) => {
            let data = user.data.map(|data| serde_json::from_str::<String>(data.get()).unwrap());
            (user.code, user.message, data)
        }
        other => panic!("no answer: {other}"),
    }
}

pub fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
