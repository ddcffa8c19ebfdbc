//! Hints for the operator in a cycle's report: they are not proofs and change no score.

use tensorflix_domain::cycle::ReportedError;
use tensorflix_domain::evidence::Evidence;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::suspicion::{concentrated_tasks, reuploads};
use tensorflix_domain::task_source::TaskSource;

/// Items that look like another miner's, and, with `task_source = "network"`, tasks that only one miner seems to know.
pub(crate) fn suspicions(evidence: &Evidence, submissions: &[Judged], source: TaskSource) -> Vec<ReportedError> {
    let mut reports: Vec<ReportedError> = reuploads(evidence, submissions)
        .into_iter()
        .map(|found| {
            let ((original, owner), (copy, uid)) = (found.original, found.copy);
            let reason = format!(
                "{} has the same title and length as {} of UID {owner}, which was published earlier: compare the two",
                copy.as_str(),
                original.as_str()
            );
            report(Some(uid), copy.platform().name(), reason)
        })
        .collect();
    if source == TaskSource::Network {
        reports.extend(concentrated_tasks(submissions).into_iter().map(|found| {
            let percent = (found.share * 100.0).round();
            let reason = format!("this miner earns {percent} % of task {}", found.task_id);
            report(Some(found.uid), "tasks", reason)
        }));
    }
    reports
}

fn report(uid: Option<u16>, source: &str, reason: String) -> ReportedError {
    ReportedError { uid, source: source.to_owned(), line: None, reason }
}
