//! GistFetcher: reads every committed gist once in a polling round.
//!
//! - Owns in the store: per gist its ETag, last good content, attempts, errors and owner; per hotkey the round in which
//!   it was first seen with a content; the blocks in which no round was held.
//! - A round opens when the subnet was read in a new cell of the grid. Its block, not the order of arrival, is what
//!   a claim is dated by. A round ends within [`ROUND_DEADLINE`], whatever GitHub does; what was not read keeps its
//!   last good content.
//! - A gist that several hotkeys point to is asked for once. A pinned revision never changes and is asked for once
//!   for ever.
//! - Anonymous operation reads the raw address, which costs no API request; with a token the API answers, where an
//!   unchanged gist is free.
//!
//! It does not look into a gist: reading a document is the Scorer's part, so one miner's bytes cannot break a round.

use crate::chain_watcher::CommitmentsChanged;
use crate::github::{GistReading, GitHub};
use crate::owner_checks::OwnerChecks;
use crate::ports::{Clock, Store, StoreError};
use crate::round_tally::Tally;
use crate::stats::ActorStats;
use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, ResponseFuture, Supervised, WrapFuture,
};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::{Moment, grid_start};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::evidence::UnwatchedBlocks;
use tensorflix_domain::gist_owner::OwnerAnswer;
use tensorflix_domain::ids::Block;
use tensorflix_domain::record::{GistAnswer, GistHolder, GistOutcome, GistState};
use tensorflix_domain::subnet::Subnet;

/// Longest time that a round may take; a round of 25 blocks lasts 300 s.
pub const ROUND_DEADLINE: Duration = Duration::from_secs(240);

/// Answers that are stored in one transaction, which bounds the memory that a round needs.
const ANSWERS_PER_TRANSACTION: usize = 32;

/// Why a gist was not read when its round ran out of time.
const ROUND_ENDED: &str = "the round ended before GitHub answered";

/// How often it looks for a round that it was not told of.
const TICK: Duration = Duration::from_secs(30);

/// A polling round was finished and stored.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct SubmissionsRecorded {
    /// The round's block.
    pub round: Block,
}

/// Request: when did GitHub see these gists change last? Asked only for gists in dispute, since each costs an API request.
#[derive(Clone, Debug, Message)]
#[rtype(result = "GistsDated")]
pub struct DateGists {
    /// Which.
    pub pointers: Vec<GistPointer>,
}

/// Answer to [`DateGists`]; a gist that could not be dated is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct GistsDated {
    /// GitHub's `updated_at` of each.
    pub updated_at: BTreeMap<GistPointer, Moment>,
}

/// Everything that GistFetcher needs.
pub struct GistFetcher {
    /// Its records.
    pub store: Arc<dyn Store>,
    /// For deadlines and ticks.
    pub clock: Arc<dyn Clock>,
    /// Its counters.
    pub stats: Arc<ActorStats>,
    /// Where gists are.
    pub github: Arc<GitHub>,
    /// Gists asked for at one time.
    pub max_in_flight: usize,
    /// Blocks in a polling round.
    pub round_blocks: u32,
    /// Owners that are asked for in one round at most, see [`CHECKS_PER_ROUND`](crate::owner_checks::CHECKS_PER_ROUND).
    pub owner_checks_per_round: usize,
    /// A task gist that is read beside the committed ones.
    pub task_gist: Option<GistPointer>,
    /// Who hears of finished rounds.
    pub listeners: Vec<Recipient<SubmissionsRecorded>>,
    /// Whether a round is under way.
    pub is_busy: bool,
}

impl Actor for GistFetcher {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.notify(Tick);
    }
}

impl Supervised for GistFetcher {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.is_busy = false;
    }
}

crate::answers_heartbeats!(GistFetcher);

/// Time to look for a round.
#[derive(Message)]
#[rtype(result = "()")]
struct Tick;

impl Handler<Tick> for GistFetcher {
    type Result = ();

    fn handle(&mut self, _: Tick, context: &mut Self::Context) {
        self.begin_round(context);
        let clock = Arc::clone(&self.clock);
        let wait = async move { clock.sleep(TICK).await };
        context.spawn(wait.into_actor(self).map(|(), _, context| context.notify(Tick)));
    }
}

impl Handler<CommitmentsChanged> for GistFetcher {
    type Result = ();

    fn handle(&mut self, _: CommitmentsChanged, context: &mut Self::Context) {
        self.begin_round(context);
    }
}

impl Handler<DateGists> for GistFetcher {
    type Result = ResponseFuture<GistsDated>;

    fn handle(&mut self, request: DateGists, _: &mut Self::Context) -> Self::Result {
        let (github, stats) = (Arc::clone(&self.github), Arc::clone(&self.stats));
        Box::pin(async move {
            let mut dated = GistsDated::default();
            for pointer in request.pointers {
                let _work = stats.begin();
                match github.updated_at(&pointer).await {
                    Ok(updated_at) => {
                        dated.updated_at.insert(pointer, updated_at);
                        stats.count_handled();
                    }
                    Err(error) => {
                        stats.count_failed();
                        tracing::warn!(gist = %pointer, error, "a gist in dispute could not be dated");
                    }
                }
            }
            dated
        })
    }
}

