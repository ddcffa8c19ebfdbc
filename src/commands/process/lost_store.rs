//! The end of a process that has lost its store.

use super::signals::StopSignals;
use crate::console::exit::Exit;
use crate::wiring::serving::Services;
use std::time::Duration;
use tensorflix_store::Loss;

/// How long services report the lost store before the process ends: the interval of most monitoring systems.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// Ends a process that has lost its store: every retry would fail, and nothing may be sent that cannot be recorded. Running
/// services report it for a while first, so that monitoring sees the reason.
pub(crate) async fn end_without_store(loss: &Loss, services: &Services, stop: &mut StopSignals) -> Exit {
    tracing::error!(error = %loss, "store lost; exiting because retries cannot succeed");
    if !services.addresses().is_empty() {
        // A stop signal meanwhile ends the process at once.
        let _ = tokio::time::timeout(LAST_ANSWERS, stop.wait()).await;
    }
    Exit::Failed
}
