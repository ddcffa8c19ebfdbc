//! Hashed commits of weights, on a runtime that has no others: each rule with the chain's own error, and the reveal.

use subxt::dynamic::{self, Value};
use subxt::transactions::DynamicPayload;
use tensorflix_sandbox::node::{Hyperparameters, Release};

use crate::subnet::{NETUID, World, account, genesis, subtensor_error};

/// The first blocks of the epoch after the one of the first block, and of the one after that: epochs are 361 blocks.
const NEXT_EPOCH: u32 = 24_932 * 361 - 90;
const EPOCH_AFTER: u32 = NEXT_EPOCH + 361;

async fn world(change: impl FnOnce(&mut Hyperparameters)) -> World {
    let mut genesis = genesis();
    genesis.hyperparameters.commit_reveal_weights_enabled = true;
    change(&mut genesis.hyperparameters);
    World::start_on(Release::Plain, genesis).await
}

fn commit(hash: &[u8; 32]) -> DynamicPayload<Vec<Value>> {
    let arguments = vec![Value::u128(NETUID.into()), Value::from_bytes(hash)];
    dynamic::transaction("SubtensorModule", "commit_weights", arguments)
}

fn reveal(uids: &[u16], values: &[u16], salt: &[u16]) -> DynamicPayload<Vec<Value>> {
    let list = |items: &[u16]| Value::unnamed_composite(items.iter().map(|item| Value::u128(u128::from(*item))));
    let arguments = vec![Value::u128(NETUID.into()), list(uids), list(values), list(salt), Value::u128(0)];
    dynamic::transaction("SubtensorModule", "reveal_weights", arguments)
}

/// The hash of weights (2, 100), (3, 50) with salt 7, 8 and version key 0: the bytes as SCALE writes them, by hand.
fn hash_of(signer: &str) -> [u8; 32] {
    let mut bytes = account(signer).to_vec();
    bytes.extend([89, 0]);
    bytes.extend([8, 2, 0, 3, 0]);
    bytes.extend([8, 100, 0, 50, 0]);
    bytes.extend([8, 7, 0, 8, 0]);
    bytes.extend([0; 8]);
    sp_crypto_hashing::blake2_256(&bytes)
}

fn good() -> DynamicPayload<Vec<Value>> {
    reveal(&[2, 3], &[100, 50], &[7, 8])
}

async fn refused(world: &World, call: &DynamicPayload<Vec<Value>>, signer: &str, error: &str) {
    let outcome = world.outcome(call, signer).await;
    assert!(outcome.as_ref().is_err_and(|found| found.contains(error)), "{error}: {outcome:?}");
    assert_eq!(world.last_submission().outcome, subtensor_error(error));
}

#[tokio::test]
async fn a_hashed_commit_is_revealed_in_its_epoch_by_what_was_hashed_and_once() {
    let world = world(|_| ()).await;
    assert_eq!(world.outcome(&commit(&hash_of("hotkey0")), "hotkey0").await, Ok(()));
    let committed_at = u64::from(world.handle.head().number);
    world.handle.advance_to(NEXT_EPOCH - 2);
    refused(&world, &good(), "hotkey0", "RevealTooEarly").await;
    assert_eq!(world.handle.head().number, NEXT_EPOCH - 1, "the last block of the epoch before");
    for changed in [
        reveal(&[3, 2], &[100, 50], &[7, 8]),
        reveal(&[2, 3], &[100, 51], &[7, 8]),
        reveal(&[2, 3], &[100, 50], &[8, 7]),
    ] {
        refused(&world, &changed, "hotkey0", "InvalidRevealCommitHashNotMatch").await;
    }
    assert_eq!(world.handle.weights(NETUID, 0), []);
    assert_eq!(world.outcome(&good(), "hotkey0").await, Ok(()));
    assert_eq!(world.handle.weights(NETUID, 0), [(2, 65_535), (3, 32_768)]);
    assert_eq!(world.handle.last_updates()[0], committed_at, "only the commit counts as activity");
    refused(&world, &good(), "hotkey0", "NoWeightsCommitFound").await;
}

#[tokio::test]
async fn a_reveal_after_its_epoch_has_expired_and_in_its_last_block_it_has_not() {
    for (at, expected) in [(EPOCH_AFTER - 1, None), (EPOCH_AFTER, Some("ExpiredWeightCommit"))] {
        let world = world(|_| ()).await;
        assert_eq!(world.outcome(&commit(&hash_of("hotkey0")), "hotkey0").await, Ok(()));
        world.handle.advance_to(at - 1);
        match expected {
            None => assert_eq!(world.outcome(&good(), "hotkey0").await, Ok(())),
            Some(error) => refused(&world, &good(), "hotkey0", error).await,
        }
        assert_eq!(world.handle.weights(NETUID, 0).is_empty(), expected.is_some());
    }
}

#[tokio::test]
async fn every_refusal_of_a_hashed_commit_is_the_chains_own() {
    let world = world(|_| ()).await;
    world.handle.endow(&account("stranger"));
    refused(&world, &commit(&[1; 32]), "stranger", "HotKeyNotRegisteredInSubNet").await;
    assert_eq!(world.outcome(&commit(&[1; 32]), "hotkey0").await, Ok(()));
    refused(&world, &commit(&[2; 32]), "hotkey0", "CommittingWeightsTooFast").await;
    world.handle.change_hyperparameters(|rules| rules.weights_set_rate_limit = 0);
    for index in 1..10 {
        assert_eq!(world.outcome(&commit(&[index; 32]), "hotkey0").await, Ok(()));
    }
    refused(&world, &commit(&[11; 32]), "hotkey0", "TooManyUnrevealedCommits").await;
    // Somebody else's hash reveals nothing, and a used-up queue is free again when all have expired.
    assert_eq!(world.outcome(&commit(&hash_of("hotkey0")), "hotkey1").await, Ok(()));
    world.handle.advance_to(NEXT_EPOCH);
    refused(&world, &good(), "hotkey1", "InvalidRevealCommitHashNotMatch").await;
    world.handle.advance_to(EPOCH_AFTER);
    assert_eq!(world.outcome(&commit(&[11; 32]), "hotkey0").await, Ok(()));
    world.handle.change_hyperparameters(|rules| rules.commit_reveal_weights_enabled = false);
    refused(&world, &commit(&[12; 32]), "hotkey0", "CommitRevealDisabled").await;
    refused(&world, &good(), "hotkey0", "CommitRevealDisabled").await;
}
