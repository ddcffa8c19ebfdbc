//! The messages that Scorer sends.

use actix::Message;

/// A cycle is decided and stored.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct ScoresDecided {
    /// The cycle.
    pub cycle: u32,
}
