//! Extrinsics on their way from the pool into a block.

use crate::node::blocks::pool::{ExtrinsicStatus, MAX_EXTRINSICS_PER_BLOCK, Pool, PoolEntry};
use crate::node::calls::dispatch;
use crate::node::calls::events::{DispatchError, EventLog, Phase};
use crate::node::calls::extrinsic::SignedExtrinsic;
use crate::node::calls::origin::Origin;
use crate::node::calls::validity::InvalidTransaction;
use crate::node::runtime::entries;
use crate::node::serving::faults::FaultSwitches;
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::ReadSubnet;

/// An extrinsic that is in the block, and the result of its call.
pub(crate) struct Applied {
    pub entry: PoolEntry,
    pub outcome: Result<(), DispatchError>,
}

/// What the state has against an extrinsic in block `block`; its signer's nonce if nothing.
pub(crate) fn check_against_state(
    state: &impl ReadSubnet,
    block: u32,
    extrinsic: &SignedExtrinsic,
) -> Result<u32, InvalidTransaction> {
    let account = state.account(&extrinsic.signer);
    if account.providers == 0 && account.sufficients == 0 {
        return Err(InvalidTransaction::Payment);
    }
    if extrinsic.nonce < account.nonce {
        return Err(InvalidTransaction::Stale);
    }
    if extrinsic.tip > account.free {
        return Err(InvalidTransaction::Payment);
    }
    dispatch::prevalidate(state, block, &extrinsic.signer, &extrinsic.call)?;
    Ok(account.nonce)
}

/// Applies what is ready, in the order of arrival and, for one signer, of nonces. What became invalid leaves the pool.
pub(crate) fn apply_waiting(
    pool: &mut Pool,
    faults: &FaultSwitches,
    state: &mut Overlay<'_>,
    events: &mut EventLog,
) -> Vec<Applied> {
    let mut applied = Vec::new();
    let mut waiting = pool.take_all();
    let mut progress = true;
    while progress {
        progress = false;
        for entry in std::mem::take(&mut waiting) {
            let full = applied.len() >= MAX_EXTRINSICS_PER_BLOCK;
            let expired = entry.expires_at <= u64::from(state.number);
            match check_against_state(state, state.number, &entry.extrinsic) {
                Ok(nonce) if !expired && (full || entry.extrinsic.nonce > nonce) => waiting.push_back(entry),
                Ok(_) if !expired => {
                    let index = applied.len() as u32 + 1;
                    let outcome = apply(faults, state, events, &entry.extrinsic, index);
                    applied.push(Applied { entry, outcome });
                    progress = true;
                }
                _ => {
                    pool.ban(entry.extrinsic.hash, state.number);
                    entry.tell(ExtrinsicStatus::Invalid);
                }
            }
        }
    }
    waiting.into_iter().for_each(|entry| pool.push(entry));
    applied
}

/// Applies one extrinsic: the nonce advances even if the call fails.
fn apply(
    faults: &FaultSwitches,
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    extrinsic: &SignedExtrinsic,
    index: u32,
) -> Result<(), DispatchError> {
    let mut account = state.account(&extrinsic.signer);
    account.nonce += 1;
    state.put(entries::ACCOUNT, [&extrinsic.signer], &account);
    let phase = Phase::ApplyExtrinsic(index);
    let class = dispatch::class_of(&extrinsic.call);
    let forced = dispatch::is_weights_call(&extrinsic.call).then(|| faults.take_weights_error()).flatten();
    let outcome = match forced {
        Some(name) => Err(DispatchError::subtensor(&name)),
        None => {
            let origin = Origin { signer: &extrinsic.signer, phase };
            dispatch::dispatch(state, events, &origin, &extrinsic.call)
        }
    };
    match &outcome {
        Ok(()) => events.extrinsic_success(state.runtime(), phase, class),
        Err(error) => events.extrinsic_failed(state.runtime(), phase, error, class),
    }
    outcome
}
