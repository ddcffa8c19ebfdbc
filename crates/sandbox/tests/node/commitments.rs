//! Commitments through the whole path.

use subxt::dynamic::{self, Value};
use tensorflix_sandbox::node::{DispatchError, SubmittedArguments};

use crate::subnet::{NETUID, World, account, set_commitment, soon};

#[tokio::test]
async fn a_commitment_that_a_client_makes_is_stored_with_its_block() {
    let world = World::start().await;
    assert_eq!(world.outcome(&set_commitment("alice:0123456789abcdef"), "hotkey3").await, Ok(()));
    let stored = world.handle.commitment(&account("hotkey3")).unwrap();
    assert_eq!(stored.text, b"alice:0123456789abcdef");
    assert_eq!(stored.block, world.handle.head().number);
    let last: u32 = world
        .fetch("Commitments", "LastCommitment", vec![Value::u128(89), Value::from_bytes(account("hotkey3"))])
        .await;
    assert_eq!(last, stored.block);
    let record = world.last_submission();
    assert_eq!(record.call, "Commitments.set_commitment");
    let arguments = SubmittedArguments::Commitment { netuid: NETUID, text: stored.text };
    assert_eq!(record.arguments, arguments);
}

#[tokio::test]
async fn one_paged_read_finds_all_commitments_of_the_subnet() {
    let world = World::start().await;
    world.handle.set_commitment_directly(&account("hotkey1"), b"one:1").unwrap();
    let at = soon(world.client.at_current_block()).await.unwrap();
    let address = dynamic::storage::<Vec<Value>, Value>("Commitments", "CommitmentOf");
    let mut entries = soon(at.storage().iter(address, vec![Value::u128(89)])).await.unwrap();
    let mut found = 0;
    while let Some(entry) = soon(entries.next()).await {
        entry.unwrap().value().decode().unwrap();
        found += 1;
    }
    assert_eq!(found, 5);
}

#[tokio::test]
async fn a_hotkey_that_is_not_registered_may_not_commit() {
    let world = World::start().await;
    world.handle.deregister_neuron(4);
    let outcome = world.outcome(&set_commitment("user4:other"), "hotkey4").await;
    assert!(outcome.is_err_and(|error| error.contains("AccountNotAllowedCommit")));
    // What it committed while it was registered outlives it.
    assert_eq!(world.handle.commitment(&account("hotkey4")).unwrap().text, b"user4:gist4");
}

#[tokio::test]
async fn the_space_of_an_epoch_is_limited_and_comes_back_with_the_next() {
    let world = World::start().await;
    world.handle.change_hyperparameters(|rules| rules.max_commitment_space = 250);
    let text = "short:text";
    assert_eq!(world.outcome(&set_commitment(text), "hotkey3").await, Ok(()));
    assert_eq!(world.outcome(&set_commitment(text), "hotkey3").await, Ok(()));
    let outcome = world.outcome(&set_commitment(text), "hotkey3").await;
    assert!(outcome.is_err_and(|error| error.contains("SpaceLimitExceeded")));
    let pallet_error = DispatchError::Module { pallet: "Commitments".into(), name: "SpaceLimitExceeded".into() };
    assert_eq!(world.last_submission().outcome, Err(pallet_error));
    world.handle.advance_to(world.handle.head().number + 361);
    assert_eq!(world.outcome(&set_commitment(text), "hotkey3").await, Ok(()));
}

#[tokio::test]
async fn a_text_too_long_for_the_small_fields_is_read_back_all_the_same() {
    let world = World::start().await;
    let text = vec![b'x'; 300];
    world.handle.set_commitment_directly(&account("hotkey3"), &text).unwrap();
    assert_eq!(world.handle.commitment(&account("hotkey3")).unwrap().text, text);
    let stored: Value =
        world.fetch("Commitments", "CommitmentOf", vec![Value::u128(89), Value::from_bytes(account("hotkey3"))]).await;
    assert!(stored.to_string().contains("BigRaw"), "{stored}");
}
