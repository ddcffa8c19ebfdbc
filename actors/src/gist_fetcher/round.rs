//! One polling round: reads every gist that is due, in the order of the queue, and then checks the gists' owners.

use super::line::{self, PINS_PER_ROUND, Wanted};
use crate::gist_fetcher::dating_line;
use crate::gist_fetcher::github::{GistReading, GitHub};
use crate::gist_fetcher::messages::SubmissionsRecorded;
use crate::gist_fetcher::owner_checks::{Checkable, OwnerChecks};
use crate::gist_fetcher::round_tally::Tally;
use crate::ports::{Clock, Store, StoreError};
use crate::stats::ActorStats;
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::grid_start;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::gist_owner::OwnerAnswer;
use tensorflix_domain::gist_record::{FailureScope, GistAnswer, GistHolder, GistOutcome, GistState};
use tensorflix_domain::ids::Block;
use tensorflix_domain::rounds::UnwatchedBlocks;
use tensorflix_domain::subnet::Subnet;

/// Longest time that a round may take; a round of 25 blocks lasts 300 s.
pub const ROUND_DEADLINE: Duration = Duration::from_secs(240);

/// Answers that are stored in one transaction, which bounds the memory that a round needs.
const ANSWERS_PER_TRANSACTION: usize = 32;

/// Time that reading leaves to the owner checks of a round, so that no number of slow gists prevents them.
const KEPT_FOR_OWNERS: Duration = Duration::from_secs(60);

/// Why a gist was not read when its round ran out of time.
const ROUND_ENDED: &str = "the round ended before GitHub answered";

/// One polling round.
pub(super) struct Round {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub stats: Arc<ActorStats>,
    pub github: Arc<GitHub>,
    pub max_in_flight: usize,
    pub round_blocks: u32,
    pub owner_checks: usize,
    pub task_gist: Option<GistPointer>,
    pub tally: Tally,
}

/// What a round learned beside the gists' contents.
#[derive(Default)]
struct Found {
    failing: BTreeSet<GistPointer>,
    with_content: BTreeSet<GistPointer>,
    owners: Vec<(GistPointer, OwnerAnswer)>,
}

impl Round {
    /// Runs the round of the newest subnet, unless it is finished already.
    pub(super) async fn run(&self) -> Result<Option<SubmissionsRecorded>, StoreError> {
        let Some(subnet) = self.store.latest_subnet().await? else {
            return Ok(None);
        };
        let round = grid_start(subnet.at.block, self.round_blocks);
        if self.store.latest_gist_round().await? >= Some(round) {
            return Ok(None);
        }
        self.report_gap(round).await?;
        let holders = holders(&subnet);
        let failed = self.read_all(round, &holders).await?;
        self.report_silence(round).await?;
        self.store.finish_gist_round(round).await?;
        self.tally.report(&self.stats);
        tracing::info!(round, gists = holders.len(), failed, "polling round finished");
        Ok(Some(SubmissionsRecorded { round }))
    }

    /// Records which rounds were missed, including those before the first one: what was listed in them is dated to
    /// this one, for every miner alike.
    async fn report_gap(&self, round: Block) -> Result<(), StoreError> {
        let latest = self.store.latest_gist_round().await?;
        let (from, until) = (latest.map_or(0, |latest| latest.saturating_add(self.round_blocks)), round);
        if from >= until {
            return Ok(());
        }
        self.record_unwatched(from, until).await?;
        if latest.is_some() {
            tracing::warn!(
                from,
                until,
                "polling rounds were missed; submissions listed meanwhile are dated to this round"
            );
        }
        Ok(())
    }

    /// A round in which GitHub answered about no gist counts as missed: no submission could be seen in it.
    async fn report_silence(&self, round: Block) -> Result<(), StoreError> {
        if self.tally.is_any_answered() {
            return Ok(());
        }
        self.record_unwatched(round, round.saturating_add(self.round_blocks)).await?;
        tracing::warn!(
            round,
            "no gist could be read in this polling round; submissions listed now are dated to the next round"
        );
        Ok(())
    }

