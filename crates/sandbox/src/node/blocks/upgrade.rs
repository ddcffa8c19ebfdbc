//! Runtime upgrades, as the real chain makes them.
//!
//! The block that sets the new code still runs under the old one: its events and its state are written by the old
//! runtime, although a request for the metadata at that block returns the new one's. The next block begins with the
//! migrations. Extrinsics in the pool were signed for the old version and are invalid from then on.

use std::sync::Arc;

use crate::node::blocks::ledger::Ledger;
use crate::node::blocks::pool::ExtrinsicStatus;
use crate::node::calls::events::Phase;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::history::ReadStorage;

impl Ledger {
    /// Makes a block, with everything that waits, that sets the code to `runtime`.
    pub fn upgrade(&mut self, runtime: Arc<Runtime>) {
        let block = self.chain.best().number + 1;
        self.chain.plan_runtime(block, runtime);
        self.produce_with(|state, events| {
            let runtime = state.runtime();
            events.deposit(runtime, Phase::ApplyExtrinsic(0), "System", "CodeUpdated", &[]);
        });
        for entry in self.pool.take_all() {
            self.pool.ban(entry.extrinsic.hash, block);
            entry.tell(ExtrinsicStatus::Invalid);
        }
    }
}
