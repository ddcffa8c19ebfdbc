//! The faults that a test or an operator of the sandbox can ask for.

use std::sync::Arc;

use crate::node::calls::validity::PoolRejection;
use crate::node::serving::faults::{MethodFault, Times};
use crate::node::shared::Shared;

/// Makes the node misbehave. Cheap to clone and safe to use from any thread.
#[derive(Clone)]
pub struct NodeFaults {
    shared: Arc<Shared>,
}

impl NodeFaults {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The next call that sets or commits weights fails with this `SubtensorModule` error, even if it is valid.
    pub fn fail_next_weights(&self, error: &str) {
        self.shared.faults().fail_next_weights(error);
    }

    /// The next submission is refused by the pool. Several calls queue up.
    pub fn reject_next_submission(&self, rejection: PoolRejection) {
        self.shared.faults().reject_next_submission(rejection);
    }

    /// The next `count` extrinsics are included and finalized, but the connection that submitted them closes before
    /// it hears anything.
    pub fn lose_next_answers(&self, count: u32) {
        self.shared.faults().lose_next_answers(count);
    }

    /// The next `count` commits that are opened change no weights, and nothing tells of it.
    pub fn fail_next_reveals(&self, count: u32) {
        self.shared.faults().fail_next_reveals(count);
    }

    /// The next `count` extrinsics are taken and never included; the same bytes may be sent again.
    pub fn drop_next_extrinsics(&self, count: u32) {
        self.shared.faults().drop_next_extrinsics(count);
    }

    /// The next `count` answers about a nonce are one too low.
    pub fn answer_stale_nonces(&self, count: u32) {
        self.shared.faults().answer_stale_nonces(count);
    }

    /// A method answers late, not at all, or with an error. One fault per method; a new one replaces it.
    pub fn set_method(&self, method: &str, fault: MethodFault, times: Times) {
        self.shared.faults().set_method(method, fault, times);
    }

    /// The finalized head stays `blocks` behind the best block, from the next block on.
    pub fn delay_finality(&self, blocks: u32) {
        self.shared.ledger().set_finality_delay(blocks);
    }

    /// Finalizes the best block and goes on without delay.
    pub fn release_finality(&self) {
        self.shared.ledger().set_finality_delay(0);
    }

    /// Replaces the newest `depth` blocks above the finalized head by a branch that is one longer. If there are not
    /// so many, they are made first. Their extrinsics come back in the new branch.
    pub fn fork(&self, depth: u32) {
        self.shared.ledger().fork(depth);
    }

    /// Closes every open connection; new ones are welcome.
    pub fn close_connections(&self) {
        self.shared.connections().cut_all();
    }

    /// Takes every switch back: methods, rejections, lost answers, dropped extrinsics, nonces; not the finality.
    pub fn clear(&self) {
        self.shared.faults().clear();
    }
}
