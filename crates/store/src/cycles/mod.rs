//! What was decided, and the weights that were signed for it.

pub(crate) mod intents;
pub(crate) mod paid;
pub(crate) mod records;
pub(crate) mod snapshot;
