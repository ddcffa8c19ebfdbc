//! Extrinsics that wait for a block, and those that may not come back for a while.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::node::calls::extrinsic::SignedExtrinsic;
use crate::node::calls::validity::PoolRejection;
use crate::node::header::Hash;
use crate::node::hexadecimal::hex_of;

/// Most extrinsics that wait, ready or not.
pub const MAX_POOL_EXTRINSICS: usize = 1_024;

/// Most extrinsics that wait for an earlier nonce.
pub const MAX_FUTURE_EXTRINSICS: usize = 128;

/// Most extrinsics in one block.
pub const MAX_EXTRINSICS_PER_BLOCK: usize = 256;

/// Blocks for which included or invalid extrinsics are banned: half an hour, as real nodes do.
pub const BAN_BLOCKS: u32 = 150;

/// Status messages that one watcher may leave unread.
pub(crate) const MAX_UNREAD_STATUSES: usize = 16;

/// Priority that the node gives to every extrinsic.
pub(crate) const PRIORITY: u64 = 1;

/// What a watcher of an extrinsic receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExtrinsicStatus {
    Future,
    Ready,
    InBlock(Hash),
    Retracted(Hash),
    Finalized(Hash),
    Invalid,
}

impl ExtrinsicStatus {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Finalized(_) | Self::Invalid)
    }

    pub fn to_json(&self) -> Value {
        match self {
            Self::Future => json!("future"),
            Self::Ready => json!("ready"),
            Self::InBlock(hash) => json!({ "inBlock": hex_of(hash) }),
            Self::Retracted(hash) => json!({ "retracted": hex_of(hash) }),
            Self::Finalized(hash) => json!({ "finalized": hex_of(hash) }),
            Self::Invalid => json!("invalid"),
        }
    }
}

/// An extrinsic in the pool or in a block that is not final, with who watches it.
pub(crate) struct PoolEntry {
    pub extrinsic: Arc<SignedExtrinsic>,
    /// The first block in which its era is over.
    pub expires_at: u64,
    pub watcher: Option<mpsc::Sender<ExtrinsicStatus>>,
}

impl PoolEntry {
    /// Tells the watcher; one that does not read its messages misses some.
    pub fn tell(&self, status: ExtrinsicStatus) {
        if let Some(watcher) = &self.watcher
            && watcher.try_send(status).is_err()
        {
            tracing::debug!("a watcher of an extrinsic is gone or reads too slowly");
        }
    }
}

#[derive(Default)]
pub(crate) struct Pool {
    waiting: VecDeque<PoolEntry>,
    banned_until: BTreeMap<Hash, u32>,
}

impl Pool {
    /// Whether these bytes may enter at all.
    pub fn check_known(&self, hash: &Hash, block: u32) -> Result<(), PoolRejection> {
        if self.banned_until.get(hash).is_some_and(|until| *until > block) {
            return Err(PoolRejection::TemporarilyBanned);
        }
        if self.waiting.iter().any(|entry| entry.extrinsic.hash == *hash) {
            return Err(PoolRejection::AlreadyImported(*hash));
        }
        Ok(())
    }

    /// Whether there is room for this extrinsic, and no other with its signer and nonce.
    pub fn check_room(&self, extrinsic: &SignedExtrinsic, is_future: bool) -> Result<(), PoolRejection> {
        let rival =
            |entry: &PoolEntry| entry.extrinsic.signer == extrinsic.signer && entry.extrinsic.nonce == extrinsic.nonce;
        if self.waiting.iter().any(rival) {
            return Err(PoolRejection::TooLowPriority { waiting: PRIORITY, refused: PRIORITY });
        }
        // Only the state shows which of them wait for an earlier nonce; counting all is stricter.
        let limit = if is_future { MAX_FUTURE_EXTRINSICS } else { MAX_POOL_EXTRINSICS };
        if self.waiting.len() >= limit {
            return Err(PoolRejection::ImmediatelyDropped);
        }
        Ok(())
    }

    pub fn push(&mut self, entry: PoolEntry) {
        self.waiting.push_back(entry);
    }

    /// Puts extrinsics of a retracted block back, before all others, and lifts their ban.
    pub fn push_retracted(&mut self, entries: Vec<PoolEntry>) {
        for entry in entries.into_iter().rev() {
            self.banned_until.remove(&entry.extrinsic.hash);
            self.waiting.push_front(entry);
        }
    }

    pub fn take_all(&mut self) -> VecDeque<PoolEntry> {
        std::mem::take(&mut self.waiting)
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &PoolEntry> {
        self.waiting.iter()
    }

    /// Bans an extrinsic that was included or found invalid in `block`.
    pub fn ban(&mut self, hash: Hash, block: u32) {
        self.banned_until.retain(|_, until| *until > block);
        self.banned_until.insert(hash, block.saturating_add(BAN_BLOCKS));
    }
}
