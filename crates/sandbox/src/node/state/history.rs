//! Versioned storage: every key with every value it had inside the retention window.
//!
//! Finalized blocks live in one [`History`]; each block above the finalized head keeps only its own [`Delta`], so that
//! a fork costs nothing and finality is a merge. A [`StateView`] reads one block through its layers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use parity_scale_codec::{Decode, Encode};

use crate::clock::block_unix_ms;
use crate::node::header::Hash;
use crate::node::runtime::entries::{self, Entry};
use crate::node::runtime::loaded::Runtime;
use crate::node::state::beacon::Beacon;

/// A value at a key, or that there is none (any more).
pub(crate) type StoredValue = Option<Arc<[u8]>>;

/// What one block changed.
pub(crate) type Delta = BTreeMap<Vec<u8>, StoredValue>;

/// Typed reading of storage, with the metadata's defaults.
pub(crate) trait ReadStorage {
    fn runtime(&self) -> &Runtime;

    /// The bytes at a key; computed entries are ignored.
    fn stored(&self, key: &[u8]) -> StoredValue;

    /// What is stored, if anything is and it has this type.
    fn optional<T: Decode, const N: usize>(&self, entry: Entry, parts: [&[u8]; N]) -> Option<T> {
        let bytes = self.stored(&self.runtime().key(entry, parts))?;
        T::decode(&mut &*bytes).ok()
    }

    /// What is stored, else the entry's default.
    fn value<T: Decode + Default, const N: usize>(&self, entry: Entry, parts: [&[u8]; N]) -> T {
        self.optional(entry, parts)
            .or_else(|| T::decode(&mut self.runtime().default_value(entry)).ok())
            .unwrap_or_default()
    }
}

/// All finalized values. Versions older than the retention window go when their key is written again.
#[derive(Default)]
pub(crate) struct History {
    entries: BTreeMap<Vec<u8>, Vec<(u32, StoredValue)>>,
}

impl History {
    /// The value that `key` had after block `at`.
    pub fn get(&self, key: &[u8], at: u32) -> StoredValue {
        let versions = self.entries.get(key)?;
        let after = versions.partition_point(|(number, _)| *number <= at);
        versions.get(after.checked_sub(1)?)?.1.clone()
    }

    /// Merges what block `number` changed; `oldest_kept` is the oldest block that can still be read.
    pub fn commit(&mut self, number: u32, delta: Delta, oldest_kept: u32) {
        for (key, value) in delta {
            let versions = self.entries.entry(key).or_default();
            let readable_from = versions.partition_point(|(number, _)| *number <= oldest_kept);
            versions.drain(..readable_from.saturating_sub(1));
            versions.push((number, value));
        }
    }

    fn keys_from<'a>(&'a self, prefix: &'a [u8], after: Bound<&'a [u8]>, at: u32) -> impl Iterator<Item = &'a [u8]> {
        self.entries
            .range::<[u8], _>((after, Bound::Unbounded))
            .map(|(key, _)| key.as_slice())
            .take_while(move |key| key.starts_with(prefix))
            .filter(move |key| self.get(key, at).is_some())
    }
}

/// Keys with values that follow from the block itself and are never stored.
pub(crate) struct ComputedKeys {
    now: Vec<u8>,
    number: Vec<u8>,
    parent_hash: Vec<u8>,
    events: Vec<u8>,
    event_count: Vec<u8>,
    blocks_since_last_step: Vec<u8>,
    last_step: Vec<u8>,
    last_stored_round: Vec<u8>,
}

impl ComputedKeys {
    pub fn new(runtime: &Runtime, netuid: u16) -> Self {
        let netuid = netuid.encode();
        Self {
            now: runtime.key(entries::NOW, []),
            number: runtime.key(entries::NUMBER, []),
            parent_hash: runtime.key(entries::PARENT_HASH, []),
            events: runtime.key(entries::EVENTS, []),
            event_count: runtime.key(entries::EVENT_COUNT, []),
            blocks_since_last_step: runtime.key(entries::BLOCKS_SINCE_LAST_STEP, [&netuid]),
            last_step: runtime.key(entries::LAST_MECHANISM_STEP_BLOCK, [&netuid]),
            last_stored_round: runtime.key(entries::LAST_STORED_ROUND, []),
        }
    }
}

/// The state after one block.
pub(crate) struct StateView<'a> {
    pub runtime: &'a Runtime,
    pub number: u32,
    pub parent_hash: Hash,
    /// The SCALE-encoded `System.Events` of the block.
    pub events: &'a [u8],
    pub computed: &'a ComputedKeys,
    /// Changes of blocks above the finalized head, newest first.
    pub layers: Vec<&'a Delta>,
    pub history: &'a History,
    /// The finalized block that the layers stand on.
    pub history_at: u32,
}

