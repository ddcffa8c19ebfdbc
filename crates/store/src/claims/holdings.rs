//! Which holdings claims are still to be made of, and those that a claim came from.

use crate::columns::{block, digest, hotkey, optional_block, pointer};
use crate::error::StoreError;
use crate::store::Store;
use tensorflix_domain::claim::ROOM_AGAIN_BLOCKS;
use tensorflix_domain::gist_record::Holding;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::places::PlaceRuleDigest;

#[derive(sqlx::FromRow)]
struct HoldingRow {
    holding_id: i64,
    hotkey: Vec<u8>,
    pointer: String,
    digest: Vec<u8>,
    round: i64,
    committed_at: i64,
    pinned_at: Option<i64>,
}

impl Store {
    /// Holdings that no claims were made of, oldest round first, at most `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn unclaimed_holdings(&self, limit: u32) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, pointer, digest, round, committed_at, pinned_at FROM holdings
             WHERE NOT claimed ORDER BY round, holding_id LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }

    /// Holdings of what their gist holds now, with claims that were made under another rule than this one, oldest round
    /// first. Holdings of a hotkey that had no room for all of its claims are included once every
    /// [`ROOM_AGAIN_BLOCKS`].
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn holdings_claimed_otherwise(
        &self,
        rule: &PlaceRuleDigest,
        round: Block,
    ) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, holdings.pointer, holdings.digest, round, committed_at, pinned_at FROM gists
             JOIN holdings ON holdings.pointer = gists.pointer AND holdings.digest = gists.digest
             WHERE claimed AND (claimed_under IS NULL OR claimed_under <> $1)
             AND (short_of_room IS NULL OR short_of_room <= $2) ORDER BY round, holding_id",
        )
        .bind(&rule.0[..])
        .bind(i64::from(round) - i64::from(ROOM_AGAIN_BLOCKS))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }

    /// The holdings that a hotkey was first seen with in one polling round, oldest first: none if they were pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn holdings_of(&self, hotkey: &Hotkey, round: Block) -> Result<Vec<Holding>, StoreError> {
        let rows: Vec<HoldingRow> = sqlx::query_as(
            "SELECT holding_id, hotkey, pointer, digest, round, committed_at, pinned_at FROM holdings
             WHERE hotkey = $1 AND round = $2 ORDER BY holding_id",
        )
        .bind(&hotkey.public_key()[..])
        .bind(i64::from(round))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(HoldingRow::into_holding).collect()
    }
}

impl HoldingRow {
    fn into_holding(self) -> Result<Holding, StoreError> {
        Ok(Holding {
            id: self.holding_id,
            hotkey: hotkey(&self.hotkey)?,
            pointer: pointer(&self.pointer)?,
            digest: digest(&self.digest)?,
            round: block(self.round)?,
            committed_at: block(self.committed_at)?,
            pinned_at: optional_block(self.pinned_at)?,
        })
    }
}
