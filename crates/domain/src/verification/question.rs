//! The questions about an item, and what is known of each.

use super::finding::to_ask;
use super::policy::VerificationPolicy;
use super::record::{Subject, Verdict, VerificationEvidence, VerificationRecord, Wait};
use super::signals::PlatformSignals;
use super::words::{Check, Provider};
use crate::chain_time::{BlockStamp, Moment};
use std::collections::BTreeSet;

/// A check of one item, ready to be requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The check.
    pub check: Check,
    /// The task, where the question is about it.
    pub task_id: Option<String>,
    /// What is examined.
    pub subject: Subject,
}

/// The questions about an item that is listed for `tasks` (ids with descriptions): one for each check that is on, and
/// for the topic one for each task.
pub fn questions(
    policy: &VerificationPolicy,
    text: &str,
    duration_secs: Option<u32>,
    tasks: &[(&str, &str)],
) -> Vec<Question> {
    let mut questions = Vec::new();
    for check in policy.checks() {
        match check {
            Check::Ai | Check::Illicit => {
                questions.push(Question { check, task_id: None, subject: Subject::of(text, duration_secs, None) });
            }
            Check::Topic => questions.extend(tasks.iter().map(|(id, description)| Question {
                check,
                task_id: Some((*id).to_owned()),
                subject: Subject::of(text, duration_secs, Some(description)),
            })),
        }
    }
    questions
}

impl Question {
    fn is_answered_by(&self, verdict: &Verdict) -> bool {
        (self.check, &self.task_id, &self.subject) == (verdict.check, &verdict.task_id, &verdict.subject)
    }

    fn is_awaited_by(&self, wait: &Wait) -> bool {
        (self.check, &self.task_id, &self.subject) == (wait.check, &wait.task_id, &wait.subject)
    }

    /// Whether it is about one of these tasks, or about none at all.
    pub fn is_of_any(&self, tasks: &BTreeSet<String>) -> bool {
        self.task_id.as_ref().is_none_or(|task_id| tasks.contains(task_id))
    }

    /// The providers to ask; see [`to_ask`].
    pub fn to_ask(&self, policy: &VerificationPolicy, known: &VerificationEvidence, at: Moment) -> BTreeSet<Provider> {
        to_ask(policy, known, self.check, self.task_id.as_deref().unwrap_or_default(), at)
    }
}

impl VerificationEvidence {
    /// What is known of these questions: stored verdicts on other subjects are left out, and the platform's own signals
    /// are added.
    pub fn of(
        record: VerificationRecord,
        signals: &PlatformSignals,
        seen_at: BlockStamp,
        questions: &[Question],
        sampled: bool,
    ) -> Self {
        let mut verdicts = record.verdicts;
        verdicts.retain(|verdict| questions.iter().any(|question| question.is_answered_by(verdict)));
        for question in questions {
            let said = signals.verdicts(&question.subject, seen_at);
            verdicts.extend(said.into_iter().filter(|verdict| question.is_answered_by(verdict)));
        }
        verdicts.sort_unstable();
        let mut waits = record.waits;
        waits.retain(|wait| questions.iter().any(|question| question.is_awaited_by(wait)));
        waits.sort_unstable();
        Self { sampled, verdicts, waits }
    }

    /// The waits after a cycle at `at`: what is still missing keeps its beginning.
    pub fn renewed_waits(&self, policy: &VerificationPolicy, questions: &[Question], at: BlockStamp) -> Vec<Wait> {
        let missing = questions.iter().filter(|question| !question.to_ask(policy, self, at.time).is_empty());
        let mut waits: Vec<Wait> = missing
            .map(|question| {
                let known = self.waits.iter().find(|wait| question.is_awaited_by(wait));
                known.cloned().unwrap_or_else(|| Wait {
                    check: question.check,
                    task_id: question.task_id.clone(),
                    subject: question.subject.clone(),
                    since: at,
                })
            })
            .collect();
        waits.sort_unstable();
        waits
    }
}