    /// A range that continues the one before is merged with it; but not with the range before the first round, when no
    /// rounds were expected.
    async fn record_unwatched(&self, from: Block, until: Block) -> Result<(), StoreError> {
        let before = self.store.unwatched_blocks(1).await?;
        let goes_on = |before: &&UnwatchedBlocks| before.until == from && before.from > 0;
        let from = before.last().filter(goes_on).map_or(from, |before| before.from);
        self.store.record_unwatched_blocks(&UnwatchedBlocks { from, until }).await
    }

    /// Requests every gist that is due and stores the answers in batches, then checks owners. Returns the number that
    /// could not be read.
    async fn read_all(&self, round: Block, holders: &[GistHolder]) -> Result<usize, StoreError> {
        let states: BTreeMap<GistPointer, GistState> =
            self.store.gist_states().await?.into_iter().map(|state| (state.pointer.clone(), state)).collect();
        let mut holders_of: BTreeMap<GistPointer, Vec<GistHolder>> = BTreeMap::new();
        for holder in holders {
            holders_of.entry(holder.pointer.clone()).or_default().push(holder.clone());
        }
        if let Some(pointer) = &self.task_gist {
            holders_of.entry(pointer.clone()).or_default();
        }
        let wanted: BTreeMap<GistPointer, Wanted> =
            holders_of.iter().map(|(pointer, holders)| (pointer.clone(), self.wanted(pointer, holders))).collect();
        let most_pins = self.github.affordable_requests(PINS_PER_ROUND);
        let due = line::due(round, self.round_blocks, &wanted, &states, most_pins);
        let deadline = self.clock.monotonic() + ROUND_DEADLINE;
        let mut answers = futures::stream::iter(due)
            .map(|pointer| self.ask(states.get(&pointer), pointer, deadline.saturating_sub(KEPT_FOR_OWNERS)))
            .buffer_unordered(self.max_in_flight.max(1))
            .chunks(ANSWERS_PER_TRANSACTION);
        let mut found = Found::of(&states);
        while let Some(batch) = answers.next().await {
            let (batch, seen): (Vec<GistAnswer>, Vec<Option<OwnerAnswer>>) = batch.into_iter().unzip();
            found
                .owners
                .extend(batch.iter().zip(seen).filter_map(|(answer, owner)| Some((answer.pointer.clone(), owner?))));
            batch.iter().for_each(|answer| found.note(answer));
            let holders: Vec<GistHolder> =
                batch.iter().filter_map(|answer| holders_of.get(&answer.pointer)).flatten().cloned().collect();
            self.store.record_gists(round, &batch, &holders).await?;
        }
        let failing = wanted.keys().filter(|pointer| found.failing.contains(*pointer)).count();
        self.check_owners(round, deadline, &wanted, found).await?;
        Ok(failing)
    }

    fn wanted(&self, pointer: &GistPointer, holders: &[GistHolder]) -> Wanted {
        let committed_at = holders.iter().map(|holder| holder.committed_at).min().unwrap_or_default();
        Wanted { committed_at, is_task_gist: self.task_gist.as_ref() == Some(pointer) }
    }

    async fn check_owners(
        &self,
        round: Block,
        deadline: Duration,
        wanted: &BTreeMap<GistPointer, Wanted>,
        found: Found,
    ) -> Result<(), StoreError> {
        let waiting = self.store.gists_to_date().await?;
        let line = dating_line::line(&*self.store, &waiting, round, self.round_blocks).await?;
        let checks = OwnerChecks {
            store: &*self.store,
            github: &self.github,
            clock: &*self.clock,
            round,
            deadline,
            most: self.owner_checks,
            in_dispute: line.undated,
        };
        let gists: Vec<Checkable<'_>> = wanted
            .iter()
            .filter(|(pointer, _)| found.with_content.contains(*pointer))
            .map(|(pointer, wanted)| Checkable {
                pointer,
                committed_at: wanted.committed_at,
                is_failing: found.failing.contains(pointer),
            })
            .collect();
        checks.run(&gists, found.owners).await
    }