impl StateView<'_> {
    /// The value at a key, also of computed entries.
    pub fn get(&self, key: &[u8]) -> StoredValue {
        let computed = self.computed;
        if key == computed.now {
            return Some(block_unix_ms(self.number).encode().into());
        }
        if key == computed.number {
            return Some(self.number.encode().into());
        }
        if key == computed.parent_hash {
            return Some(self.parent_hash.into());
        }
        if key == computed.events {
            return Some(self.events.into());
        }
        if key == computed.event_count {
            let count = parity_scale_codec::Compact::<u32>::decode(&mut &*self.events).map_or(0, |count| count.0);
            return Some(count.encode().into());
        }
        if key == computed.blocks_since_last_step {
            let last_step = self.stored(&computed.last_step).and_then(|bytes| u64::decode(&mut &*bytes).ok())?;
            return Some(u64::from(self.number).saturating_sub(last_step).encode().into());
        }
        if key == computed.last_stored_round {
            return Some(Beacon::last_round(self.number).encode().into());
        }
        self.stored(key)
    }

    /// Up to `count` keys with a prefix, in order, after `start_key`.
    pub fn keys_paged(&self, prefix: &[u8], start_key: Option<&[u8]>, count: usize) -> Vec<Vec<u8>> {
        let after = match start_key {
            Some(start) if start >= prefix => Bound::Excluded(start),
            _ => Bound::Included(prefix),
        };
        if self.layers.iter().all(|layer| layer.is_empty()) {
            let keys = self.history.keys_from(prefix, after, self.history_at);
            return keys.take(count).map(<[u8]>::to_vec).collect();
        }
        let mut keys: BTreeSet<&[u8]> = self.history.keys_from(prefix, after, self.history_at).collect();
        for layer in self.layers.iter().rev() {
            let changed = layer.range::<[u8], _>((after, Bound::Unbounded));
            for (key, value) in changed.take_while(|(key, _)| key.starts_with(prefix)) {
                match value {
                    Some(_) => keys.insert(key),
                    None => keys.remove(key.as_slice()),
                };
            }
        }
        keys.into_iter().take(count).map(<[u8]>::to_vec).collect()
    }
}

impl ReadStorage for StateView<'_> {
    fn runtime(&self) -> &Runtime {
        self.runtime
    }

    fn stored(&self, key: &[u8]) -> StoredValue {
        match self.layers.iter().find_map(|layer| layer.get(key)) {
            Some(value) => value.clone(),
            None => self.history.get(key, self.history_at),
        }
    }
}

/// The state of a block being built: its parent's, and what it changed so far.
pub(crate) struct Overlay<'a> {
    parent: StateView<'a>,
    /// The number of the block being built.
    pub number: u32,
    delta: Delta,
}

impl<'a> Overlay<'a> {
    pub fn new(parent: StateView<'a>) -> Self {
        let number = parent.number + 1;
        Self { parent, number, delta: Delta::new() }
    }

    /// Stores a value.
    pub fn put<const N: usize>(&mut self, entry: Entry, parts: [&[u8]; N], value: &impl Encode) {
        let key = self.runtime().key(entry, parts);
        self.delta.insert(key, Some(value.encode().into()));
    }

    /// Stores a value that is encoded already.
    pub fn put_raw(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.delta.insert(key, Some(value.into()));
    }

    /// The keys with a prefix that the parent has.
    pub fn keys(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        self.parent.keys_paged(prefix, None, usize::MAX)
    }

    /// Removes a value.
    pub fn remove<const N: usize>(&mut self, entry: Entry, parts: [&[u8]; N]) {
        let key = self.runtime().key(entry, parts);
        self.delta.insert(key, None);
    }

    /// What changed so far, to come back to when a dispatch fails.
    pub fn checkpoint(&self) -> Delta {
        self.delta.clone()
    }

    /// Undoes everything since the checkpoint.
    pub fn roll_back(&mut self, checkpoint: Delta) {
        self.delta = checkpoint;
    }

    pub fn into_delta(self) -> Delta {
        self.delta
    }
}

impl<'a> Overlay<'a> {
    /// The runtime that builds the block, for as long as the chain lends it.
    pub fn lent_runtime(&self) -> &'a Runtime {
        self.parent.runtime
    }
}

impl ReadStorage for Overlay<'_> {
    fn runtime(&self) -> &Runtime {
        self.parent.runtime
    }

    fn stored(&self, key: &[u8]) -> StoredValue {
        match self.delta.get(key) {
            Some(value) => value.clone(),
            None => self.parent.stored(key),
        }
    }
}
