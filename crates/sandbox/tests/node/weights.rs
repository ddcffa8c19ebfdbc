//! Weights through the whole path: signed by a real client, checked by the chain's rules, found in storage.

use subxt::dynamic::Value;

use crate::subnet::{NETUID, RAO_PER_TAO, World, account, set_weights, soon, subtensor_error};

#[tokio::test]
async fn weights_that_a_client_sets_are_stored_upscaled_with_their_event_and_block() {
    let world = World::start().await;
    let signed = world.sign(&set_weights(&[2, 3, 4], &[100, 50, 0], 0), "hotkey0").await;
    let progress = soon(signed.submit_and_watch()).await.unwrap();
    let in_block = soon(progress.wait_for_finalized()).await.unwrap();
    let events = soon(in_block.wait_for_success()).await.unwrap();
    let names: Vec<String> = events
        .iter()
        .map(|event| event.map(|event| format!("{}.{}", event.pallet_name(), event.event_name())).unwrap())
        .collect();
    assert_eq!(names, ["SubtensorModule.WeightsSet", "System.ExtrinsicSuccess"]);
    let stored: Vec<(u16, u16)> =
        world.fetch("SubtensorModule", "Weights", vec![Value::u128(89), Value::u128(0)]).await;
    assert_eq!(stored, [(2, 65_535), (3, 32_768), (4, 0)]);
    assert_eq!(world.handle.weights(NETUID, 0), stored);
    let last_update: Vec<u64> = world.fetch("SubtensorModule", "LastUpdate", vec![Value::u128(89)]).await;
    assert_eq!(last_update[0], u64::from(world.handle.head().number));
    assert_eq!(world.handle.nonce(&account("hotkey0")), 1);
}

/// Each of the chain's refusals, by what provokes it.
#[tokio::test]
async fn every_check_fails_with_the_chains_own_error() {
    let world = World::start().await;
    world.handle.endow(&account("stranger"));
    world.handle.change_hyperparameters(|rules| {
        rules.stake_threshold = 0;
        rules.weights_version_key = 5;
        rules.min_allowed_weights = 3;
        rules.max_weights_limit = 40_000;
    });
    let good = [1, 1, 1];
    let cases = [
        ("WeightVecNotEqualSize", "hotkey0", set_weights(&[2, 3, 4], &[1, 1], 5)),
        ("UidsLengthExceedUidsInSubNet", "hotkey0", set_weights(&[0, 1, 2, 3, 4, 5, 6, 7, 8], &[1; 9], 5)),
        ("HotKeyNotRegisteredInSubNet", "stranger", set_weights(&[2, 3, 4], &good, 5)),
        ("IncorrectWeightVersionKey", "hotkey0", set_weights(&[2, 3, 4], &good, 4)),
        ("NeuronNoValidatorPermit", "hotkey3", set_weights(&[2, 4, 5], &good, 5)),
        ("DuplicateUids", "hotkey0", set_weights(&[2, 3, 3], &good, 5)),
        ("UidVecContainInvalidOne", "hotkey0", set_weights(&[2, 3, 99], &good, 5)),
        ("WeightVecLengthIsLow", "hotkey0", set_weights(&[2, 3], &[1, 1], 5)),
        ("MaxWeightExceeded", "hotkey0", set_weights(&[2, 3, 4], &[100, 1, 1], 5)),
    ];
    for (name, signer, call) in cases {
        let outcome = world.outcome(&call, signer).await;
        assert!(outcome.as_ref().is_err_and(|error| error.contains(name)), "{name}: {outcome:?}");
        assert_eq!(world.last_submission().outcome, subtensor_error(name));
    }
    assert_eq!(world.outcome(&set_weights(&[2, 3, 4], &good, 5), "hotkey0").await, Ok(()));
    let outcome = world.outcome(&set_weights(&[2, 3, 4], &good, 5), "hotkey0").await;
    assert!(outcome.is_err_and(|error| error.contains("SettingWeightsTooFast")));
    world.handle.change_hyperparameters(|rules| rules.commit_reveal_weights_enabled = true);
    let outcome = world.outcome(&set_weights(&[2, 3, 4], &good, 5), "hotkey1").await;
    assert!(outcome.is_err_and(|error| error.contains("CommitRevealEnabled")));
}

