//! `author_*`: submitting extrinsics and watching them.

use std::sync::Arc;

use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::{PendingSubscriptionSink, SubscriptionMessage};
use jsonrpsee::types::Params;
use jsonrpsee::{ConnectionId, Extensions, RpcModule};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::context::{Answer, Context};
use super::params::Arguments;
use crate::node::blocks::pool::{ExtrinsicStatus, MAX_UNREAD_STATUSES};
use crate::node::hexadecimal::hex_of;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_method("author_pendingExtrinsics", |_, context, _| {
        let ledger = context.ledger();
        Value::Array(ledger.pool.iter().map(|entry| json!(hex_of(&entry.extrinsic.bytes))).collect())
    })?;
    module.register_async_method("author_submitExtrinsic", submit)?;
    module.register_subscription(
        "author_submitAndWatchExtrinsic",
        "author_extrinsicUpdate",
        "author_unwatchExtrinsic",
        submit_and_watch,
    )?;
    Ok(())
}

async fn submit(params: Params<'static>, context: Arc<Context>, extensions: Extensions) -> Answer {
    let bytes = Arguments::new(&params).bytes()?;
    let losing = context.faults().take_lost_answer();
    let (watcher, statuses) = mpsc::channel(MAX_UNREAD_STATUSES);
    let submitted = context.ledger().submit(&bytes, losing.then_some(watcher));
    let hash = submitted.map_err(|rejection| rejection.to_rpc_error())?;
    if losing {
        let connection = extensions.get::<ConnectionId>().map(|id| id.0);
        lose_answer(&context, statuses, connection).await;
    }
    Ok(json!(hex_of(hash)))
}

async fn submit_and_watch(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
    _: Extensions,
) {
    let bytes = match Arguments::new(&params).bytes() {
        Ok(bytes) => bytes,
        Err(error) => return pending.reject(error).await,
    };
    let losing = context.faults().take_lost_answer();
    let (watcher, mut statuses) = mpsc::channel(MAX_UNREAD_STATUSES);
    let submitted = context.ledger().submit(&bytes, Some(watcher));
    if let Err(rejection) = submitted {
        return pending.reject(rejection.to_rpc_error()).await;
    }
    if losing {
        return lose_answer(&context, statuses, Some(pending.connection_id().0)).await;
    }
    let Ok(sink) = pending.accept().await else { return };
    loop {
        let status = tokio::select! {
            status = statuses.recv() => status,
            () = sink.closed() => return,
        };
        let Some(status) = status else { return };
        let Ok(message) = serde_json::value::to_raw_value(&status.to_json()) else { return };
        if sink.send(SubscriptionMessage::from(message)).await.is_err() || status.is_last() {
            return;
        }
    }
}

/// Waits until the extrinsic is final, then cuts the connection that was to hear of it.
async fn lose_answer(context: &Context, mut statuses: mpsc::Receiver<ExtrinsicStatus>, connection: Option<usize>) {
    while let Some(status) = statuses.recv().await {
        if status.is_last() {
            break;
        }
    }
    if let Some(id) = connection.and_then(|id| u32::try_from(id).ok()) {
        context.connections().cut(id);
    }
}
