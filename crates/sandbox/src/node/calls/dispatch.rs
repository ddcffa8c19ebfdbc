//! Executes calls: which rule serves which call, and what a failed one leaves behind (nothing but its nonce).
//!
//! A new call is one more file and one more line here. Calls of no concern to a validator are refused with
//! `System.CallFiltered`, as the real runtime refuses filtered ones.

use crate::node::calls::commitments;
use crate::node::calls::events::{DispatchClass, DispatchError, EventLog};
use crate::node::calls::extrinsic::Call;
use crate::node::calls::hashed;
use crate::node::calls::origin::Origin;
use crate::node::calls::timelock;
use crate::node::calls::validity::InvalidTransaction;
use crate::node::calls::weights;
use crate::node::state::beacon::Beacon;
use crate::node::state::genesis::AccountId;
use crate::node::state::history::Overlay;
use crate::node::state::subnet::ReadSubnet;

/// `CustomTransactionError::StakeAmountTooLow`.
pub(crate) const CUSTOM_NOT_ENOUGH_STAKE: u8 = 1;

/// `CustomTransactionError::InvalidRevealRound`.
pub(crate) const CUSTOM_INVALID_REVEAL_ROUND: u8 = 15;

/// What the runtime's own transaction extension asks of a call before it may enter the pool or block `block`: stake for
/// weights, and a round that is still to come. The code for rate limits (6) belongs to calls that are not executed here; a
/// fault gives it.
pub(crate) fn prevalidate(
    state: &impl ReadSubnet,
    block: u32,
    signer: &AccountId,
    call: &Call,
) -> Result<(), InvalidTransaction> {
    if is_weights_call(call) {
        let netuid: u16 = call.argument("netuid").unwrap_or_default();
        if !state.has_stake_for_weights(netuid, signer) {
            return Err(InvalidTransaction::Custom(CUSTOM_NOT_ENOUGH_STAKE));
        }
    }
    if timelock::names_past_round(Beacon::last_round(block), call) {
        return Err(InvalidTransaction::Custom(CUSTOM_INVALID_REVEAL_ROUND));
    }
    Ok(())
}

/// Whether a call sets or commits weights.
pub(crate) fn is_weights_call(call: &Call) -> bool {
    call.pallet == "SubtensorModule" && call.name.contains("weights")
}

/// The class that a call reports.
pub(crate) fn class_of(call: &Call) -> DispatchClass {
    if call.is("Commitments", "set_commitment") { DispatchClass::Operational } else { DispatchClass::Normal }
}

/// Executes a call; on an error nothing of it remains.
pub(crate) fn dispatch(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    let checkpoint = state.checkpoint();
    let outcome = execute(state, events, origin, call);
    if outcome.is_err() {
        state.roll_back(checkpoint);
    }
    outcome
}

fn execute(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    match (call.pallet.as_str(), call.name.as_str()) {
        ("SubtensorModule", "set_weights") => weights::set_weights(state, events, origin, call),
        ("SubtensorModule", "commit_weights") => hashed::commit(state, events, origin, call),
        ("SubtensorModule", "reveal_weights") => hashed::reveal(state, events, origin, call),
        ("SubtensorModule", "commit_timelocked_weights") => timelock::commit(state, events, origin, call),
        ("Commitments", "set_commitment") => commitments::set_commitment(state, events, origin, call),
        ("System", "remark") => Ok(()),
        _ => Err(DispatchError::Module { pallet: "System".into(), name: "CallFiltered".into() }),
    }
}
