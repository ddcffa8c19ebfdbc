//! Whose the committed gists are, asked of GitHub's API as far as its budget goes.
//!
//! - Only gists with a content are checked: of others nothing counts.
//! - A gist that was never checked is due at once, a good one again after [`GOOD_FOR_BLOCKS`], one that something speaks
//!   against in every round; one that is not there ever more rarely, up to once a day.
//! - These are three lines, of which each has its turn, and in each the one that waits longest goes first: whoever fails
//!   goes to the end of a line, and no number of new or bad gists keeps the good ones waiting for ever.
//! - At most [`CHECKS_PER_ROUND`] a round, and none below [`RESERVED_API_REQUESTS`] of what GitHub still grants, nor of what
//!   the gists in dispute need that were not dated lately: dating disputes and reading pinned revisions come first.
//! - What GitHub does not answer changes nothing; [`UNANSWERED_PER_ROUND`] of them in a row end the checks of a round. So
//!   does what is about us who ask. An answer about one gist ends nothing.

use crate::gist_fetcher::github::GitHub;
use crate::ports::{Clock, Store, StoreError};
use std::collections::BTreeMap;
use std::time::Duration;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::{CHECKS_TO_BE_GONE, GistName, OwnerAnswer, OwnerRecord};
use tensorflix_domain::ids::Block;

/// Blocks for which a good check stands where the budget allows another: an hour.
pub const GOOD_FOR_BLOCKS: u32 = 300;

/// Checks in one round at most.
pub const CHECKS_PER_ROUND: usize = 32;

/// Checks in a row that GitHub may leave without an answer before a round gives up.
pub const UNANSWERED_PER_ROUND: usize = 3;

/// API requests an hour that are left to what cannot wait: half of what GitHub grants without a token.
pub const RESERVED_API_REQUESTS: u32 = 30;

/// Blocks until a gist that is not there is checked again, once that is confirmed; twice as many after each further check.
const GONE_FOR_BLOCKS: u32 = 50;

/// The longest that such a gist is left: a day.
const MOST_GONE_FOR_BLOCKS: u32 = 7_200;

/// A gist with a content.
pub(crate) struct Checkable<'a> {
    pub pointer: &'a GistPointer,
    /// The earliest commitment that points to it.
    pub committed_at: Block,
    /// Whether it could not be read when it was asked for last.
    pub is_failing: bool,
}

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
    /// Gists in line that were not dated lately, for each of which a request is left.
    pub in_dispute: usize,
}

impl OwnerChecks<'_> {
    /// Records what came with the contents, and checks what is due of `gists`.
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
                    tracing::debug!(%error, "owner checks end for this round");
                    break;
                }
            };
            unanswered = if answer == OwnerAnswer::Unanswered { unanswered + 1 } else { 0 };
            self.note(&mut known, &mut changed, pointer, &answer);
        }
        let changed: Vec<OwnerRecord> = changed.into_values().collect();
        if changed.is_empty() { Ok(()) } else { self.store.record_gist_owners(&changed).await }
    }

    /// Records what other requests of a round told of owners.
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
            tracing::warn!(gist = %gist, reason = %refusal, "a gist does not count any more");
        }
        known.insert(gist.clone(), record.clone());
        changed.insert(gist, record);
    }

    /// What is to be checked in this round: the never checked, the good and the doubtful in turn, each longest due first.
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

/// How long a doubtful gist is left alone. Only what the raw address does not give either can be gone.
fn doubtful_for_blocks(record: &OwnerRecord, is_failing: bool) -> Block {
    match record.absences.checked_sub(CHECKS_TO_BE_GONE) {
        Some(further) if is_failing => GONE_FOR_BLOCKS.saturating_mul(1 << further.min(16)).min(MOST_GONE_FOR_BLOCKS),
        _ => 1,
    }
}
