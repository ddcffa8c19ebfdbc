//! The node fails as configured.

use std::time::Duration;

use serde_json::{Value as Json, json};
use subxt::rpcs::client::{RpcClient, RpcParams, RpcSubscription};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{MethodFault, Times};

use crate::subnet::{World, account, connect, hex_of, request, rpc_error, set_commitment, soon};

async fn subscribe(rpc: &RpcClient, topic: &str) -> RpcSubscription<Json> {
    let (subscribe, unsubscribe) = match topic {
        "new" => ("chain_subscribeNewHeads", "chain_unsubscribeNewHeads"),
        _ => ("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads"),
    };
    soon(rpc.subscribe(subscribe, RpcParams::new(), unsubscribe)).await.unwrap()
}

async fn next_number(heads: &mut RpcSubscription<Json>) -> u32 {
    let header = soon(heads.next()).await.unwrap().unwrap();
    u32::from_str_radix(header["number"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_after_the_extrinsic_is_final() {
    for method in ["author_submitExtrinsic", "author_submitAndWatchExtrinsic"] {
        let world = World::start().await;
        world.handle.faults().lose_next_answers(1);
        let signed = world.sign(&set_commitment("a:b"), "hotkey3").await;
        let answer = world.request(method, vec![json!(hex_of(signed.encoded()))]).await;
        assert!(answer.is_err_and(|error| !matches!(error, subxt::rpcs::Error::User(_))), "{method}");
        assert_eq!(world.last_submission().extrinsic_hash, signed.hash().0);
        assert_eq!(world.handle.finalized_head(), world.handle.head());
        let (rpc, _) = connect(&world.node).await;
        let again = request(&rpc, "author_submitExtrinsic", vec![json!(hex_of(signed.encoded()))]).await;
        assert_eq!(rpc_error(again.unwrap_err()).0, 1012, "{method}");
    }
}

#[tokio::test]
async fn a_dropped_extrinsic_is_never_included_and_may_be_sent_again() {
    let world = World::start().await;
    world.handle.faults().drop_next_extrinsics(1);
    let signed = world.sign(&set_commitment("a:b"), "hotkey3").await;
    let _progress = soon(signed.submit_and_watch()).await.unwrap();
    world.handle.advance_to(START_BLOCK + 10);
    assert!(world.handle.submissions().is_empty());
    let progress = soon(signed.submit_and_watch()).await.unwrap();
    soon(progress.wait_for_finalized_success()).await.unwrap();
    assert_eq!(world.handle.submissions().len(), 1);
}

#[tokio::test]
async fn finality_lags_until_it_is_released() {
    let world = World::start().await;
    world.handle.faults().delay_finality(5);
    let mut finalized = subscribe(&world.rpc, "finalized").await;
    assert_eq!(next_number(&mut finalized).await, START_BLOCK);
    let signed = world.sign(&set_commitment("a:b"), "hotkey3").await;
    let mut progress = soon(signed.submit_and_watch()).await.unwrap();
    while soon(progress.next()).await.unwrap().unwrap().as_in_block().is_none() {}
    assert_eq!(world.handle.head().number, START_BLOCK + 1);
    assert_eq!(world.handle.finalized_head().number, START_BLOCK);
    world.handle.advance_to(START_BLOCK + 4);
    assert_eq!(world.handle.finalized_head().number, START_BLOCK);
    let at = soon(world.client.at_current_block()).await.unwrap();
    assert_eq!(at.block_number(), u64::from(START_BLOCK));
    world.handle.faults().release_finality();
    assert_eq!(world.handle.finalized_head(), world.handle.head());
    assert!(soon(progress.next()).await.unwrap().unwrap().as_finalized().is_some());
    let mut number = START_BLOCK;
    while number < START_BLOCK + 4 {
        number = next_number(&mut finalized).await;
    }
}

#[tokio::test]
async fn a_fork_replaces_best_blocks_and_never_a_finalized_one() {
    let world = World::start().await;
    world.handle.faults().delay_finality(10);
    let mut new = subscribe(&world.rpc, "new").await;
    assert_eq!(next_number(&mut new).await, START_BLOCK);
    assert_eq!(next_number_of_inclusion(&world).await, START_BLOCK + 1);
    let replaced = world.handle.head();
    assert_eq!(next_number(&mut new).await, START_BLOCK + 1);
    world.handle.faults().fork(1);
    assert_eq!(next_number(&mut new).await, START_BLOCK + 1);
    assert_eq!(next_number(&mut new).await, START_BLOCK + 2);
    let hash = world.request("chain_getBlockHash", vec![json!(START_BLOCK + 1)]).await.unwrap();
    assert_ne!(hash, json!(hex_of(&replaced.hash)));
    // The extrinsic of the replaced block is in the new branch, once.
    let records = world.handle.submissions();
    assert_eq!(records.len(), 1);
    assert_eq!(json!(hex_of(&records[0].block_hash)), hash);
    assert_eq!(world.handle.nonce(&account("hotkey3")), 1);
    world.handle.faults().release_finality();
    let gone = world.request("chain_getHeader", vec![json!(hex_of(&replaced.hash))]).await.unwrap();
    assert!(gone.is_null());
}

async fn next_number_of_inclusion(world: &World) -> u32 {
    let signed = world.sign(&set_commitment("a:b"), "hotkey3").await;
    let mut progress = soon(signed.submit_and_watch()).await.unwrap();
    while soon(progress.next()).await.unwrap().unwrap().as_in_block().is_none() {}
    world.last_submission().block
}

#[tokio::test]
async fn a_fork_without_delay_finalizes_only_the_branch_that_stays() {
    let world = World::start().await;
    let mut finalized = subscribe(&world.rpc, "finalized").await;
    let mut new = subscribe(&world.rpc, "new").await;
    assert_eq!((next_number(&mut finalized).await, next_number(&mut new).await), (START_BLOCK, START_BLOCK));
    world.handle.faults().fork(2);
    let seen = [next_number(&mut new).await, next_number(&mut new).await, next_number(&mut new).await];
    assert_eq!(seen, [START_BLOCK + 1, START_BLOCK + 2, START_BLOCK + 2]);
    assert_eq!(next_number(&mut new).await, START_BLOCK + 3);
    assert_eq!(next_number(&mut finalized).await, START_BLOCK + 3);
}

#[tokio::test]
async fn methods_fail_hang_and_lag_as_often_as_they_are_told() {
    let world = World::start().await;
    let faults = world.handle.faults();
    let error = MethodFault::Error { code: -32_603, message: "Internal error".into() };
    faults.set_method("system_chain", error, Times::Next(2));
    for _ in 0..2 {
        let answer = world.request("system_chain", vec![]).await.unwrap_err();
        assert_eq!(rpc_error(answer).0, -32_603);
    }
    assert!(world.request("system_chain", vec![]).await.is_ok());
    faults.set_method("system_name", MethodFault::Delay(Duration::from_millis(30)), Times::Always);
    let started = std::time::Instant::now();
    world.request("system_name", vec![]).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(30));
    faults.set_method("system_version", MethodFault::Hang, Times::Always);
    let hanging = world.rpc.request::<Json>("system_version", RpcParams::new());
    tokio::pin!(hanging);
    // Another method answers on the same connection while this one hangs.
    tokio::select! {
        biased;
        _ = &mut hanging => panic!("it does not hang"),
        answer = world.request("system_chain", vec![]) => assert!(answer.is_ok()),
    }
    faults.clear();
    assert!(soon(hanging).await.is_ok());
}

#[tokio::test]
async fn closed_connections_are_gone_for_the_client_and_new_ones_are_welcome() {
    let world = World::start().await;
    assert_eq!(world.handle.connection_count(), 1);
    let mut heads = subscribe(&world.rpc, "new").await;
    next_number(&mut heads).await;
    world.handle.faults().close_connections();
    let end = soon(heads.next()).await;
    assert!(end.is_none_or(|item| item.is_err()));
    assert!(world.request("system_chain", vec![]).await.is_err());
    let (rpc, _) = connect(&world.node).await;
    assert!(request(&rpc, "system_chain", vec![]).await.is_ok());
}

#[tokio::test]
async fn a_stale_nonce_is_answered_as_often_as_asked_for() {
    let world = World::start().await;
    assert_eq!(world.outcome(&set_commitment("a:b"), "hotkey3").await, Ok(()));
    world.handle.faults().answer_stale_nonces(1);
    let stale = world.sign(&set_commitment("a:c"), "hotkey3").await;
    assert_eq!(world.refusal(&stale).await.2, Some("Transaction is outdated".into()));
    assert_eq!(world.outcome(&set_commitment("a:c"), "hotkey3").await, Ok(()));
}

#[tokio::test]
async fn a_stopped_node_answers_nobody() {
    let world = World::start().await;
    let url = world.node.url();
    soon(world.node.stop()).await;
    assert!(soon(RpcClient::from_insecure_url(url)).await.is_err());
}
