//! Other runtimes than the one of mainnet's recorded metadata, and upgrades under our feet.

use crate::fixture::{Fixture, NETUID, VALIDATOR_UID, genesis, miner_hotkey, start_on, start_paced, within};
use std::time::Duration;
use tensorflix_chain::{ChainError, PoolError, Preflight, Submitted};
use tensorflix_domain::extrinsic::{Failure, Inclusion, Remedy};
use tensorflix_domain::subnet::{CommitmentRecord, Subnet};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{FOREIGN_EXTENSION, INSERTED_DATA_VARIANT, Pace, Release};

const DEADLINE: Duration = Duration::from_secs(60);
/// Longer than any test.
const NO_BLOCK_BY_ITSELF: Duration = Duration::from_secs(3_600);
/// The releases on which everything can be done.
const WORKABLE: [Release; 3] = [Release::Finney365, Release::Plain, Release::Renewed];

async fn subnet(fixture: &Fixture) -> Subnet {
    let head = fixture.client.finalized_head().await.expect("a head");
    fixture.client.subnet(&head, NETUID).await.expect("a subnet")
}

async fn submit(fixture: &Fixture, bytes: &[u8]) -> Inclusion {
    match fixture.client.submit(bytes, DEADLINE).await {
        Ok(Submitted::Included(inclusion)) => inclusion,
        other => panic!("not included: {other:?}"),
    }
}

fn texts(subnet: &Subnet) -> Vec<Option<&str>> {
    let text = |commitment: &CommitmentRecord| commitment.text.is_some();
    let neurons = subnet.neurons.iter();
    neurons.map(|neuron| neuron.commitment.as_ref().filter(|found| text(found))?.text.as_deref()).collect()
}

