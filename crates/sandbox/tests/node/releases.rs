//! Other runtimes than mainnet's, and upgrades between them.

use subxt::dynamic::Value;
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{INSERTED_DATA_VARIANT, Release};

use crate::subnet::{NETUID, World, account, genesis, set_commitment, set_weights};

async fn number(world: &World, entry: &str) -> u64 {
    world.fetch("SubtensorModule", entry, vec![Value::u128(NETUID.into())]).await
}

#[tokio::test]
async fn every_release_serves_its_own_metadata_and_takes_what_it_has() {
    for release in Release::ALL {
        let world = World::start_on(release, genesis()).await;
        let client = world.client.at_current_block().await.unwrap();
        assert_eq!(client.spec_version(), release.spec_version());
        let pallet = client.metadata_ref().pallet_by_name("SubtensorModule").unwrap();
        let has = |entry| pallet.storage().unwrap().entry_by_name(entry).is_some();
        let calls = |call| pallet.call_variant_by_name(call).is_some();
        let is_renewed = release >= Release::Renewed;
        let is_plain = release == Release::Plain;
        for entry in ["LastEpochBlock", "PendingEpochAt", "SubnetEpochIndex", "ActivityCutoffFactorMilli"] {
            assert_eq!(has(entry), is_renewed, "{release:?} {entry}");
        }
        for entry in ["StakeThreshold", "MechanismCountCurrent", "CommitRevealWeightsVersion"] {
            assert_eq!(has(entry), !is_plain, "{release:?} {entry}");
        }
        assert_eq!(calls("commit_timelocked_weights"), !is_plain, "{release:?}");
        assert_eq!(calls("commit_crv3_mechanism_weights"), release == Release::Finney365, "{release:?}");
        assert_eq!(calls("set_weights"), release != Release::Curtailed, "{release:?}");
    }
}

#[tokio::test]
async fn calls_and_errors_are_executed_by_name_where_their_numbers_moved() {
    let world = World::start_on(Release::Renewed, genesis()).await;
    assert_eq!(world.outcome(&set_weights(&[2, 3], &[3, 1], 0), "hotkey0").await, Ok(()));
    assert_eq!(world.handle.weights(NETUID, 0), [(2, 65_535), (3, 21_845)]);
    let again = world.outcome(&set_weights(&[2], &[1], 0), "hotkey0").await;
    assert!(again.as_ref().is_err_and(|error| error.contains("SettingWeightsTooFast")), "{again:?}");
    assert_eq!(world.outcome(&set_commitment("user:gist"), "hotkey3").await, Ok(()));
    assert_eq!(world.handle.commitment(&account("hotkey3")).unwrap().text, b"user:gist");
}

#[tokio::test]
async fn epochs_follow_the_chains_own_count_where_it_keeps_one() {
    let world = World::start_on(Release::Renewed, genesis()).await;
    // The chain starts with an epoch due.
    world.handle.advance_to(START_BLOCK + 1);
    let (last, index) = (number(&world, "LastEpochBlock").await, number(&world, "SubnetEpochIndex").await);
    assert_eq!(last, u64::from(START_BLOCK) + 1);
    let due = u32::try_from(last).unwrap() + 360;
    world.handle.advance_to(due - 1);
    assert_eq!(world.handle.epoch_index(), index);
    world.handle.advance_to(due);
    assert_eq!((world.handle.epoch_index(), number(&world, "LastEpochBlock").await), (index + 1, due.into()));
    assert_eq!(number(&world, "BlocksSinceLastStep").await, 0);
    // A tempo after it, and not a block more as by the older formula.
    world.handle.advance_to(due + 720);
    assert_eq!(world.handle.epoch_index(), index + 3);
}

#[tokio::test]
async fn a_scheduled_epoch_runs_at_its_block_and_once() {
    let world = World::start_on(Release::Renewed, genesis()).await;
    world.handle.advance_to(START_BLOCK + 1);
    let (block, index) = (world.handle.head().number, world.handle.epoch_index());
    world.handle.schedule_epoch(block + 10);
    world.handle.advance_to(block + 9);
    assert_eq!(world.handle.epoch_index(), index);
    world.handle.advance_to(block + 10 + 359);
    assert_eq!(world.handle.epoch_index(), index + 1);
    assert_eq!(number(&world, "PendingEpochAt").await, 0);
}

#[tokio::test]
async fn an_epoch_runs_after_a_week_whatever_the_tempo() {
    let mut genesis = genesis();
    genesis.hyperparameters.tempo = u16::MAX;
    let world = World::start_on(Release::Renewed, genesis).await;
    let last = number(&world, "LastEpochBlock").await;
    let index = world.handle.epoch_index();
    let due = (u32::try_from(last).unwrap() + 50_401).max(START_BLOCK + 1);
    world.handle.advance_to(due - 1);
    let before = world.handle.epoch_index();
    world.handle.advance_to(due + 50_400);
    assert_eq!((before, world.handle.epoch_index()), (index, index + 1));
    world.handle.advance_to(due + 50_401);
    assert_eq!(world.handle.epoch_index(), index + 2);
}

#[tokio::test]
async fn an_upgrade_keeps_what_was_stored_and_the_count_goes_on_from_the_old_one() {
    let world = World::start().await;
    let long = vec![b'x'; 200];
    world.handle.set_commitment_directly(&account("hotkey3"), &long).unwrap();
    let index = world.handle.epoch_index();
    world.handle.upgrade(Release::Renewed).unwrap();
    assert_eq!(world.handle.release(), Release::Renewed);
    world.handle.advance_to(world.handle.head().number + 1);
    // `BigRaw` has another number now.
    assert_eq!(world.handle.commitment(&account("hotkey3")).unwrap().text, long);
    assert_eq!(world.handle.epoch_index(), index);
    let hotkey = account("hotkey5");
    world.handle.store_commitment_fields(&hotkey, &[(INSERTED_DATA_VARIANT, vec![4, 9]), ("Raw2", b"ab".to_vec())]);
    assert_eq!(world.handle.commitment(&hotkey).unwrap().text, b"ab");
}
