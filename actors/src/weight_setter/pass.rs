//! The result of one pass of sending, and why it ended early.

use crate::ports::{ChainError, StoreError};
use crate::weight_setter::messages::{WeightsConfirmed, WeightsWithheld};
use crate::weight_setter::reveal::Unrevealed;
use tensorflix_domain::extrinsic::{Failure, Remedy};

/// The result of a pass.
pub(crate) enum Sent {
    Confirmed(WeightsConfirmed),
    Withheld(WeightsWithheld),
    Unrevealed(Unrevealed),
}

/// Why a pass ended early.
pub(crate) enum Halt {
    /// The decision of this slot is awaited: it is reported once it is sent.
    Awaiting,
    /// Not now; a later head tries again. Reported only to a caller that waits for it.
    Later(String),
    /// Something failed, or operator action is required.
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

/// How an error of the chain ends a pass, by its remedy.
pub(crate) fn halt_of(failure: &Failure, what: &str) -> Halt {
    let error = &failure.error;
    match failure.remedy {
        Remedy::Wait => Halt::Later(format!("{what} for now: {error}")),
        Remedy::ReadAgain => Halt::Later(format!("{what}: {error}; the subnet will be read again")),
        Remedy::NextEpoch => Halt::Later(format!("{what} in this epoch: {error}")),
        Remedy::AlertOperator => Halt::Failed(format!("{what}: {error}; operator action required")),
        Remedy::OurBug => Halt::Failed(format!("{what}: {error}; this is a bug in this program, please report it")),
    }
}
