//! Checks the owners of the committed gists by GitHub's API, as far as its budget goes.
//!
//! - Only gists that were read are checked: nothing of the others counts.
//! - A gist that was never checked is due at once, a good one again after [`GOOD_FOR_BLOCKS`], a suspect one in every
//!   round; a missing one less and less often, up to once a day.
//! - These are three queues, which take turns, and in each the longest waiting goes first: a gist that fails goes to
//!   the end of its queue, and no number of new or bad gists keeps the good ones waiting for ever.
//! - At most [`CHECKS_PER_ROUND`] a round. [`RESERVED_API_REQUESTS`] of what GitHub still grants are kept, and what
//!   the gists in dispute need that were not dated lately: dating disputes and reading pinned revisions come first.
//! - A check without an answer changes nothing; [`UNANSWERED_PER_ROUND`] of them in a row end the checks of a round. So
//!   does a failure that is about this validator. A failure of one gist does not.

use crate::gist_fetcher::github::GitHub;
use crate::ports::{Clock, Store, StoreError};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{CHECKS_TO_BE_GONE, GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::ids::Block;

/// Blocks for which a good check remains valid where the budget allows another: an hour.
pub const GOOD_FOR_BLOCKS: u32 = 300;

/// Most checks in one round.
pub const CHECKS_PER_ROUND: usize = 32;

/// Checks in a row without an answer after which a round gives up.
pub const UNANSWERED_PER_ROUND: usize = 3;

/// API requests an hour that are kept for urgent requests: half of what GitHub grants without a token.
pub const RESERVED_API_REQUESTS: u32 = 30;

/// Blocks until a missing gist is checked again, once its absence is confirmed; twice as many after each further check.
const GONE_FOR_BLOCKS: u32 = 50;

/// Longest time between checks of a missing gist: a day.
const MOST_GONE_FOR_BLOCKS: u32 = 7_200;

/// A gist that was read.
pub(crate) struct Checkable<'a> {
    pub pointer: &'a GistPointer,
    /// The earliest commitment that points to it.
    pub committed_at: Block,
    /// Whether the last request could not read it.
    pub is_failing: bool,
}

/// The checks of one polling round.
pub(crate) struct OwnerChecks<'a> {
    pub store: &'a dyn Store,
    pub github: &'a GitHub,
    pub clock: &'a dyn Clock,
    pub round: Block,
    /// When the round has to end, by the monotonic clock.
    pub deadline: Duration,
    /// Most requests.
    pub most: usize,
    /// Gists in dispute that were not dated lately; one request is kept for each.
    pub in_dispute: usize,
}

impl OwnerChecks<'_> {
    /// Records the owners that came with the gists, and checks those of `gists` that are due.
    pub(crate) async fn run(
        &self,
        gists: &[Checkable<'_>],
        came_with_contents: Vec<(GistPointer, OwnerAnswer)>,
    ) -> Result<(), StoreError> {
        let mut known: BTreeMap<GistName, OwnerRecord> =
            self.store.gist_owners().await?.into_iter().map(|record| (record.gist.clone(), record)).collect();
        let mut changed = BTreeMap::new();
        for (pointer, answer) in came_with_contents {
            self.note(&mut known, &mut changed, &pointer, &answer);
        }
        let reserved = RESERVED_API_REQUESTS.saturating_add(u32::try_from(self.in_dispute).unwrap_or(u32::MAX));
        let mut unanswered = 0;
        for pointer in self.due(&known, gists) {
            let left = self.deadline.saturating_sub(self.clock.monotonic());
            let may_ask = self.github.api_requests_left().is_none_or(|left| left > reserved);
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
                    tracing::debug!(%error, "owner checks of this round ended early");
                    break;
                }
            };
            unanswered = if answer == OwnerAnswer::Unanswered { unanswered + 1 } else { 0 };
            self.note(&mut known, &mut changed, pointer, &answer);
        }
        let changed: Vec<OwnerRecord> = changed.into_values().collect();
        if changed.is_empty() { Ok(()) } else { self.store.record_gist_owners(&changed).await }
    }

    /// Records what other requests of a round said about owners.
    pub(crate) async fn record(
        store: &dyn Store,
        round: Block,
        answers: Vec<(GistName, OwnerAnswer)>,
    ) -> Result<(), StoreError> {
        if answers.is_empty() {
            return Ok(());
        }
        let known: BTreeMap<GistName, OwnerRecord> =
            store.gist_owners().await?.into_iter().map(|record| (record.gist.clone(), record)).collect();
        let records: Vec<OwnerRecord> = answers
            .into_iter()
            .filter(|(gist, _)| known.get(gist).is_none_or(|known| known.asked_round < round))
            .map(|(gist, answer)| OwnerRecord::after(known.get(&gist), gist.clone(), round, &answer))
            .collect();
        store.record_gist_owners(&records).await
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
            tracing::warn!(gist = %gist, reason = %refusal, "a gist no longer counts");
        }
        known.insert(gist.clone(), record.clone());
        changed.insert(gist, record);
    }

    /// What is to be checked in this round: the never checked, the good and the suspect in turn, each longest due
    /// first.
    fn due<'p>(&self, known: &BTreeMap<GistName, OwnerRecord>, gists: &[Checkable<'p>]) -> Vec<&'p GistPointer> {
        let (mut never, mut good, mut doubtful) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for gist in gists {
            let name = GistName::from(gist.pointer);
            let (line, due_at) = match known.get(&name) {
                None => (&mut never, gist.committed_at.min(self.round)),
                Some(record) if record.asked_round >= self.round => continue,
                Some(record) if record.is_in_doubt() || gist.is_failing => {
                    (&mut doubtful, record.asked_round.saturating_add(doubtful_for_blocks(record, gist.is_failing)))
                }
                Some(record) => (&mut good, record.asked_round.saturating_add(GOOD_FOR_BLOCKS)),
            };
            if due_at <= self.round {
                line.entry(name).or_insert((due_at, gist.pointer));
            }
        }
        let mut lines = [never, good, doubtful].map(|line| {
            let mut line: Vec<(Block, &GistPointer)> = line.into_values().collect();
            line.sort_by_key(|(due_at, _)| *due_at);
            line.into_iter()
        });
        let longest = lines.iter().map(ExactSizeIterator::len).max().unwrap_or_default();
        let in_turn = (0..longest).flat_map(|_| lines.each_mut().map(Iterator::next)).flatten();
        in_turn.take(self.most).map(|(_, pointer)| pointer).collect()
    }
}

/// Blocks until a suspect gist is checked again. Only a gist that cannot be read at the raw address either can be gone.
fn doubtful_for_blocks(record: &OwnerRecord, is_failing: bool) -> Block {
    match record.absences.checked_sub(CHECKS_TO_BE_GONE) {
        Some(further) if is_failing => GONE_FOR_BLOCKS.saturating_mul(1 << further.min(16)).min(MOST_GONE_FOR_BLOCKS),
        _ => 1,
    }
}
