//! A cycle's report for people.

use super::cycle::{CycleReport, Sending};
use super::findings::found_against;
use crate::text::profiles::profile_words;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;
use std::collections::BTreeMap;
use std::fmt::Write;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::verdict::Status;

/// Miners shown for each task.
const TOP_PERFORMERS: usize = 5;

/// Most rejected submissions, pending submissions or problems that are listed; the log file lists all.
const LINES_OF_DETAIL: usize = 40;

/// How much of a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What fits on a screen.
    Console,
    /// Everything.
    Log,
}

impl Detail {
    const fn lines(self) -> usize {
        match self {
            Self::Console => LINES_OF_DETAIL,
            Self::Log => usize::MAX,
        }
    }
}

impl CycleReport {
    /// Writes the whole report into the log, at the level of details.
    pub fn log(&self) {
        for line in to_text(self, Detail::Log).lines() {
            tracing::debug!("{line}");
        }
    }
}

/// The report, with a line end after its last line. Texts of miners are escaped.
pub fn to_text(report: &CycleReport, detail: Detail) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut text, report, detail);
    text
}

fn write_report(text: &mut String, report: &CycleReport, detail: Detail) -> std::fmt::Result {
    let evidence = &report.decided.evidence;
    let submissions = &report.decided.submissions;
    let count = |status| submissions.iter().filter(|judged| judged.status == status).count();
    writeln!(text, "Cycle {} at block {} ({})", report.decided.cycle, evidence.at.block, evidence.at.time)?;
    writeln!(
        text,
        "  {} tasks, {} miners, {} submissions: {} accepted, {} rejected, {} pending",
        evidence.tasks.len(),
        evidence.miners.len(),
        submissions.len(),
        count(Status::Accepted),
        count(Status::Rejected),
        count(Status::Pending)
    )?;
    if !evidence.tasks.is_empty() {
        let policy = &report.decided.policy;
        let most = policy.max_per_miner_and_task;
        writeln!(text, "A score is the sum of up to {most} submissions in a task, each divided by the task's best.")?;
        writeln!(text, "Policy: {}.", profile_words(policy))?;
    }
    for weighted in &evidence.tasks {
        write_top(text, report, weighted.task.id.as_str())?;
    }
    write_details(text, report, detail)?;
    write_discounts(text, report, detail)?;
    write_errors(text, report, detail)?;
    write_weights(text, report)?;
    write_standing(text, report)
}

fn write_standing(text: &mut String, report: &CycleReport) -> std::fmt::Result {
    let Some(standing) = &report.standing else { return Ok(()) };
    let unknown = "unknown (no consensus yet)".to_owned();
    writeln!(
        text,
        "Consensus: {} of our weight would be clipped, cosine similarity {}; validator trust {:.4}, dividends {:.4}, inactive in {} \
         blocks",
        standing.clipped_share.map_or(unknown.clone(), |share| format!("{:.1} %", share * 100.0)),
        standing.cosine.map_or(unknown, |cosine| format!("{cosine:.4}")),
        standing.validator_trust,
        standing.dividends,
        standing.blocks_until_inactive
    )
}

fn write_top(text: &mut String, report: &CycleReport, task_id: &str) -> std::fmt::Result {
    let mut scores: BTreeMap<Uid, f64> = BTreeMap::new();
    for judged in report.decided.submissions.iter().filter(|judged| judged.task_id == task_id) {
        if let Some(score) = judged.normalized_score {
            *scores.entry(judged.uid).or_insert(0.0) += score;
        }
    }
    let mut ranked: Vec<(Uid, f64)> = scores.into_iter().collect();
    ranked.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    writeln!(text, "Top performers for task {}:", task_id.escape_default())?;
    for (uid, score) in ranked.iter().take(TOP_PERFORMERS) {
        writeln!(text, "  - UID {uid}: {score:.4}")?;
    }
    if ranked.is_empty() {
        writeln!(text, "  (no scores yet)")?;
    }
    Ok(())
}

