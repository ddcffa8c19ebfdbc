//! The validator's progress, for monitoring: small reads that parse no subnet and no evidence.

use crate::columns::{from_json, optional_block};
use crate::error::StoreError;
use crate::store::Store;
use tensorflix_domain::ids::Block;
use tensorflix_domain::intent::IntentOutcome;

impl Store {
    /// The block of the newest subnet that was remembered.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_subnet_block(&self) -> Result<Option<Block>, StoreError> {
        let block: Option<i64> =
            sqlx::query_scalar("SELECT block FROM latest_subnet").fetch_optional(&self.readers).await?;
        optional_block(block)
    }

    /// The block in which weights of ours were last confirmed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn last_weights_block(&self) -> Result<Option<Block>, StoreError> {
        // Some of those that reached the chain failed there; more than a few in a row mean that nothing is confirmed.
        let outcomes: Vec<String> = sqlx::query_scalar(
            "SELECT outcome_json FROM intents WHERE reached_chain = 1 AND outcome_json IS NOT NULL
             ORDER BY window_start DESC, id DESC LIMIT 100",
        )
        .fetch_all(&self.readers)
        .await?;
        for json in outcomes {
            if let IntentOutcome::Confirmed { block } = from_json("an outcome", &json)? {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }
}
