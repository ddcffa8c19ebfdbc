//! Storage at one block: slots in, values out, many in one request.
//!
//! A [`Slot`] names an entry and its keys; a [`Snapshot`] loads slots of one block and decodes them by that block's
//! metadata. Invariants: a slot is asked for once; an entry that the runtime lacks is not requested and has no value;
//! a value that cannot be decoded is missing, and no other value with it. An answer counts only if it is of the block that was
//! asked about, according to the answer and to the number in that block's state, and covers every key: a key that an answer
//! omits does not count as one without a value.

use crate::client::Client;
use crate::connection::line::Line;
use crate::connection::probe::NUMBER_KEY;
use crate::errors::ChainError;
use crate::head::BlockRef;
use crate::reading::runtime::Runtime;
use parity_scale_codec::Decode;
use std::collections::HashMap;
use std::sync::Arc;
use subxt::dynamic::Value;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::ext::scale_decode::visitor::{IgnoreVisitor, decode_with_visitor};
use subxt::rpcs::methods::legacy::StorageChangeSet;
use subxt::utils::H256;
use tensorflix_domain::ids::Hotkey;

/// Keys in one `state_queryStorageAt`. Nodes bound a request by its bytes (about 200 KiB here), not by its keys.
const MAX_KEYS_PER_REQUEST: usize = 1024;

/// What values are read by.
const METHOD: &str = "state_queryStorageAt";

/// One part of a slot's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyPart {
    /// An integer, of whatever width the metadata says.
    Number(u64),
    /// A public key.
    Account([u8; 32]),
}

impl From<u16> for KeyPart {
    fn from(number: u16) -> Self {
        Self::Number(u64::from(number))
    }
}

impl From<&Hotkey> for KeyPart {
    fn from(hotkey: &Hotkey) -> Self {
        Self::Account(*hotkey.public_key())
    }
}

impl KeyPart {
    fn value(self) -> Value {
        match self {
            Self::Number(number) => Value::u128(u128::from(number)),
            Self::Account(public_key) => Value::from_bytes(public_key),
        }
    }
}

/// A place in the chain's storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pallet: &'static str,
    entry: &'static str,
    parts: Vec<KeyPart>,
}

impl Slot {
    /// An entry without keys.
    pub(crate) const fn plain(pallet: &'static str, entry: &'static str) -> Self {
        Self { pallet, entry, parts: Vec::new() }
    }

    /// An entry of a map.
    pub(crate) fn keyed<const N: usize>(pallet: &'static str, entry: &'static str, parts: [KeyPart; N]) -> Self {
        Self { pallet, entry, parts: parts.to_vec() }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.pallet, self.entry)
    }

    /// The storage key; `None` if the runtime has no such entry, or one with other keys.
    fn key(&self, runtime: &Runtime) -> Option<Vec<u8>> {
        let entry = runtime.codec.storage().entry((self.pallet, self.entry)).ok()?;
        let key = entry.fetch_key(self.parts.iter().map(|part| part.value()).collect());
        key.inspect_err(|error| tracing::warn!(slot = self.name(), %error, "unexpected storage keys in the runtime"))
            .ok()
    }
}

/// Values by their keys; `None` where the chain stores nothing.
type Values = HashMap<Vec<u8>, Option<Vec<u8>>>;

/// Some of the state of one block.
pub(crate) struct Snapshot {
    client: Client,
    block: BlockRef,
    runtime: Arc<Runtime>,
    /// Every key that was asked for.
    values: Values,
}

impl Client {
    /// An empty snapshot of block `block`.
    pub(crate) async fn snapshot(&self, block: BlockRef) -> Result<Snapshot, ChainError> {
        let runtime = self.runtime_of_state(block).await?;
        Ok(self.snapshot_by(runtime, block))
    }

    /// An empty snapshot of block `block`, decoded by `runtime`.
    pub(crate) fn snapshot_by(&self, runtime: Arc<Runtime>, block: BlockRef) -> Snapshot {
        Snapshot { client: self.clone(), block, runtime, values: HashMap::new() }
    }
}

