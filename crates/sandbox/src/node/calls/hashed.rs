//! Hashed commits of weights: `commit_weights` keeps a digest, and `reveal_weights` sets what was hashed, in the epoch that is
//! `RevealPeriodEpochs` later and in no other. The checks and their order are those of Subtensor's `do_commit_weights`
//! and `do_reveal_weights`.

use parity_scale_codec::Encode;
use sp_crypto_hashing::blake2_256;

use crate::node::calls::events::{DispatchError, EventLog};
use crate::node::calls::extrinsic::Call;
use crate::node::calls::origin::Origin;
use crate::node::calls::weights::{self, WeightsSubmission};
use crate::node::runtime::entries;
use crate::node::state::genesis::AccountId;
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::ReadSubnet;

/// Commits of one hotkey that wait for their reveal.
const MOST_UNREVEALED: usize = 10;

/// The digest, the block of the commit, and the first and last block of its reveal.
type Commit = ([u8; 32], u64, u64, u64);

/// The dispatchable `commit_weights`.
pub(crate) fn commit(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    let (Some(netuid), Some(digest)) = (call.argument::<u16>("netuid"), call.argument::<[u8; 32]>("commit_hash"))
    else {
        return Err(DispatchError::BadOrigin);
    };
    check_enabled(state, netuid)?;
    let Some(uid) = state.uid_of(netuid, origin.signer) else {
        return Err(DispatchError::subtensor("HotKeyNotRegisteredInSubNet"));
    };
    if weights::check_rate_limit(state, netuid, uid).is_err() {
        return Err(DispatchError::subtensor("CommittingWeightsTooFast"));
    }
    let block = u64::from(state.number);
    let (mut waiting, _) = commits(state, netuid, origin.signer);
    if waiting.len() >= MOST_UNREVEALED {
        return Err(DispatchError::subtensor("TooManyUnrevealedCommits"));
    }
    let (first, last) = reveal_blocks(state, netuid);
    waiting.push((digest, block, first, last));
    state.put(entries::WEIGHT_COMMITS, [&netuid.encode(), origin.signer], &waiting);
    state.put_element(entries::LAST_UPDATE, netuid, uid, block);
    let fields = (*origin.signer, netuid, digest).encode();
    events.deposit(state.runtime(), origin.phase, "SubtensorModule", "WeightsCommitted", &fields);
    Ok(())
}

/// The dispatchable `reveal_weights`.
pub(crate) fn reveal(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    let (Some(netuid), Some(uids), Some(values), Some(salt), Some(version_key)) = (
        call.argument::<u16>("netuid"),
        call.argument::<Vec<u16>>("uids"),
        call.argument::<Vec<u16>>("values"),
        call.argument::<Vec<u16>>("salt"),
        call.argument::<u64>("version_key"),
    ) else {
        return Err(DispatchError::BadOrigin);
    };
    check_enabled(state, netuid)?;
    let digest = blake2_256(&(origin.signer, netuid, &uids, &values, &salt, version_key).encode());
    let (waiting, expired) = commits(state, netuid, origin.signer);
    if waiting.is_empty() && expired.is_empty() {
        return Err(DispatchError::subtensor("NoWeightsCommitFound"));
    }
    let Some(place) = waiting.iter().position(|(known, ..)| *known == digest) else {
        let is_expired = expired.iter().any(|(known, ..)| *known == digest);
        let error = if is_expired { "ExpiredWeightCommit" } else { "InvalidRevealCommitHashNotMatch" };
        return Err(DispatchError::subtensor(error));
    };
    if u64::from(state.number) < waiting[place].2 {
        return Err(DispatchError::subtensor("RevealTooEarly"));
    }
    // Whatever was committed before it goes with it.
    state.put(entries::WEIGHT_COMMITS, [&netuid.encode(), origin.signer], &waiting[place + 1..].to_vec());
    let submission = WeightsSubmission { netuid, uids, values, version_key };
    weights::apply(state, events, origin, &submission)?;
    let fields = (*origin.signer, netuid, digest).encode();
    events.deposit(state.runtime(), origin.phase, "SubtensorModule", "WeightsRevealed", &fields);
    Ok(())
}

fn check_enabled(state: &Overlay<'_>, netuid: u16) -> Result<(), DispatchError> {
    let is_enabled: bool = state.value(entries::COMMIT_REVEAL_WEIGHTS_ENABLED, [&netuid.encode()]);
    if is_enabled { Ok(()) } else { Err(DispatchError::subtensor("CommitRevealDisabled")) }
}

/// A hotkey's commits that can still be revealed, and those that no longer can.
fn commits(state: &Overlay<'_>, netuid: u16, who: &AccountId) -> (Vec<Commit>, Vec<Commit>) {
    let all: Vec<Commit> = state.value(entries::WEIGHT_COMMITS, [&netuid.encode(), who]);
    all.into_iter().partition(|(.., last)| u64::from(state.number) <= *last)
}

/// The first and the last block in which a commit of the block being built can be revealed, by the number of blocks.
fn reveal_blocks(state: &Overlay<'_>, netuid: u16) -> (u64, u64) {
    let period: u64 = state.value(entries::REVEAL_PERIOD_EPOCHS, [&netuid.encode()]);
    let (length, shift) = (u64::from(state.tempo(netuid)) + 1, u64::from(netuid) + 1);
    let epoch = (u64::from(state.number) + shift) / length;
    let first = ((epoch + period) * length).saturating_sub(shift);
    (first, first + length - 1)
}
