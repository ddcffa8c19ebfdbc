//! What the first block of a new runtime does before anything else.

use parity_scale_codec::Encode;

use crate::node::calls::commitments;
use crate::node::epochs::timing;
use crate::node::runtime::entries;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::history::{Overlay, ReadStorage};

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
