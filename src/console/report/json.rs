//! A cycle's report as one JSON object, by the contract of `run --once --output json`.

use super::cycle::{CycleReport, Sending};
use crate::text::json::one_line;
use serde::Serialize;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::cycle::ReportedError;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::{Reason, Status};

#[derive(Serialize)]
struct Report<'a> {
    cycle: u32,
    block: u32,
    block_time: Moment,
    tasks: usize,
    miners: usize,
    submissions: Vec<Submission<'a>>,
    weights: Vec<Weight>,
    submitted: bool,
    extrinsic: Option<String>,
    errors: &'a [ReportedError],
}

#[derive(Serialize)]
struct Submission<'a> {
    uid: Uid,
    hotkey: Hotkey,
    task_id: &'a str,
    content_id: &'a str,
    platform: Option<Platform>,
    status: Status,
    reason: Option<Reason>,
    views: Option<u64>,
    observed_at: Option<Moment>,
    published_at: Option<Moment>,
    score: Option<f64>,
    normalized_score: Option<f64>,
}

#[derive(Serialize)]
struct Weight {
    uid: Uid,
    hotkey: Option<Hotkey>,
    weight: u16,
}

/// The object, on one line without a line break. `with_extrinsic` is off where the output must be the same each time:
/// signatures are random, and so is the hash.
pub fn to_json(report: &CycleReport, with_extrinsic: bool) -> String {
    let evidence = &report.decided.evidence;
    let (submitted, extrinsic) = match &report.sending {
        Sending::Confirmed { extrinsic_hash, .. } => {
            (true, with_extrinsic.then(|| format!("0x{}", hex::encode(extrinsic_hash))))
        }
        Sending::Withheld { .. } => (false, None),
    };
    let submissions = report.decided.submissions.iter().map(|judged| Submission {
        uid: judged.uid,
        hotkey: judged.hotkey,
        task_id: &judged.task_id,
        content_id: &judged.content_id,
        platform: judged.platform,
        status: judged.status,
        reason: judged.reason,
        views: judged.view_count,
        observed_at: judged.observed_at,
        published_at: judged.published_at,
        score: judged.score,
        normalized_score: judged.normalized_score,
    });
    let weights = report.entries.iter().filter(|(_, weight)| *weight > 0).map(|(uid, weight)| Weight {
        uid: *uid,
        hotkey: report.hotkeys.get(uid).copied(),
        weight: *weight,
    });
    let object = Report {
        cycle: report.decided.cycle,
        block: evidence.at.block,
        block_time: evidence.at.time,
        tasks: evidence.tasks.len(),
        miners: evidence.miners.len(),
        submissions: submissions.collect(),
        weights: weights.collect(),
        submitted,
        extrinsic,
        errors: &report.decided.errors,
    };
    one_line(&object)
}
