//! What Scorer remembers of cycles: when each opened, for which subnet, and what it decided.
//!
//! Heads and scores are small and in one table; the subnet and the evidence, which are large and read seldom, are in
//! tables of their own. Numbers are from 1, ascending, and never used again: the newest cycle is never deleted.

use crate::columns::{cycle_number, from_json, stamp, to_json};
use crate::cycles::snapshot::{pack, unpack};
use crate::error::StoreError;
use crate::store::Store;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::cycle::{CycleHead, DecidedCycle, ScoresInForce};
use tensorflix_domain::evidence::PreviousScores;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::ScoreVector;

#[derive(sqlx::FromRow)]
struct DecisionRow {
    scores_json: String,
    release_version: String,
    policy_json: String,
    errors_json: String,
    evidence_json_gz: Vec<u8>,
    submissions_json_gz: Vec<u8>,
    smoothed_json: Option<String>,
}

impl Store {
    /// The newest cycle.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn latest_cycle(&self) -> Result<Option<CycleHead>, StoreError> {
        let row: Option<(i64, i64, i64, bool)> = sqlx::query_as(
            "SELECT cycle, block, time_ms, scores_json IS NOT NULL FROM cycles ORDER BY cycle DESC LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(cycle, block, time_ms, decided)| {
            Ok(CycleHead { cycle: cycle_number(cycle)?, at: stamp(block, time_ms)?, decided })
        })
        .transpose()
    }

    /// Opens the next cycle at a block, with the subnet it is decided for.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn open_cycle(&self, at: BlockStamp, subnet: &Subnet) -> Result<CycleHead, StoreError> {
        let subnet_json = to_json("a subnet", subnet)?;
        let mut transaction = self.write().await?;
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO cycles (cycle, block, time_ms)
             SELECT COALESCE(MAX(cycle), 0) + 1, $1, $2 FROM cycles RETURNING cycle",
        )
        .bind(i64::from(at.block))
        .bind(at.time.unix_ms())
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query("INSERT INTO cycle_subnets (cycle, subnet_json) VALUES ($1, $2)")
            .bind(number)
            .bind(subnet_json)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(CycleHead { cycle: cycle_number(number)?, at, decided: false })
    }

    /// The subnet that a cycle was opened with.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn cycle_subnet(&self, cycle: u32) -> Result<Option<Subnet>, StoreError> {
        let json: Option<String> = sqlx::query_scalar("SELECT subnet_json FROM cycle_subnets WHERE cycle = $1")
            .bind(i64::from(cycle))
            .fetch_optional(&self.readers)
            .await?;
        json.map(|json| from_json("a cycle's subnet", &json)).transpose()
    }

    /// Stores a decision and closes its cycle. A cycle that is decided already keeps its first decision.
    ///
    /// # Errors
    /// [`StoreError::UnknownCycle`] if the cycle was never opened, [`StoreError::Unstorable`] if a number in it is
    /// not finite; else if the database cannot be written.
    pub async fn save_decision(&self, decided: &DecidedCycle) -> Result<(), StoreError> {
        refuse_non_numbers(decided)?;
        let scores_json = to_json("a cycle's scores", &decided.scores)?;
        let smoothed_json = to_json("a cycle's smoothed scores", &decided.smoothed)?;
        let debts = decided.debts_left();
        let debts_json = to_json("a cycle's debts", &debts)?;
        let policy_json = to_json("a cycle's policy", &decided.policy)?;
        let errors_json = to_json("a cycle's errors", &decided.errors)?;
        // Before the transaction, because it takes a while and would block other writers.
        let evidence = pack("a cycle's evidence", &decided.evidence)?;
        let submissions = pack("a cycle's submissions", &decided.submissions)?;
        let mut transaction = self.write().await?;
        let closed = sqlx::query(
            "UPDATE cycles SET scores_json = $2, scored_hotkeys = $3 WHERE cycle = $1 AND scores_json IS NULL",
        )
        .bind(i64::from(decided.cycle))
        .bind(scores_json)
        .bind(i64::try_from(decided.scores.len()).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
        if closed.rows_affected() == 0 {
            let known: Option<i64> = sqlx::query_scalar("SELECT cycle FROM cycles WHERE cycle = $1")
                .bind(i64::from(decided.cycle))
                .fetch_optional(&mut *transaction)
                .await?;
            return known.map(|_| ()).ok_or(StoreError::UnknownCycle(decided.cycle));
        }
        sqlx::query(
            "INSERT INTO cycle_decisions (cycle, release_version, policy_json, errors_json, evidence_json_gz,
                                          submissions_json_gz)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(i64::from(decided.cycle))
        .bind(decided.release.as_str())
        .bind(policy_json)
        .bind(errors_json)
        .bind(evidence)
        .bind(submissions)
        .execute(&mut *transaction)
        .await?;
        if !decided.smoothed.is_empty() {
            sqlx::query("INSERT INTO cycle_smoothed_scores (cycle, smoothed_json) VALUES ($1, $2)")
                .bind(i64::from(decided.cycle))
                .bind(smoothed_json)
                .execute(&mut *transaction)
                .await?;
        }
        if !debts.is_empty() {
            sqlx::query("INSERT INTO cycle_debts (cycle, debts_json) VALUES ($1, $2)")
                .bind(i64::from(decided.cycle))
                .bind(debts_json)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// The numbers of all cycles that are decided and kept, ascending.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn decided_cycles(&self) -> Result<Vec<u32>, StoreError> {
        let numbers: Vec<i64> =
            sqlx::query_scalar("SELECT cycle FROM cycles WHERE scores_json IS NOT NULL ORDER BY cycle")
                .fetch_all(&self.readers)
                .await?;
        numbers.into_iter().map(cycle_number).collect()
    }

    /// A decided cycle, whole; `None` if it is open, was never opened, or was pruned.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn decided_cycle(&self, cycle: u32) -> Result<Option<DecidedCycle>, StoreError> {
        let row: Option<DecisionRow> = sqlx::query_as(
            "SELECT scores_json, release_version, policy_json, errors_json, evidence_json_gz, submissions_json_gz,
                    smoothed_json
             FROM cycles JOIN cycle_decisions ON cycle_decisions.cycle = cycles.cycle
             LEFT JOIN cycle_smoothed_scores ON cycle_smoothed_scores.cycle = cycles.cycle WHERE cycles.cycle = $1",
        )
        .bind(i64::from(cycle))
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(DecidedCycle {
                cycle,
                release: row.release_version,
                evidence: unpack("a cycle's evidence", &row.evidence_json_gz)?,
                policy: from_json("a cycle's policy", &row.policy_json)?,
                submissions: unpack("a cycle's submissions", &row.submissions_json_gz)?,
                smoothed: match row.smoothed_json {
                    Some(json) => from_json("a cycle's smoothed scores", &json)?,
                    None => ScoreVector::new(),
                },
                scores: from_json("a cycle's scores", &row.scores_json)?,
                errors: from_json("a cycle's errors", &row.errors_json)?,
            })
        })
        .transpose()
    }

    /// The scores of the newest cycle before `cycle` in which anything qualified.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn scores_before(&self, cycle: u32) -> Result<Option<ScoreVector>, StoreError> {
        let json: Option<String> = sqlx::query_scalar(
            "SELECT scores_json FROM cycles WHERE cycle < $1 AND scored_hotkeys > 0 ORDER BY cycle DESC LIMIT 1",
        )
        .bind(i64::from(cycle))
        .fetch_optional(&self.readers)
        .await?;
        json.map(|json| from_json("a cycle's scores", &json)).transpose()
    }

    /// What was earned up to the newest cycle in which anything was, smoothed, before cuts; `None` as long as all
    /// cycles are of development builds.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn smoothed_scores(&self) -> Result<Option<PreviousScores>, StoreError> {
        let row: Option<(i64, i64, String)> = sqlx::query_as(
            "SELECT block, time_ms, smoothed_json
             FROM cycle_smoothed_scores JOIN cycles ON cycles.cycle = cycle_smoothed_scores.cycle
             ORDER BY cycle_smoothed_scores.cycle DESC LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(block, time_ms, smoothed_json)| {
            let scores = from_json("a cycle's smoothed scores", &smoothed_json)?;
            Ok(PreviousScores { at: stamp(block, time_ms)?, scores })
        })
        .transpose()
    }

    /// The scores of the newest cycle in which anything qualified.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn scores_in_force(&self) -> Result<Option<ScoresInForce>, StoreError> {
        let row: Option<(i64, i64, i64, String)> = sqlx::query_as(
            "SELECT cycle, block, time_ms, scores_json FROM cycles WHERE scored_hotkeys > 0
             ORDER BY cycle DESC LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(cycle, block, time_ms, scores_json)| {
            Ok(ScoresInForce {
                cycle: cycle_number(cycle)?,
                at: stamp(block, time_ms)?,
                scores: from_json("a cycle's scores", &scores_json)?,
            })
        })
        .transpose()
    }
}

