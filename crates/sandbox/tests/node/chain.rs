//! Blocks, history and requests as clients see them.

use std::time::Duration;

use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use parity_scale_codec::Decode;
use serde_json::json;
use subxt::dynamic::{self, Value};
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock, block_unix_ms};
use tensorflix_sandbox::node::{Node, Pace, STATE_RETENTION_BLOCKS};

use crate::subnet::{
    World, account, connect, genesis, hex_of, key, request, rpc_error, set_commitment, set_weights, soon,
};

#[tokio::test]
async fn two_nodes_with_one_seed_are_one_chain() {
    let (one, two) = (World::start().await, World::start().await);
    let mut other_seed = genesis();
    other_seed.seed = 8;
    let other = World::start_with(other_seed).await;
    one.handle.advance_to(START_BLOCK + 800);
    two.handle.advance_to(START_BLOCK + 400);
    two.handle.advance_to(START_BLOCK + 800);
    assert_eq!(one.handle.head(), two.handle.head());
    assert_eq!(one.handle.genesis_hash(), two.handle.genesis_hash());
    assert_ne!(one.handle.genesis_hash(), other.handle.genesis_hash());
    assert_eq!(one.client.genesis_hash().0, one.handle.genesis_hash());
}

#[tokio::test]
async fn headers_hash_to_their_hashes_and_link_to_their_parents() {
    let world = World::start().await;
    let mut blocks = soon(world.client.stream_blocks()).await.unwrap();
    let first = soon(blocks.next()).await.unwrap().unwrap();
    assert_eq!(first.number(), u64::from(START_BLOCK));
    world.handle.advance_to(START_BLOCK + 3);
    let mut previous = Some(first.hash());
    for number in START_BLOCK + 1..=START_BLOCK + 3 {
        let block = soon(blocks.next()).await.unwrap().unwrap();
        assert_eq!(block.number(), u64::from(number));
        // The client hashes the header itself; the node must know the block by that hash.
        let hash = world.request("chain_getBlockHash", vec![json!(number)]).await.unwrap();
        assert_eq!(hash, json!(hex_of(&block.hash().0)));
        if let Some(previous) = previous.replace(block.hash()) {
            assert_eq!(block.header().parent_hash, previous);
        }
    }
}

#[tokio::test]
async fn blocks_between_genesis_and_the_start_are_unknown() {
    let world = World::start().await;
    let hashes = world.request("chain_getBlockHash", vec![json!([0, 1, START_BLOCK - 1, "0x895440"])]).await.unwrap();
    assert_eq!(hashes[0], json!(hex_of(&world.handle.genesis_hash())));
    assert_eq!((&hashes[1], &hashes[2]), (&json!(null), &json!(null)));
    assert_eq!(hashes[3], json!(hex_of(&world.handle.head().hash)));
}

#[tokio::test]
async fn any_block_in_the_window_can_be_read_as_it_was() {
    let world = World::start().await;
    let at_start = world.handle.head();
    assert_eq!(world.outcome(&set_weights(&[2], &[1], 0), "hotkey0").await, Ok(()));
    world.handle.advance_to(START_BLOCK + 500);
    let keys = || vec![Value::u128(89), Value::u128(0)];
    let address = || dynamic::storage::<Vec<Value>, Vec<(u16, u16)>>("SubtensorModule", "Weights");
    let then = soon(world.client.at_block(at_start.number)).await.unwrap();
    let weights = soon(then.storage().fetch(address(), keys())).await.unwrap().decode().unwrap();
    assert!(weights.is_empty());
    let now = soon(world.client.at_current_block()).await.unwrap();
    let weights = soon(now.storage().fetch(address(), keys())).await.unwrap().decode().unwrap();
    assert_eq!(weights, [(2, 65_535)]);
    for (at, number) in [(then, START_BLOCK), (now, START_BLOCK + 500)] {
        let time = dynamic::storage::<(), u64>("Timestamp", "Now");
        assert_eq!(soon(at.storage().fetch(time, ())).await.unwrap().decode().unwrap(), block_unix_ms(number));
        let height = dynamic::storage::<(), u32>("System", "Number");
        assert_eq!(soon(at.storage().fetch(height, ())).await.unwrap().decode().unwrap(), number);
    }
}

