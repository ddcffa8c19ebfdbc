//! What the pool takes and refuses: nonces, eras, signatures, repetitions.

use serde_json::json;
use subxt::SubstrateConfig;
use subxt::config::DefaultExtrinsicParamsBuilder;
use tensorflix_sandbox::node::{BAN_BLOCKS, InvalidTransaction, PoolRejection};

use crate::subnet::{World, account, hex_of, key, rpc_error, set_commitment, set_weights, soon};

#[tokio::test]
async fn a_used_nonce_is_refused_as_outdated() {
    let world = World::start().await;
    assert_eq!(world.outcome(&set_commitment("a:b"), "hotkey3").await, Ok(()));
    let signed = world.sign_with_nonce(&set_commitment("a:c"), "hotkey3", 0).await;
    let refusal = world.refusal(&signed).await;
    assert_eq!(refusal, (1010, "Invalid Transaction".into(), Some("Transaction is outdated".into())));
    let verdict = soon(signed.validate()).await.unwrap();
    assert!(format!("{verdict:?}").contains("Stale"), "{verdict:?}");
}

#[tokio::test]
async fn a_later_nonce_waits_for_the_earlier_one() {
    let world = World::start().await;
    let later = world.sign_with_nonce(&set_commitment("a:2"), "hotkey3", 1).await;
    let mut progress = soon(later.submit_and_watch()).await.unwrap();
    assert!(world.handle.submissions().is_empty());
    let earlier = world.sign_with_nonce(&set_commitment("a:1"), "hotkey3", 0).await;
    soon(earlier.submit()).await.unwrap();
    let mut finalized = false;
    while let Some(status) = soon(progress.next()).await {
        finalized |= status.unwrap().as_finalized().is_some();
    }
    assert!(finalized);
    let records = world.handle.submissions();
    assert_eq!(records.iter().map(|record| record.nonce).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(records[0].block, records[1].block);
    assert_eq!(world.handle.commitment(&account("hotkey3")).unwrap().text, b"a:2");
}

#[tokio::test]
async fn an_era_that_is_over_looks_like_a_bad_signature() {
    let world = World::start().await;
    let signed = world.sign(&set_commitment("a:b"), "hotkey3").await;
    world.handle.advance_to(world.handle.head().number + 64);
    let refusal = world.refusal(&signed).await;
    assert_eq!(refusal, (1010, "Invalid Transaction".into(), Some("Transaction has a bad signature".into())));
}

#[tokio::test]
async fn an_era_that_started_before_the_remembered_blocks_is_refused() {
    let world = World::start().await;
    let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new().mortal(65_536).build();
    let mut transactions = soon(world.client.transactions()).await.unwrap();
    let signed = soon(transactions.create_signed(&set_commitment("a:b"), &key("hotkey3"), params)).await.unwrap();
    world.handle.advance_to(world.handle.head().number + 2_500);
    let refusal = world.refusal(&signed).await;
    assert_eq!(refusal.2, Some("Transaction has an ancient birth block".into()));
}

#[tokio::test]
async fn a_waiting_extrinsic_leaves_the_pool_when_its_era_is_over() {
    let world = World::start().await;
    let future = world.sign_with_nonce(&set_commitment("a:2"), "hotkey3", 1).await;
    soon(future.submit_and_watch()).await.unwrap();
    let pending = world.request("author_pendingExtrinsics", vec![]).await.unwrap();
    assert_eq!(pending, json!([hex_of(future.encoded())]));
    world.handle.advance_to(world.handle.head().number + 64);
    assert_eq!(world.request("author_pendingExtrinsics", vec![]).await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_forged_signature_and_an_unknown_account_are_refused() {
    let world = World::start().await;
    let signed = world.sign(&set_commitment("a:b"), "hotkey3").await;
    let mut forged = signed.encoded().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let error = world.request("author_submitExtrinsic", vec![json!(hex_of(&forged))]).await.unwrap_err();
    assert_eq!(rpc_error(error).2, Some("Transaction has a bad signature".into()));
    let stranger = world.sign(&set_commitment("a:b"), "stranger").await;
    let refusal = world.refusal(&stranger).await;
    assert_eq!(refusal.2, Some("Inability to pay some fees (e.g. account balance too low)".into()));
    let cut = hex_of(&signed.encoded()[..40]);
    let error = world.request("author_submitExtrinsic", vec![json!(cut)]).await.unwrap_err();
    assert_eq!(rpc_error(error).0, 1001);
}

#[tokio::test]
async fn the_same_bytes_are_known_while_they_wait_and_banned_after_inclusion() {
    let world = World::start().await;
    let waiting = world.sign_with_nonce(&set_commitment("a:2"), "hotkey3", 1).await;
    soon(waiting.submit_and_watch()).await.unwrap();
    assert_eq!(world.refusal(&waiting).await.0, 1013);
    let rival = world.sign_with_nonce(&set_commitment("a:3"), "hotkey3", 1).await;
    assert_eq!(world.refusal(&rival).await.0, 1014);
    let included = world.sign(&set_commitment("a:b"), "hotkey4").await;
    let progress = soon(included.submit_and_watch()).await.unwrap();
    soon(progress.wait_for_finalized_success()).await.unwrap();
    assert_eq!(world.refusal(&included).await.0, 1012);
    world.handle.advance_to(world.handle.head().number + BAN_BLOCKS);
    assert_eq!(world.refusal(&included).await.0, 1010);
}

#[tokio::test]
async fn the_pool_refuses_with_any_reason_it_is_told_to() {
    let world = World::start().await;
    let cases = [
        (PoolRejection::custom(6), 1010, Some("Custom error: 6")),
        (PoolRejection::custom(15), 1010, Some("Custom error: 15")),
        (PoolRejection::Invalid(InvalidTransaction::Stale), 1010, Some("Transaction is outdated")),
        (PoolRejection::TemporarilyBanned, 1012, None),
        (PoolRejection::ImmediatelyDropped, 1016, Some("The transaction couldn't enter the pool because of the limit")),
    ];
    let signed = world.sign(&set_weights(&[2], &[1], 0), "hotkey0").await;
    for (rejection, code, data) in cases {
        world.handle.faults().reject_next_submission(rejection);
        let refusal = world.refusal(&signed).await;
        assert_eq!((refusal.0, refusal.2.as_deref()), (code, data));
    }
    assert!(soon(signed.submit_and_watch()).await.is_ok());
}

#[tokio::test]
async fn calls_that_the_sandbox_does_not_know_are_filtered() {
    let world = World::start().await;
    let arguments = vec![subxt::dynamic::Value::from_bytes(b"hello")];
    let event = subxt::dynamic::transaction("System", "remark_with_event", arguments.clone());
    let outcome = world.outcome(&event, "hotkey3").await;
    assert!(outcome.is_err_and(|error| error.contains("CallFiltered")));
    let plain = subxt::dynamic::transaction("System", "remark", arguments);
    assert_eq!(world.outcome(&plain, "hotkey3").await, Ok(()));
}