impl Snapshot {
    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Reads those of `slots` that are not loaded yet, in as few requests as they need.
    pub(crate) async fn load(&mut self, slots: impl IntoIterator<Item = Slot>) -> Result<(), ChainError> {
        let mut wanted: Vec<Vec<u8>> = slots.into_iter().filter_map(|slot| slot.key(&self.runtime)).collect();
        wanted.retain(|key| !self.values.contains_key(key));
        wanted.sort_unstable();
        wanted.dedup();
        for keys in wanted.chunks(MAX_KEYS_PER_REQUEST) {
            let block = self.block;
            let values = self.client.ask(METHOD, |line| async move {
                let asked = keys.iter().map(Vec::as_slice).chain([&NUMBER_KEY[..]]);
                let sets = line.methods.state_query_storage_at(asked, Some(block.hash)).await;
                values_of(&line, block, keys, sets.map_err(|error| line.failed(METHOD, error))?)
            });
            self.values.extend(values.await?);
        }
        Ok(())
    }

    /// The bytes that the chain stores in a loaded slot.
    pub(crate) fn bytes(&self, slot: &Slot) -> Option<&[u8]> {
        self.values.get(&slot.key(&self.runtime)?)?.as_deref()
    }

    /// The value of a loaded slot, if the chain stores one.
    pub(crate) fn stored<T: DecodeAsType>(&self, slot: &Slot) -> Option<T> {
        self.decode(slot, self.bytes(slot)?)
    }

    /// The value of a loaded slot, or the runtime's default for it.
    pub(crate) fn value<T: DecodeAsType>(&self, slot: &Slot) -> Option<T> {
        if let Some(bytes) = self.bytes(slot) {
            return self.decode(slot, bytes);
        }
        let entry = self.runtime.codec.storage().entry((slot.pallet, slot.entry)).ok()?;
        entry.default_value()?.decode_as::<T>().ok()
    }

    /// The value of a loaded slot without which nothing can be done.
    pub(crate) fn require<T: DecodeAsType>(&self, slot: &Slot) -> Result<T, ChainError> {
        self.value(slot).ok_or_else(|| ChainError::Undecodable {
            what: slot.name(),
            spec_version: self.runtime.spec_version,
            detail: "the entry is missing or has another type".to_owned(),
        })
    }

    fn decode<T: DecodeAsType>(&self, slot: &Slot, mut bytes: &[u8]) -> Option<T> {
        let metadata = self.runtime.metadata();
        let storage = metadata.pallet_by_name(slot.pallet)?.storage()?;
        let value_type = storage.entry_by_name(slot.entry)?.value_ty();
        // Walked through without allocating first: a decoder makes room for as many items as the bytes announce, and a node
        // that lies, or that sends a corrupt answer, can announce more than any memory holds.
        let walked = decode_with_visitor(&mut &*bytes, value_type, metadata.types(), IgnoreVisitor::new());
        walked
            .map_err(|error| error.to_string())
            .and_then(|_| {
                T::decode_as_type(&mut bytes, value_type, metadata.types()).map_err(|error| error.to_string())
            })
            .inspect_err(|error| tracing::debug!(slot = slot.name(), error, "a stored value cannot be decoded"))
            .ok()
    }

    /// A snapshot of nothing but what a test puts into it.
    #[cfg(test)]
    pub(crate) fn of(runtime: Runtime, values: impl IntoIterator<Item = (Slot, Vec<u8>)>) -> Self {
        use crate::config::{ChainConfig, NoGate};
        let config = ChainConfig {
            endpoints: Vec::new(),
            expected_genesis: None,
            request_timeout: std::time::Duration::from_secs(1),
            gate: Arc::new(NoGate),
        };
        let values = values
            .into_iter()
            .map(|(slot, bytes)| (slot.key(&runtime).expect("an entry of the runtime"), Some(bytes)))
            .collect();
        Self {
            client: Client::unconnected(config),
            block: BlockRef { number: 0, hash: H256::zero() },
            runtime: Arc::new(runtime),
            values,
        }
    }
}

