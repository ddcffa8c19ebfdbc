//! What ChainWatcher remembers: which chain this is, the newest finalized head, and the newest subnet.

use crate::columns::{from_json, hash, stamp, to_json};
use crate::{Store, StoreError};
use tensorflix_domain::record::Head;
use tensorflix_domain::subnet::Subnet;

impl Store {
    /// Binds the database to a chain and a subnet. The first call decides; blocks, claims and weights of two chains
    /// must never meet.
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

    /// Remembers the newest finalized head; an older one than is known changes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_head(&self, head: &Head) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO latest_head (singleton, block, time_ms, hash) VALUES (1, $1, $2, $3)
             ON CONFLICT (singleton) DO UPDATE
             SET block = excluded.block, time_ms = excluded.time_ms, hash = excluded.hash
             WHERE excluded.block >= latest_head.block",
        )
        .bind(i64::from(head.stamp.block))
        .bind(head.stamp.time.unix_ms())
        .bind(&head.hash[..])
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The newest finalized head that was remembered.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_head(&self) -> Result<Option<Head>, StoreError> {
        let row: Option<(i64, i64, Vec<u8>)> =
            sqlx::query_as("SELECT block, time_ms, hash FROM latest_head").fetch_optional(&self.readers).await?;
        row.map(|(block, time_ms, bytes)| Ok(Head { stamp: stamp(block, time_ms)?, hash: hash(&bytes)? })).transpose()
    }

    /// Forgets the subnet, but nothing that came of it: at a start, what was read before is no longer news.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn forget_subnet(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM latest_subnet").execute(&self.writer).await?;
        Ok(())
    }

    /// Remembers the subnet in place of an earlier one; an older one than is known changes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_subnet(&self, subnet: &Subnet) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO latest_subnet (singleton, block, subnet_json) VALUES (1, $1, $2)
             ON CONFLICT (singleton) DO UPDATE SET block = excluded.block, subnet_json = excluded.subnet_json
             WHERE excluded.block >= latest_subnet.block",
        )
        .bind(i64::from(subnet.at.block))
        .bind(to_json("a subnet", subnet)?)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The newest subnet that was remembered.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_subnet(&self) -> Result<Option<Subnet>, StoreError> {
        let json: Option<String> =
            sqlx::query_scalar("SELECT subnet_json FROM latest_subnet").fetch_optional(&self.readers).await?;
        json.map(|json| from_json("the latest subnet", &json)).transpose()
    }
}

/// Names a chain by the beginning of its genesis hash, as node software does.
fn chain_words(genesis_hash: &[u8], netuid: i64) -> String {
    let hex: String = genesis_hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("subnet {netuid} of the chain with genesis 0x{hex}…")
}
