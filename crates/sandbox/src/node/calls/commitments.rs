//! `Commitments.set_commitment`: who may, how much, and what is stored.

use parity_scale_codec::{Compact, Decode, Encode};

use crate::node::calls::events::{DispatchError, EventLog};
use crate::node::calls::extrinsic::Call;
use crate::node::calls::origin::Origin;
use crate::node::runtime::entries;
use crate::node::runtime::loaded::Runtime;
use crate::node::state::genesis::AccountId;
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::{ReadSubnet, SpaceUsage};

/// Most fields of one commitment (`Commitments.MaxFields`).
const MAX_FIELDS: usize = 3;

/// What even the smallest commitment is charged, in bytes.
const MIN_CHARGED_BYTES: u64 = 100;

/// Longest text that fits `Data::Raw0` to `Data::Raw128`; longer ones are `BigRaw`.
const MAX_RAW_BYTES: usize = 128;

/// One field of a commitment: the variant of `Data` by its name, since its number differs between runtimes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    variant: String,
    /// What follows the variant's number.
    body: Vec<u8>,
}

impl Field {
    /// The bytes that the field holds, if it is of a kind that holds plain ones.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self.variant.as_str() {
            "BigRaw" => Vec::<u8>::decode(&mut &*self.body).ok(),
            name if fixed_length(name).is_some_and(|_| name != "None" && name != "ResetBondsFlag") => {
                Some(self.body.clone())
            }
            _ => None,
        }
    }

    /// What the rate limit charges for the field.
    fn charged_bytes(&self) -> u64 {
        match fixed_length(&self.variant) {
            Some(length) => length as u64,
            None => Compact::<u32>::decode(&mut &*self.body).map_or(0, |length| u64::from(length.0)),
        }
    }

    fn reveal_round(&self) -> Option<u64> {
        let is_timelocked = self.variant == "TimelockEncrypted";
        is_timelocked.then(|| <(Vec<u8>, u64)>::decode(&mut &*self.body).ok().map(|(_, round)| round)).flatten()
    }

    /// Reads a field by the runtime's numbers.
    fn read(input: &mut &[u8], runtime: &Runtime) -> Option<Self> {
        let variant = runtime.data_name(u8::decode(input).ok()?)?.to_owned();
        let before = *input;
        match (fixed_length(&variant), variant.as_str()) {
            (Some(length), _) => *input = input.get(length..)?,
            (None, "TimelockEncrypted") => drop(<(Vec<u8>, u64)>::decode(input).ok()?),
            (None, _) => drop(Vec::<u8>::decode(input).ok()?),
        }
        Some(Self { variant, body: before[..before.len() - input.len()].to_vec() })
    }
}

/// Length of the body of those variants that always have the same.
fn fixed_length(variant: &str) -> Option<usize> {
    match variant {
        "None" | "ResetBondsFlag" => Some(0),
        "BlakeTwo256" | "Sha256" | "Keccak256" | "ShaThree256" => Some(32),
        raw => raw.strip_prefix("Raw")?.parse().ok(),
    }
}

/// The fields of a `CommitmentInfo`.
fn read_fields(runtime: &Runtime, input: &mut &[u8]) -> Option<Vec<Field>> {
    let count = Compact::<u32>::decode(input).ok()?.0;
    (0..count).map(|_| Field::read(input, runtime)).collect()
}

/// `CommitmentInfo` with these variants and bodies; a variant that the runtime lacks is left out.
pub(crate) fn info_of(runtime: &Runtime, fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let known: Vec<(u8, &Vec<u8>)> =
        fields.iter().filter_map(|(variant, body)| Some((runtime.data_index(variant)?, body))).collect();
    let mut info = Compact(known.len() as u32).encode();
    for (index, body) in known {
        info.push(index);
        info.extend(body);
    }
    info
}

/// `CommitmentInfo` with one field that holds `text`.
pub(crate) fn raw_info(runtime: &Runtime, text: &[u8]) -> Vec<u8> {
    if text.len() <= MAX_RAW_BYTES {
        info_of(runtime, &[(&format!("Raw{}", text.len()), text.to_vec())])
    } else {
        info_of(runtime, &[("BigRaw", text.encode())])
    }
}

/// The bytes of the first field of a stored `Registration`, if it holds any.
pub(crate) fn first_text(runtime: &Runtime, registration: &[u8]) -> Option<(u32, Vec<u8>)> {
    let input = &mut &*registration;
    let (_deposit, block) = <(u64, u32)>::decode(input).ok()?;
    first_bytes(&read_fields(runtime, input)?).map(|bytes| (block, bytes))
}

/// The bytes of the first field of a `CommitmentInfo`, if it holds any.
pub(crate) fn text_of_info(runtime: &Runtime, info: &[u8]) -> Option<Vec<u8>> {
    first_bytes(&read_fields(runtime, &mut &*info)?)
}

fn first_bytes(fields: &[Field]) -> Option<Vec<u8>> {
    fields.iter().find_map(Field::bytes)
}

/// A `Registration` that `before` stored, as `after` stores it; `None` if it is no such thing.
pub(crate) fn translate(registration: &[u8], before: &Runtime, after: &Runtime) -> Option<Vec<u8>> {
    let input = &mut &*registration;
    let (deposit, block) = <(u64, u32)>::decode(input).ok()?;
    let fields = read_fields(before, input)?;
    let fields: Vec<(&str, Vec<u8>)> =
        fields.iter().map(|field| (field.variant.as_str(), field.body.clone())).collect();
    Some(EncodedRegistration { deposit, block, info: &info_of(after, &fields) }.encode())
}

/// The dispatchable.
pub(crate) fn set_commitment(
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
pub(crate) fn apply(
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
    let fields = read_fields(state.runtime(), &mut &*info)
        .filter(|fields| fields.len() <= MAX_FIELDS)
        .ok_or_else(|| DispatchError::commitments("TooManyFieldsInCommitmentInfo"))?;
    charge_space(state, netuid, who, &fields)?;
    put_commitment(state, netuid, who, state.number, info);
    let timelocked = fields.iter().find_map(Field::reveal_round);
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
pub(crate) fn put_commitment(state: &mut Overlay<'_>, netuid: u16, who: &AccountId, block: u32, info: &[u8]) {
    const NO_DEPOSIT: u64 = 0;
    let key = netuid.encode();
    let registration = EncodedRegistration { deposit: NO_DEPOSIT, block, info };
    state.put(entries::COMMITMENT_OF, [&key, who], &registration);
    state.put(entries::LAST_COMMITMENT, [&key, who], &block);
}

/// `Registration`, with the last field already encoded.
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
