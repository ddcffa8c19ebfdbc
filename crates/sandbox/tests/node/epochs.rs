//! What epochs make of weights.

use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{Genesis, ValidatorAtWork};

use crate::subnet::{World, account, set_weights};

/// The first epoch after a block, on a subnet with netuid 89 and tempo 360.
fn next_epoch(block: u32) -> u32 {
    (block + 1..).find(|number| (number + 90) % 361 == 0).unwrap()
}

#[tokio::test]
async fn a_vector_counts_in_consensus_at_the_next_epoch() {
    let world = World::start().await;
    assert_eq!(world.outcome(&set_weights(&[2, 3], &[3, 1], 0), "hotkey0").await, Ok(()));
    world.handle.set_weights_directly(&account("hotkey1"), &[(2, 1), (4, 1)]).unwrap();
    let epoch = next_epoch(world.handle.head().number);
    world.handle.advance_to(epoch - 1);
    assert_eq!(world.handle.consensus(), [0; 8]);
    world.handle.advance_to(epoch);
    // Validator 0 has three fifths of the stake: what it gives is the median.
    assert_eq!(world.handle.consensus(), [0, 0, 49_151, 16_383, 0, 0, 0, 0]);
    let trust: Vec<u16> = world.fetch("SubtensorModule", "ValidatorTrust", vec![subxt::dynamic::Value::u128(89)]).await;
    assert_eq!(trust[..2], [65_535, 32_767]);
    let since: u64 = world.fetch("SubtensorModule", "BlocksSinceLastStep", vec![subxt::dynamic::Value::u128(89)]).await;
    assert_eq!(since, 0);
}

#[tokio::test]
async fn a_validator_that_was_silent_past_the_cutoff_counts_for_nothing() {
    let world = World::start().await;
    world.handle.set_weights_directly(&account("hotkey0"), &[(2, 1)]).unwrap();
    let silent_since = world.handle.head().number;
    world.handle.advance_to(silent_since + 4_900);
    world.handle.set_weights_directly(&account("hotkey1"), &[(5, 1)]).unwrap();
    world.handle.advance_to(next_epoch(silent_since + 5_000));
    assert_eq!(world.handle.consensus(), [0, 0, 0, 0, 0, 65_535, 0, 0]);
    let active: Vec<bool> = world.fetch("SubtensorModule", "Active", vec![subxt::dynamic::Value::u128(89)]).await;
    assert_eq!(active[..2], [false, true]);
}

#[tokio::test]
async fn weights_older_than_a_registration_do_not_reach_the_newcomer() {
    let world = World::start().await;
    world.handle.set_weights_directly(&account("hotkey0"), &[(2, 1), (3, 1)]).unwrap();
    let mut newcomer = crate::subnet::genesis().neurons[2].clone();
    newcomer.hotkey = account("newcomer");
    world.handle.register_neuron(newcomer);
    assert_eq!(world.handle.uid_of(&account("newcomer")), Some(2));
    assert_eq!(world.handle.uid_of(&account("hotkey2")), None);
    world.handle.advance_to(next_epoch(START_BLOCK + 10));
    assert_eq!(world.handle.consensus(), [0, 0, 0, 65_535, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_validator_at_work_counts_from_the_first_block_on_and_never_falls_silent() {
    let at_work =
        ["hotkey0", "hotkey1"].map(|name| ValidatorAtWork { hotkey: account(name), weights: vec![(2, 3), (3, 1)] });
    let world = World::start_with(Genesis { at_work: at_work.into(), ..crate::subnet::genesis() }).await;
    let consensus = [0, 0, 49_151, 16_383, 0, 0, 0, 0];
    assert_eq!(world.handle.consensus(), consensus, "at the first block");
    assert_eq!(world.handle.weights(89, 0), [(2, 3), (3, 1)]);
    let cutoff = u32::from(world.handle.hyperparameters().activity_cutoff);
    let block = START_BLOCK + 3 * cutoff;
    world.handle.advance_to(block);
    assert_eq!(world.handle.consensus(), consensus, "long after");
    assert!(world.handle.last_updates()[1] + 361 > u64::from(block));

    // Without a permit, or off the subnet, it sets nothing any more.
    world.handle.set_validator_permit(0, false);
    world.handle.deregister_neuron(1);
    let before = world.handle.last_updates();
    world.handle.advance_to(block + 2 * 361);
    assert_eq!(world.handle.last_updates()[..2], before[..2]);
    assert_eq!(world.handle.consensus(), [0; 8]);
}