#[tokio::test]
async fn the_rate_limit_ends_exactly_after_its_blocks() {
    let world = World::start().await;
    let call = set_weights(&[2], &[1], 0);
    assert_eq!(world.outcome(&call, "hotkey0").await, Ok(()));
    let set_at = world.handle.head().number;
    // Both are included in the block after the head that they are submitted at.
    world.handle.advance_to(set_at + 98);
    assert!(world.outcome(&call, "hotkey0").await.is_err_and(|error| error.contains("SettingWeightsTooFast")));
    assert_eq!(world.handle.head().number, set_at + 99);
    assert_eq!(world.outcome(&call, "hotkey0").await, Ok(()));
    assert_eq!(world.handle.last_updates()[0], u64::from(set_at + 100));
}

#[tokio::test]
async fn a_self_weight_and_the_owner_need_no_permit() {
    let world = World::start().await;
    world.handle.change_hyperparameters(|rules| rules.stake_threshold = 0);
    assert_eq!(world.outcome(&set_weights(&[3], &[9], 0), "hotkey3").await, Ok(()));
    assert_eq!(world.outcome(&set_weights(&[2, 3], &[9, 9], 0), "hotkey7").await, Ok(()));
}

#[tokio::test]
async fn too_little_stake_is_refused_by_the_pool_already() {
    let world = World::start().await;
    let signed = world.sign(&set_weights(&[2], &[1], 0), "hotkey3").await;
    let verdict = soon(signed.validate()).await.unwrap();
    assert!(format!("{verdict:?}").contains("Custom(1)"), "{verdict:?}");
    let refusal = world.refusal(&signed).await;
    assert_eq!(refusal, (1010, "Invalid Transaction".into(), Some("Custom error: 1".into())));
    world.handle.set_stake(&account("hotkey1"), 0);
    let signed = world.sign(&set_weights(&[2], &[1], 0), "hotkey1").await;
    assert_eq!(world.refusal(&signed).await.0, 1010);
}

#[tokio::test]
async fn any_dispatch_error_can_be_asked_for_and_leaves_nothing_but_the_nonce() {
    let world = World::start().await;
    for (nonce, name) in
        ["NotEnoughStakeToSetWeights", "TooManyUnrevealedCommits", "MaxWeightExceeded"].iter().enumerate()
    {
        world.handle.faults().fail_next_weights(name);
        let outcome = world.outcome(&set_weights(&[2], &[1], 0), "hotkey0").await;
        assert!(outcome.as_ref().is_err_and(|error| error.contains(name)), "{name}: {outcome:?}");
        assert_eq!(world.handle.nonce(&account("hotkey0")), nonce as u32 + 1);
    }
    assert!(world.handle.weights(NETUID, 0).is_empty());
    assert_eq!(world.outcome(&set_weights(&[2], &[1], 0), "hotkey0").await, Ok(()));
}

#[tokio::test]
async fn stake_reads_alike_through_every_entry_that_holds_it() {
    let world = World::start().await;
    let hotkey = Value::from_bytes(account("hotkey0"));
    let coldkey = Value::from_bytes(account("coldkey0"));
    let netuid = Value::u128(u128::from(NETUID));
    let stake = u128::from(3_000 * RAO_PER_TAO);
    let alpha: u64 = world.fetch("SubtensorModule", "TotalHotkeyAlpha", vec![hotkey.clone(), netuid.clone()]).await;
    assert_eq!(u128::from(alpha), stake);
    let total: Fixed = world.fetch("SubtensorModule", "TotalHotkeyShares", vec![hotkey.clone(), netuid.clone()]).await;
    let own: Fixed = world.fetch("SubtensorModule", "Alpha", vec![hotkey, coldkey, netuid]).await;
    assert_eq!((total.bits >> 64, own.bits >> 64), (stake, stake));
}

/// A fixed-point number with 64 fractional bits.
#[derive(subxt::ext::scale_decode::DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Fixed {
    bits: u128,
}
