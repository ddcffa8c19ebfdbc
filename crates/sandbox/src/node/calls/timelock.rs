//! Timelocked weights: taking commits, and opening them in the epoch that the chain's rule says.
//!
//! A commit of epoch `e` is opened in the first block of epoch `e + RevealPeriodEpochs` in which its round has come; if
//! none has until that epoch is over, it is dropped. Permit, UIDs, lengths and version are checked only then, and
//! a failure leaves no trace on chain.

use parity_scale_codec::{Decode, Encode};
use sp_crypto_hashing::blake2_256;

use crate::node::calls::events::{DispatchError, EventLog, Phase};
use crate::node::calls::extrinsic::Call;
use crate::node::calls::origin::Origin;
use crate::node::calls::weights::{self, WeightsSubmission};
use crate::node::runtime::entries;
use crate::node::serving::faults::FaultSwitches;
use crate::node::state::beacon::{self, Beacon};
use crate::node::state::genesis::AccountId;
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::ReadSubnet;

/// Commits of one hotkey in one epoch that wait for their reveal.
const MOST_UNREVEALED: usize = 10;
/// `MAX_CRV3_COMMIT_SIZE_BYTES`.
const MOST_COMMIT_BYTES: usize = 5_000;

/// Who committed, in which block, what, and the round that opens it.
type Commit = (AccountId, u64, Vec<u8>, u64);

/// What a commit hides.
#[derive(Decode)]
struct Payload {
    hotkey: Vec<u8>,
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
}

/// The arguments of `commit_timelocked_weights`.
pub(crate) struct TimelockedCall {
    pub netuid: u16,
    pub commit: Vec<u8>,
    pub reveal_round: u64,
    pub version: u16,
}

impl TimelockedCall {
    pub fn of(call: &Call) -> Option<Self> {
        Some(Self {
            netuid: call.argument("netuid")?,
            commit: call.argument("commit")?,
            reveal_round: call.argument("reveal_round")?,
            version: call.argument("commit_reveal_version")?,
        })
    }
}

/// Whether a call names a round before `last_round`, the newest that the chain holds: then the pool does not take it.
pub(crate) fn names_past_round(last_round: u64, call: &Call) -> bool {
    call.is("SubtensorModule", "commit_timelocked_weights")
        && TimelockedCall::of(call).is_some_and(|call| call.reveal_round < last_round)
}

/// The dispatchable.
pub(crate) fn commit(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    let refuse = |name| Err(DispatchError::subtensor(name));
    let Some(TimelockedCall { netuid, commit, reveal_round, version }) = TimelockedCall::of(call) else {
        return Err(DispatchError::BadOrigin);
    };
    if commit.len() > MOST_COMMIT_BYTES {
        return Err(DispatchError::BadOrigin);
    }
    if !state.value::<bool, 1>(entries::COMMIT_REVEAL_WEIGHTS_ENABLED, [&netuid.encode()]) {
        return refuse("CommitRevealDisabled");
    }
    if version != state.value::<u16, 0>(entries::COMMIT_REVEAL_WEIGHTS_VERSION, []) {
        return refuse("IncorrectCommitRevealVersion");
    }
    let Some(uid) = state.uid_of(netuid, origin.signer) else {
        return refuse("HotKeyNotRegisteredInSubNet");
    };
    if weights::check_rate_limit(state, netuid, uid).is_err() {
        return refuse("CommittingWeightsTooFast");
    }
    let epoch = state.epoch_index(netuid, state.number);
    let mut queue = queue(state, netuid, epoch);
    if queue.iter().filter(|(who, ..)| who == origin.signer).count() >= MOST_UNREVEALED {
        return refuse("TooManyUnrevealedCommits");
    }
    let fields = (*origin.signer, netuid, blake2_256(&commit), reveal_round).encode();
    queue.push((*origin.signer, u64::from(state.number), commit, reveal_round));
    state.put(entries::TIMELOCKED_WEIGHT_COMMITS, [&netuid.encode(), &epoch.encode()], &queue);
    state.put_element(entries::LAST_UPDATE, netuid, uid, u64::from(state.number));
    events.deposit(state.runtime(), origin.phase, "SubtensorModule", "TimelockedWeightsCommitted", &fields);
    Ok(())
}

/// Whether a block has commits to open, or to drop.
pub(crate) fn is_due(state: &impl ReadSubnet, netuid: u16, block: u32) -> bool {
    let Some(epoch) = revealed_epoch(state, netuid, block) else { return false };
    !queue(state, netuid, epoch).is_empty() || epoch > 0 && !queue(state, netuid, epoch - 1).is_empty()
}

/// Opens what is due in the block being built.
pub(crate) fn reveal(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    beacon: &Beacon,
    faults: &FaultSwitches,
    netuid: u16,
) {
    let Some(epoch) = revealed_epoch(state, netuid, state.number) else { return };
    if epoch > 0 {
        state.remove(entries::TIMELOCKED_WEIGHT_COMMITS, [&netuid.encode(), &(epoch - 1).encode()]);
    }
    let last_round = Beacon::last_round(state.number);
    let (due, waiting): (Vec<Commit>, Vec<Commit>) =
        queue(state, netuid, epoch).into_iter().partition(|(.., round)| *round <= last_round);
    if due.is_empty() {
        return;
    }
    state.put(entries::TIMELOCKED_WEIGHT_COMMITS, [&netuid.encode(), &epoch.encode()], &waiting);
    for (who, _, ciphertext, round) in due {
        let pulse = beacon.pulse(round);
        state.put(entries::PULSES, [&round.encode()], &pulse);
        let Some(submission) = opened(&pulse, &ciphertext, &who, netuid) else { continue };
        if faults.take_failed_reveal() {
            continue;
        }
        let origin = Origin { signer: &who, phase: Phase::Initialization };
        if weights::apply(state, events, &origin, &submission).is_ok() {
            let fields = (netuid, who).encode();
            events.deposit(state.runtime(), origin.phase, "SubtensorModule", "TimelockedWeightsRevealed", &fields);
        }
    }
}

fn opened(pulse: &beacon::Pulse, ciphertext: &[u8], who: &AccountId, netuid: u16) -> Option<WeightsSubmission> {
    let message = beacon::open(pulse, ciphertext)?;
    let Payload { hotkey, uids, values, version_key } = Payload::decode(&mut &*message).ok()?;
    (hotkey == who).then_some(WeightsSubmission { netuid, uids, values, version_key })
}

/// The epoch of the commits that a block opens; none in the first epochs of a chain, nor on a runtime without such
/// commits.
fn revealed_epoch(state: &impl ReadSubnet, netuid: u16, block: u32) -> Option<u64> {
    if state.tempo(netuid) == 0 || !state.runtime().has(entries::TIMELOCKED_WEIGHT_COMMITS) {
        return None;
    }
    let period: u64 = state.value(entries::REVEAL_PERIOD_EPOCHS, [&netuid.encode()]);
    state.epoch_index(netuid, block).checked_sub(period)
}

fn queue(state: &impl ReadStorage, netuid: u16, epoch: u64) -> Vec<Commit> {
    state.value(entries::TIMELOCKED_WEIGHT_COMMITS, [&netuid.encode(), &epoch.encode()])
}
