//! The calls that we make, their arguments named as the runtime names them. What a runtime makes of them, or that it lacks them,
//! is found out when they are signed.

use crate::reading::commitment;
use crate::reading::subnet::{COMMITMENTS, MODULE};
use subxt::dynamic::Value;
use subxt::ext::scale_value::Composite;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::intent::CommitOpening;

/// The call of timelocked weights.
pub(super) const COMMIT_TIMELOCKED: &str = "commit_timelocked_weights";
/// The calls of hashed weights.
pub(super) const COMMIT_HASHED: &str = "commit_weights";
pub(super) const REVEAL_HASHED: &str = "reveal_weights";

/// A call, its arguments named as the runtime names them.
pub(crate) struct Call {
    pub(super) pallet: &'static str,
    pub(super) name: &'static str,
    pub(super) arguments: Vec<(&'static str, Value<()>)>,
}

pub(super) fn set_weights(netuid: u16, weights: &[(Uid, u16)], version_key: u64) -> Call {
    Call {
        pallet: MODULE,
        name: "set_weights",
        arguments: vec![
            ("netuid", Value::u128(netuid.into())),
            ("dests", list(weights.iter().map(|(uid, _)| *uid))),
            ("weights", list(weights.iter().map(|(_, weight)| *weight))),
            ("version_key", Value::u128(version_key.into())),
        ],
    }
}

pub(super) fn commit_hashed(netuid: u16, digest: &[u8; 32]) -> Call {
    Call {
        pallet: MODULE,
        name: COMMIT_HASHED,
        arguments: vec![("netuid", Value::u128(netuid.into())), ("commit_hash", Value::from_bytes(digest))],
    }
}

pub(super) fn reveal_hashed(netuid: u16, weights: &[(Uid, u16)], opening: &CommitOpening) -> Call {
    Call {
        pallet: MODULE,
        name: REVEAL_HASHED,
        arguments: vec![
            ("netuid", Value::u128(netuid.into())),
            ("uids", list(weights.iter().map(|(uid, _)| *uid))),
            ("values", list(weights.iter().map(|(_, weight)| *weight))),
            ("salt", list(opening.salt.into_iter())),
            ("version_key", Value::u128(opening.version_key.into())),
        ],
    }
}

fn list(numbers: impl Iterator<Item = u16>) -> Value<()> {
    Value::unnamed_composite(numbers.map(|number| Value::u128(number.into())))
}

pub(super) fn commit_timelocked(netuid: u16, ciphertext: &[u8], reveal_round: u64, version: u16) -> Call {
    Call {
        pallet: MODULE,
        name: COMMIT_TIMELOCKED,
        arguments: vec![
            ("netuid", Value::u128(netuid.into())),
            ("commit", Value::from_bytes(ciphertext)),
            ("reveal_round", Value::u128(reveal_round.into())),
            ("commit_reveal_version", Value::u128(version.into())),
        ],
    }
}

pub(super) fn set_commitment(netuid: u16, text: &str) -> Option<Call> {
    let arguments = vec![("netuid", Value::u128(netuid.into())), ("info", commitment::info(text)?)];
    Some(Call { pallet: COMMITMENTS, name: "set_commitment", arguments })
}

/// What subxt encodes.
pub(super) fn payload(call: &Call) -> subxt::tx::DynamicPayload<Composite<()>> {
    let arguments = call.arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    subxt::tx::dynamic(call.pallet, call.name, Composite::Named(arguments.collect()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::reading::runtime::Runtime;

    /// A call as encoded in an extrinsic: pallet, call, arguments.
    pub(crate) fn encoded(runtime: &Runtime, call: &Call) -> Vec<u8> {
        runtime.codec.tx().call_data(&payload(call)).expect("a call of the runtime")
    }
}
