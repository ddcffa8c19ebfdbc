//! Endpoints: losses, silence, wrong chains.

use crate::fixture::{CountingGate, NETUID, config, node, start, start_with_timeout, within};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_chain::{ChainError, Client};
use tensorflix_sandbox::clock::START_BLOCK;
use tensorflix_sandbox::node::{MethodFault, Times};

const TIMEOUT: Duration = Duration::from_secs(30);
/// A deadline that is waited out, and within which a busy machine still answers what does not hang.
const SHORT: Duration = Duration::from_secs(4);

fn gate() -> Arc<CountingGate> {
    Arc::default()
}

#[tokio::test]
async fn a_lost_connection_costs_at_most_one_retryable_error() {
    within(async {
        let fixture = start(2).await;
        for _ in 0..5 {
            fixture.node.handle().faults().close_connections();
            if let Err(error) = fixture.client.finalized_head().await {
                assert!(error.is_retryable(), "{error}");
                fixture.client.finalized_head().await.expect("a head over a new connection");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn waiting_for_a_head_survives_the_loss_of_the_connection() {
    within(async {
        let fixture = start(2).await;
        let handle = fixture.node.handle();
        let first = fixture.client.next_head(0).await.expect("a head");
        let losing = async {
            handle.faults().close_connections();
            // The new subscription is there when the node has an open connection again.
            while handle.connection_count() == 0 {
                tokio::task::yield_now().await;
            }
            handle.advance_to(first.stamp.block + 1);
        };
        let (next, ()) = tokio::join!(fixture.client.next_head(first.stamp.block), losing);
        assert_eq!(next.expect("a head").stamp.block, first.stamp.block + 1);
    })
    .await;
}

#[tokio::test]
async fn the_next_endpoint_is_used_when_one_is_gone() {
    within(async {
        let (first, second) = (node(7, 2).await, node(7, 2).await);
        let client =
            Client::connect(config(&[first.url(), second.url()], gate(), TIMEOUT)).await.expect("a connection");
        assert_eq!(client.endpoint().await, Ok(first.url()));
        first.stop().await;
        if let Err(error) = client.finalized_head().await {
            assert!(error.is_retryable(), "{error}");
        }
        assert_eq!(client.finalized_head().await.expect("a head").stamp.block, START_BLOCK);
        assert_eq!(client.endpoint().await, Ok(second.url()));
    })
    .await;
}

#[tokio::test]
async fn a_silent_endpoint_is_left_within_the_deadline() {
    within(async {
        let (silent, well) = (node(7, 2).await, node(7, 2).await);
        let timeout = SHORT;
        let client = Client::connect(config(&[silent.url(), well.url()], gate(), timeout)).await.expect("a connection");
        silent.handle().faults().set_method("chain_getFinalizedHead", MethodFault::Hang, Times::Always);
        client.finalized_head().await.expect("a head from the other endpoint");
        assert_eq!(client.endpoint().await, Ok(well.url()));
    })
    .await;
}

#[tokio::test]
async fn every_request_has_a_deadline() {
    within(async {
        let fixture = start_with_timeout(2, SHORT).await;
        let faults = fixture.node.handle().faults();
        let head = fixture.client.finalized_head().await.expect("a head");
        for method in ["state_queryStorageAt", "chain_getHeader", "system_accountNextIndex"] {
            faults.clear();
            faults.set_method(method, MethodFault::Hang, Times::Always);
            let result = match method {
                "state_queryStorageAt" => fixture.client.subnet(&head, NETUID).await.map(drop),
                "chain_getHeader" => fixture.client.finalized_head().await.map(drop),
                _ => fixture.client.account_nonce(&fixture.wallet.hotkey()).await.map(drop),
            };
            assert!(matches!(result, Err(ChainError::Deadline { .. })), "{method}: {result:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn another_chain_is_refused_at_first_and_when_failing_over() {
    within(async {
        let (ours, other) = (node(1, 2).await, node(2, 2).await);
        let mut expecting = config(&[other.url()], gate(), TIMEOUT);
        expecting.expected_genesis = Some(ours.handle().genesis_hash());
        let refused = Client::connect(expecting).await.expect_err("another chain");
        assert!(matches!(refused, ChainError::WrongGenesis { .. }), "{refused:?}");
        assert!(!refused.is_retryable());

        let client = Client::connect(config(&[ours.url(), other.url()], gate(), TIMEOUT)).await.expect("a connection");
        ours.stop().await;
        let mut last = client.finalized_head().await;
        if last.as_ref().is_err_and(ChainError::is_retryable) {
            last = client.finalized_head().await;
        }
        assert!(matches!(last, Err(ChainError::WrongGenesis { .. })), "{last:?}");
    })
    .await;
}

#[tokio::test]
async fn no_endpoint_and_no_answer_are_told_apart() {
    within(async {
        let none = Client::connect(config(&[], gate(), TIMEOUT)).await.expect_err("no endpoint");
        assert_eq!(none, ChainError::NoEndpoints);
        let gone = node(1, 2).await;
        let url = gone.url();
        gone.stop().await;
        let unreachable =
            Client::connect(config(std::slice::from_ref(&url), gate(), TIMEOUT)).await.expect_err("nobody there");
        assert!(matches!(&unreachable, ChainError::Unreachable { attempts } if attempts.contains(&url)));
        assert!(unreachable.is_retryable());
    })
    .await;
}

#[tokio::test]
async fn an_error_of_the_node_is_passed_on_and_not_taken_for_a_loss() {
    within(async {
        let fixture = start(2).await;
        let fault = MethodFault::Error { code: -32603, message: "Internal error".to_owned() };
        fixture.node.handle().faults().set_method("chain_getFinalizedHead", fault, Times::Next(1));
        let error = fixture.client.finalized_head().await.expect_err("the node's error");
        assert!(matches!(error, ChainError::Refused { code: -32603, .. }), "{error:?}");
        assert!(!error.is_retryable());
        fixture.node.handle().reset_rpc_counts();
        fixture.client.finalized_head().await.expect("a head");
        // The genesis check would show that it connected again.
        assert!(!fixture.node.handle().rpc_counts().contains_key("chain_getBlockHash"));
    })
    .await;
}
