//! Weights that somebody else set with our hotkey: a second instance, or a stolen key.
//!
//! The chain holds the block of the newest weights of a hotkey. A block after our own newest submission means a foreign update.
//! With `weights.on_foreign_update = "stop"` nothing more is sent until the process is restarted. Updates from before the start are
//! ignored: so a restart recovers, and our own weights that a restored backup does not know do not stop the validator.

use crate::weight_setter::settings::OnForeignUpdate;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::{IntentOutcome, WeightIntent};
use tensorflix_domain::subnet::Neuron;

/// The block of the newest weights of our hotkey when the process began, once that is known; 0 if it was not registered.
/// Shared by all senders in this process, so that none takes a later block for the first.
#[derive(Clone, Debug, Default)]
pub struct HeldAtStart(Arc<OnceLock<Block>>);

/// Nothing may be sent, because somebody else set our weights: the operator stops the other instance, then restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "somebody else set weights with our hotkey at block {block}, and weights.on_foreign_update is \"stop\": stop the \
     other instance, then restart"
)]
pub(crate) struct ForeignWeights {
    /// The block of the foreign weights.
    block: Block,
}

pub(crate) struct ForeignUpdates {
    reaction: OnForeignUpdate,
    held_at_start: HeldAtStart,
    /// The block of the last foreign update that was reported.
    told: AtomicU32,
}

impl ForeignUpdates {
    pub(crate) const fn new(reaction: OnForeignUpdate, held_at_start: HeldAtStart) -> Self {
        Self { reaction, held_at_start, told: AtomicU32::new(0) }
    }

    /// Whether the block of our weights at the start is still needed. It matters only if sending can stop.
    pub(crate) fn lacks_start(&self) -> bool {
        self.reaction == OnForeignUpdate::Stop && self.held_at_start.0.get().is_none()
    }

    /// Records what the chain holds at the start; only the first call has an effect.
    pub(crate) fn note_start(&self, own: Option<&Neuron>) {
        self.held_at_start.0.get_or_init(|| own.map_or(0, |neuron| neuron.last_update));
    }

    /// Checks whether somebody else set our weights after we last did.
    ///
    /// # Errors
    /// Why nothing may be sent, and what the operator does about it.
    pub(crate) fn look(&self, own: &Neuron, latest: Option<&WeightIntent>) -> Result<(), ForeignWeights> {
        let Some(latest) = latest else {
            // Weights from before this store was created are not known.
            return Ok(());
        };
        let own_update = match latest.outcome {
            Some(IntentOutcome::Confirmed { block } | IntentOutcome::Failed { block, .. }) => block,
            _ => latest.signed_at.block,
        };
        let block = own.last_update;
        if block <= own_update.max(own.registered_at) {
            return Ok(());
        }
        let is_news = self.told.swap(block, Ordering::Relaxed) != block;
        let is_history = self.held_at_start.0.get().is_some_and(|held| block <= *held);
        if is_news && is_history {
            tracing::warn!(
                block,
                "weights were set with our hotkey before this start, but are not in the store: another instance set them, or \
                 this one did before a backup was restored"
            );
        } else if is_news {
            tracing::error!(
                block,
                "somebody else set weights with our hotkey: stop the other instance, or replace a stolen key"
            );
        }
        match self.reaction {
            OnForeignUpdate::Stop if !is_history => Err(ForeignWeights { block }),
            // The rate limit counts from the foreign update, so the usual wait applies.
            OnForeignUpdate::Continue | OnForeignUpdate::Stop => Ok(()),
        }
    }
}