#[tokio::test]
async fn state_before_the_window_is_discarded() {
    let world = World::start().await;
    let first = world.handle.head();
    world.handle.advance_to(START_BLOCK + STATE_RETENTION_BLOCKS);
    let read = || vec![json!("0x00"), json!(hex_of(&first.hash))];
    assert!(world.request("state_getStorage", read()).await.is_ok());
    world.handle.advance_to(START_BLOCK + STATE_RETENTION_BLOCKS + 1);
    let error = rpc_error(world.request("state_getStorage", read()).await.unwrap_err());
    assert_eq!(error.0, 4003);
    assert!(error.1.contains("State already discarded"), "{}", error.1);
    let unknown = vec![json!("0x00"), json!(hex_of(&[9; 32]))];
    let error = rpc_error(world.request("state_getStorage", unknown).await.unwrap_err());
    assert!(error.1.contains("UnknownBlock"), "{}", error.1);
}

#[tokio::test]
async fn many_keys_are_read_in_one_request() {
    let world = World::start().await;
    let at = soon(world.client.at_current_block()).await.unwrap();
    let entry = at.storage().entry(dynamic::storage::<Vec<Value>, Value>("SubtensorModule", "Keys")).unwrap();
    let keys: Vec<_> = (0..300u128)
        .map(|uid| json!(hex_of(&entry.fetch_key(vec![Value::u128(89), Value::u128(uid)]).unwrap())))
        .collect();
    world.handle.reset_rpc_counts();
    let answer = world.request("state_queryStorageAt", vec![json!(keys)]).await.unwrap();
    let changes = answer[0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 300);
    assert_eq!(changes[5][1], json!(hex_of(&account("hotkey5"))));
    assert!(changes[8..].iter().all(|change| change[1].is_null()));
    assert_eq!(world.handle.rpc_counts().into_iter().collect::<Vec<_>>(), [("state_queryStorageAt".to_string(), 1)]);
}

#[tokio::test]
async fn every_request_of_a_batch_is_counted() {
    let world = World::start().await;
    world.handle.reset_rpc_counts();
    let url = world.node.url().replace("ws://", "http://");
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "system_chain", "params": [] },
        { "jsonrpc": "2.0", "id": 2, "method": "system_chain", "params": [] },
        { "jsonrpc": "2.0", "id": 3, "method": "chain_getFinalizedHead", "params": [] },
        { "jsonrpc": "2.0", "id": 4, "method": "no_such_method", "params": [] },
    ]);
    let answer: serde_json::Value = soon(post(&url, batch.to_string())).await;
    assert_eq!(answer.as_array().unwrap().len(), 4);
    assert_eq!(answer[3]["error"]["code"], json!(-32601));
    let counts = world.handle.rpc_counts();
    assert_eq!(counts.get("system_chain"), Some(&2));
    assert_eq!(counts.get("chain_getFinalizedHead"), Some(&1));
}

