//! Timelocked weights: the chain's refusals of commits, the reveal in its block, and what fails then without a word.

use parity_scale_codec::Encode;
use subxt::dynamic::{self, Value};
use subxt::transactions::DynamicPayload;
use tensorflix_sandbox::clock::{START_BLOCK, block_unix_ms};
use tensorflix_sandbox::node::Hyperparameters;
use tensorflix_timelock::{WeightsPayload, encrypt};

use crate::subnet::{NETUID, World, account, genesis, set_weights, subtensor_error};

/// The first blocks of the epoch after the one of the first block, and of the one after that: epochs are 361 blocks.
const NEXT_EPOCH: u32 = 24_932 * 361 - 90;
const VERSION: u16 = 4;

/// A world with a subnet that takes commits.
async fn world(change: impl FnOnce(&mut Hyperparameters)) -> World {
    let mut genesis = genesis();
    genesis.hyperparameters.commit_reveal_weights_enabled = true;
    change(&mut genesis.hyperparameters);
    World::start_with(genesis).await
}

/// The newest round at a block: the first was at the beacon's genesis, and one follows every three seconds.
fn round_at(block: u32) -> u64 {
    (block_unix_ms(block) / 1_000 - 1_692_803_367) / 3 + 1
}

fn commit(ciphertext: &[u8], round: u64, version: u16) -> DynamicPayload<Vec<Value>> {
    let number = |number: u64| Value::u128(number.into());
    let arguments = vec![number(NETUID.into()), Value::from_bytes(ciphertext), number(round), number(version.into())];
    dynamic::transaction("SubtensorModule", "commit_timelocked_weights", arguments)
}

impl World {
    async fn sealed(&self, payload: &WeightsPayload, round: u64) -> Vec<u8> {
        let config: Value<()> = self.fetch("Drand", "BeaconConfig", vec![]).await;
        let key = subxt::dynamic::At::at(&config, "public_key").expect("a key");
        let bytes: Vec<u8> =
            subxt::ext::scale_value::serde::from_value::<(), Vec<Vec<u8>>>(key.clone()).expect("bytes").concat();
        encrypt(&bytes, round, &payload.encode()).expect("encrypted")
    }

    /// Commits for the next epoch; `true` if it was taken.
    async fn commits(&self, signer: &str, payload: &WeightsPayload) {
        let round = round_at(NEXT_EPOCH + 2);
        let sealed = self.sealed(payload, round).await;
        assert_eq!(self.outcome(&commit(&sealed, round, VERSION), signer).await, Ok(()));
    }
}

fn payload(signer: &str, weights: &[(u16, u16)]) -> WeightsPayload {
    WeightsPayload::new(&account(signer), weights, 0)
}

#[tokio::test]
async fn a_commit_is_revealed_at_its_round_and_only_the_commit_counts_as_activity() {
    let world = world(|_| ()).await;
    world.commits("hotkey0", &payload("hotkey0", &[(2, 100), (3, 50)])).await;
    let committed_at = u64::from(world.handle.head().number);
    world.handle.advance_to(NEXT_EPOCH + 1);
    assert_eq!(world.handle.weights(NETUID, 0), [], "the epoch began, the round has not come");
    world.handle.advance_to(NEXT_EPOCH + 2);
    assert_eq!(world.handle.weights(NETUID, 0), [(2, 65_535), (3, 32_768)]);
    let at = world.client.at_current_block().await.unwrap();
    let names: Vec<String> =
        at.events().fetch().await.unwrap().iter().map(|event| event.unwrap().event_name().to_owned()).collect();
    assert_eq!(names, ["WeightsSet", "TimelockedWeightsRevealed", "ExtrinsicSuccess"]);
    world.handle.advance_to(NEXT_EPOCH + 500);
    assert_eq!(world.handle.last_updates()[0], committed_at);
    assert_eq!(world.fetch::<u64>("Drand", "LastStoredRound", vec![]).await, round_at(NEXT_EPOCH + 500));
}

#[tokio::test]
async fn every_refusal_of_a_commit_is_the_chains_own() {
    let world = world(|rules| rules.stake_threshold = 0).await;
    world.handle.endow(&account("stranger"));
    let round = round_at(NEXT_EPOCH);
    for (name, signer, version) in
        [("IncorrectCommitRevealVersion", "hotkey0", 3), ("HotKeyNotRegisteredInSubNet", "stranger", VERSION)]
    {
        let outcome = world.outcome(&commit(&[1, 2, 3], round, version), signer).await;
        assert!(outcome.is_err_and(|error| error.contains(name)), "{name}");
        assert_eq!(world.last_submission().outcome, subtensor_error(name));
    }
    let past = world.sign(&commit(&[1], round_at(START_BLOCK) - 1, VERSION), "hotkey0").await;
    assert_eq!(world.refusal(&past).await.2.as_deref(), Some("Custom error: 15"));
    assert_eq!(world.outcome(&commit(&[1], round, VERSION), "hotkey0").await, Ok(()));
    let outcome = world.outcome(&commit(&[1], round, VERSION), "hotkey0").await;
    assert!(outcome.is_err_and(|error| error.contains("CommittingWeightsTooFast")));
    world.handle.change_hyperparameters(|rules| rules.weights_set_rate_limit = 0);
    for _ in 1..10 {
        assert_eq!(world.outcome(&commit(&[1], round, VERSION), "hotkey0").await, Ok(()));
    }
    let outcome = world.outcome(&commit(&[1], round, VERSION), "hotkey0").await;
    assert!(outcome.is_err_and(|error| error.contains("TooManyUnrevealedCommits")));
    world.handle.change_hyperparameters(|rules| rules.commit_reveal_weights_enabled = false);
    let outcome = world.outcome(&commit(&[1], round, VERSION), "hotkey1").await;
    assert!(outcome.is_err_and(|error| error.contains("CommitRevealDisabled")));
    assert_eq!(world.outcome(&set_weights(&[2], &[1], 0), "hotkey1").await, Ok(()));
}

/// Permit, hotkey, UIDs, version and the key are checked only at the reveal, and no failure is reported.
#[tokio::test]
async fn what_cannot_be_used_at_its_reveal_changes_nothing_and_leaves_no_event() {
    let good = [(2, 1)];
    let cases: [(&str, &str, WeightsPayload, bool); 4] = [
        ("somebody else's payload", "hotkey0", payload("hotkey1", &good), false),
        ("an unknown UID", "hotkey0", payload("hotkey0", &[(99, 1)]), false),
        ("no permit any more", "hotkey0", payload("hotkey0", &good), true),
        ("too low a version", "hotkey0", WeightsPayload::new(&account("hotkey0"), &good, 4), false),
    ];
    for (name, signer, payload, loses_permit) in cases {
        let world = world(|rules| rules.weights_version_key = if name.contains("version") { 5 } else { 0 }).await;
        world.commits(signer, &payload).await;
        if loses_permit {
            world.handle.set_validator_permit(0, false);
        }
        world.handle.advance_to(NEXT_EPOCH + 2);
        assert_eq!(world.handle.weights(NETUID, 0), [], "{name}");
        let at = world.client.at_current_block().await.unwrap();
        assert_eq!(at.events().fetch().await.unwrap().iter().count(), 1, "{name}");
    }
    let world = world(|_| ()).await;
    world.commits("hotkey0", &payload("hotkey0", &good)).await;
    world.handle.faults().fail_next_reveals(1);
    world.handle.advance_to(NEXT_EPOCH + 400);
    assert_eq!(world.handle.weights(NETUID, 0), [], "by a fault");
}