    /// Requests one gist, within the time left of the round. Returns its owner too, if the answer names it.
    async fn ask(
        &self,
        state: Option<&GistState>,
        pointer: GistPointer,
        deadline: Duration,
    ) -> (GistAnswer, Option<OwnerAnswer>) {
        if line::is_settled(&pointer, state) {
            return (GistAnswer { pointer, outcome: GistOutcome::Unchanged }, None);
        }
        let _work = self.stats.begin();
        let left = deadline.saturating_sub(self.clock.monotonic());
        if left.is_zero() {
            // Too late: a request begun now would be cut off.
            self.stats.count_failed();
            let outcome = round_ended(FailureScope::NotAsked);
            self.tally.count(&outcome, self.task_gist.as_ref().filter(|task_gist| **task_gist == pointer));
            return (GistAnswer { pointer, outcome }, None);
        }
        let etag = state.and_then(|state| state.etag.as_deref());
        let GistReading { outcome, owner } = tokio::select! {
            biased;
            reading = self.github.gist(&pointer, etag) => reading,
            () = self.clock.sleep(left) => GistReading { outcome: round_ended(FailureScope::Elsewhere), owner: None },
        };
        self.tally.count(&outcome, self.task_gist.as_ref().filter(|task_gist| **task_gist == pointer));
        match &outcome {
            // The request that met the limit has logged it.
            GistOutcome::Failed { error, scope: FailureScope::NotAsked } => {
                self.stats.count_failed();
                tracing::debug!(gist = %pointer, error, "gist not requested");
            }
            GistOutcome::Failed { error, .. } => {
                self.stats.count_failed();
                self.report_failure(&pointer, error, state.is_some_and(|state| state.digest.is_some()));
            }
            GistOutcome::Unchanged | GistOutcome::Fetched { .. } => self.stats.count_handled(),
        }
        (GistAnswer { pointer, outcome }, owner)
    }

    fn report_failure(&self, pointer: &GistPointer, error: &str, has_content: bool) {
        let is_task_gist = self.task_gist.as_ref() == Some(pointer);
        match (is_task_gist, has_content) {
            (true, true) => {
                tracing::warn!(gist = %pointer, error, "cannot read the task gist; using its last good copy");
            }
            (true, false) => {
                tracing::error!(gist = %pointer, error, "cannot read the task gist; there is no earlier copy");
            }
            (false, true) => tracing::warn!(gist = %pointer, error, "cannot read a gist; using its last good copy"),
            (false, false) => tracing::warn!(gist = %pointer, error, "cannot read a gist; there is no earlier copy"),
        }
    }
}

impl Found {
    /// What is known about a gist before the round.
    fn of(states: &BTreeMap<GistPointer, GistState>) -> Self {
        let having = |has: fn(&GistState) -> bool| {
            states.values().filter(|state| has(state)).map(|state| state.pointer.clone()).collect()
        };
        Self {
            failing: having(|state| state.refusals > 0),
            with_content: having(|state| state.digest.is_some()),
            owners: Vec::new(),
        }
    }

    fn note(&mut self, answer: &GistAnswer) {
        match &answer.outcome {
            GistOutcome::Failed { scope: FailureScope::NotAsked, .. } => {}
            GistOutcome::Failed { .. } => {
                self.failing.insert(answer.pointer.clone());
            }
            GistOutcome::Unchanged => {
                self.failing.remove(&answer.pointer);
            }
            GistOutcome::Fetched { .. } => {
                self.failing.remove(&answer.pointer);
                self.with_content.insert(answer.pointer.clone());
            }
        }
    }
}

fn round_ended(scope: FailureScope) -> GistOutcome {
    GistOutcome::Failed { error: ROUND_ENDED.to_owned(), scope }
}

/// Which hotkeys point to which gist. Commitments that are not pointers are reported by the cycle.
fn holders(subnet: &Subnet) -> Vec<GistHolder> {
    subnet
        .neurons
        .iter()
        .filter_map(|neuron| {
            let record = neuron.commitment.as_ref()?;
            let pointer = record.text.as_deref()?.parse().ok()?;
            Some(GistHolder { hotkey: neuron.hotkey, pointer, committed_at: record.block })
        })
        .collect()
}
