//! Whose the committed gists are, asked of GitHub's API as far as its budget goes.
//!
//! - A gist that was never checked is due at once, a good one again after [`GOOD_FOR_BLOCKS`], one that something speaks
//!   against in every round. What has been due for longest goes first, so that nobody starves anybody.
//! - At most [`CHECKS_PER_ROUND`] a round, and none below [`RESERVED_API_REQUESTS`] of what GitHub still grants: dating
//!   disputes and reading pinned revisions come first.
//! - What GitHub does not answer changes nothing, and goes to the end of the line; [`UNANSWERED_PER_ROUND`] of them end
//!   the checks of a round.

use crate::github::GitHub;
use crate::ports::{Clock, Store, StoreError};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::ids::Block;

/// Blocks for which a good check stands where the budget allows another: an hour.
pub const GOOD_FOR_BLOCKS: u32 = 300;

/// Checks in one round at most.
pub const CHECKS_PER_ROUND: usize = 32;

/// Checks that GitHub may leave without an answer before a round gives up.
pub const UNANSWERED_PER_ROUND: usize = 3;

/// API requests an hour that are left to what cannot wait: half of what GitHub grants without a token.
pub const RESERVED_API_REQUESTS: u32 = 30;

/// The checks of one polling round.
pub(crate) struct OwnerChecks<'a> {
    pub store: &'a dyn Store,
    pub github: &'a GitHub,
    pub clock: &'a dyn Clock,
    pub round: Block,
    /// When the round has to end, on the monotonic clock.
    pub deadline: Duration,
    /// Most requests.
    pub most: usize,
}

impl OwnerChecks<'_> {
    /// Records what came with the contents, and checks what is due of `pointers`. `failing` could not be read in this
    /// round.
    pub(crate) async fn run(
        &self,
        pointers: &[GistPointer],
        failing: &[GistPointer],
        came_with_contents: Vec<(GistPointer, OwnerAnswer)>,
    ) -> Result<(), StoreError> {
        let mut known: BTreeMap<GistName, OwnerRecord> =
            self.store.gist_owners().await?.into_iter().map(|record| (record.gist.clone(), record)).collect();
        let mut changed = BTreeMap::new();
        for (pointer, answer) in came_with_contents {
            self.note(&mut known, &mut changed, &pointer, &answer);
        }
        let mut unanswered = 0;
        for pointer in self.due(&known, pointers, failing) {
            let left = self.deadline.saturating_sub(self.clock.monotonic());
            let may_ask = self.github.api_requests_left().is_none_or(|left| left > RESERVED_API_REQUESTS);
            if left.is_zero() || !may_ask || unanswered >= UNANSWERED_PER_ROUND {
                break;
            }
            let answer = tokio::select! {
                biased;
                answer = self.github.owner(pointer) => answer,
                () = self.clock.sleep(left) => Ok(OwnerAnswer::Unanswered),
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::debug!(%error, "the owners of further gists are asked for in later rounds");
                    break;
                }
            };
            unanswered += usize::from(answer == OwnerAnswer::Unanswered);
            self.note(&mut known, &mut changed, pointer, &answer);
        }
        let changed: Vec<OwnerRecord> = changed.into_values().collect();
        if changed.is_empty() { Ok(()) } else { self.store.record_gist_owners(&changed).await }
    }

    fn note(
        &self,
        known: &mut BTreeMap<GistName, OwnerRecord>,
        changed: &mut BTreeMap<GistName, OwnerRecord>,
        pointer: &GistPointer,
        answer: &OwnerAnswer,
    ) {
        let gist = GistName::from(pointer);
        let before = known.get(&gist);
        // Several pointers may name one gist: one answer a round is counted.
        if before.is_some_and(|record| record.asked_round == self.round) {
            return;
        }
        let record = OwnerRecord::after(before, gist.clone(), self.round, answer);
        if let Some(refusal) = &record.refusal
            && before.and_then(|before| before.refusal.as_ref()) != Some(refusal)
        {
            tracing::warn!(gist = %gist, reason = %refusal, "a gist does not count any more");
        }
        known.insert(gist.clone(), record.clone());
        changed.insert(gist, record);
    }

    /// What is to be checked in this round, longest due first.
    fn due<'p>(
        &self,
        known: &BTreeMap<GistName, OwnerRecord>,
        pointers: &'p [GistPointer],
        failing: &[GistPointer],
    ) -> Vec<&'p GistPointer> {
        let mut due: BTreeMap<GistName, (Block, &GistPointer)> = BTreeMap::new();
        for pointer in pointers {
            let gist = GistName::from(pointer);
            let due_at = match known.get(&gist) {
                None => 0,
                Some(record) if record.asked_round >= self.round => continue,
                Some(record) if record.is_in_doubt() || failing.contains(pointer) => record.asked_round + 1,
                Some(record) => record.asked_round.saturating_add(GOOD_FOR_BLOCKS),
            };
            if due_at <= self.round {
                due.entry(gist).or_insert((due_at, pointer));
            }
        }
        let mut due: Vec<(Block, &GistPointer)> = due.into_values().collect();
        due.sort_by_key(|(due_at, _)| *due_at);
        due.into_iter().take(self.most).map(|(_, pointer)| pointer).collect()
    }
}