/// The values of `keys` in an answer about `block`.
fn values_of(
    line: &Line,
    block: BlockRef,
    keys: &[Vec<u8>],
    sets: Vec<StorageChangeSet<H256>>,
) -> Result<Values, ChainError> {
    let wrong = |detail: String| line.misanswered(METHOD, detail);
    if let Some(other) = sets.iter().find(|set| set.block != block.hash) {
        return Err(wrong(format!("the state of block 0x{} instead of {}", hex::encode(other.block), block.number)));
    }
    let mut values: Values =
        sets.into_iter().flat_map(|set| set.changes).map(|(key, value)| (key.0, value.map(|value| value.0))).collect();
    let number = values.get(&NUMBER_KEY[..]).and_then(Option::as_ref).and_then(|bytes| u32::decode(&mut &**bytes).ok());
    if number != Some(block.number) {
        return Err(wrong(format!("the state of a block with number {number:?} instead of {}", block.number)));
    }
    let found = keys.iter().map(|key| Some((key.clone(), values.remove(key)?)));
    found.collect::<Option<Values>>().ok_or_else(|| wrong("it leaves out keys".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;
    use parity_scale_codec::Encode;

    #[test]
    fn keys_are_built_with_the_hashers_of_the_metadata() {
        let runtime = finney();
        // Identity hasher: the netuid itself follows the two hashed names.
        let tempo = Slot::keyed("SubtensorModule", "Tempo", [89_u16.into()]).key(&runtime).expect("a key");
        assert_eq!(tempo.len(), 34);
        assert_eq!(tempo[32..], [89, 0]);
        // Twox64Concat: eight bytes of hash, then the account.
        let hotkey = Hotkey::new([5; 32]);
        let commitment = Slot::keyed("Commitments", "CommitmentOf", [89_u16.into(), (&hotkey).into()]);
        let key = commitment.key(&runtime).expect("a key");
        assert_eq!((key.len(), &key[32..34], &key[42..]), (74, &[89, 0][..], &[5_u8; 32][..]));
        // The well-known key of Timestamp.Now.
        let now = Slot::plain("Timestamp", "Now").key(&runtime).map(hex::encode);
        assert_eq!(now.as_deref(), Some("f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"));
    }

    #[test]
    fn entries_that_a_runtime_lacks_have_no_key_and_no_value() {
        let runtime = finney();
        let missing = Slot::keyed("SubtensorModule", "LastEpochBlock", [89_u16.into()]);
        assert_eq!(missing.key(&runtime), None);
        let other_keys = Slot::plain("SubtensorModule", "Tempo");
        assert_eq!(other_keys.key(&runtime), None);
        assert_eq!(Snapshot::of(runtime, []).value::<u64>(&missing), None);
    }

    #[test]
    fn integers_are_decoded_by_the_width_that_the_metadata_says() {
        let tempo = Slot::keyed("SubtensorModule", "Tempo", [89_u16.into()]);
        let limit = Slot::keyed("SubtensorModule", "WeightsSetRateLimit", [89_u16.into()]);
        let snapshot = Snapshot::of(finney(), [(tempo.clone(), 99_u16.encode()), (limit.clone(), 7_u64.encode())]);
        assert_eq!((snapshot.value::<u64>(&tempo), snapshot.value::<u64>(&limit)), (Some(99), Some(7)));
    }

    #[test]
    fn defaults_come_from_the_metadata_and_are_told_from_stored_values() {
        let snapshot = Snapshot::of(finney(), []);
        let tempo = Slot::keyed("SubtensorModule", "Tempo", [89_u16.into()]);
        assert_eq!((snapshot.value::<u64>(&tempo), snapshot.stored::<u64>(&tempo)), (Some(360), None));
    }

    #[test]
    fn a_malformed_value_is_missing_alone() {
        let tempo = Slot::keyed("SubtensorModule", "Tempo", [89_u16.into()]);
        let permits = Slot::keyed("SubtensorModule", "ValidatorPermit", [89_u16.into()]);
        let snapshot =
            Snapshot::of(finney(), [(tempo.clone(), vec![1]), (permits.clone(), vec![true, false].encode())]);
        assert_eq!(snapshot.value::<u64>(&tempo), None);
        assert_eq!(snapshot.value::<Vec<bool>>(&permits), Some(vec![true, false]));
    }
}