fn write_details(text: &mut String, report: &CycleReport, detail: Detail) -> std::fmt::Result {
    for status in [Status::Rejected, Status::Pending] {
        let concerned: Vec<_> = report.decided.submissions.iter().filter(|judged| judged.status == status).collect();
        if concerned.is_empty() {
            continue;
        }
        writeln!(text, "{}:", if status == Status::Rejected { "Rejected" } else { "Pending" })?;
        for judged in concerned.iter().take(detail.lines()) {
            let reason = judged.reason.map_or("", |reason| reason.code());
            let (task, content) = (judged.task_id.escape_default(), judged.content_id.escape_default());
            writeln!(text, "  - UID {}: {reason} ({task} / {content})", judged.uid)?;
            write_finding(text, report, judged);
        }
        write_left_out(text, concerned.len(), detail)?;
    }
    Ok(())
}

/// Accepted submissions with a reduced score: by how much, and why.
fn write_discounts(text: &mut String, report: &CycleReport, detail: Detail) -> std::fmt::Result {
    let shares =
        report.decided.submissions.iter().filter_map(|judged| judged.counted_share.map(|share| (judged, share)));
    let discounted: Vec<(&Judged, f64)> = shares.collect();
    if discounted.is_empty() {
        return Ok(());
    }
    writeln!(text, "Reduced scores:")?;
    for (judged, share) in discounted.iter().take(detail.lines()) {
        let (task, content) = (judged.task_id.escape_default(), judged.content_id.escape_default());
        writeln!(text, "  - UID {}: score reduced to {:.1} % ({task} / {content})", judged.uid, share * 100.0)?;
        write_finding(text, report, judged);
    }
    write_left_out(text, discounted.len(), detail)
}

fn write_finding(text: &mut String, report: &CycleReport, judged: &Judged) {
    if let Some(words) = found_against(judged, &report.decided) {
        text.push_str(&wrapped("      ", "", &visible(&words)));
    }
}

fn write_errors(text: &mut String, report: &CycleReport, detail: Detail) -> std::fmt::Result {
    let errors = &report.decided.errors;
    if errors.is_empty() {
        return Ok(());
    }
    writeln!(text, "Problems:")?;
    for error in errors.iter().take(detail.lines()) {
        let uid = error.uid.map(|uid| format!("UID {uid}, ")).unwrap_or_default();
        let line = error.line.map(|line| format!(" line {line}")).unwrap_or_default();
        writeln!(text, "  - {uid}{}{line}: {}", error.source, error.reason)?;
    }
    write_left_out(text, errors.len(), detail)
}

fn write_left_out(text: &mut String, count: usize, detail: Detail) -> std::fmt::Result {
    match count.checked_sub(detail.lines()) {
        Some(more) if more > 0 => writeln!(text, "  - … and {more} more, in the log file"),
        _ => Ok(()),
    }
}

fn write_weights(text: &mut String, report: &CycleReport) -> std::fmt::Result {
    let whole: f64 = report.entries.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let entries: Vec<String> = report
        .entries
        .iter()
        .filter(|(_, weight)| *weight > 0)
        .map(|(uid, weight)| format!("  - UID {uid}: {weight} ({:.1} %)", f64::from(*weight) / whole * 100.0))
        .collect();
    match &report.sending {
        Sending::Confirmed { block, extrinsic_hash } => {
            writeln!(text, "Weights sent, in block {block} (extrinsic 0x{}):", hex::encode(extrinsic_hash))?;
        }
        Sending::Withheld { reason, .. } if entries.is_empty() => {
            writeln!(text, "Weights not sent: {reason}")?;
        }
        Sending::Withheld { reason, .. } => writeln!(text, "Weights not sent ({reason}); they would be:")?,
    }
    for entry in entries {
        writeln!(text, "{entry}")?;
    }
    Ok(())
}
