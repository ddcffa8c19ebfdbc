//! Signing, submitting, and finding out what became of it.

use crate::fixture::{Fixture, NETUID, VALIDATOR_UID, start, within};
use std::time::Duration;
use tensorflix_chain::{ChainError, ERA_BLOCKS, HotkeyWallet, PoolError, Preflight, Submitted, Uncertainty};
use tensorflix_domain::extrinsic::{Fate, Inclusion, SignedExtrinsic};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{InvalidTransaction, PoolRejection};

const DEADLINE: Duration = Duration::from_secs(60);
/// A deadline that is waited out, and within which the node has received what is sent on a busy machine too.
const SHORT: Duration = Duration::from_secs(4);

async fn submit(fixture: &Fixture, signed: &SignedExtrinsic) -> Submitted {
    fixture.client.submit(&signed.bytes, DEADLINE).await.expect("a connection")
}

fn included(submitted: Submitted) -> Inclusion {
    match submitted {
        Submitted::Included(inclusion) => inclusion,
        other => panic!("not included: {other:?}"),
    }
}

async fn find(fixture: &Fixture, signed: &SignedExtrinsic) -> Fate {
    let to_block = fixture.node.handle().finalized_head().number;
    fixture
        .client
        .find_extrinsic(signed.hash, &signed.signer, signed.nonce, signed.signed_at, to_block)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn weights_that_are_sent_are_stored_as_they_were_and_read_back() {
    within(async {
        let fixture = start(5).await;
        let weights = [(0, 65535), (2, 1), (4, 30_000)];
        let signed = fixture.sign_weights(&weights).await;
        assert_eq!(fixture.client.validate(&signed.bytes).await, Ok(Preflight::Valid));
        let inclusion = included(submit(&fixture, &signed).await);
        assert_eq!((inclusion.block, inclusion.failure), (START_BLOCK + 1, None));

        let records = fixture.node.handle().submissions();
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].extrinsic_hash, u64::from(records[0].nonce)), (signed.hash, signed.nonce));
        assert_eq!(records[0].block_hash, inclusion.block_hash);
        assert_eq!(fixture.node.handle().weights(NETUID, VALIDATOR_UID), weights);

        let head = fixture.client.finalized_head().await.expect("a head");
        assert_eq!(fixture.client.weights_row(&head, NETUID, VALIDATOR_UID).await, Ok(weights.to_vec()));
        assert_eq!(fixture.client.weights_row(&head, NETUID, 0).await, Ok(vec![]));
        let subnet = fixture.client.subnet(&head, NETUID).await.expect("a subnet");
        assert_eq!(subnet.neurons[usize::from(VALIDATOR_UID)].last_update, inclusion.block);
    })
    .await;
}

#[tokio::test]
async fn a_commitment_is_written_and_read_back() {
    within(async {
        let fixture = start(3).await;
        let text = "alice:0123456789abcdef0123456789abcdef";
        let head = fixture.client.finalized_head().await.expect("a head");
        let signed =
            fixture.client.sign_set_commitment(&fixture.wallet, NETUID, text, &head).await.expect("a signature");
        let inclusion = included(submit(&fixture, &signed).await);
        assert_eq!(inclusion.failure, None);
        let head = fixture.client.finalized_head().await.expect("a head");
        let subnet = fixture.client.subnet(&head, NETUID).await.expect("a subnet");
        let record = subnet.neuron(&fixture.wallet.hotkey()).and_then(|neuron| neuron.commitment.clone());
        let record = record.expect("a commitment");
        assert_eq!((record.text.as_deref(), record.block), (Some(text), inclusion.block));
    })
    .await;
}

#[tokio::test]
async fn an_extrinsic_is_mortal_and_dies_with_its_era() {
    within(async {
        let fixture = start(3).await;
        let signed = fixture.sign_weights(&[(0, 65535)]).await;
        assert_eq!(signed.valid_until, signed.signed_at + ERA_BLOCKS - 1);
        // The block that would include it is the next one.
        fixture.node.handle().advance_to(signed.valid_until - 1);
        assert_eq!(fixture.client.validate(&signed.bytes).await, Ok(Preflight::Valid));
        fixture.node.handle().advance_to(signed.valid_until);
        let verdict = fixture.client.validate(&signed.bytes).await.expect("a verdict");
        assert!(matches!(verdict, Preflight::Refused(_)), "{verdict:?}");
    })
    .await;
}

