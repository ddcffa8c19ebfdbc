//! Items that crashed their handling, and how often.

use crate::error::StoreError;
use crate::store::Store;
use std::collections::BTreeMap;
use tensorflix_domain::gist_record::ContentDigest;
use tensorflix_domain::ids::Block;
use tensorflix_domain::quarantine::{Item, ItemKind};

impl Store {
    /// Every item that ever crashed its handling and is still kept, with the number of crashes.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn crashes(&self) -> Result<BTreeMap<Item, u32>, StoreError> {
        let rows: Vec<(String, String, Vec<u8>, i64)> =
            sqlx::query_as("SELECT kind, item_id, digest, crashes FROM quarantine").fetch_all(&self.readers).await?;
        let item = |(kind, id, digest, crashes): (String, String, Vec<u8>, i64)| {
            // A kind of a later release has no meaning here.
            let kind = ItemKind::from_name(&kind)?;
            let digest = ContentDigest(digest.try_into().ok()?);
            Some((Item { kind, id, digest }, u32::try_from(crashes).unwrap_or(u32::MAX)))
        };
        Ok(rows.into_iter().filter_map(item).collect())
    }

    /// Counts another crash of an item at a block. Returns the number of its crashes so far.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_crash(&self, item: &Item, at: Block) -> Result<u32, StoreError> {
        let crashes: i64 = sqlx::query_scalar(
            "INSERT INTO quarantine (kind, item_id, digest, crashes, block) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (kind, item_id, digest) DO UPDATE SET crashes = crashes + 1, block = excluded.block
             RETURNING crashes",
        )
        .bind(item.kind.name())
        .bind(&item.id)
        .bind(item.digest.0.as_slice())
        .bind(i64::from(at))
        .fetch_one(self.writer()?)
        .await?;
        Ok(u32::try_from(crashes).unwrap_or(u32::MAX))
    }
}
