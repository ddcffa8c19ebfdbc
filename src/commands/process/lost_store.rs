//! The end of a process whose store is lost.

use super::signals::StopSignals;
use crate::console::exit::Exit;
use crate::wiring::serving::Services;
use std::time::Duration;
use tensorflix_store::Loss;

/// How long services tell that the store is lost before the process ends: a look of most monitors.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// Ends a process whose store is lost: whatever is tried again fails again, and nothing may be sent that cannot be recorded.
/// Where services run, they say so for a while first, so that whoever watches them learns the reason.
pub(crate) async fn end_without_store(loss: &Loss, services: &Services, stop: &mut StopSignals) -> Exit {
    tracing::error!(error = %loss, "the store cannot be used any more; ending, as trying again changes nothing");
    if !services.addresses().is_empty() {
        // Whoever asks for the end meanwhile has it at once.
        let _ = tokio::time::timeout(LAST_ANSWERS, stop.wait()).await;
    }
    Exit::Failed
}
