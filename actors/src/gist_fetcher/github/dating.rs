//! When a gist was last changed: GitHub's own time, which its owner cannot set, unlike the dates of commits.

use super::failure::{Failure, ItemFailure, PassingFailure};
use super::{GitHub, MAX_DESCRIPTION_BYTES};
use tensorflix_domain::dating::{DateAnswer, Undatable};
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};

/// The result of requesting the date of a gist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateReply {
    /// GitHub answered about this gist.
    Answered {
        /// Its date, or what prevents it.
        answer: DateAnswer,
        /// Its owner.
        owner: OwnerAnswer,
    },
    /// Not the description of a gist. The failure may be GitHub's.
    Malformed,
    /// No usable answer. The failure may be GitHub's.
    Silent,
    /// No gist can be requested now.
    CannotAsk,
}

impl GitHub {
    /// Asks the API when a gist was last changed, and who owns it.
    pub async fn date(&self, gist: &GistName) -> DateReply {
        let described = match self.ask_api(&["gists", &gist.gist_id], None, MAX_DESCRIPTION_BYTES).await {
            Ok(Some((described, _))) => described,
            Ok(None) => return DateReply::Silent,
            Err(failure) => return undated(gist, &failure),
        };
        let owner = described.owner();
        if OwnerRecord::after(None, gist.clone(), 0, &owner).refusal.is_some() {
            return DateReply::Answered { answer: DateAnswer::Undatable(Undatable::Refused), owner };
        }
        match described.updated_at() {
            Ok(updated_at) => DateReply::Answered { answer: DateAnswer::Dated(updated_at), owner },
            Err(_) => DateReply::Malformed,
        }
    }
}

fn undated(gist: &GistName, failure: &Failure) -> DateReply {
    tracing::debug!(%gist, error = %failure, "could not date a gist in dispute");
    let answered = |answer, failure: &ItemFailure| DateReply::Answered { answer, owner: failure.owner_answer() };
    match failure {
        Failure::Item(item) => match item {
            ItemFailure::NotFound => answered(DateAnswer::Absent, item),
            ItemFailure::Blocked { .. } => answered(DateAnswer::Undatable(Undatable::Blocked), item),
            ItemFailure::TooLarge(_) => answered(DateAnswer::Undatable(Undatable::TooLarge), item),
            ItemFailure::NotTheirs(_) => answered(DateAnswer::Undatable(Undatable::Refused), item),
            ItemFailure::Malformed(_) => DateReply::Malformed,
            ItemFailure::Refused { .. } => DateReply::Silent,
        },
        Failure::Caller(_) | Failure::Passing(PassingFailure::Saved) => DateReply::CannotAsk,
        Failure::Passing(_) => DateReply::Silent,
    }
}