#[tokio::test]
async fn every_dispatch_error_comes_back_by_its_name() {
    within(async {
        let fixture = start(3).await;
        for name in [
            "SettingWeightsTooFast",
            "CommittingWeightsTooFast",
            "UidVecContainInvalidOne",
            "CommitRevealEnabled",
            "CommitRevealDisabled",
            "TooManyUnrevealedCommits",
            "HotKeyNotRegisteredInSubNet",
            "NotEnoughStakeToSetWeights",
            "NeuronNoValidatorPermit",
            "IncorrectWeightVersionKey",
            "IncorrectCommitRevealVersion",
            "WeightVecLengthIsLow",
            "DuplicateUids",
            "WeightVecNotEqualSize",
            "MaxWeightExceeded",
            "UidsLengthExceedUidsInSubNet",
        ] {
            fixture.node.handle().faults().fail_next_weights(name);
            let signed = fixture.sign_weights(&[(0, 65535)]).await;
            let failure = included(submit(&fixture, &signed).await).failure.expect(name);
            assert_eq!(failure.error, format!("SubtensorModule.{name}"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_chains_own_rules_are_reported_as_it_words_them() {
    within(async {
        let fixture = start(3).await;
        assert_eq!(included(submit(&fixture, &fixture.sign_weights(&[(0, 1)]).await).await).failure, None);
        let again = fixture.sign_weights(&[(0, 2)]).await;
        let outcome = match submit(&fixture, &again).await {
            Submitted::Included(inclusion) => inclusion.failure.expect("too fast").error,
            Submitted::Refused(refusal) => format!("{refusal:?}"),
            Submitted::Unknown(reason) => panic!("{reason}"),
        };
        assert!(["SubtensorModule.SettingWeightsTooFast", "Custom(6)"].contains(&outcome.as_str()), "{outcome}");
    })
    .await;
}

#[tokio::test]
async fn refusals_of_the_pool_are_typed() {
    within(async {
        let fixture = start(3).await;
        for (rejection, expected) in [
            (PoolRejection::Invalid(InvalidTransaction::Custom(6)), PoolError::Custom(6)),
            (PoolRejection::Invalid(InvalidTransaction::Custom(1)), PoolError::Custom(1)),
            (PoolRejection::Invalid(InvalidTransaction::Custom(15)), PoolError::Custom(15)),
            (PoolRejection::Invalid(InvalidTransaction::Payment), PoolError::Payment),
            (PoolRejection::Invalid(InvalidTransaction::BadProof), PoolError::BadProof),
            (PoolRejection::Invalid(InvalidTransaction::AncientBirthBlock), PoolError::AncientBirthBlock),
            (PoolRejection::Invalid(InvalidTransaction::Call), PoolError::Call),
            (PoolRejection::TemporarilyBanned, PoolError::TemporarilyBanned),
            (PoolRejection::ImmediatelyDropped, PoolError::ImmediatelyDropped),
        ] {
            fixture.node.handle().faults().reject_next_submission(rejection);
            let signed = fixture.sign_weights(&[(0, 65535)]).await;
            assert_eq!(submit(&fixture, &signed).await, Submitted::Refused(expected));
        }
        assert_eq!(fixture.node.handle().submissions(), []);
    })
    .await;
}

#[tokio::test]
async fn a_stale_nonce_is_refused_before_and_at_submission() {
    within(async {
        let fixture = start(3).await;
        let stale = fixture.sign_weights(&[(0, 2)]).await;
        included(submit(&fixture, &fixture.sign_weights(&[(0, 1)]).await).await);
        assert_eq!(stale.nonce, 0);
        assert_eq!(fixture.client.validate(&stale.bytes).await, Ok(Preflight::Refused(PoolError::Stale)));
        assert_eq!(submit(&fixture, &stale).await, Submitted::Refused(PoolError::Stale));
        assert_eq!(fixture.client.account_nonce(&fixture.wallet.hotkey()).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_signed_with_a_nonce_that_the_chain_shows_as_used() {
    within(async {
        let fixture = start(3).await;
        included(submit(&fixture, &fixture.sign_weights(&[(0, 1)]).await).await);
        fixture.node.handle().faults().answer_stale_nonces(1);
        let head = fixture.client.finalized_head().await.expect("a head");
        let signed = fixture.client.sign_weights(&fixture.wallet, NETUID, &[(0, 2)], 0, &head).await;
        assert!(matches!(signed, Err(ChainError::Misanswered { .. })), "{signed:?}");
        assert_eq!(fixture.sign_weights(&[(0, 2)]).await.nonce, 1);
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_chain_tells_the_rest() {
    within(async {
        let fixture = start(3).await;
        let signed = fixture.sign_weights(&[(0, 65535)]).await;
        fixture.node.handle().faults().lose_next_answers(1);
        let submitted = submit(&fixture, &signed).await;
        assert_eq!(submitted, Submitted::Unknown(Uncertainty::ConnectionLost));
        match find(&fixture, &signed).await {
            Fate::Included(inclusion) => assert_eq!(inclusion.failure, None),
            other => panic!("{other:?}"),
        }
        // The same bytes again change nothing.
        assert!(matches!(submit(&fixture, &signed).await, Submitted::Refused(_)));
        assert_eq!(fixture.node.handle().submissions().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_same_bytes_may_be_sent_again_after_a_deadline() {
    within(async {
        let fixture = start(3).await;
        let signed = fixture.sign_weights(&[(0, 65535)]).await;
        fixture.node.handle().faults().drop_next_extrinsics(1);
        let first = fixture.client.submit(&signed.bytes, SHORT).await;
        assert_eq!(first, Ok(Submitted::Unknown(Uncertainty::Deadline)));
        fixture.node.handle().advance_to(signed.signed_at + 5);
        assert_eq!(find(&fixture, &signed).await, Fate::Open);
        assert_eq!(included(submit(&fixture, &signed).await).failure, None);
        assert_eq!(fixture.node.handle().submissions().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_extrinsic_is_found_in_few_requests_wherever_it_is_in_its_era() {
    within(async {
        let fixture = start(3).await;
        let handle = fixture.node.handle();
        let signed = fixture.sign_weights(&[(0, 65535)]).await;
        handle.advance_to(signed.signed_at + 41);
        let inclusion = included(submit(&fixture, &signed).await);
        handle.advance_to(signed.valid_until + 3);
        handle.reset_rpc_counts();
        assert_eq!(find(&fixture, &signed).await, Fate::Included(inclusion.clone()));
        assert_eq!(inclusion.block, signed.signed_at + 42);
        // Four requests a step, and a few for the block itself.
        assert!(fixture.requests() <= 4 * 8 + 6, "{:?}", handle.rpc_counts());
    })
    .await;
}

#[tokio::test]
async fn a_nonce_taken_by_another_extrinsic_is_told_from_an_unused_one() {
    within(async {
        let fixture = start(3).await;
        let loser = fixture.sign_weights(&[(0, 1)]).await;
        let winner = fixture.sign_weights(&[(0, 2)]).await;
        assert_eq!(loser.nonce, winner.nonce);
        assert_eq!(find(&fixture, &loser).await, Fate::Open);
        let inclusion = included(submit(&fixture, &winner).await);
        assert_eq!(find(&fixture, &loser).await, Fate::Superseded { block: inclusion.block });
        let head = fixture.client.finalized_head().await.expect("a head");
        assert_eq!(fixture.client.finalized_nonce(&head, &loser.signer).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn inclusion_is_not_reported_before_it_is_final() {
    within(async {
        let fixture = start(3).await;
        let handle = fixture.node.handle();
        let signed = fixture.sign_weights(&[(0, 65535)]).await;
        handle.faults().delay_finality(10);
        let early = fixture.client.submit(&signed.bytes, SHORT).await;
        assert_eq!(early, Ok(Submitted::Unknown(Uncertainty::Deadline)));
        assert_eq!(handle.submissions().len(), 1, "it is in a block that is not final");
        assert_eq!(find(&fixture, &signed).await, Fate::Open);
        handle.faults().release_finality();
        assert!(matches!(find(&fixture, &signed).await, Fate::Included(_)));
    })
    .await;
}

#[tokio::test]
async fn where_commits_are_required_weights_are_committed_and_revealed_as_planned() {
    within(async {
        let fixture = start(3).await;
        let handle = fixture.node.handle();
        handle.change_hyperparameters(|rules| rules.commit_reveal_weights_enabled = true);
        let head = fixture.client.finalized_head().await.expect("a head");
        let weights = [(0, 65_535), (2, 7)];
        let signed = fixture.client.sign_weights(&fixture.wallet, NETUID, &weights, 0, &head).await.expect("signed");
        let plan = signed.reveal.expect("a commit");
        let committed = included(submit(&fixture, &signed.extrinsic).await);
        assert_eq!(committed.failure, None);
        assert_eq!(plan.reveals_at(committed.block), plan.reveal_at);
        // The round comes at most three blocks into the epoch, and not before it.
        handle.advance_to(plan.reveal_at - 1);
        assert_eq!(handle.weights(NETUID, VALIDATOR_UID), []);
        handle.advance_to(plan.reveal_at + 3);
        assert_eq!(handle.weights(NETUID, VALIDATOR_UID), weights);
        // The commit counts as activity, the reveal does not.
        assert_eq!(handle.last_updates()[usize::from(VALIDATOR_UID)], u64::from(committed.block));

        // Off again: plain weights are signed.
        handle.change_hyperparameters(|rules| rules.commit_reveal_weights_enabled = false);
        let head = fixture.client.finalized_head().await.expect("a head");
        let signed = fixture.client.sign_weights(&fixture.wallet, NETUID, &weights, 0, &head).await.expect("signed");
        assert_eq!(signed.reveal, None);
        assert_eq!(included(submit(&fixture, &signed.extrinsic).await).failure, None);
    })
    .await;
}

#[tokio::test]
async fn an_unregistered_hotkey_is_refused_by_name_or_by_the_pool() {
    within(async {
        let fixture = start(3).await;
        let stranger = HotkeyWallet::from_uri("//Stranger").expect("a key");
        fixture.node.handle().endow(stranger.hotkey().public_key());
        let head = fixture.client.finalized_head().await.expect("a head");
        let signed = fixture.client.sign_set_commitment(&stranger, NETUID, "a:1", &head).await.expect("a signature");
        let failure = included(submit(&fixture, &signed).await).failure.expect("not registered");
        assert_eq!(failure.to_string(), "Commitments.AccountNotAllowedCommit");
    })
    .await;
}

#[tokio::test]
async fn the_space_that_is_read_is_the_space_that_the_chain_gives() {
    within(async {
        let fixture = start(3).await;
        let (handle, hotkey) = (fixture.node.handle(), fixture.wallet.hotkey());
        let text = "alice:0123456789abcdef0123456789abcdef";
        let space = async || {
            let head = fixture.client.finalized_head().await.expect("a head");
            fixture.client.commitment_space(&head, NETUID, &hotkey).await.expect("an answer").expect("a limit")
        };
        let first = space().await;
        assert_eq!((first.used_bytes, first.limit_bytes), (0, 3_100));
        let mut committed = 0;
        while space().await.has_room_for(text) {
            handle.set_commitment_directly(hotkey.public_key(), text.as_bytes()).expect("room");
            committed += 1;
        }
        assert_eq!(committed, 31);
        assert!(handle.set_commitment_directly(hotkey.public_key(), text.as_bytes()).is_err());
        // The block that is made next is the one that counts.
        let renewed_at = space().await.renewed_at_block;
        handle.advance_to(renewed_at - 2);
        assert!(!space().await.has_room_for(text));
        handle.advance_to(renewed_at - 1);
        assert_eq!(space().await.used_bytes, 0);
        handle.set_commitment_directly(hotkey.public_key(), text.as_bytes()).expect("room again");
    })
    .await;
}
