//! `SubtensorModule.set_weights`, and what a reveal does: the chain's checks, in the chain's order.

use std::collections::BTreeSet;

use parity_scale_codec::Encode;

use crate::node::calls::events::{DispatchError, EventLog};
use crate::node::calls::extrinsic::Call;
use crate::node::calls::origin::Origin;
use crate::node::runtime::entries;
use crate::node::state::genesis::{AccountId, ValidatorAtWork};
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::ReadSubnet;

/// A vector of weights as it is submitted.
#[derive(Clone, Debug)]
pub(crate) struct WeightsSubmission {
    pub netuid: u16,
    pub uids: Vec<u16>,
    pub values: Vec<u16>,
    pub version_key: u64,
}

/// The dispatchable: refused altogether where weights are to be committed and revealed.
pub(crate) fn set_weights(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    let (Some(netuid), Some(uids), Some(values), Some(version_key)) =
        (call.argument("netuid"), call.argument("dests"), call.argument("weights"), call.argument("version_key"))
    else {
        return Err(DispatchError::BadOrigin);
    };
    let submission = WeightsSubmission { netuid, uids, values, version_key };
    apply_plain(state, events, origin, &submission)
}

/// Plain setting of weights by `origin`.
pub(crate) fn apply_plain(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    submission: &WeightsSubmission,
) -> Result<(), DispatchError> {
    let netuid = submission.netuid;
    if state.value(entries::COMMIT_REVEAL_WEIGHTS_ENABLED, [&netuid.encode()]) {
        return Err(DispatchError::subtensor("CommitRevealEnabled"));
    }
    apply(state, events, origin, submission)
}

/// Setting of weights as plain calls and reveals share it. Where weights are committed, the commit is what the rate limit
/// and `LastUpdate` are about.
pub(crate) fn apply(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    submission: &WeightsSubmission,
) -> Result<(), DispatchError> {
    let netuid = submission.netuid;
    let uid = check_sender(state, origin.signer, submission)?;
    let is_committed: bool = state.value(entries::COMMIT_REVEAL_WEIGHTS_ENABLED, [&netuid.encode()]);
    if !is_committed {
        check_rate_limit(state, netuid, uid)?;
    }
    check_vector(state, origin.signer, uid, submission)?;
    let row = max_upscale(&submission.values);
    check_max_weight(state, uid, submission, &row)?;
    let row: Vec<(u16, u16)> = submission.uids.iter().copied().zip(row).collect();
    state.put(entries::WEIGHTS, [&netuid.encode(), &uid.encode()], &row);
    if !is_committed {
        state.put_element(entries::LAST_UPDATE, netuid, uid, u64::from(state.number));
    }
    let fields = (netuid, uid).encode();
    events.deposit(state.runtime(), origin.phase, "SubtensorModule", "WeightsSet", &fields);
    Ok(())
}

/// Stores the weights of a scripted validator, as a reveal does: without a rate limit, and whether or not plain
/// setting is allowed. Hotkeys that are no longer registered get none.
pub(crate) fn renew(state: &mut Overlay<'_>, netuid: u16, validator: &ValidatorAtWork) {
    let Some(uid) = state.uid_of(netuid, &validator.hotkey) else { return };
    if !state.element::<bool>(entries::VALIDATOR_PERMIT, netuid, uid) {
        return;
    }
    put_row(state, netuid, uid, validator);
    state.put_element(entries::LAST_UPDATE, netuid, uid, u64::from(state.number));
}

/// Stores a row, without its time.
pub(crate) fn put_row(state: &mut Overlay<'_>, netuid: u16, uid: u16, validator: &ValidatorAtWork) {
    let registered = |(target, _): &(u16, u16)| state.hotkey_of(netuid, *target).is_some();
    let row: Vec<(u16, u16)> = validator.weights.iter().copied().filter(registered).collect();
    state.put(entries::WEIGHTS, [&netuid.encode(), &uid.encode()], &row);
}

/// Shape, registration, stake and version: what does not depend on the time.
fn check_sender(state: &Overlay<'_>, hotkey: &AccountId, submission: &WeightsSubmission) -> Result<u16, DispatchError> {
    let netuid = submission.netuid;
    if submission.uids.len() != submission.values.len() {
        return Err(DispatchError::subtensor("WeightVecNotEqualSize"));
    }
    if !state.subnet_exists(netuid) {
        return Err(DispatchError::subtensor("MechanismDoesNotExist"));
    }
    if submission.uids.len() > usize::from(state.neuron_count(netuid)) {
        return Err(DispatchError::subtensor("UidsLengthExceedUidsInSubNet"));
    }
    let uid = state.uid_of(netuid, hotkey).ok_or_else(|| DispatchError::subtensor("HotKeyNotRegisteredInSubNet"))?;
    if !state.has_stake_for_weights(netuid, hotkey) {
        return Err(DispatchError::subtensor("NotEnoughStakeToSetWeights"));
    }
    let wanted: u64 = state.value(entries::WEIGHTS_VERSION_KEY, [&netuid.encode()]);
    if wanted != 0 && submission.version_key < wanted {
        return Err(DispatchError::subtensor("IncorrectWeightVersionKey"));
    }
    Ok(uid)
}