/// One HTTP request by hand: the node takes them on the same port.
async fn post(url: &str, body: String) -> serde_json::Value {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = [
        "POST / HTTP/1.1".to_string(),
        format!("Host: {address}"),
        "Content-Type: application/json".to_string(),
        format!("Content-Length: {length}"),
        "Connection: close\r\n\r\n".to_string(),
    ]
    .join("\r\n");
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn thousands_of_blocks_are_made_at_once_and_only_the_newest_is_announced() {
    let world = World::start().await;
    let mut heads = soon(world.rpc.subscribe::<serde_json::Value>(
        "chain_subscribeFinalizedHeads",
        subxt::rpcs::client::RpcParams::new(),
        "chain_unsubscribeFinalizedHeads",
    ))
    .await
    .unwrap();
    let first = soon(heads.next()).await.unwrap().unwrap();
    assert_eq!(first["number"], json!(format!("{START_BLOCK:#x}")));
    world.handle.advance_to(START_BLOCK + 7_200);
    let next = soon(heads.next()).await.unwrap().unwrap();
    assert_eq!(next["number"], json!(format!("{:#x}", START_BLOCK + 7_200)));
}

#[tokio::test]
async fn a_storage_subscription_tells_what_changes() {
    let world = World::start().await;
    let at = soon(world.client.at_current_block()).await.unwrap();
    let entry = at.storage().entry(dynamic::storage::<Vec<Value>, Value>("Commitments", "LastCommitment")).unwrap();
    let key = entry.fetch_key(vec![Value::u128(89), Value::from_bytes(account("hotkey3"))]).unwrap();
    let mut params = subxt::rpcs::client::RpcParams::new();
    params.push(json!([hex_of(&key)])).unwrap();
    let mut changes =
        soon(world.rpc.subscribe::<serde_json::Value>("state_subscribeStorage", params, "state_unsubscribeStorage"))
            .await
            .unwrap();
    let first = soon(changes.next()).await.unwrap().unwrap();
    assert_eq!(first["changes"], json!([[hex_of(&key), null]]));
    world.handle.advance_to(START_BLOCK + 5);
    assert_eq!(world.outcome(&set_commitment("a:b"), "hotkey3").await, Ok(()));
    let second = soon(changes.next()).await.unwrap().unwrap();
    assert_eq!(second["changes"], json!([[hex_of(&key), hex_of(&(START_BLOCK + 6).to_le_bytes())]]));
}

#[tokio::test]
async fn other_clients_find_the_methods_they_ask_for() {
    let world = World::start().await;
    let methods = world.request("rpc_methods", vec![]).await.unwrap();
    for method in methods["methods"].as_array().unwrap() {
        assert!(method.as_str().unwrap().contains('_'));
    }
    assert_eq!(
        world.request("system_properties", vec![]).await.unwrap(),
        json!({ "isEthereum": false, "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO" })
    );
    let version = world.request("state_getRuntimeVersion", vec![]).await.unwrap();
    assert_eq!((&version["specName"], &version["specVersion"]), (&json!("node-subtensor"), &json!(365)));
    let metadata = world.request("state_getMetadata", vec![]).await.unwrap();
    assert!(metadata.as_str().unwrap().starts_with("0x6d6574610e"), "version 14");
    let address = subxt::utils::AccountId32(account("hotkey3")).to_string();
    assert_eq!(world.request("system_accountNextIndex", vec![json!(address)]).await.unwrap(), json!(0));
    let unknown = world.request("state_call", vec![json!("No_such"), json!("0x")]).await.unwrap_err();
    assert!(rpc_error(unknown).1.contains("Exported method No_such is not found"));
    let other = request(&world.rpc, "no_such_method", vec![]).await.unwrap_err();
    assert_eq!(rpc_error(other).0, -32601);
}

#[tokio::test]
async fn a_client_that_chooses_its_own_methods_works_too() {
    let world = World::start().await;
    let client =
        soon(subxt::OnlineClient::<subxt::SubstrateConfig>::from_insecure_url(world.node.url())).await.unwrap();
    assert_eq!(client.genesis_hash().0, world.handle.genesis_hash());
    assert_eq!(soon(client.at_current_block()).await.unwrap().block_number(), u64::from(START_BLOCK));
}

#[tokio::test]
async fn at_a_pace_blocks_come_by_themselves_and_take_what_waits() {
    let pace = Pace::Every(Duration::from_millis(20));
    let node = Node::start(genesis(), SandboxClock::at(START_BLOCK), pace).await.unwrap();
    let (_, client) = connect(&node).await;
    let mut blocks = soon(client.stream_blocks()).await.unwrap();
    while soon(blocks.next()).await.unwrap().unwrap().number() < u64::from(START_BLOCK) + 3 {}
    let mut transactions = soon(client.transactions()).await.unwrap();
    let (call, signer) = (set_commitment("a:b"), key("hotkey3"));
    let progress = soon(transactions.sign_and_submit_then_watch_default(&call, &signer)).await.unwrap();
    soon(progress.wait_for_finalized_success()).await.unwrap();
    assert_eq!(node.handle().submissions().len(), 1);
}

#[tokio::test]
async fn the_clock_tells_the_newest_block() {
    let clock = SandboxClock::at(START_BLOCK);
    let node = Node::start(genesis(), clock.clone(), Pace::Hold).await.unwrap();
    node.handle().advance_to(START_BLOCK + 77);
    assert_eq!(clock.block(), START_BLOCK + 77);
    node.handle().advance_to(START_BLOCK + 5);
    assert_eq!(clock.block(), node.handle().head().number);
}

#[tokio::test]
async fn every_version_of_the_metadata_decodes_and_names_the_same_pallets() {
    let world = World::start().await;
    let mut pallets: Vec<Vec<String>> = Vec::new();
    for version in [14u32, 15, 16] {
        let argument = hex_of(&version.to_le_bytes());
        let params = vec![json!("Metadata_metadata_at_version"), json!(argument)];
        let answer = world.request("state_call", params).await.unwrap();
        let bytes = hex::decode(answer.as_str().unwrap().trim_start_matches("0x")).unwrap();
        let metadata = Option::<Vec<u8>>::decode(&mut &*bytes).unwrap().unwrap();
        let names = match RuntimeMetadataPrefixed::decode(&mut &*metadata).unwrap().1 {
            RuntimeMetadata::V14(metadata) => metadata.pallets.into_iter().map(|pallet| pallet.name).collect(),
            RuntimeMetadata::V15(metadata) => metadata.pallets.into_iter().map(|pallet| pallet.name).collect(),
            RuntimeMetadata::V16(metadata) => metadata.pallets.into_iter().map(|pallet| pallet.name).collect(),
            other => panic!("version {}", other.version()),
        };
        pallets.push(names);
    }
    assert!(pallets[0].contains(&"SubtensorModule".to_string()));
    assert!(pallets.iter().all(|names| *names == pallets[0]));
}
