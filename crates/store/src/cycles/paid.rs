//! What decided cycles paid, and what is owed for it.

use crate::columns::{cycle_number, from_json, stamp};
use crate::cycles::snapshot::unpack;
use crate::error::StoreError;
use crate::store::Store;
use serde::Deserialize;
use tensorflix_domain::chain_time::{BlockStamp, Moment};
use tensorflix_domain::cycle::CycleHead;
use tensorflix_domain::evidence::WeightedTask;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::recovery::{Debt, PaidCycle};
use tensorflix_domain::verdict::Status;

/// The part of a cycle's evidence that is read here: the rest is skipped and not held.
#[derive(Deserialize)]
struct EvidenceHead {
    at: BlockStamp,
    tasks: Vec<WeightedTask>,
}

impl Store {
    /// The decided cycles from a moment on, oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn decided_since(&self, since: Moment) -> Result<Vec<CycleHead>, StoreError> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT cycle, block, time_ms FROM cycles WHERE time_ms >= $1 AND scores_json IS NOT NULL ORDER BY cycle",
        )
        .bind(since.unix_ms())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(cycle, block, time_ms)| {
                Ok(CycleHead { cycle: cycle_number(cycle)?, at: stamp(block, time_ms)?, decided: true })
            })
            .collect()
    }

    /// What a decided cycle paid; `None` if it is open, was never opened, or was pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn paid_cycle(&self, cycle: u32) -> Result<Option<PaidCycle>, StoreError> {
        let row: Option<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT policy_json, evidence_json_gz, submissions_json_gz FROM cycle_decisions WHERE cycle = $1",
        )
        .bind(i64::from(cycle))
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(policy, evidence, submissions)| {
            let EvidenceHead { at, tasks } = unpack("a cycle's evidence", &evidence)?;
            let mut submissions: Vec<Judged> = unpack("a cycle's submissions", &submissions)?;
            submissions.retain(|judged| judged.status == Status::Accepted);
            let policy = from_json("a cycle's policy", &policy)?;
            Ok(PaidCycle { cycle, at: at.time, policy, tasks, submissions })
        })
        .transpose()
    }

    /// What is owed after the newest decided cycle.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn debts(&self) -> Result<Vec<Debt>, StoreError> {
        let json: Option<String> = sqlx::query_scalar(
            "SELECT debts_json FROM cycle_debts
             WHERE cycle = (SELECT MAX(cycle) FROM cycles WHERE scores_json IS NOT NULL)",
        )
        .fetch_optional(&self.readers)
        .await?;
        json.map(|json| from_json("a cycle's debts", &json)).transpose().map(Option::unwrap_or_default)
    }
}