impl GistFetcher {
    /// Starts the round that is due, if one is and none is under way.
    fn begin_round(&mut self, context: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_busy, true) {
            return;
        }
        let round = Round {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            stats: Arc::clone(&self.stats),
            github: Arc::clone(&self.github),
            max_in_flight: self.max_in_flight,
            round_blocks: self.round_blocks,
            owner_checks: self.owner_checks_per_round,
            task_gist: self.task_gist.clone(),
            tally: Tally::default(),
        };
        let run = async move { round.run().await };
        context.spawn(run.into_actor(self).map(|outcome, this, _| {
            this.is_busy = false;
            match outcome {
                Ok(Some(recorded)) => {
                    for listener in &this.listeners {
                        // A full or closed mailbox loses a hint; the listener's own tick finds the round.
                        let _ = listener.try_send(recorded);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    this.stats.count_failed();
                    tracing::error!(%error, "a polling round could not be stored; it is tried again");
                }
            }
        }));
    }
}

/// One polling round.
struct Round {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    stats: Arc<ActorStats>,
    github: Arc<GitHub>,
    max_in_flight: usize,
    round_blocks: u32,
    owner_checks: usize,
    task_gist: Option<GistPointer>,
    tally: Tally,
}

impl Round {
    /// Runs the round of the newest subnet, unless it is finished already.
    async fn run(&self) -> Result<Option<SubmissionsRecorded>, StoreError> {
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
        self.store.finish_gist_round(round).await?;
        self.tally.report(&self.stats);
        tracing::info!(round, gists = holders.len(), failed, "polling round finished");
        Ok(Some(SubmissionsRecorded { round }))
    }

    /// Records which rounds were missed: what was listed in them is dated by this one, for everybody alike.
    async fn report_gap(&self, round: Block) -> Result<(), StoreError> {
        if let Some(latest) = self.store.latest_gist_round().await? {
            let (from, until) = (latest.saturating_add(self.round_blocks), round);
            if from < until {
                self.store.record_unwatched_blocks(&UnwatchedBlocks { from, until }).await?;
                tracing::warn!(
                    from,
                    until,
                    "polling rounds were missed; what was listed meanwhile counts from this round"
                );
            }
        }
        Ok(())
    }

    /// Asks for every gist and stores the answers in batches. Gives the number that could not be read.
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
        let pointers: Vec<GistPointer> = holders_of.keys().cloned().collect();
        let deadline = self.clock.monotonic() + ROUND_DEADLINE;
        let mut answers = futures::stream::iter(pointers.clone())
            .map(|pointer| self.ask(states.get(&pointer), pointer, deadline))
            .buffer_unordered(self.max_in_flight.max(1))
            .chunks(ANSWERS_PER_TRANSACTION);
        let (mut failing, mut owners) = (Vec::new(), Vec::new());
        while let Some(batch) = answers.next().await {
            let (batch, seen): (Vec<GistAnswer>, Vec<Option<OwnerAnswer>>) = batch.into_iter().unzip();
            owners.extend(batch.iter().zip(seen).filter_map(|(answer, owner)| Some((answer.pointer.clone(), owner?))));
            let failed = batch.iter().filter(|answer| matches!(answer.outcome, GistOutcome::Failed { .. }));
            failing.extend(failed.map(|answer| answer.pointer.clone()));
            let holders: Vec<GistHolder> =
                batch.iter().filter_map(|answer| holders_of.get(&answer.pointer)).flatten().cloned().collect();
            self.store.record_gists(round, &batch, &holders).await?;
        }
        let checks = OwnerChecks {
            store: &*self.store,
            github: &self.github,
            clock: &*self.clock,
            round,
            deadline,
            most: self.owner_checks,
        };
        checks.run(&pointers, &failing, owners).await?;
        Ok(failing.len())
    }

    /// Asks for one gist, within what is left of the round. With whose it is, if that came with the content.
    async fn ask(
        &self,
        state: Option<&GistState>,
        pointer: GistPointer,
        deadline: Duration,
    ) -> (GistAnswer, Option<OwnerAnswer>) {
        let is_settled = pointer.revision().is_some() && state.is_some_and(|state| state.digest.is_some());
        if is_settled {
            return (GistAnswer { pointer, outcome: GistOutcome::Unchanged }, None);
        }
        let _work = self.stats.begin();
        let left = deadline.saturating_sub(self.clock.monotonic());
        if left.is_zero() {
            // Too late: a request begun now would only be broken off.
            self.stats.count_failed();
            self.tally.count(&round_ended(), self.task_gist.as_ref() == Some(&pointer));
            return (GistAnswer { pointer, outcome: round_ended() }, None);
        }
        let etag = state.and_then(|state| state.etag.as_deref());
        let GistReading { outcome, owner } = tokio::select! {
            biased;
            reading = self.github.gist(&pointer, etag) => reading,
            () = self.clock.sleep(left) => GistReading { outcome: round_ended(), owner: None },
        };
        self.tally.count(&outcome, self.task_gist.as_ref() == Some(&pointer));
        match &outcome {
            GistOutcome::Failed { error } => {
                self.stats.count_failed();
                tracing::warn!(gist = %pointer, error, "cannot read a gist; its last good content stands");
            }
            GistOutcome::Unchanged | GistOutcome::Fetched { .. } => self.stats.count_handled(),
        }
        (GistAnswer { pointer, outcome }, owner)
    }
}

fn round_ended() -> GistOutcome {
    GistOutcome::Failed { error: ROUND_ENDED.to_owned() }
}

/// Who points to which gist. Commitments that are not pointers are left to the report of the cycle.
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
