//! The quota ledger: what was spent of a bucket on a date.
//!
//! A debit is one statement that checks and adds at once, so that no two callers, in one process or several, ever spend
//! the same unit. It is durable before the call that it pays for is made: a crash in between loses units, it never
//! spends them twice.

use crate::error::StoreError;
use crate::store::Store;
use std::collections::BTreeMap;

impl Store {
    /// Debits `units` from a bucket of one date if at most `budget` units are spent then; `false` if not enough units
    /// are left, and then nothing is debited.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn debit(&self, bucket: &str, date: &str, units: u64, budget: u64) -> Result<bool, StoreError> {
        let budget = i64::try_from(budget).unwrap_or(i64::MAX);
        // More units than the whole budget never fit, whatever is spent.
        let Some((units, room)) = i64::try_from(units).ok().map(|units| (units, budget.saturating_sub(units))) else {
            return Ok(false);
        };
        if room < 0 {
            return Ok(false);
        }
        let debited = sqlx::query(
            "INSERT INTO quota_ledger (bucket, quota_date, units_spent) VALUES ($1, $2, $3)
             ON CONFLICT (bucket, quota_date) DO UPDATE
             SET units_spent = quota_ledger.units_spent + excluded.units_spent
             WHERE quota_ledger.units_spent <= $4",
        )
        .bind(bucket)
        .bind(date)
        .bind(units)
        .bind(room)
        .execute(self.writer()?)
        .await?;
        Ok(debited.rows_affected() == 1)
    }

    /// Gives back units that were debited and then not spent; never below nothing spent.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn credit(&self, bucket: &str, date: &str, units: u64) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE quota_ledger
             SET units_spent = CASE WHEN units_spent > $3 THEN units_spent - $3 ELSE 0 END
             WHERE bucket = $1 AND quota_date = $2",
        )
        .bind(bucket)
        .bind(date)
        .bind(i64::try_from(units).unwrap_or(i64::MAX))
        .execute(self.writer()?)
        .await?;
        Ok(())
    }

    /// Marks a bucket as used up on a date: at least `budget` units count as spent.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn exhaust(&self, bucket: &str, date: &str, budget: u64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO quota_ledger (bucket, quota_date, units_spent) VALUES ($1, $2, $3)
             ON CONFLICT (bucket, quota_date) DO UPDATE
             SET units_spent = MAX(quota_ledger.units_spent, excluded.units_spent)",
        )
        .bind(bucket)
        .bind(date)
        .bind(i64::try_from(budget).unwrap_or(i64::MAX))
        .execute(self.writer()?)
        .await?;
        Ok(())
    }

    /// Units spent on a date, by bucket, of the buckets with names that begin with `prefix` and that were used then.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn spent(&self, prefix: &str, date: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT bucket, units_spent FROM quota_ledger
             WHERE quota_date = $2 AND substr(bucket, 1, length($1)) = $1",
        )
        .bind(prefix)
        .bind(date)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(|(bucket, units)| (bucket, u64::try_from(units).unwrap_or(0))).collect())
    }

    /// Units ever spent from the buckets with names that begin with the prefix, on any date.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn all_units_spent(&self, prefix: &str) -> Result<u64, StoreError> {
        let spent: i64 = sqlx::query_scalar(
            "SELECT COALESCE(SUM(units_spent), 0) FROM quota_ledger WHERE substr(bucket, 1, length($1)) = $1",
        )
        .bind(prefix)
        .fetch_one(&self.readers)
        .await?;
        Ok(u64::try_from(spent).unwrap_or(0))
    }

    /// Units of a bucket that are spent on a date.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn units_spent(&self, bucket: &str, date: &str) -> Result<u64, StoreError> {
        let spent: Option<i64> =
            sqlx::query_scalar("SELECT units_spent FROM quota_ledger WHERE bucket = $1 AND quota_date = $2")
                .bind(bucket)
                .bind(date)
                .fetch_optional(&self.readers)
                .await?;
        Ok(spent.and_then(|spent| u64::try_from(spent).ok()).unwrap_or(0))
    }
}
