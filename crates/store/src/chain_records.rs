//! What ChainWatcher remembers: which chain this is, the newest finalized head, and the newest subnet.
//!
//! The newest head is in memory, for all clones of a store, and on disk as of the last one that was saved: blocks come every
//! few seconds, and a write of each would be most of what an idle validator writes.

use crate::columns::{from_json, hash, stamp};
use crate::cycles::snapshot::{is_packed, pack, unpack};
use crate::error::StoreError;
use crate::store::Store;
use sqlx::SqliteConnection;
use std::sync::PoisonError;
use tensorflix_domain::head::Head;
use tensorflix_domain::subnet::Subnet;

impl Store {
    /// Whether the database is bound to a chain and a subnet already.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn is_bound(&self) -> Result<bool, StoreError> {
        let bound: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM chain_binding").fetch_one(&self.readers).await?;
        Ok(bound > 0)
    }

    /// Binds the database to a chain and a subnet. The first call decides; blocks, claims and weights of two chains
    /// must never be mixed.
    ///
    /// # Errors
    /// [`StoreError::OtherChain`] if the database is bound to another one.
    pub async fn bind_chain(&self, genesis_hash: &[u8; 32], netuid: u16) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO chain_binding (singleton, genesis_hash, netuid) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(&genesis_hash[..])
        .bind(i64::from(netuid))
        .execute(&mut *transaction)
        .await?;
        let (stored_hash, stored_netuid): (Vec<u8>, i64) =
            sqlx::query_as("SELECT genesis_hash, netuid FROM chain_binding").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        if stored_hash == genesis_hash && stored_netuid == i64::from(netuid) {
            return Ok(());
        }
        Err(StoreError::OtherChain {
            file: self.file.clone(),
            stored: chain_words(&stored_hash, stored_netuid),
            wanted: chain_words(genesis_hash, i64::from(netuid)),
        })
    }

    /// Remembers the newest finalized head for as long as this process lives; a head older than the known one changes
    /// nothing.
    pub fn note_head(&self, head: &Head) {
        let mut newest = self.newest_head.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_none_or(|known| known.stamp.block <= head.stamp.block) {
            *newest = Some(*head);
        }
    }

    /// Whether this process follows the chain itself; one that only reads sees the head of the last polling round.
    pub fn follows_heads(&self) -> bool {
        self.newest_head.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Remembers the newest finalized head; a head older than the known one changes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_head(&self, head: &Head) -> Result<(), StoreError> {
        let mut connection = self.writer()?.acquire().await?;
        write_head(&mut connection, head).await?;
        self.note_head(head);
        Ok(())
    }

    /// Remembers the subnet and the head that it was read at, as [`save_subnet`](Self::save_subnet) and
    /// [`save_head`](Self::save_head) do, in one transaction.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_reading(&self, subnet: &Subnet, head: &Head) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        write_subnet(&mut transaction, subnet).await?;
        write_head(&mut transaction, head).await?;
        transaction.commit().await?;
        self.note_head(head);
        Ok(())
    }

    /// The newest finalized head that was remembered. A process that only reads sees the last one that was saved.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_head(&self) -> Result<Option<Head>, StoreError> {
        if let Some(noted) = *self.newest_head.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Some(noted));
        }
        let row: Option<(i64, i64, Vec<u8>)> =
            sqlx::query_as("SELECT block, time_ms, hash FROM latest_head").fetch_optional(&self.readers).await?;
        row.map(|(block, time_ms, bytes)| Ok(Head { stamp: stamp(block, time_ms)?, hash: hash(&bytes)? })).transpose()
    }

    /// Deletes the subnet, but nothing that followed from it: at a start, what was read before is out of date.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn forget_subnet(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM latest_subnet").execute(self.writer()?).await?;
        Ok(())
    }

    /// Remembers the subnet in place of an earlier one; a subnet older than the known one changes nothing. It is
    /// written in every polling round: compressed, a small one is one page, and a large one a few.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_subnet(&self, subnet: &Subnet) -> Result<(), StoreError> {
        let mut connection = self.writer()?.acquire().await?;
        write_subnet(&mut connection, subnet).await
    }

    /// The newest subnet that was remembered.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_subnet(&self) -> Result<Option<Subnet>, StoreError> {
        const WHAT: &str = "the latest subnet";
        let column: Option<Vec<u8>> = sqlx::query_scalar("SELECT CAST(subnet_json AS BLOB) FROM latest_subnet")
            .fetch_optional(&self.readers)
            .await?;
        let subnet = column.map(|column| {
            // Earlier releases wrote it as text.
            if is_packed(&column) { unpack(WHAT, &column) } else { from_json(WHAT, &String::from_utf8_lossy(&column)) }
        });
        subnet.transpose()
    }
}

async fn write_head(connection: &mut SqliteConnection, head: &Head) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO latest_head (singleton, block, time_ms, hash) VALUES (1, $1, $2, $3)
         ON CONFLICT (singleton) DO UPDATE
         SET block = excluded.block, time_ms = excluded.time_ms, hash = excluded.hash
         WHERE excluded.block >= latest_head.block",
    )
    .bind(i64::from(head.stamp.block))
    .bind(head.stamp.time.unix_ms())
    .bind(&head.hash[..])
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_subnet(connection: &mut SqliteConnection, subnet: &Subnet) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO latest_subnet (singleton, block, subnet_json) VALUES (1, $1, $2)
         ON CONFLICT (singleton) DO UPDATE SET block = excluded.block, subnet_json = excluded.subnet_json
         WHERE excluded.block >= latest_subnet.block",
    )
    .bind(i64::from(subnet.at.block))
    .bind(pack("a subnet", subnet)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Names a chain by the beginning of its genesis hash, as node software does.
fn chain_words(genesis_hash: &[u8], netuid: i64) -> String {
    let hex = hex::encode(genesis_hash.get(..4).unwrap_or(genesis_hash));
    format!("subnet {netuid} of the chain with genesis 0x{hex}…")
}
