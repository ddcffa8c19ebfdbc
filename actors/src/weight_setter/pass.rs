//! What one pass of sending came to, and why it ended early.

use crate::ports::{ChainError, StoreError};
use crate::weight_setter::messages::{WeightsConfirmed, WeightsWithheld};
use crate::weight_setter::reveal::Unrevealed;
use tensorflix_domain::extrinsic::{Failure, Remedy};

/// What a pass came to.
pub(crate) enum Sent {
    Confirmed(WeightsConfirmed),
    Withheld(WeightsWithheld),
    Unrevealed(Unrevealed),
}

/// Why a pass ended early.
pub(crate) enum Halt {
    /// The decision of this slot is awaited: it is told of once it is sent.
    Awaiting,
    /// Not now; a later head tries again. Worth telling only if somebody waits for it.
    Later(String),
    /// Something failed, or the operator must act.
    Failed(String),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ChainError> for Halt {
    fn from(error: ChainError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What an error of the chain comes to, by its remedy.
pub(crate) fn halt_of(failure: &Failure, what: &str) -> Halt {
    let error = &failure.error;
    match failure.remedy {
        Remedy::Wait => Halt::Later(format!("{what} for now: {error}")),
        Remedy::ReadAgain => Halt::Later(format!("{what}: {error}; the subnet is read again")),
        Remedy::NextEpoch => Halt::Later(format!("{what} in this epoch: {error}")),
        Remedy::AlertOperator => Halt::Failed(format!("{what}: {error}; only the operator can mend this")),
        Remedy::OurBug => Halt::Failed(format!("{what}: {error}; this is a bug of this program, report it")),
    }
}
