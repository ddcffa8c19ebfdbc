//! Heads and subnets.

use crate::fixture::{NETUID, VALIDATOR_STAKE_RAO, VALIDATOR_UID, miner_hotkey, start, within};
use tensorflix_chain::ChainError;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::subnet::CommitmentRecord;
use tensorflix_sandbox::clock::{START_BLOCK, block_unix_ms};

/// The aim for a full subnet, of which the head's own three requests are a part.
const MAX_REQUESTS: u64 = 12;

#[tokio::test]
async fn a_full_subnet_is_read_whole_within_twelve_requests() {
    within(async {
        let fixture = start(256).await;
        let handle = fixture.node.handle();
        handle.reset_rpc_counts();
        let passed_before = fixture.gate.passed();
        let head = fixture.client.finalized_head().await.expect("a head");
        let subnet = fixture.client.subnet(&head, NETUID).await.expect("a subnet");
        assert!(fixture.requests() <= MAX_REQUESTS, "{:?}", handle.rpc_counts());
        assert_eq!(fixture.gate.passed() - passed_before, fixture.requests(), "requests past the gate");

        assert_eq!(head.stamp.block, START_BLOCK);
        assert_eq!(head.stamp.time, Moment::from_unix_ms(block_unix_ms(START_BLOCK).try_into().expect("a time")));
        assert_eq!((subnet.at, subnet.neurons.len()), (head.stamp, 256));
        assert_eq!(subnet.owner_hotkey, Some(Hotkey::new(miner_hotkey(0))));
        for (uid, neuron) in (0_u16..).zip(&subnet.neurons) {
            assert_eq!((neuron.uid, neuron.registered_at), (uid, 1_000 + u32::from(uid)));
            assert_eq!(neuron.coldkey, Some(Hotkey::new([0x22; 32])));
            let text = Some(format!("miner-{uid}:0a"));
            assert_eq!(neuron.commitment, Some(CommitmentRecord { text, block: START_BLOCK - 7 }));
            if uid == VALIDATOR_UID {
                assert_eq!(neuron.hotkey, fixture.wallet.hotkey());
                assert_eq!((neuron.stake_rao, neuron.validator_permit), (VALIDATOR_STAKE_RAO, true));
                assert_eq!(neuron.last_update, START_BLOCK - 500);
            } else {
                assert_eq!(neuron.hotkey, Hotkey::new(miner_hotkey(uid)));
                assert_eq!((neuron.stake_rao, neuron.validator_permit), (u64::from(uid), false));
            }
        }
        let rules = &subnet.hyperparameters;
        assert_eq!((rules.tempo, rules.weights_rate_limit, rules.activity_cutoff), (360, 100, 5_000));
        assert_eq!((rules.stake_threshold_rao, rules.commit_reveal), (1_000_000_000_000, false));
    })
    .await;
}

#[tokio::test]
async fn once_metadata_is_known_a_subnet_costs_three_requests() {
    within(async {
        let fixture = start(256).await;
        let handle = fixture.node.handle();
        let first = fixture.client.finalized_head().await.expect("a head");
        handle.advance_to(first.stamp.block + 1);
        let head = fixture.client.finalized_head().await.expect("a head");
        assert_eq!(head.stamp.block, first.stamp.block + 1);
        handle.reset_rpc_counts();
        fixture.client.subnet(&head, NETUID).await.expect("a subnet");
        assert!(fixture.requests() <= 3, "{:?}", handle.rpc_counts());
        assert!(!handle.rpc_counts().contains_key("state_call"), "metadata was fetched again");
    })
    .await;
}

#[tokio::test]
async fn a_subnet_is_read_at_the_block_asked_for_and_no_other() {
    within(async {
        let fixture = start(4).await;
        let before = fixture.client.finalized_head().await.expect("a head");
        fixture.node.handle().deregister_neuron(3);
        fixture.node.handle().set_stake(&miner_hotkey(2), 77);
        let after = fixture.client.finalized_head().await.expect("a head");
        let then = fixture.client.subnet(&before, NETUID).await.expect("a subnet");
        let now = fixture.client.subnet(&after, NETUID).await.expect("a subnet");
        assert_eq!((then.neurons.len(), then.neurons[2].stake_rao), (4, 2));
        assert_eq!((now.neurons.len(), now.neurons[2].stake_rao), (3, 77));
    })
    .await;
}

