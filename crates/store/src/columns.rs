//! Between columns and the domain's types. A value that does not fit was not written by this program: the database is
//! damaged.
//!
//! A hotkey is stored as its 32 bytes, not as an address: claims are read by the hundred thousand, and an address would
//! cost a hash each to check.

use crate::error::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::evidence::Measurement;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::gist_record::ContentDigest;
use tensorflix_domain::ids::{Block, ContentId, Hotkey};
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::platform::Platform;

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} is not valid"))
}

pub(crate) fn block(column: i64) -> Result<Block, StoreError> {
    Block::try_from(column).map_err(|_| damaged("a block's number"))
}

pub(crate) fn cycle_number(column: i64) -> Result<u32, StoreError> {
    u32::try_from(column).map_err(|_| damaged("a cycle's number"))
}

pub(crate) fn optional_block(column: Option<i64>) -> Result<Option<Block>, StoreError> {
    column.map(block).transpose()
}

pub(crate) fn stamp(block_column: i64, time_ms: i64) -> Result<BlockStamp, StoreError> {
    Ok(BlockStamp { block: block(block_column)?, time: Moment::from_unix_ms(time_ms) })
}

/// A count keeps its bits, so that every `u64` survives; nothing in SQL compares counts.
pub(crate) const fn count_column(count: u64) -> i64 {
    count.cast_signed()
}

pub(crate) fn measurement(
    block: Option<i64>,
    time_ms: Option<i64>,
    count: Option<i64>,
) -> Result<Option<Measurement>, StoreError> {
    match (block, time_ms, count) {
        (Some(block), Some(time_ms), Some(count)) => {
            Ok(Some(Measurement { at: stamp(block, time_ms)?, count: count.cast_unsigned() }))
        }
        _ => Ok(None),
    }
}

pub(crate) fn hash(column: &[u8]) -> Result<[u8; 32], StoreError> {
    column.try_into().map_err(|_| damaged("a hash"))
}

pub(crate) fn digest(column: &[u8]) -> Result<ContentDigest, StoreError> {
    hash(column).map(ContentDigest)
}

pub(crate) fn hotkey(column: &[u8]) -> Result<Hotkey, StoreError> {
    hash(column).map(Hotkey::new)
}

pub(crate) fn pointer(column: &str) -> Result<GistPointer, StoreError> {
    column.parse().map_err(|_| damaged("a gist's pointer"))
}

/// A gist by its name, as `GistName` writes it.
pub(crate) fn gist_name(column: &str) -> Result<GistName, StoreError> {
    let (username, gist_id) = column.split_once(':').ok_or_else(|| damaged("a gist's name"))?;
    Ok(GistName { username: username.to_owned(), gist_id: gist_id.to_owned() })
}

pub(crate) fn content(platform: &str, id: &str) -> Result<ContentId, StoreError> {
    let platform: Platform = platform.parse().map_err(|_| damaged("a platform's name"))?;
    ContentId::new(platform, id).map_err(|_| damaged("an item's id"))
}

const BROADCASTS: [(Broadcast, &str); 4] = [
    (Broadcast::None, "none"),
    (Broadcast::Live, "live"),
    (Broadcast::Upcoming, "upcoming"),
    (Broadcast::Ended, "ended"),
];

pub(crate) fn broadcast_column(broadcast: Broadcast) -> &'static str {
    BROADCASTS.iter().find(|(known, _)| *known == broadcast).map_or("none", |(_, word)| word)
}

pub(crate) fn broadcast(column: &str) -> Result<Broadcast, StoreError> {
    let known = BROADCASTS.iter().find(|(_, word)| *word == column);
    known.map(|(broadcast, _)| *broadcast).ok_or_else(|| damaged("a kind of broadcast"))
}

pub(crate) fn to_json<T: Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unstorable(format!("{what} ({error})")))
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &str, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(column).map_err(|_| damaged(what))
}
