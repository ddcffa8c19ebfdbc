//! When gists in dispute last changed, according to GitHub's API: GistFetcher's part of settling disputes.
//!
//! - Gists are requested in the order of the request, several at a time, until the time or GitHub's budget is used up.
//!   What was not requested is left out of the answer and is requested later.
//! - A gist that was dated within the last hour leaves [`RESERVED_API_REQUESTS`] to others, so that a hotkey that keeps
//!   causing disputes cannot use up what others need; except where its rival was not dated, which then goes before it.
//! - A missing or unreadable answer counts against a gist only where GitHub answers others. If no requested gist shows
//!   that, other gists with owners that were checked before are requested ([`MOST_CONTROLS`]).
//! - The same answers name the gists' owners, and are recorded as owner checks.

use crate::gist_fetcher::github::{DateReply, GitHub};
use crate::gist_fetcher::messages::{DateGists, GistsDated, WaitingGist};
use crate::gist_fetcher::owner_checks::{OwnerChecks, RESERVED_API_REQUESTS};
use crate::ports::{Clock, Store};
use crate::stats::ActorStats;
use futures::StreamExt;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tensorflix_domain::dating::{DateAnswer, Undatable};
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer};
use tensorflix_domain::ids::Block;

/// No gist is requested after this time; each takes its own deadline at most.
pub const BEGIN_WITHIN: Duration = Duration::from_secs(45);

/// Gists that are requested to learn whether GitHub answers at all.
pub const MOST_CONTROLS: usize = 3;

/// Time that a request may take beyond `github.timeout_secs`: waiting for its turn, and a retry after an immediate
/// failure.
const MARGIN: Duration = Duration::from_secs(5);

/// The work for one request.
pub(crate) struct DateRequests {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub stats: Arc<ActorStats>,
    pub github: Arc<GitHub>,
    pub max_in_flight: usize,
}

impl DateRequests {
    pub(crate) async fn run(self, request: DateGists) -> GistsDated {
        let begin_until = self.clock.monotonic() + BEGIN_WITHIN;
        let is_over = AtomicBool::new(false);
        let replies: Vec<(GistName, DateReply)> = futures::stream::iter(request.line)
            .map(|waiting| self.ask(waiting, begin_until, &is_over))
            .buffer_unordered(self.max_in_flight.max(1))
            .filter_map(std::future::ready)
            .collect()
            .await;
        self.record_owners(request.round, &replies).await;
        let is_proof = |reply: &DateReply| matches!(reply, DateReply::Answered { .. });
        let is_doubtful = |reply: &DateReply| matches!(reply, DateReply::Silent | DateReply::Malformed);
        let answers_others = replies.iter().any(|(_, reply)| is_proof(reply))
            || (replies.iter().any(|(_, reply)| is_doubtful(reply))
                && self.answers_any_other(request.round, &replies).await);
        let answer = |(gist, reply): (GistName, DateReply)| match reply {
            DateReply::Answered { answer, .. } => Some((gist, answer)),
            DateReply::Silent if answers_others => Some((gist, DateAnswer::Silent)),
            DateReply::Malformed if answers_others => Some((gist, DateAnswer::Undatable(Undatable::Malformed))),
            DateReply::Silent | DateReply::Malformed | DateReply::CannotAsk => None,
        };
        GistsDated { answers: replies.into_iter().filter_map(answer).collect() }
    }

    /// Requests one gist; `None` if it must not be requested now.
    async fn ask(
        &self,
        waiting: WaitingGist,
        begin_until: Duration,
        is_over: &AtomicBool,
    ) -> Option<(GistName, DateReply)> {
        let reserved = if waiting.may_use_reserve { 0 } else { RESERVED_API_REQUESTS };
        let may_ask = self.github.api_requests_left().is_none_or(|left| left > reserved);
        if !may_ask || is_over.load(Ordering::Relaxed) || self.clock.monotonic() >= begin_until {
            return None;
        }
        let _work = self.stats.begin();
        let reply = self.look(&waiting.gist).await;
        match &reply {
            DateReply::Answered { .. } => self.stats.count_handled(),
            DateReply::CannotAsk => is_over.store(true, Ordering::Relaxed),
            DateReply::Silent | DateReply::Malformed => {
                self.stats.count_failed();
                tracing::warn!(gist = %waiting.gist, "could not date a gist in dispute; will retry in the next round");
            }
        }
        Some((waiting.gist, reply))
    }

    async fn look(&self, gist: &GistName) -> DateReply {
        tokio::select! {
            biased;
            reply = self.github.date(gist) => reply,
            () = self.clock.sleep(self.github.deadline() + MARGIN) => DateReply::Silent,
        }
    }

    /// Whether GitHub answers about another gist, one that it answered about before. The choice changes from round to
    /// round, so that nobody can own all of them.
    async fn answers_any_other(&self, round: Block, replies: &[(GistName, DateReply)]) -> bool {
        let asked: BTreeSet<&GistName> = replies.iter().map(|(gist, _)| gist).collect();
        let known = self.store.gist_owners().await.unwrap_or_default();
        let mut controls: Vec<GistName> = known
            .into_iter()
            .filter(|record| record.is_confirmed() && !asked.contains(&record.gist))
            .map(|record| record.gist)
            .collect();
        if !controls.is_empty() {
            let first = usize::try_from(round).unwrap_or_default() % controls.len();
            controls.rotate_left(first);
        }
        for control in controls.into_iter().take(MOST_CONTROLS) {
            if let DateReply::Answered { .. } = self.look(&control).await {
                return true;
            }
        }
        false
    }

    async fn record_owners(&self, round: Block, replies: &[(GistName, DateReply)]) {
        let owners: Vec<(GistName, OwnerAnswer)> = replies
            .iter()
            .filter_map(|(gist, reply)| match reply {
                DateReply::Answered { owner, .. } => Some((gist.clone(), owner.clone())),
                DateReply::Silent | DateReply::Malformed | DateReply::CannotAsk => None,
            })
            .collect();
        if let Err(error) = OwnerChecks::record(&*self.store, round, owners).await {
            tracing::warn!(%error, "could not store the owners of the gists in dispute; they will be checked again");
        }
    }
}