#[tokio::test]
async fn a_subnet_reads_the_same_on_every_runtime() {
    within(async {
        let mut first: Option<Subnet> = None;
        for release in Release::ALL {
            let mut genesis = genesis(7, 5);
            genesis.hyperparameters.activity_cutoff = 4_500;
            // A tempo by which the factor has no remainder.
            genesis.hyperparameters.tempo = 360;
            let fixture = start_on(release, genesis).await;
            let mut subnet = subnet(&fixture).await;
            let threshold = subnet.hyperparameters.stake_threshold_rao;
            assert_eq!(threshold, if release == Release::Plain { 0 } else { 1_000_000_000_000 }, "{release:?}");
            subnet.hyperparameters.stake_threshold_rao = 0;
            assert_eq!(subnet.hyperparameters.activity_cutoff, 4_500, "{release:?}");
            assert_eq!(subnet.neurons[usize::from(VALIDATOR_UID)].last_update, START_BLOCK - 500);
            assert_eq!(texts(&subnet)[3], Some("miner-3:0a"));
            assert_eq!(first.get_or_insert_with(|| subnet.clone()), &subnet, "{release:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn weights_and_commitments_are_sent_and_failures_named_on_every_runtime_with_them() {
    within(async {
        for release in WORKABLE {
            let fixture = start_on(release, genesis(7, 5)).await;
            let signed = fixture.sign_weights(&[(0, 65_535), (2, 1)]).await;
            assert_eq!(fixture.client.validate(&signed.bytes).await, Ok(Preflight::Valid), "{release:?}");
            assert_eq!(submit(&fixture, &signed.bytes).await.failure, None, "{release:?}");
            assert_eq!(fixture.node.handle().weights(NETUID, VALIDATOR_UID), [(0, 65_535), (2, 1)], "{release:?}");

            let again = fixture.sign_weights(&[(0, 65_535)]).await;
            let failure = submit(&fixture, &again.bytes).await.failure.expect("too fast");
            assert_eq!(failure.error, "SubtensorModule.SettingWeightsTooFast", "{release:?}");

            for text in ["short:1", &"long".repeat(60)] {
                let head = fixture.client.finalized_head().await.expect("a head");
                let signed = fixture.client.sign_set_commitment(&fixture.wallet, NETUID, text, &head).await;
                let inclusion = submit(&fixture, &signed.expect("a signature").bytes).await;
                assert_eq!(inclusion.failure, None, "{release:?}");
                let commitment = CommitmentRecord { text: Some(text.to_owned()), block: inclusion.block };
                let read = subnet(&fixture).await.neurons[usize::from(VALIDATOR_UID)].commitment.clone();
                assert_eq!(read, Some(commitment), "{release:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn kinds_of_commitments_that_are_unknown_are_skipped_and_cost_nobody_else_anything() {
    within(async {
        let fixture = start_on(Release::Renewed, genesis(7, 6)).await;
        let handle = fixture.node.handle();
        let sealed = || (INSERTED_DATA_VARIANT, vec![8, 1, 2]);
        let raw = || ("Raw4", b"ab:1".to_vec());
        let hash = || ("Sha256", vec![9; 32]);
        handle.store_commitment_fields(&miner_hotkey(0), &[sealed(), raw()]);
        handle.store_commitment_fields(&miner_hotkey(2), &[sealed()]);
        handle.store_commitment_fields(&miner_hotkey(3), &[hash(), sealed(), ("BigRaw", b"\x0cabc".to_vec())]);
        handle.store_commitment_fields(&miner_hotkey(4), &[("ResetBondsFlag", vec![]), raw()]);
        let subnet = subnet(&fixture).await;
        let expected = [Some("ab:1"), Some("miner-1:0a"), None, Some("abc"), Some("ab:1"), Some("miner-5:0a")];
        assert_eq!(texts(&subnet), expected);
        // It is a commitment all the same, made at its block.
        assert!(subnet.neurons[2].commitment.as_ref().is_some_and(|found| found.block > START_BLOCK));
    })
    .await;
}

#[tokio::test]
async fn an_upgrade_between_reading_and_sending_asks_to_read_again_and_then_goes_through() {
    within(async {
        for (from, to) in [(Release::Finney365, Release::Renewed), (Release::Plain, Release::Finney365)] {
            let fixture = start_on(from, genesis(7, 3)).await;
            let handle = fixture.node.handle();
            let old = fixture.sign_weights(&[(0, 65_535)]).await;
            handle.upgrade(to).expect("a release");
            let Ok(Preflight::Refused(refusal)) = fixture.client.validate(&old.bytes).await else {
                panic!("a signature for another runtime was taken")
            };
            assert_eq!(refusal.remedy(), Remedy::ReadAgain, "{refusal:?}");
            let sent = fixture.client.submit(&old.bytes, DEADLINE).await.expect("an answer");
            let Submitted::Refused(refusal) = sent else { panic!("{sent:?}") };
            assert_eq!(refusal.remedy(), Remedy::ReadAgain, "{refusal:?}");
            assert!(matches!(refusal, PoolError::BadProof | PoolError::Unreadable(_)), "{refusal:?}");

            let signed = fixture.sign_weights(&[(0, 65_535)]).await;
            assert_eq!(submit(&fixture, &signed.bytes).await.failure, None, "{from:?}");
            assert_eq!(handle.submissions().len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn the_block_of_an_upgrade_is_read_as_the_old_runtime_wrote_it() {
    within(async {
        let fixture = start_on(Release::Finney365, genesis(7, 4)).await;
        let handle = fixture.node.handle();
        let long = "x".repeat(200);
        handle.set_commitment_directly(&miner_hotkey(2), long.as_bytes()).expect("a commitment");
        let before = subnet(&fixture).await;
        handle.upgrade(Release::Renewed).expect("a release");
        let at = subnet(&fixture).await;
        assert_eq!(at.at.block, before.at.block + 1);
        assert_eq!((texts(&at), &at.hyperparameters), (texts(&before), &before.hyperparameters));
        handle.advance_to(at.at.block + 1);
        let after = subnet(&fixture).await;
        assert_eq!((texts(&after), &after.hyperparameters), (texts(&before), &before.hyperparameters));
        assert_eq!(texts(&after)[2], Some(long.as_str()));
    })
    .await;
}

#[tokio::test]
async fn what_was_included_in_the_block_of_an_upgrade_is_told_by_the_old_runtimes_names() {
    within(async {
        let fixture = start_paced(Release::Finney365, genesis(7, 3), Pace::Every(NO_BLOCK_BY_ITSELF)).await;
        let handle = fixture.node.handle();
        let hotkey = fixture.wallet.hotkey();
        handle.set_weights_directly(hotkey.public_key(), &[(0, 65_535)]).expect("weights");
        let late = fixture.sign_weights(&[(0, 65_535)]).await;
        let upgrading = async {
            while fixture.client.account_nonce(&hotkey).await != Ok(late.nonce + 1) {}
            handle.upgrade(Release::Renewed).expect("a release");
        };
        let (outcome, ()) = tokio::join!(fixture.client.submit(&late.bytes, DEADLINE), upgrading);
        let Ok(Submitted::Included(inclusion)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(inclusion.block, handle.head().number);
        let error = "SubtensorModule.SettingWeightsTooFast".to_owned();
        assert_eq!(inclusion.failure, Some(Failure { error, remedy: Remedy::Wait }));
    })
    .await;
}

#[tokio::test]
async fn what_a_runtime_lacks_is_said_with_its_version_and_what_to_do() {
    within(async {
        for (release, expected) in
            [(Release::Curtailed, "the runtime has no such call"), (Release::Extended, FOREIGN_EXTENSION)]
        {
            let fixture = start_on(release, genesis(7, 3)).await;
            let head = fixture.client.finalized_head().await.expect("a head");
            let weights = fixture
                .client
                .sign_weights(&fixture.wallet, NETUID, &[(0, 1)], 0, &head)
                .await
                .map(|signed| signed.extrinsic);
            let commitment = fixture.client.sign_set_commitment(&fixture.wallet, NETUID, "a:1", &head).await;
            for (call, error) in [("SubtensorModule.set_weights", weights), ("Commitments.set_commitment", commitment)]
            {
                let error = error.expect_err("it cannot be built");
                assert!(matches!(error, ChainError::CannotBuild { .. }) && !error.is_retryable(), "{error:?}");
                let said = error.to_string();
                for piece in [call, expected, &release.spec_version().to_string(), "release that knows this runtime"] {
                    assert!(said.contains(piece), "{piece:?} is missing in: {said}");
                }
            }
            // Reading goes on.
            assert_eq!(subnet(&fixture).await.neurons.len(), 3);
        }
    })
    .await;
}

#[tokio::test]
async fn metadata_is_read_once_for_each_version() {
    within(async {
        let fixture = start_on(Release::Finney365, genesis(7, 3)).await;
        let handle = fixture.node.handle();
        subnet(&fixture).await;
        let fetched = || handle.rpc_counts().get("state_call").copied().unwrap_or_default();
        let once = fetched();
        handle.upgrade(Release::Renewed).expect("a release");
        for _ in 0..5 {
            subnet(&fixture).await;
            handle.advance_to(handle.head().number + 1);
        }
        assert_eq!(fetched(), once * 2);
    })
    .await;
}
