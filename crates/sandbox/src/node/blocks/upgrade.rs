//! Runtime upgrades, as the real chain makes them.
//!
//! The block that sets the new code still runs under the old one: its events and its state are written by the old
//! runtime, although whoever asks for the metadata at that block gets the new one's. The block after it begins with the
//! migrations. What waited in the pool was signed for the old version and is invalid from then on.

use std::sync::Arc;

use parity_scale_codec::Encode;

use crate::node::blocks::ledger::Ledger;
use crate::node::blocks::pool::ExtrinsicStatus;
use crate::node::calls::commitments;
use crate::node::calls::events::Phase;
use crate::node::epochs::timing;
use crate::node::runtime::entries;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::history::{Overlay, ReadStorage};

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

/// What the first block of a new runtime does first: brings what `before` stored into the new form.
pub(crate) fn migrate(state: &mut Overlay<'_>, before: &Runtime, netuid: u16, tempo: u16) {
    let after = state.lent_runtime();
    let starts_counting = after.has(entries::LAST_EPOCH_BLOCK) && !before.has(entries::LAST_EPOCH_BLOCK);
    let commitments: Vec<_> = state
        .keys(&after.key(entries::COMMITMENT_OF, [&netuid.encode()]))
        .into_iter()
        .filter_map(|key| {
            let stored = state.stored(&key)?;
            commitments::translate(&stored, before, after).map(|translated| (key, translated))
        })
        .collect();
    commitments.into_iter().for_each(|(key, translated)| state.put_raw(key, translated));
    if starts_counting {
        timing::begin(state, netuid, tempo);
    }
}