/// A neuron that never set weights (`LastUpdate` 0) need not wait.
pub(crate) fn check_rate_limit(state: &Overlay<'_>, netuid: u16, uid: u16) -> Result<(), DispatchError> {
    let last: u64 = state.element(entries::LAST_UPDATE, netuid, uid);
    let limit: u64 = state.value(entries::WEIGHTS_SET_RATE_LIMIT, [&netuid.encode()]);
    if last != 0 && u64::from(state.number).saturating_sub(last) < limit {
        return Err(DispatchError::subtensor("SettingWeightsTooFast"));
    }
    Ok(())
}

/// Permit, duplicates, unknown UIDs and length.
fn check_vector(
    state: &Overlay<'_>,
    hotkey: &AccountId,
    uid: u16,
    submission: &WeightsSubmission,
) -> Result<(), DispatchError> {
    let netuid = submission.netuid;
    let owner: AccountId = state.value(entries::SUBNET_OWNER_HOTKEY, [&netuid.encode()]);
    let self_weight = is_self_weight(uid, &submission.uids);
    let permitted: bool = state.element(entries::VALIDATOR_PERMIT, netuid, uid);
    if !(self_weight || owner == *hotkey || permitted) {
        return Err(DispatchError::subtensor("NeuronNoValidatorPermit"));
    }
    let distinct: BTreeSet<u16> = submission.uids.iter().copied().collect();
    if distinct.len() != submission.uids.len() {
        return Err(DispatchError::subtensor("DuplicateUids"));
    }
    if distinct.iter().any(|uid| state.hotkey_of(netuid, *uid).is_none()) {
        return Err(DispatchError::subtensor("UidVecContainInvalidOne"));
    }
    let min_allowed: u16 = state.value(entries::MIN_ALLOWED_WEIGHTS, [&netuid.encode()]);
    let min_allowed = min_allowed.min(state.neuron_count(netuid));
    if !self_weight && submission.uids.len() < usize::from(min_allowed) {
        return Err(DispatchError::subtensor("WeightVecLengthIsLow"));
    }
    Ok(())
}

/// No entry may hold a larger share of the sum than `MaxWeightsLimit / u16::MAX`.
fn check_max_weight(
    state: &Overlay<'_>,
    uid: u16,
    submission: &WeightsSubmission,
    row: &[u16],
) -> Result<(), DispatchError> {
    let limit: u16 = state.value(entries::MAX_WEIGHTS_LIMIT, [&submission.netuid.encode()]);
    if limit == u16::MAX || is_self_weight(uid, &submission.uids) {
        return Ok(());
    }
    let sum: u64 = row.iter().copied().map(u64::from).sum();
    let max = row.iter().copied().max().map_or(0, u64::from);
    if max * u64::from(u16::MAX) > u64::from(limit) * sum {
        return Err(DispatchError::subtensor("MaxWeightExceeded"));
    }
    Ok(())
}

/// A single weight to oneself needs neither permit nor length.
fn is_self_weight(uid: u16, uids: &[u16]) -> bool {
    uids == [uid]
}

/// Scales so that the largest value is `u16::MAX`, rounding to the nearest; all-zero vectors stay.
pub(crate) fn max_upscale(values: &[u16]) -> Vec<u16> {
    let Some(max) = values.iter().copied().max().filter(|max| *max > 0).map(u64::from) else {
        return values.to_vec();
    };
    let scale = |value: u16| (2 * u64::from(value) * u64::from(u16::MAX) + max) / (2 * max);
    values.iter().map(|value| u16::try_from(scale(*value)).unwrap_or(u16::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_weight_becomes_the_largest_u16() {
        let cases: &[(&[u16], &[u16])] = &[
            (&[], &[]),
            (&[0, 0], &[0, 0]),
            (&[1, 2], &[32_768, 65_535]),
            (&[65_535, 1], &[65_535, 1]),
            (&[3, 1], &[65_535, 21_845]),
        ];
        for (given, wanted) in cases {
            assert_eq!(max_upscale(given), *wanted, "{given:?}");
        }
    }
}