/// JSON has no word for infinity and turns it into null, which would read back as another number or none.
fn refuse_non_numbers(decided: &DecidedCycle) -> Result<(), StoreError> {
    let judged = decided.submissions.iter().flat_map(|judged| {
        let computed = judged.arithmetic.as_deref();
        let computed = computed.map(|by| [by.passed_hours, by.hours, by.divisor, by.exponent].map(Some));
        let scores = [judged.score, judged.counted_share, judged.normalized_score];
        scores.into_iter().chain(computed.into_iter().flatten())
    });
    let believed = decided.evidence.contents.values().filter_map(|known| Some(known.traffic.as_ref()?.authenticity));
    let previous = decided.evidence.previous.iter().flat_map(|previous| previous.scores.values().copied());
    let weights = decided.evidence.tasks.iter().map(|task| task.weight);
    let policy = &decided.policy;
    let settings = [policy.min_age_hours, policy.max_evidence_age_hours, policy.ema_half_life_hours, policy.burn_share];
    let scores = decided.scores.values().chain(decided.smoothed.values()).copied();
    let mut numbers = scores.chain(judged.flatten()).chain(believed).chain(previous).chain(weights).chain(settings);
    if numbers.all(f64::is_finite) {
        return Ok(());
    }
    Err(StoreError::Unstorable(format!("a number of cycle {} that is not finite", decided.cycle)))
}