#[tokio::test]
async fn a_subnet_that_does_not_exist_is_said_so() {
    within(async {
        let fixture = start(2).await;
        let head = fixture.client.finalized_head().await.expect("a head");
        let missing = fixture.client.subnet(&head, 88).await;
        assert_eq!(missing, Err(ChainError::SubnetNotFound { netuid: 88, block: head.stamp.block }));
    })
    .await;
}

#[tokio::test]
async fn a_block_that_the_node_does_not_have_is_to_be_read_again() {
    within(async {
        let fixture = start(2).await;
        let unknown = Head { stamp: BlockStamp { block: 1, time: Moment::from_unix_ms(0) }, hash: [9; 32] };
        let missing = fixture.client.subnet(&unknown, NETUID).await.expect_err("no such block");
        assert!(matches!(missing, ChainError::BlockUnavailable { .. }), "{missing:?}");
    })
    .await;
}

#[tokio::test]
async fn the_next_head_skips_to_the_newest_and_fills_no_gap() {
    within(async {
        let fixture = start(2).await;
        let handle = fixture.node.handle();
        let first = fixture.client.next_head(0).await.expect("a head");
        assert_eq!(first.stamp.block, START_BLOCK);
        handle.reset_rpc_counts();
        let waiting = fixture.client.next_head(first.stamp.block);
        let advancing = async { handle.advance_to(first.stamp.block + 50) };
        let (next, ()) = tokio::join!(waiting, advancing);
        let next = next.expect("a head");
        assert_eq!(next.stamp.block, first.stamp.block + 50);
        assert_eq!(next.hash, handle.finalized_head().hash);
        // Its version and its time; nothing for the blocks between.
        assert!(fixture.requests() <= 2, "{:?}", handle.rpc_counts());
    })
    .await;
}

#[tokio::test]
async fn a_wait_for_a_later_head_outlasts_many_earlier_ones() {
    within(async {
        let fixture = start(2).await;
        let handle = fixture.node.handle();
        let target = START_BLOCK + 40;
        let advancing = async {
            for block in START_BLOCK + 1..=target {
                handle.advance_to(block);
                tokio::task::yield_now().await;
            }
        };
        let (head, ()) = tokio::join!(fixture.client.next_head(target - 1), advancing);
        assert_eq!(head.expect("a head").stamp.block, target);
    })
    .await;
}

#[tokio::test]
async fn heads_above_the_finalized_one_are_not_heads() {
    within(async {
        let fixture = start(2).await;
        let handle = fixture.node.handle();
        handle.faults().delay_finality(5);
        handle.advance_to(START_BLOCK + 3);
        assert_eq!(fixture.client.finalized_head().await.expect("a head").stamp.block, handle.finalized_head().number);
        assert!(handle.finalized_head().number < handle.head().number);
    })
    .await;
}

#[tokio::test]
async fn subscriptions_pass_the_gate_with_their_ends_included() {
    within(async {
        let fixture = start(3).await;
        fixture.client.next_head(0).await.expect("a head");
        let signed = fixture.sign_weights(&[(0, 65535)]).await;
        fixture.client.submit(&signed.bytes, std::time::Duration::from_secs(20)).await.expect("an answer");
        // A request after them on the same socket: what the library sent by itself was counted before it.
        fixture.client.finalized_head().await.expect("a head");
        let counts = fixture.node.handle().rpc_counts();
        assert!(counts.contains_key("author_submitAndWatchExtrinsic"), "{counts:?}");
        assert!(fixture.requests() <= fixture.gate.passed(), "{counts:?}");
    })
    .await;
}
