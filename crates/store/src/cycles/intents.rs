//! What WeightSetter remembers: the weights that it signed, and the outcome of each. Of the intents of one hotkey in
//! one window at most one can have reached the chain.
//!
//! Intents belong to the hotkey that signed them. A few that an early release wrote name none; they count for every
//! hotkey.

use crate::columns::{block, cycle_number, from_json, hash, hotkey, stamp, to_json};
use crate::error::StoreError;
use crate::store::Store;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::intent::{IntentOutcome, RevealOutcome, WeightIntent};

#[derive(sqlx::FromRow)]
struct IntentRow {
    hotkey: Option<Vec<u8>>,
    window_start: i64,
    cycle: i64,
    signed_block: i64,
    signed_time_ms: i64,
    entries_json: String,
    extrinsic: Vec<u8>,
    extrinsic_hash: Vec<u8>,
    nonce: i64,
    valid_until: i64,
    reveal_json: Option<String>,
    outcome_json: Option<String>,
}

impl Store {
    /// Stores an intent before it is broadcast. `false` if the window has one that reached the chain or still may, and
    /// then nothing is stored.
    ///
    /// # Errors
    /// If the database cannot be written: then nothing may be broadcast.
    pub async fn save_intent(&self, intent: &WeightIntent) -> Result<bool, StoreError> {
        let outcome_json = intent.outcome.as_ref().map(|outcome| to_json("an outcome", outcome)).transpose()?;
        let saved = sqlx::query(
            "INSERT INTO intents (hotkey, window_start, cycle, signed_block, signed_time_ms, entries_json, extrinsic,
                                  extrinsic_hash, nonce, valid_until, reached_chain, outcome_json, reveal_json)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        )
        .bind(signer(intent))
        .bind(i64::from(intent.window))
        .bind(i64::from(intent.cycle))
        .bind(i64::from(intent.signed_at.block))
        .bind(intent.signed_at.time.unix_ms())
        .bind(to_json("weights", &intent.entries)?)
        .bind(intent.extrinsic.as_slice())
        .bind(&intent.extrinsic_hash[..])
        .bind(intent.nonce.cast_signed())
        .bind(i64::from(intent.valid_until))
        .bind(intent.outcome.as_ref().map(IntentOutcome::reached_chain))
        .bind(outcome_json)
        .bind(intent.reveal.as_ref().map(|plan| to_json("a reveal", plan)).transpose()?)
        .execute(self.writer()?)
        .await?;
        Ok(saved.rows_affected() == 1)
    }

    /// The newest intent of a hotkey's newest window.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_intent(&self, hotkey: &Hotkey) -> Result<Option<WeightIntent>, StoreError> {
        let row: Option<IntentRow> = sqlx::query_as(
            "SELECT hotkey, window_start, cycle, signed_block, signed_time_ms, entries_json, extrinsic, extrinsic_hash,
                    nonce, valid_until, reveal_json, outcome_json
             FROM intents WHERE hotkey = $1 OR hotkey IS NULL ORDER BY window_start DESC, id DESC LIMIT 1",
        )
        .bind(&hotkey.public_key()[..])
        .fetch_optional(&self.readers)
        .await?;
        row.map(IntentRow::into_intent).transpose()
    }

    /// All intents that were signed for the scores of a cycle, oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn intents_of_cycle(&self, cycle: u32) -> Result<Vec<WeightIntent>, StoreError> {
        let rows: Vec<IntentRow> = sqlx::query_as(
            "SELECT hotkey, window_start, cycle, signed_block, signed_time_ms, entries_json, extrinsic, extrinsic_hash,
                    nonce, valid_until, reveal_json, outcome_json
             FROM intents WHERE cycle = $1 ORDER BY window_start, id",
        )
        .bind(i64::from(cycle))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(IntentRow::into_intent).collect()
    }

    /// Commits of a hotkey with a successful call and a reveal of unknown outcome, oldest window first, at most
    /// `limit`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn watched_reveals(&self, hotkey: &Hotkey, limit: u32) -> Result<Vec<WeightIntent>, StoreError> {
        let rows: Vec<IntentRow> = sqlx::query_as(
            "SELECT hotkey, window_start, cycle, signed_block, signed_time_ms, entries_json, extrinsic, extrinsic_hash,
                    nonce, valid_until, reveal_json, outcome_json
             FROM intents
             WHERE reached_chain = 1 AND reveal_json IS NOT NULL AND reveal_outcome_json IS NULL
             AND (hotkey = $1 OR hotkey IS NULL)
             ORDER BY window_start LIMIT $2",
        )
        .bind(&hotkey.public_key()[..])
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(IntentRow::into_intent).collect()
    }

    /// Stores the outcome of the reveal of a commit. An outcome is a fact: one that is stored is not changed.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_reveal_outcome(
        &self,
        extrinsic_hash: &[u8; 32],
        outcome: &RevealOutcome,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE intents SET reveal_outcome_json = $2 WHERE extrinsic_hash = $1 AND reveal_outcome_json IS NULL",
        )
        .bind(&extrinsic_hash[..])
        .bind(to_json("a reveal's outcome", outcome)?)
        .execute(self.writer()?)
        .await?;
        Ok(())
    }

    /// Stores the outcome of an intent, the newest of its hotkey and window. An outcome is a fact: one that is stored
    /// is not changed.
    ///
    /// # Errors
    /// [`StoreError::UnknownWindow`] if the window has no intent; else if the database cannot be written.
    pub async fn save_outcome(&self, intent: &WeightIntent, outcome: &IntentOutcome) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let known: Option<i64> =
            sqlx::query_scalar("SELECT MAX(id) FROM intents WHERE window_start = $1 AND hotkey IS $2")
                .bind(i64::from(intent.window))
                .bind(signer(intent))
                .fetch_one(&mut *transaction)
                .await?;
        let Some(id) = known else {
            return Err(StoreError::UnknownWindow(intent.window));
        };
        sqlx::query("UPDATE intents SET outcome_json = $2, reached_chain = $3 WHERE id = $1 AND outcome_json IS NULL")
            .bind(id)
            .bind(to_json("an outcome", outcome)?)
            .bind(outcome.reached_chain())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// The column with the hotkey that signed an intent.
fn signer(intent: &WeightIntent) -> Option<&[u8]> {
    intent.hotkey.as_ref().map(|hotkey| &hotkey.public_key()[..])
}

impl IntentRow {
    fn into_intent(self) -> Result<WeightIntent, StoreError> {
        Ok(WeightIntent {
            hotkey: self.hotkey.as_deref().map(hotkey).transpose()?,
            window: block(self.window_start)?,
            cycle: cycle_number(self.cycle)?,
            signed_at: stamp(self.signed_block, self.signed_time_ms)?,
            entries: from_json("weights", &self.entries_json)?,
            extrinsic: self.extrinsic,
            extrinsic_hash: hash(&self.extrinsic_hash)?,
            nonce: self.nonce.cast_unsigned(),
            valid_until: block(self.valid_until)?,
            reveal: self.reveal_json.map(|json| from_json("a reveal", &json)).transpose()?,
            outcome: self.outcome_json.map(|json| from_json("an outcome", &json)).transpose()?,
        })
    }
}
