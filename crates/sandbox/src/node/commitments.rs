//! `Commitments.set_commitment`: who may, how much, and what is stored.

use parity_scale_codec::{Compact, Decode, Encode, Input};

use super::dispatch::Origin;
use super::entries;
use super::events::{DispatchError, EventLog};
use super::extrinsic::Call;
use super::genesis::AccountId;
use super::state::{Overlay, ReadStorage};
use super::subnet::{ReadSubnet, SpaceUsage};

/// Most fields of one commitment (`Commitments.MaxFields`).
const MAX_FIELDS: usize = 3;

/// What even the smallest commitment is charged, in bytes.
const MIN_CHARGED_BYTES: u64 = 100;

/// Longest text that fits `Data::Raw0` to `Data::Raw128`; longer ones are `BigRaw`.
const MAX_RAW_BYTES: usize = 128;

const FIRST_RAW: u8 = 1;
const LAST_RAW: u8 = 129;
const FIRST_HASH: u8 = 130;
const LAST_HASH: u8 = 133;
const TIMELOCK_ENCRYPTED: u8 = 134;
const RESET_BONDS_FLAG: u8 = 135;
const BIG_RAW: u8 = 136;

/// One field of a commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    None,
    Bytes(Vec<u8>),
    TimelockEncrypted { encrypted: Vec<u8>, reveal_round: u64 },
    ResetBondsFlag,
}

impl Field {
    /// What the rate limit charges for the field.
    fn charged_bytes(&self) -> u64 {
        match self {
            Self::None | Self::ResetBondsFlag => 0,
            Self::Bytes(bytes) | Self::TimelockEncrypted { encrypted: bytes, .. } => bytes.len() as u64,
        }
    }
}

impl Decode for Field {
    fn decode<I: Input>(input: &mut I) -> Result<Self, parity_scale_codec::Error> {
        let variant = input.read_byte()?;
        let mut bytes = |length: usize| {
            let mut buffer = vec![0; length];
            input.read(&mut buffer).map(|()| buffer)
        };
        Ok(match variant {
            0 => Self::None,
            FIRST_RAW..=LAST_RAW => Self::Bytes(bytes(usize::from(variant - FIRST_RAW))?),
            FIRST_HASH..=LAST_HASH => Self::Bytes(bytes(32)?),
            TIMELOCK_ENCRYPTED => {
                let (encrypted, reveal_round) = Decode::decode(input)?;
                Self::TimelockEncrypted { encrypted, reveal_round }
            }
            RESET_BONDS_FLAG => Self::ResetBondsFlag,
            BIG_RAW => Self::Bytes(Decode::decode(input)?),
            _ => return Err("unknown variant of Data".into()),
        })
    }
}

/// `CommitmentInfo` with one field that holds `text`.
pub(super) fn raw_info(text: &[u8]) -> Vec<u8> {
    let mut info = Compact(1u32).encode();
    if text.len() <= MAX_RAW_BYTES {
        info.push(FIRST_RAW + text.len() as u8);
        info.extend(text);
    } else {
        info.push(BIG_RAW);
        info.extend(text.encode());
    }
    info
}

/// The bytes of the first field of a stored `Registration`, if it holds any.
pub(super) fn first_text(registration: &[u8]) -> Option<(u32, Vec<u8>)> {
    let (_deposit, block, fields) = <(u64, u32, Vec<Field>)>::decode(&mut &*registration).ok()?;
    first_bytes(fields).map(|bytes| (block, bytes))
}

/// The bytes of the first field of a `CommitmentInfo`, if it holds any.
pub(super) fn text_of_info(info: &[u8]) -> Option<Vec<u8>> {
    first_bytes(Vec::<Field>::decode(&mut &*info).ok()?)
}

fn first_bytes(fields: Vec<Field>) -> Option<Vec<u8>> {
    fields.into_iter().find_map(|field| match field {
        Field::Bytes(bytes) => Some(bytes),
        _ => None,
    })
}

/// The dispatchable.
pub(super) fn set_commitment(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    call: &Call,
) -> Result<(), DispatchError> {
    let (Some(netuid), Some(info)) = (call.argument("netuid"), call.arguments.get("info")) else {
        return Err(DispatchError::BadOrigin);
    };
    apply(state, events, origin, netuid, info)
}

/// Commits `info`, a SCALE-encoded `CommitmentInfo`, in the name of `origin`.
pub(super) fn apply(
    state: &mut Overlay<'_>,
    events: &mut EventLog,
    origin: &Origin<'_>,
    netuid: u16,
    info: &[u8],
) -> Result<(), DispatchError> {
    let who = origin.signer;
    if state.uid_of(netuid, who).is_none() {
        return Err(DispatchError::commitments("AccountNotAllowedCommit"));
    }
    let fields = Vec::<Field>::decode(&mut &*info)
        .ok()
        .filter(|fields| fields.len() <= MAX_FIELDS)
        .ok_or_else(|| DispatchError::commitments("TooManyFieldsInCommitmentInfo"))?;
    charge_space(state, netuid, who, &fields)?;
    put_commitment(state, netuid, who, state.number, info);
    let timelocked = fields.iter().find_map(|field| match field {
        Field::TimelockEncrypted { reveal_round, .. } => Some(*reveal_round),
        _ => None,
    });
    let runtime = state.runtime();
    match timelocked {
        Some(round) => {
            let fields = (netuid, who, round).encode();
            events.deposit(runtime, origin.phase, "Commitments", "TimelockCommitment", &fields);
        }
        None => events.deposit(runtime, origin.phase, "Commitments", "Commitment", &(netuid, who).encode()),
    }
    Ok(())
}

/// Counts the commitment against the hotkey's space of this epoch.
fn charge_space(state: &mut Overlay<'_>, netuid: u16, who: &AccountId, fields: &[Field]) -> Result<(), DispatchError> {
    let key = netuid.encode();
    let charged: u64 = fields.iter().map(Field::charged_bytes).sum();
    let epoch = state.epoch_index(netuid, state.number);
    let mut usage: SpaceUsage = state.optional(entries::USED_SPACE_OF, [&key, who]).unwrap_or_default();
    if usage.last_epoch != epoch {
        usage = SpaceUsage { last_epoch: epoch, used_space: 0 };
    }
    usage.used_space = usage.used_space.saturating_add(charged.max(MIN_CHARGED_BYTES));
    let limit: u32 = state.value(entries::MAX_SPACE, []);
    if usage.used_space > u64::from(limit) {
        return Err(DispatchError::commitments("SpaceLimitExceeded"));
    }
    state.put(entries::USED_SPACE_OF, [&key, who], &usage);
    Ok(())
}

/// Stores a commitment without any check.
pub(super) fn put_commitment(state: &mut Overlay<'_>, netuid: u16, who: &AccountId, block: u32, info: &[u8]) {
    const NO_DEPOSIT: u64 = 0;
    let key = netuid.encode();
    let registration = EncodedRegistration { deposit: NO_DEPOSIT, block, info };
    state.put(entries::COMMITMENT_OF, [&key, who], &registration);
    state.put(entries::LAST_COMMITMENT, [&key, who], &block);
}

/// `Registration`, whose last field is already encoded.
struct EncodedRegistration<'a> {
    deposit: u64,
    block: u32,
    info: &'a [u8],
}

impl Encode for EncodedRegistration<'_> {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = (self.deposit, self.block).encode();
        bytes.extend(self.info);
        bytes
    }

    fn encode_to<T: parity_scale_codec::Output + ?Sized>(&self, output: &mut T) {
        output.write(&self.encode());
    }
}
