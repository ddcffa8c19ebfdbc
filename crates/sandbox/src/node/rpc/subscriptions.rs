//! Subscriptions to heads, runtime versions and storage.
//!
//! Each starts with the present value, as real nodes do. A subscriber that reads too slowly skips heads.

use std::sync::Arc;

use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink};
use jsonrpsee::types::Params;
use jsonrpsee::{Extensions, RpcModule};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use super::context::Context;
use super::params::Arguments;
use super::state::{change_set, values_of};
use crate::node::blocks::ledger::HeadChange;
use crate::node::serving::endpoint::Disguise;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    let (all, new) = ("chain_subscribeAllHeads", "chain_subscribeNewHeads");
    module.register_subscription(all, "chain_allHead", "chain_unsubscribeAllHeads", best_heads)?;
    module.register_subscription(new, "chain_newHead", "chain_unsubscribeNewHeads", best_heads)?;
    module.register_alias("chain_subscribeNewHead", new)?;
    module.register_alias("subscribe_newHead", new)?;
    module.register_alias("chain_unsubscribeNewHead", "chain_unsubscribeNewHeads")?;
    module.register_alias("unsubscribe_newHead", "chain_unsubscribeNewHeads")?;
    let (finalized, unsubscribe) = ("chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads");
    module.register_subscription(finalized, "chain_finalizedHead", unsubscribe, finalized_heads)?;
    module.register_alias("chain_subscribeFinalisedHeads", finalized)?;
    module.register_alias("chain_unsubscribeFinalisedHeads", unsubscribe)?;
    let (version, unsubscribe) = ("state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion");
    module.register_subscription(version, "state_runtimeVersion", unsubscribe, runtime_version)?;
    module.register_alias("chain_subscribeRuntimeVersion", version)?;
    module.register_alias("chain_unsubscribeRuntimeVersion", unsubscribe)?;
    module.register_subscription("state_subscribeStorage", "state_storage", "state_unsubscribeStorage", storage)?;
    Ok(())
}

async fn best_heads(_: Params<'static>, pending: PendingSubscriptionSink, context: Arc<Context>, _: Extensions) {
    let first = |context: &Context| Some(context.ledger().chain.best().to_json());
    let next = |_: &Context, change: &HeadChange| match change {
        HeadChange::Best(header) => Some(header.to_json()),
        HeadChange::Finalized(_) => None,
    };
    follow(pending, &context, first, next).await;
}

async fn finalized_heads(_: Params<'static>, pending: PendingSubscriptionSink, context: Arc<Context>, _: Extensions) {
    let first = |context: &Context| Some(context.finalized(&context.ledger()).to_json());
    let next = |context: &Context, change: &HeadChange| match change {
        HeadChange::Finalized(_) if matches!(context.disguise(), Disguise::StalledAt(_)) => None,
        HeadChange::Finalized(header) => Some(header.to_json()),
        HeadChange::Best(_) => None,
    };
    follow(pending, &context, first, next).await;
}

async fn runtime_version(_: Params<'static>, pending: PendingSubscriptionSink, context: Arc<Context>, _: Extensions) {
    let first = |context: &Context| Some(context.ledger().chain.runtime().version.to_json());
    follow(pending, &context, first, |context, _| first(context)).await;
}

/// All values first, then what changed at each new best block.
async fn storage(params: Params<'static>, pending: PendingSubscriptionSink, context: Arc<Context>, _: Extensions) {
    let keys = match Arguments::new(&params).list_of_bytes() {
        Ok(keys) => keys,
        Err(error) => return pending.reject(error).await,
    };
    let read = |context: &Context| {
        let ledger = context.ledger();
        let hash = ledger.chain.best().hash;
        (hash, values_of(&ledger.chain.best_view(), &keys))
    };
    let mut known = Vec::new();
    let changes = |context: &Context, known: &mut Vec<(String, Value)>| {
        let (hash, values) = read(context);
        let changed: Vec<(String, Value)> = values.iter().filter(|value| !known.contains(value)).cloned().collect();
        *known = values;
        (!changed.is_empty()).then(|| change_set(hash, changed))
    };
    let first = changes(&context, &mut known);
    let next = |context: &Context, change: &HeadChange| match change {
        HeadChange::Best(_) => changes(context, &mut known),
        HeadChange::Finalized(_) => None,
    };
    follow(pending, &context, |_| first, next).await;
}

/// Sends the first value and then one for each change that gives a new one, until the subscriber leaves.
async fn follow(
    pending: PendingSubscriptionSink,
    context: &Context,
    first: impl FnOnce(&Context) -> Option<Value>,
    mut next: impl FnMut(&Context, &HeadChange) -> Option<Value>,
) {
    // Listening starts before the first value is read: what comes in between is seen twice rather than missed.
    let mut heads = context.subscribe_heads();
    let Ok(sink) = pending.accept().await else { return };
    let mut last = first(context);
    if let Some(value) = &last
        && !send(&sink, value).await
    {
        return;
    }
    loop {
        let change = tokio::select! {
            change = heads.recv() => change,
            () = sink.closed() => return,
        };
        let value = match change {
            Ok(change) => next(context, &change),
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if value.is_none() || value == last {
            continue;
        }
        last = value;
        if let Some(value) = &last
            && !send(&sink, value).await
        {
            return;
        }
    }
}

async fn send(sink: &SubscriptionSink, value: &Value) -> bool {
    match serde_json::value::to_raw_value(value) {
        Ok(message) => sink.send(SubscriptionMessage::from(message)).await.is_ok(),
        Err(_) => false,
    }
}
