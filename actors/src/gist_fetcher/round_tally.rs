//! How the gists of one polling round were read, for the actor's outcomes.

use crate::stats::ActorStats;
use std::sync::{Mutex, PoisonError};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_record::{FailureScope, GistOutcome};

/// The subject of the outcomes of whole rounds: each requested gist is a part.
pub const GISTS: &str = "gists";

/// The subject of the outcomes of the configured task gist.
pub const TASK_GIST: &str = "task gist";

/// The answers of a round so far, including gists that were not requested because of a limit. A gist that is left to
/// later rounds is not included.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    asked: u64,
    failed: u64,
    /// Gists about which GitHub answered, including those that it reported as missing.
    answered: u64,
    error: Option<String>,
    task_gist: Option<TaskGistRead>,
}

/// How the task gist was read.
#[derive(Debug)]
enum TaskGistRead {
    Well,
    Failed(String),
}

impl Tally {
    /// Counts the answer about one gist; `task_gist` is its pointer if it is the configured task gist.
    pub(crate) fn count(&self, outcome: &GistOutcome, task_gist: Option<&GistPointer>) {
        let error = match outcome {
            GistOutcome::Failed { error, .. } => Some(error),
            _ => None,
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.asked += 1;
        counts.failed += u64::from(error.is_some());
        let is_answered = !matches!(outcome, GistOutcome::Failed { scope, .. } if *scope != FailureScope::Gist);
        counts.answered += u64::from(is_answered);
        // Which of several errors is reported must not depend on the order of arrival.
        counts.error = counts.error.take().into_iter().chain(error.cloned()).min();
        if let Some(pointer) = task_gist {
            counts.task_gist =
                Some(error.map_or(TaskGistRead::Well, |error| TaskGistRead::Failed(format!("{pointer}: {error}"))));
        }
    }

    /// Whether GitHub answered about any gist, if one was requested at all.
    pub(crate) fn is_any_answered(&self) -> bool {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.asked == 0 || counts.answered > 0
    }

    /// Adds the round to the actor's outcomes.
    pub(crate) fn report(&self, stats: &ActorStats) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stats.outcomes().partly(GISTS, counts.asked, counts.failed, counts.error.as_deref());
        match &counts.task_gist {
            Some(TaskGistRead::Well) => stats.outcomes().succeeded(TASK_GIST),
            Some(TaskGistRead::Failed(error)) => stats.outcomes().failed(TASK_GIST, error),
            None => {}
        }
    }
}
