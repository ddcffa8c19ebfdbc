//! What every RPC request passes first: it is counted, also inside a batch, and method faults strike here.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use jsonrpsee::BatchResponseBuilder;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification};
use jsonrpsee::server::MethodResponse;
use jsonrpsee::server::middleware::rpc::RpcServiceT;
use jsonrpsee::types::{ErrorObjectOwned, Request};

use crate::node::serving::faults::{FaultSwitches, MethodFault};

/// Largest answer, batches included.
pub const MAX_RESPONSE_BYTES: u32 = 32 * 1024 * 1024;

/// Distinct method names that are counted; unknown ones beyond it are not.
pub const MAX_COUNTED_METHODS: usize = 256;

/// The counters and the faults that the gate works with.
#[derive(Clone)]
pub(crate) struct Traffic {
    counts: Arc<Mutex<BTreeMap<String, u64>>>,
    pub faults: FaultSwitches,
}

impl Traffic {
    pub fn new(faults: FaultSwitches) -> Self {
        Self { counts: Arc::default(), faults }
    }

    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn reset_counts(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn count(&self, method: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(method) {
            *count += 1;
        } else if counts.len() < MAX_COUNTED_METHODS {
            counts.insert(method.to_string(), 1);
        }
    }

    /// Lets a request through, late or not at all.
    async fn pass(&self, method: &str) -> Result<(), ErrorObjectOwned> {
        self.count(method);
        match self.faults.take_method_fault(method) {
            None => Ok(()),
            Some(MethodFault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Some(MethodFault::Hang) => {
                self.faults.until_released(method).await;
                Ok(())
            }
            Some(MethodFault::Error { code, message }) => Err(ErrorObjectOwned::owned(code, message, None::<()>)),
        }
    }
}

/// The middleware itself.
#[derive(Clone)]
pub(crate) struct Gate<S> {
    pub service: S,
    pub traffic: Traffic,
}

impl<S> RpcServiceT for Gate<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            NotificationResponse = MethodResponse,
            BatchResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let gate = self.clone();
        async move {
            match gate.traffic.pass(&request.method).await {
                Ok(()) => gate.service.call(request).await,
                Err(error) => MethodResponse::error(request.id, error),
            }
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let gate = self.clone();
        async move {
            let mut responses = BatchResponseBuilder::new_with_limit(MAX_RESPONSE_BYTES as usize);
            let mut only_notifications = true;
            for entry in batch {
                let response = match entry {
                    Ok(BatchEntry::Call(request)) => gate.call(request).await,
                    Ok(BatchEntry::Notification(notification)) => {
                        gate.notification(notification).await;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                only_notifications = false;
                if let Err(too_big) = responses.append(response) {
                    return too_big;
                }
            }
            if only_notifications && responses.is_empty() {
                return MethodResponse::notification();
            }
            MethodResponse::from_batch(responses.finish())
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
